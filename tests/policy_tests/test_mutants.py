"""The mutants of a rule: each is the rule with one small fault, written as its author would write it."""

from __future__ import annotations

import pytest

from bylaw.engine.rego import PROBE_FILE, Rego
from bylaw.errors import ConfigError
from bylaw.policy_tests import mutants
from bylaw.policy_tests.mutants import Kind, Mutant
from bylaw.rules import Module

HEAD = "package bylaw.docs.x\n\nimport rego.v1\nimport future.keywords.not\nimport data.bylaw.lib.words\n\n"
FIRST = 7
"""The line on which the body of a module begins."""
WORDS = Module("words.rego", "bylaw.lib.words", "package bylaw.lib.words\nimport rego.v1\nis_good(_) := true\n")


def module(body: str) -> Module:
    return Module("x.rego", "bylaw.docs.x", f"{HEAD}{body}\n")


def made(body: str) -> list[Mutant]:
    source = module(body)
    trees = {tree["source"]["file"]: tree for tree in Rego([WORDS, source]).syntax()}
    assert trees.keys() == {"x.rego", "words.rego", PROBE_FILE}
    return mutants.of(source, trees["x.rego"])


def of_kind(body: str, kind: Kind) -> list[str]:
    """The mutants of a kind: what each says in place of what."""
    return [f"{each.before} -> {each.after}" for each in made(body) if each.kind is kind]


def test_every_condition_constant_and_comparison_of_a_small_rule() -> None:
    rule = """\
findings contains {"pointer": "/spec", "message": message} if {
	not input.spec.owner
	some tag in input.metadata.tags
	count(tag) > 9 # and no less
	message := sprintf("%s is long", [tag])
}"""
    head = 'findings contains {"pointer": "/spec", "message": message} if {'
    assert [f"{each.line - FIRST}: {each}" for each in made(rule)] == [
        f"0: changed constant: {head} -> {head.replace('pointer', 'pointer!')}",
        f"0: changed constant: {head} -> {head.replace('/spec', '/spec!')}",
        f"""0: changed constant: {head} -> {head.replace('"message"', '"message!"')}""",
        "1: negated condition: not input.spec.owner -> input.spec.owner",
        "1: dropped condition: not input.spec.owner -> true",
        "3: negated condition: count(tag) > 9 -> not count(tag) > 9",
        "3: dropped condition: count(tag) > 9 -> true",
        "3: swapped comparison: count(tag) > 9 -> count(tag) >= 9",
        "3: swapped comparison: count(tag) > 9 -> count(tag) < 9",
        "3: changed constant: count(tag) > 9 -> count(tag) > 10",
        "3: changed constant: count(tag) > 9 -> count(tag) > 8",
        '4: changed constant: message := sprintf("%s is long", [tag]) -> message := sprintf("%s is long!", [tag])',
        '4: changed constant: message := sprintf("%s is long", [tag]) -> message := sprintf("%s is long", [])',
    ]


def test_a_mutant_is_the_rule_but_for_its_fault() -> None:
    rule = 'findings contains "é" if {\n\t"ü" == input.x # what "is" it\n\tinput.y\n}'
    swapped = next(each for each in made(rule) if each.kind is Kind.SWAPPED)
    assert swapped.module == module(rule.replace("==", "!="))
    assert (swapped.line - FIRST, swapped.before, swapped.after) == (1, '"ü" == input.x', '"ü" != input.x')


@pytest.mark.parametrize(
    ("written", "swapped"),
    [("==", ["!="]), ("!=", ["=="]), ("<", ["<=", ">"]), ("<=", ["<"]), (">", [">=", "<"]), (">=", [">"])],
)
def test_each_comparison_has_its_opposites(written: str, swapped: list[str]) -> None:
    found = of_kind(f"findings contains 1 if (input.x) {written} input.y", Kind.SWAPPED)
    assert found == [f"(input.x) {written} input.y -> (input.x) {each} input.y" for each in swapped]


