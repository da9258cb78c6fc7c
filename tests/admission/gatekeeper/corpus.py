"""Small modules of Rego: each defines `x`, and is evaluated by the embedded engine as templates are, and by OPA."""

from __future__ import annotations

import orjson

from bylaw.admission.gatekeeper import guards, rewrite
from bylaw.admission.gatekeeper.templates import Source, Template
from bylaw.engine.rego import Machine, RegoError

UNDEFINED = "(undefined)"
INPUT = {
    "a": 1,
    "b": True,
    "d": "1.50",
    "e": {},
    "f": 1.5,
    "i": 7,
    "l": [3, 1, 2],
    "ls": ["b", "a"],
    "n": None,
    "o": {"k": "v", "z": {"y": [1, "b"]}},
    "os": [{"n": "a", "v": 1}, {"n": "b"}],
    "s": "Hello, wörld",
    "t": "2024-02-29T12:30:00Z",
}


def answer(text: str, *, v0: bool, given: object = INPUT) -> object:
    """What the embedded engine says of `x`, in guarded calls where it has to.

    Raises:
        ConfigError: the module is refused.
        RegoError: there is no answer.
    """
    end = 'violation[{"msg": "m"}] { false }' if v0 else 'violation contains {"msg": "m"} if { false }'
    template = Template("K", "t.yaml", 1, Source(f"package t\n{text}\n{end}", 1), (), v0, None)
    machine = Machine()
    rewrite.fill(machine, rewrite.modules(template, "t0"))
    machine.add("(asked).rego", _asking("t0"), v0=True)
    machine.check()
    machine.set_input(orjson.dumps(given))
    try:
        said = machine.ask("data.asked_t0.answer")
    except RegoError:
        machine.add(guards.module().path, guards.module().text, v0=True)
        for each in rewrite.modules(template, "t1", guarded=True):
            machine.add(each.path, each.text, v0=each.v0)
        machine.add("(asked).rego", _asking("t1"), v0=True)
        said = machine.ask("data.asked_t1.answer")
    return said[0] if said else UNDEFINED


def _asking(name: str) -> str:
    return f"package asked_{name}\nanswer = [r | r := data.gatekeeper.{name}.template.x]"


NOT = (
    'x if { not startswith(input.zz, "a") }',
    "x if { not startswith(input.s, input.zz) }",
    "x if { not input.zz > 1 }",
    "x if { not input.zz == 1 }",
    "x if { not input.zz != 1 }",
    "x if { not input.zz = 1 }",
    "x if { not input.zz }",
    "x if { not input.zz.y }",
    "x if { not input.o[input.zz] }",
    "x if { not [input.zz] == [1] }",
    'x if { not {"a": input.zz} == {} }',
    "x if { not {input.zz} == {1} }",
    "x if { not {y | y := input.zz} == {1} }",
    "x if { not count({y | y := input.zz[_]}) > 0 }",
    "x if { not count(input.zz) > 0 }",
    "x if { not (input.zz) }",
    "x if { not ((input.zz + 1) > 1) }",
    "x if { not input.zz in [1] }",
    "x if { not 1 in input.zz }",
    "x if { not 9 in input.l }",
    "x if { not f(input.zz) }\nf(y) if { y == 2 }",
    "x if { not f(f2(input.a)) }\nf(y) if { y == 2 }\nf2(y) := y if { y == 3 }",
    "x if { not f(g) }\nf(y) if { y == 2 }\ng := 3 if { false }",
    "x if { not f(g) }\nf(y) if { y == 2 }\ng := 3",
    "x if { not g }\ng if { false }",
    'x if { y := input.o; not startswith(y.nothing, "a") }',
    'x if { not startswith(input.zz, "a") with input as {"zz": "b"} }',
    'x if { not startswith(input.zz, "a") with input as {"yy": "b"} }',
    'x := [y | y := input.os[_].n; not startswith(y, "a")]',
    "x := [o.n | o := input.os[_]; not o.v > 5]",
    "x if { every o in input.os { not o.v > 5 } }",
    "x if { some o in input.os; not o.v }",
    "x if { not input.os[0].v > 5; not input.os[1].v > 5 }",
    "x if { not max(input.zz) > 1 }",
    "x if { not -input.zz == 1 }",
    "x if { not input.l[0] - input.zz == 1 }",
    "x if { not {1} - input.zz == {1} }",
    "x := 1 if { not input.zz > 1 } else := 2 if { not input.zz } else := 3",
    "x if { not count([y | y := input.os[_]; not y.v > 5]) == 0 }",
    "x if { a := [not_ | not_ := input.l[_]]; not a == [1] }",
    "x if { not startswith(\n  input.s,  # the text\n  input.zz,\n) }",
)
"""`not` over what is undefined."""

