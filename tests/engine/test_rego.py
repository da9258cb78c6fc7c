"""Rego, embedded: what is no answer is an error and never the answer "none"."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import orjson
import pytest
import regorus

from bylaw.engine.rego import NAME, Parsed, Rego, RegoError, explain, parse, undefined_names
from bylaw.errors import ConfigError
from bylaw.rules import Module

HEAD = "package bylaw.docs.x\nimport rego.v1\nimport future.keywords.not\n"


def module(body: str, path: str = "x.rego", package: str = "bylaw.docs.x") -> Module:
    return Module(path, package, HEAD.replace("bylaw.docs.x", package) + body)


def answer(body: str, entity: Any = None, data: Any = None) -> list[Any]:
    rego = Rego([module(body)], orjson.dumps(data or {}))
    rego.set_input(orjson.dumps(entity or {}))
    return rego.findings("bylaw.docs.x")


def refusal(body: str, entity: Any = None) -> str:
    with pytest.raises(RegoError) as refused:
        answer(body, entity)
    return str(refused.value)


def test_the_elements_of_the_set_are_the_answer() -> None:
    assert answer("findings contains x if some x in input.a", {"a": [3, 1, 3, 2]}) == [1, 2, 3]


def test_modules_that_are_parsed_take_one_after_the_other_beside_them() -> None:
    library = module("f(x) := x + data.more", "lib.rego", "bylaw.lib.sums")
    parsed = Parsed([library], b'{"more": 10}')
    answers = []
    for number in (1, 2, 1):
        own = module(f"findings contains data.bylaw.lib.sums.f({number})")
        rego = Rego([own], beside=parsed)
        answers.append(rego.findings("bylaw.docs.x"))
    assert answers == [[11], [12], [11]]


def test_what_does_not_compile_beside_others_leaves_them_as_they_were() -> None:
    parsed = Parsed([module("f(x) := x", "lib.rego", "bylaw.lib.sums")], b"{}")
    with pytest.raises(ConfigError):
        Rego([module("findings contains 1 if [1, 2] = [1]")], beside=parsed)
    assert Rego([module("findings contains data.bylaw.lib.sums.f(1)")], beside=parsed).findings("bylaw.docs.x") == [1]


def test_an_empty_set_is_an_answer() -> None:
    assert answer("findings contains x if some x in input.a", {}) == []


def test_data_is_there_and_input_follows_input() -> None:
    rego = Rego([module("findings contains data.names[input.key]")], b'{"names": {"a": 1, "b": 2}}')
    answers = []
    for key in ("a", "b", "c", "a"):
        rego.set_input(orjson.dumps({"key": key}))
        answers.append(rego.findings("bylaw.docs.x"))

    assert answers == [[1], [2], [], [1]]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("findings contains x if x := 1 / input.zero", "x.rego:4:31: divide by zero"),
        ("findings contains x if x := to_number(input.text)", "x.rego:4:44: could not parse string as number"),
        (
            "findings contains x if x := trim_space(input.zero)",
            "x.rego:4:45: `trim_space` expects string argument. Got `0` instead",
        ),
        ("findings contains x if x := json.unmarshal(input.text)", "x.rego:4:43: could not deserialize json."),
        ('findings contains x if x := regex.match(input.text, "a")', "x.rego:4:46: invalid regex"),
        (
            "findings contains input.text if f(1) == 2\nf(a) := 1\nf(a) := 2",
            "x.rego:4:34: functions must not produce multiple outputs",
        ),
        ("findings contains a\na := 1\na := 2", "x.rego:6:1: rule conflicts with rule at x.rego:5:1"),
        ("findings := {1} if input.no", "data.bylaw.docs.x.findings is undefined"),
        ("other := 1", "not a valid rule path"),
        ('findings := {"pointer": ""}', "data.bylaw.docs.x.findings is dict, expected a set"),
        ("findings := 5", "data.bylaw.docs.x.findings is int, expected a set"),
        ("findings := null", "data.bylaw.docs.x.findings is NoneType, expected a set"),
        ('findings := "<undefined>"', "data.bylaw.docs.x.findings is undefined"),
        ("findings(x) := 1", "data.bylaw.docs.x.findings is undefined"),
    ],
    ids=lambda value: value if value.startswith("findings") else "",
)
def test_what_is_no_answer_is_an_error_with_its_place(body: str, fault: str) -> None:
    assert refusal(body, {"zero": 0, "text": "(abc"}).startswith(fault)


def test_after_an_error_the_next_entity_is_judged_as_ever() -> None:
    rego = Rego([module("findings contains x if x := 6 / input.by")])
    rego.set_input(b'{"by": 0}')
    with pytest.raises(RegoError):
        rego.findings("bylaw.docs.x")
    rego.set_input(b'{"by": 2}')

    assert rego.findings("bylaw.docs.x") == [3]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (HEAD + "findings contains x if {", "x.rego:4:25: expecting expression"),
        (HEAD + "findings contains x if { x := }", "x.rego:4:28: expecting `}`"),
        (HEAD + 'findings contains x if { x := $"a" }', "x.rego:4:31: invalid character"),
        ("package a\nfindings[x] { x := 1 }", "x.rego:2:13: `if` keyword is required before rule body"),
        (f'{HEAD}x := "{"a" * 1100}"', "x.rego:4:7: line exceeds maximum column width of 1024"),
    ],
)
def test_what_does_not_parse_is_refused_with_line_and_column(text: str, fault: str) -> None:
    for refuse in (lambda: Rego([Module("x.rego", "a", text)]), lambda: parse(Module("x.rego", "a", text))):
        with pytest.raises(ConfigError) as refused:
            refuse()
        assert str(refused.value).startswith(fault)
        assert str(refused.value).endswith("; the policy does not compile")


def test_a_message_without_a_place_is_its_first_line() -> None:
    assert explain(RuntimeError("went wrong\n  backtrace\n")) == "went wrong"


def test_a_name_that_nothing_defines_is_found_before_anything_is_judged() -> None:
    modules = [
        module("findings contains x if x == 1"),
        module("ok(a) := a + b", "y.rego", "bylaw.lib.y"),
        module("findings contains 1 if input.x", "z.rego", "bylaw.docs.z"),
    ]

    assert sorted(set(undefined_names(modules))) == ["x.rego:4:24: nothing defines x", "y.rego:4:14: nothing defines b"]


def test_tests_hold_or_do_not_or_fail() -> None:
    rego = Rego([module("a if true\nb if false\nc := 1 / 0\nd := 5")])

    assert (rego.holds("bylaw.docs.x", "a"), rego.holds("bylaw.docs.x", "b")) == (True, False)
    assert not rego.holds("bylaw.docs.x", "d")
    with pytest.raises(RegoError, match="divide by zero"):
        rego.holds("bylaw.docs.x", "c")


def test_the_lines_that_were_evaluated_are_known() -> None:
    rego = Rego([module("findings contains 1 if {\n\tinput.a\n\tinput.a > 5\n}")], coverage=True)
    rego.set_input(b"{}")
    rego.findings("bylaw.docs.x")

    assert rego.coverage()["x.rego"] == ([5], [4, 6])


def test_the_engine_says_which_it_is() -> None:
    assert NAME == "regorus 0.13.0" == f"regorus {version('gordon-to-regorus')}"


# Why the interpreter and not the compiled form


@pytest.mark.parametrize(
    ("body", "interpreted", "compiled"),
    [
        ("findings contains x if x := input.nothing", [], ["<undefined>"]),
        ('findings contains {"message": input.nothing}', [], ["<undefined>"]),
        ('findings contains sprintf("%v", [input.nothing])', [], ["<undefined>"]),
        ("findings contains [y | y := input.nothing]", [[]], [["<undefined>"]]),
        ("findings contains x if x := 1 / 0", "divide by zero", ["<undefined>"]),
        ('findings contains x if x := to_number("a")', "could not parse string as number", ["<undefined>"]),
        ("findings contains x if x := trim_space(5)", "`trim_space` expects string argument", ["<undefined>"]),
        ("findings contains x if x := a\na := 1\na := 2", "rule conflicts with rule", ["<undefined>"]),
    ],
)
def test_the_compiled_form_makes_an_element_of_what_is_undefined_or_failed(
    body: str, interpreted: list[Any] | str, compiled: list[Any]
) -> None:
    if isinstance(interpreted, str):
        assert interpreted in refusal(body)
    else:
        assert answer(body) == interpreted
    assert _compiled(body) == compiled


def test_the_compiled_form_does_not_know_with() -> None:
    body = "findings contains 1 if a with input as {}\na if true"

    assert answer(body) == [1]
    with pytest.raises(RuntimeError):
        _compiled(body)


def _compiled(body: str) -> Any:
    program = regorus.Program.compile_from_modules("{}", [("x.rego", HEAD + body)], ["data.bylaw.docs.x.findings"])
    machine = regorus.Rvm()
    machine.load_program(program)
    machine.set_data_json("{}")
    machine.set_input_json("{}")
    return orjson.loads(machine.execute())