def test_a_comparison_is_swapped_wherever_it_stands() -> None:
    rule = 'findings contains x if x := {y | some y in input; {"a": y} == {"a": "=="}}'
    assert of_kind(rule, Kind.SWAPPED) == ['{"a": y} == {"a": "=="} -> {"a": y} != {"a": "=="}']


@pytest.mark.parametrize(
    ("written", "others"),
    [
        ("3", ["4", "2"]),
        ("-1", ["0", "-2"]),
        ("0.5", ["1.5", "-0.5"]),
        ("1e3", ["1001", "999"]),
        ("86400000000000", ["129600000000000", "43200000000000"]),  # one more or less nobody could tell
        ("true", ["false"]),
        ("false", ["true"]),
        ('"a b"', ['"a b!"']),
        ('""', ['"!"']),
        ('","', ['"!"']),  # a separator, or one of some characters to be cut off
        ('"!"', ['"?"']),
        (r'"\n"', ['"!"']),
        (r'"say \"no\""', [r'"say \"no\"!"']),
        ("`^a$`", ["`^a$!`"]),
        ("{1, 2}", ["{2}", "{1}"]),
        ('["a", "b", x]', ['["b", x]', '["a", x]', '["a", "b"]']),
        ("[1, 2,]", ["[2,]", "[1, ]"]),
        ("[[3], 4]", ["[[], 4]", "[4]", "[[3]]"]),
        ("{3}", ["set()"]),
        ("[{x: x, x: 1}, x]", ["[x]", "[{x: x, x: 2}, x]", "[{x: x, x: 0}, x]", "[{x: x, x: 1}]"]),
        ("null", []),
        ("[]", []),
        ("{x: x}", []),
    ],
)
def test_each_constant_is_changed_in_its_way(written: str, others: list[str]) -> None:
    found = of_kind(f"f(x) := {written}", Kind.CHANGED)
    assert found == [f"f(x) := {written} -> f(x) := {each}" for each in others]


def test_constants_are_changed_in_heads_arguments_defaults_and_branches() -> None:
    rule = 'default late := false\n\nf(1) := "a" if input.x else := "b" if input.y == 3 else := "c"'
    assert [f"{each.line - FIRST}: {each.after}" for each in made(rule) if each.kind is Kind.CHANGED] == [
        "0: default late := true",
        '2: f(2) := "a" if input.x else := "b" if input.y == 3 else := "c"',
        '2: f(0) := "a" if input.x else := "b" if input.y == 3 else := "c"',
        '2: f(1) := "!" if input.x else := "b" if input.y == 3 else := "c"',
        '2: f(1) := "a" if input.x else := "!" if input.y == 3 else := "c"',
        "2: input.y == 4",
        "2: input.y == 2",
        '2: f(1) := "a" if input.x else := "b" if input.y == 3 else := "!"',
    ]


def test_names_and_patterns_are_no_constants() -> None:
    rule = """\
names["a"] := x if [x, "b", [1]] := input.list

names["c"] := x if {
	some "key", [x, 2] in input.pairs
}"""
    assert of_kind(rule, Kind.CHANGED) == []


@pytest.mark.parametrize(
    ("condition", "negated"),
    [
        ("input.x", ["not input.x"]),
        ("not input.x", ["input.x"]),
        ("not  words.is_good(input)", ["words.is_good(input)"]),
        ("input.x in {input.y}", ["not input.x in {input.y}"]),
        ("input.x[_].y", ["not input.x[_].y"]),
        ("words.is_good(input) with input as 3", ["not words.is_good(input) with input as 3"]),
        ("some x in input; x", ["not x"]),
        ("some x; input.y[x]; x > 1", ["not x > 1"]),
        ("every x in input { x }", ["not x"]),
        ("y := {x | some x in input; x.z}; y", ["not x.z", "not y"]),
        ("input.x[i]; i > 1", ["not i > 1"]),  # negated, the first would leave i without a value
        ("walk(input, [path, value]); value > 1", ["not value > 1"]),
        ("x = input.x; x", ["not x"]),
        ("true", []),
        ('print("x")', []),
    ],
)
def test_a_condition_is_negated_where_that_leaves_a_rule(condition: str, negated: list[str]) -> None:
    found = of_kind(f"findings contains input if {{ {condition} }}", Kind.NEGATED)
    assert [each.partition(" -> ")[2] for each in found] == negated