BUILTINS = tuple(
    f"x := {each}"
    for each in (
        *(
            "substring(input.s, 0, 5)",
            "substring(input.s, 7, -1)",
            "substring(input.s, -1, 2)",
            "substring(input.s, 50, 1)",
        ),
        *('replace(input.s, "l", "")', 'replace(input.s, "", "-")', 'split(input.s, "")', 'split("", ",")'),
        *('split(input.s, ", ")', 'trim(input.s, "Hd")', 'trim_left(input.s, "Hel")', 'trim_suffix(input.s, "ld")'),
        *(
            "upper(input.s)",
            'lower("ÄÖ")',
            "strings.reverse(input.s)",
            'indexof(input.s, "w")',
            'indexof(input.s, "ö")',
        ),
        *('contains(input.s, "wör")', "count(input.s)", 'concat("-", input.ls)', 'concat("", {"b", "a"})'),
        *('concat(",", input.l)', "format_int(255, 16)", "format_int(-7.9, 2)", "format_int(7, 3)", "sort(input.ls)"),
        *('sort({3, 1, "a", null, true, [1], {"a": 1}})', "sum(input.l)", "product([])", "max([])", 'min({2, "a"})'),
        *(
            "array.slice(input.l, 1, 9)",
            "array.slice(input.l, -1, 2)",
            "array.slice(input.l, 2, 1)",
            "array.concat(input.l, [9])",
        ),
        *('object.get(input.o, ["z", "y", 0], 0)', 'object.get(input.o, ["z", "q"], 7)', "object.get(input.o, [], 7)"),
        *("object.get(input.o, input.zz, 7)", 'object.remove(input.o, {"k"})', 'object.filter(input.o, ["k"])'),
        *('object.union(input.o, {"z": {"q": 1}})', 'object.union_n([{"a": 1}, {"a": 2}])', "object.keys(input.o)"),
        *(
            'object.subset({"a": 1, "b": 2}, {"a": 1})',
            'json.filter(input.o, ["z/y"])',
            'json.remove(input.o, ["z/y/0"])',
        ),
        *(
            'json.patch(input.o, [{"op": "remove", "path": "/k"}])',
            'json.unmarshal("{\\"a\\": 1}")',
            'json.unmarshal("{")',
        ),
        *('json.marshal({"b": [1, null], "a": {"c": "<"}})', "json.marshal({1, 2})", 'yaml.unmarshal("a: [1, b]")'),
        *(
            "base64.encode(input.s)",
            'base64.decode("aGk=")',
            'base64.decode("?")',
            'base64url.encode("?>")',
            "hex.encode(input.s)",
        ),
        *('urlquery.encode("a b&c=d/é")', 'urlquery.decode("a+b%26")', 'urlquery.decode("%zz")'),
        *("regex.match(`^\\p{L}+, w`, input.s)", 'regex.match("(", input.s)', "regex.match(`\\d{2}`, input.t)"),
        *('regex.match(`^[\\w.-]+$`, "a.b-c")', "regex.match(`(?i)HELLO`, input.s)", 'regex.match(`\\bw`, "a wx")'),
        *(
            'regex.replace(input.t, `(\\d+)-(\\d+)`, "$2/$1")',
            'regex.replace("aab", "a*", "x")',
            "regex.split(`,\\s*`, input.s)",
        ),
        *(
            "regex.find_n(`\\d+`, input.t, 2)",
            'regex.find_n(`[a-z]*`, "ab1", -1)',
            "regex.find_all_string_submatch_n(`(\\d)(\\d)`, input.t, 1)",
        ),
        *('regex.is_valid("(")', 'regex.template_match("urn:{.*}:x", "urn:a:x", "{", "}")'),
        *(
            'glob.match("*.io/**", ["/"], "a.io/b/c")',
            'glob.match("*.io/*", ["/"], "a.io/b/c")',
            'glob.match("*", [], "a.b")',
        ),
        *('glob.match("*", null, "a.b")', 'glob.match("{a,b}?", [], "bc")', 'glob.match("[a-c]x", [], "bx")'),
        *(
            'glob.match("[!a]x", [], "bx")',
            'glob.match("a*", ["."], "a.b")',
            'glob.match("[", [], "a")',
            'glob.quote_meta("*.a")',
        ),
        *(
            "to_number(input.d)",
            'to_number("1e3")',
            'to_number("")',
            'to_number(" 1")',
            "to_number(null)",
            "to_number([1])",
        ),
        *('units.parse("100m")', 'units.parse("1.5Gi")', 'units.parse("1E")', 'units.parse("1X")', 'units.parse("")'),
        *(
            'units.parse_bytes("1.5Mi")',
            'units.parse_bytes("1MB")',
            'units.parse_bytes("0.5")',
            'units.parse_bytes("1m")',
        ),
        *(
            'semver.compare("1.2.3", "1.2.3-rc.1")',
            'semver.compare("1.2", "1.2.3")',
            'semver.is_valid("v1.2.3")',
            "semver.is_valid(7)",
        ),
        *(
            'net.cidr_contains("10.0.0.0/8", "10.9.8.0/24")',
            'net.cidr_contains("10.0.0.0/8", "11.0.0.1")',
            'net.cidr_contains("x", "y")',
        ),
        *(
            'net.cidr_intersects("10.0.0.0/8", "10.9.0.0/16")',
            'net.cidr_is_valid("10.0.0.0/33")',
            'net.cidr_contains("2001:db8::/32", "2001:db8::1")',
        ),
        *(
            "time.parse_rfc3339_ns(input.t)",
            'time.parse_rfc3339_ns("x")',
            'time.parse_duration_ns("1h30m")',
            'time.parse_duration_ns("x")',
        ),
        *("time.date(time.parse_rfc3339_ns(input.t))", "time.clock(time.parse_rfc3339_ns(input.t))", "time.weekday(0)"),
        *("time.add_date(time.parse_rfc3339_ns(input.t), 1, 0, 0)", "time.diff(time.parse_rfc3339_ns(input.t), 0)"),
        *(
            'time.parse_ns("2006-01-02", "2024-02-29")',
            "time.format(0)",
            'crypto.md5("a")',
            'crypto.sha1("a")',
            "crypto.sha256(1)",
        ),
        *(
            "union({{1}, {2}})",
            "intersection({{1, 2}, {2}})",
            "{1, 2} & {2}",
            "{1} | {2}",
            "{1, 2} - {2}",
            "{1} - [1]",
            "input.l - {1}",
        ),
        *(
            "numbers.range(3, 1)",
            "numbers.range_step(1, 6, 2)",
            "numbers.range(1, 1.5)",
            "round(2.5)",
            "round(-2.5)",
            "ceil(1.1)",
            "floor(-1.1)",
        ),
        *(
            "7 % 3",
            "-7 % 3",
            "7.5 % 2",
            "7 / 2",
            "6 / 2",
            "1 / 0",
            "1 % 0",
            "input.s + 1",
            "0.1 + 0.2",
            "1e3 * 2",
            "2 - -3",
            "-input.a",
        ),
        *('strings.replace_n({"l": "L", "He": "J"}, input.s)', 'strings.any_prefix_match(input.s, ["x", "He"])'),
        *(
            'strings.any_suffix_match(["a.b"], ".b")',
            'strings.count(input.s, "l")',
            "type_name({1})",
            "type_name(input.n)",
        ),
        *(
            "is_object(input.o)",
            "is_set({1})",
            "is_null(input.n)",
            "is_boolean(1)",
            "any([])",
            "all([])",
            "any({false, true})",
            "all([true, 1])",
        ),
        *(
            "walk_ | walk_ := 1",
            'graph.reachable({"a": ["b"], "b": []}, {"a"})',
            "bits.and(6, 3)",
            "bits.lsh(1, 3)",
            "array.reverse(input.l)",
        ),
        *(
            "input.n == null",
            '1 < "a"',
            "[1] < [2]",
            "{1} < {1, 2}",
            "null < false",
            '"a" < "B"',
            "true < 1",
            "[] < {}",
            "1 == 1.0",
        ),
        *(
            '{"a": 1}.a',
            "[1, 2][1]",
            "input.l[5]",
            "input.l[1.0]",
            'input.o["k"]',
            "input.l.x",
            "input.s[0]",
            "{1, 2}[1]",
            "{1, 2}[3]",
        ),
        *(
            'sprintf("%v", [input.o])',
            'sprintf("%v %v", [input.f, input.n])',
            'sprintf("%d%%", [5])',
            'sprintf("%s", [input.s])',
        ),
        *(
            'sprintf("%q %x %X %o %c %U", ["é", 255, 255, 8, 65, 65])',
            'sprintf("%8.3f|%-8d|%+d", [1.5, 3, 3])',
            'sprintf("%v", [[]])',
        ),
        *(
            'sprintf("%v", [{"a", 1, [null, true]}])',
            'sprintf("%v", "a")',
            "sprintf(1, [1])",
            'sprintf("%v", [input.zz])',
        ),
        *(
            'sprintf("%v", [["a\\"b", "c\\\\d", "é"]])',
            'sprintf("%s and %s", ["a"])',
            'sprintf("none", ["a", 2])',
            'sprintf("%z %!", [1])',
        ),
    )
    if not each.startswith("walk_")
)
"""Built-in functions and operators."""

