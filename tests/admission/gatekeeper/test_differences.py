"""Where regorus answers in another way than OPA: each difference that was found, with OPA's answer.

`tests/real/test_gator.py` asks OPA itself, about these and all of the corpus.
"""

from __future__ import annotations

import pytest

from bylaw.admission.gatekeeper.trees import UnsupportedError
from bylaw.errors import ConfigError
from tests.admission.gatekeeper.corpus import UNDEFINED, answer

DIFFERENCES = {
    "not over an undefined argument of a function": ('x { not startswith(input.zz, "a") }', UNDEFINED),
    "not over an undefined operand": ("x { not input.zz > 1 }", UNDEFINED),
    "not over an undefined element of a collection": ("x { not [input.zz] == [1] }", UNDEFINED),
    "not over an undefined key": ("x { not input.o[input.zz] }", UNDEFINED),
    "not over an undefined reference holds": ("x { not input.zz }", True),
    "not over an undefined side of an equation holds": ("x { not input.zz == 1 }", True),
    "not over a comprehension, which is never undefined": ("x { not count({y | y := input.zz[_]}) > 0 }", True),
    "not with other input": ('x { not startswith(input.zz, "a") with input as {"zz": "b"} }', True),
    "not over several lines": ("x { not startswith(\n  input.s, # a text\n  input.zz\n) }", UNDEFINED),
    "a bracket that begins a line": ("x = y { y := input.l\n  (count(y) == 3) }", [3, 1, 2]),
    "a list that begins a line": ("x = y { y := input.a\n  [1, 2][_] == y }", 1),
    "several bodies of a set": ("x[y] { y := 1 } { y := 2 }", [1, 2]),
    "several bodies of a function": ("f(y) = 1 { y == 1 } { y == 2 }\nx = [f(2), f(1)]", [1, 1]),
    "a built-in function that fails": ('x { to_number("x") > 0 }', UNDEFINED),
    "a built-in function that fails under not": ('x { not to_number("x") }', True),
    "a built-in function that fails in a comprehension": ("x = [n | n := count([[1], 1][_])]", [1]),
    "a built-in function of the wrong type": ("x = count(input.a)", UNDEFINED),
    "arithmetic of the wrong type": ("x = input.s + 1", UNDEFINED),
    "division by zero, and what stands before it first": ("x = [n | d := [0, 2][_]; n := 2 * 4 - 2 / d]", [7]),
    "negation of what is no literal": ("x = -input.a", -1),
    "some in what is no collection": ("import future.keywords\nx := {v | some v in input.s}", []),
    "a head that goes through what is not there": ("x = input.zz[_].y", UNDEFINED),
    "a variable called like a rule": (
        "import future.keywords\nname = 1\nx := [name | some name in input.ls]",
        ["b", "a"],
    ),
    "a pattern of an object is exact": ('x = v { {"k": v} = input.o }', UNDEFINED),
    "a pattern of an object that fits": ('x = v { {"k": v, "z": _} = input.o }', "v"),
    "a pattern over each of a list": ('x = [v | {"n": v} = input.os[_]]', ["b"]),
    "sprintf of an empty set": ('x = sprintf("%v", [set()])', "set()"),
    "sprintf with a verb that does not fit": ('x = sprintf("%d %s", ["a", 1])', "%!d(string=a) %!s(int=1)"),
    "sprintf with more than it wants": ('x = sprintf("a", [1])', "a%!(EXTRA int=1)"),
    "sprintf with less than it wants": ('x = sprintf("%v %v", [1])', "1 %!v(MISSING)"),
    "sprintf with a width": ('x = sprintf("%5v|%-5v|%05d", [1, "b", -7])', "    1|b    |-0007"),
    "json.marshal escapes for HTML": ('x = json.marshal(["<&>"])', '["\\u003c\\u0026\\u003e"]'),
    "indexof of nothing": ('x = indexof(input.s, "")', UNDEFINED),
    "strings.count of nothing": ('x = strings.count("ab", "")', 3),
    "object.subset of what cannot be": ("x = object.subset(input.s, input.s)", UNDEFINED),
    "to_number with a plus": ('x = to_number("+5") + 0', 5),
    "to_number with a blank": ('x = to_number(" 1")', UNDEFINED),
    "units.parse of an unknown unit": ('x = units.parse("1n")', UNDEFINED),
    "units.parse_bytes of less than a byte": ('x = units.parse_bytes("1.5")', 1),
    "semver with a v": ('x = semver.compare("v1.2.3", "1.2.3")', 0),
    "time.add_date from a leap day": (
        "x = time.add_date(time.parse_rfc3339_ns(input.t), 1, 0, 0)",
        1740832200000000000,
    ),
    "urlquery.decode of what is none": ('x = urlquery.decode("%zz")', UNDEFINED),
    "json.is_valid of no text": ("x = json.is_valid(input.a)", False),
    "re_match, deprecated": ('x = re_match("^H", input.s)', True),
    "any and all, deprecated": (
        "x = [any([]), all([]), any([false, true]), all({true, 1})]",
        [False, True, True, False],
    ),
    "set_diff, deprecated": ("x = set_diff({1, 2}, {2})", [1]),
    "cast_set, deprecated": ("x = cast_set(input.l)", [1, 2, 3]),
    "crypto.sha1, which regorus lacks": ('x = crypto.sha1("a")', "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
    "net.cidr_intersects, which regorus lacks": ('x = net.cidr_intersects("10.0.0.0/8", "10.9.0.0/16")', True),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_the_embedded_engine_answers_as_opa_does(name: str) -> None:
    text, expected = DIFFERENCES[name]

    assert answer(text, v0=True) == expected


UNSUPPORTED = {
    "x = http.send({})": "http.send is not evaluated here: an admission policy has no network here",
    "x = opa.runtime()": "opa.runtime is not evaluated here: it shows the environment",
    'x = external_data({"provider": "p", "keys": []})': "external_data is not evaluated here: bylaw calls no providers",
    'x = yaml.marshal({"a": 1})': "yaml.marshal is not evaluated here: regorus writes YAML in another form",
    'x { f(input.o) }\nf({"k": v}) { v }': "an object as a pattern",
    'x { input.o = {"k": "v", "z": {"y": _}} }': "an object as a pattern",
    'x { s[{"m": m}] }\ns[{"m": 1, "n": 2}] { true }': "an object as a pattern",
    "x { walk(input, [_, {}]) }": "an object as a pattern",
}


@pytest.mark.parametrize("text", UNSUPPORTED)
def test_what_would_be_judged_differently_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(UnsupportedError) as refused:
        answer(text, v0=True)

    line = 2 + ("\nf(" in text)
    assert str(refused.value).startswith(f"t.yaml:{line}: {UNSUPPORTED[text]}")


WRONG = {
    "x { nothing(1) }": "t.yaml:2: there is no function nothing",
    "x { data.lib.gone.f(1) }": "t.yaml:2: nothing defines data.gatekeeper.t0.lib.gone.f; the libraries are none",
    "x { data.kubernetes }": (
        "t.yaml:2: data.kubernetes is out of reach: a template sees data.lib, data.inventory and data.catalog"
    ),
    "x { data }": "t.yaml:2: data is out of reach: a template sees data.lib, data.inventory and data.catalog",
    "x { y }\ny { f(1) }\nf(_) { x }": "t.yaml:4: a rule needs itself (template.f -> template.x -> template.y "
    "-> template.f): no recursion in Rego",
    "x { not startswith(input.l[_], input.s) }": "t.yaml:2: `_` is unsafe under `not`",
    "x { z == 1 }": "t.yaml:2:5: use of undefined variable `z` is unsafe",
    "x { ": "t.yaml:3:25: expecting `}` while parsing query",
    'x = $"{input.a}"': "t.yaml:2:5: '$' is not understood",
    'x = "a': "t.yaml:2:5: a text that does not end",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_opa_refuses_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        answer(text, v0=True)

    assert str(refused.value) == WRONG[text]


def test_a_template_that_imports_the_newer_not_gets_it() -> None:
    assert answer('import future.keywords.not\nx if { not startswith(input.zz, "a") }', v0=False) is True