@pytest.mark.parametrize(
    ("conditions", "dropped"),
    [
        ("input.x; not input.y", ["input.x", "not input.y"]),
        ("input.x with input as 3", ["input.x with input as 3"]),
        ("every x in input { x }", ["every x in input { x }", "x"]),
        ("some x in input.xs", ["some x in input.xs"]),  # asks whether there is one
        ("some x in input.xs; x", ["x"]),
        ("x := input.x", ["x := input.x"]),  # asks whether it is there
        ("x := input.x; x", ["x"]),
        ("some x; input.y[x]", ["input.y[x]"]),
        ("some x; input.y[x] with input as 3; input.z == x", ["input.z == x"]),
        ("some x; input.y[x]; x > 1", ["x > 1"]),
        ("input.y[i]; i > 1", ["i > 1"]),
        ("input.y[_]", ["input.y[_]"]),
        ('print("x"); input.x', ["input.x"]),
        ("true", []),
    ],
)
def test_a_condition_is_dropped_if_nothing_needs_the_value_it_gives(conditions: str, dropped: list[str]) -> None:
    found = of_kind(f"findings contains input if {{ {conditions} }}", Kind.DROPPED)
    assert found == [f"{each} -> true" for each in dropped]


def test_what_the_head_needs_is_not_dropped() -> None:
    rule = "names[name] := entity if {\n\tsome entity in input\n\tname := entity.name\n}"
    assert of_kind(rule, Kind.DROPPED) == []


def test_a_condition_of_several_lines_is_shown_on_one_and_anything_else_by_its_line() -> None:
    rule = """\
findings contains 0 if {
	input.x == {
		"a": 1, # the first
		"b": input.y, # "#" is no comment here
	}
}"""
    assert [str(each) for each in made(rule) if each.line > FIRST] == [
        'negated condition: input.x == { "a": 1, "b": input.y, } -> not input.x == { "a": 1, "b": input.y, }',
        'dropped condition: input.x == { "a": 1, "b": input.y, } -> true',
        "swapped comparison: input.x == { -> input.x != {",
        'changed constant: "a": 1 -> "!": 1',
        'changed constant: "a": 1 -> "a": 2',
        'changed constant: "a": 1 -> "a": 0',
        'changed constant: "b": input.y -> "!": input.y',
    ]


def test_one_change_in_two_ways_is_one_mutant() -> None:
    assert of_kind("f(x) := [x, x]", Kind.CHANGED) == ["f(x) := [x, x] -> f(x) := [x]"]


def test_every_mutant_of_a_rule_that_stands_on_named_variables_compiles() -> None:
    rule = """\
findings contains {"message": message} if {
	entities := data.catalog.entities
	some relation in ["dependsOn", "partOf"]
	some target in data.catalog.relations[relation]
	lifecycle := entities[target].spec.lifecycle
	not lifecycle in {"production", "experimental"}
	words.is_good(target)
	count([each | some each in input.tags; each != ""]) >= 2
	message := sprintf("%s of %d", [target, _most(input.tags)])
}

_most(tags) := max([count(tag) | some tag in tags]) if {
	every tag in tags { is_string(tag) }
} else := 0"""
    for mutant in made(rule):
        try:
            Rego([WORDS, mutant.module])
        except ConfigError as error:
            pytest.fail(f"{mutant}: {error}")