LANGUAGE = (
    "x := y if { y := input.l\n  (count(y) == 3)\n}",
    "x := y if { y := input.l\n  [1, 2][_] == y[1]\n}",
    "x := y if { y := count(input.l)  # three\n\n  # then\n  (y > 2)\n}",
    "x := y if { y := [z | z := input.l[_]\n  (z > 1)]\n}",
    "x if { input.l[i] == 2; input.l[j] == 1; i > j }",
    "x contains y if { y := input.l[_] } { y := input.ls[_] }",
    'x[y] := 1 if { y := input.ls[_] } { y := "c" }',
    "f(y) := 1 if { y == 1 } { y == 2 }\nx := [f(2), f(1)]",
    'x := "a" if { false } else := "b" if { input.zz } else := "c"',
    "default x := 7\nx := 8 if { input.zz }",
    "default f(_) := 0\nf(y) := y if { y > 1 }\nx := [f(1), f(2)]",
    "x := {k: v | some k, v in input.o}",
    "x := [k | some k, _ in input.l]",
    "x := {v | some v in {1, 2, 3}; v > 1}",
    "x if { every v in input.l { v > 0 } }",
    "x if { every k, v in input.o { k != v } }",
    "x if { every v in [] { v > 0 } }",
    "x if { some v in input.s }",
    "x := {v | some v in input.n}",
    'x := [v | some {"n": v} in input.os]',
    'x := v if { {"k": v, "z": _} = input.o }',
    "x := [a, c] if { [a, _, c] := input.l }",
    "x := [a, c] if { [a, c] := input.l }",
    "x := p if { walk(input.o, [p, 1]) }",
    "x := {p | walk(input.o, [p, v]); is_string(v)}",
    "x := count(input.l) if { input.a == 1 }\nx := 3 if { true }",
    "x := input.os[_].v",
    "x := [input.os[_].n]",
    "x contains input.os[_].n",
    "x[input.os[_].n] := 1",
    "f(y) := input.zz[_][y]\nx := [z | z := f(1)]",
    'name := "rule"\nx := [name | some name in input.ls]',
    'name(y) := y\nx := y if { some name in input.ls; name == "a"; y := name }',
    'name := "rule"\nx := [name, z] if { z := [name | name := input.ls[_]] }',
    "y := 1\nx := y + z if { z := y }",
    'x := y if { y := input.a with input as {"a": 5} }',
    "g := input.a\nx := [g, y] if { y := g with input.a as 9 }",
    "x := y if { y := count(input.ls) with input.ls as [] }",
    "x := y if { y := data.inventory.cluster }",
    "x := [1 | data.inventory[_]]",
    'x := {"a": {"b": 1}}.a.b',
    "x := y if { y = 1; 1 = y }",
    "x if { 1 == 1.0; {1, 1} == {1}; [1] != {1} }",
    'x := `raw \\n "text"`',
    'x := "tab\\t\\u00e9 \\"q\\" \\\\ \\/"',
    "x := 1 if true",
    'x := {"a": [1, {"b": {1, 2}}]}',
    "x := a.b\na.b := 5",
    'x := a.b\na["b"] := 5',
    "x := sum([y | some k; y := input.l[k]])",
    "x := [y | y := input.l[_]; y != 1][0]",
    'x := concat(",", sort([sprintf("%v", [y]) | y := input.l[_]]))',
    "x := input.o.z.y[count(input.ls) - 1]",
    "x := min([input.a, input.f]) * -1",
    "x := (1 + 2) * (3 - 1) / 2",
    "x := 2 * 4 - 2 / 2 + 7 % 4",
    "x := [n | d := [0, 2][_]; n := 2 * 4 - 2 / d]",
    'x := [n | t := ["1", "x"][_]; n := to_number(t) + 1]',
    'x := [n | t := ["a", 1][_]; n := count(t)]',
    'x if { not to_number("x") }',
    "x if { not count(5) > 0 }",
    'x := [to_number("x"), 1]',
    'x := object.get({"a": 1}, "b", to_number("x"))',
    'x := 1 if { to_number("x") } else := 2',
    'x := {k: to_number(v) | some k, v in {"a": "1", "b": "x"}}',
    'x := count([1 | some y in input.os; startswith(y.v, "1")])',
    'x := any([startswith(y, "a") | y := input.ls[_]])',
    'f(y) := "t" if { is_string(y) } else := "n" if { is_number(y) } else := "o"\nx := [f("a"), f(1), f([])]',
    "x := {y | y := input.l[_]; y > 1} | {y | y := input.ls[_]}",
    "x if { {y | y := input.l[_]} == {1, 2, 3}; count({1, 1}) == 1 }",
)
"""Forms of the language, in Rego since OPA 1.0; `v0` says them as it was before."""


def v0(text: str) -> str | None:
    """The module as it was written before OPA 1.0; None where it cannot be."""
    if any(
        each in text
        for each in (
            "some k, ",
            "some v in",
            "some {",
            "every ",
            " in ",
            "some name",
            "some y in",
            "some o",
            "if true",
            "a.b :=",
        )
    ):
        return None
    return (
        text.replace(" if {", " {")
        .replace("x contains y {", "x[y] {")
        .replace("x contains input.os[_].n", "x[input.os[_].n]")
    )
