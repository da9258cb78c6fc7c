"""How far a rule looks: the little language in which rules say it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bylaw.config import Settings
from bylaw.model import Severity
from bylaw.rules import Policies, Rule, load, words
from bylaw.rules.reach import EXPECTED, RELATIONS, Path, Reach, Step, parse
from tests.shared import ROOT

GIVEN: dict[str, Any] = {
    "relations": ["dependsOn", "consumesApi"],
    "one": "ownedBy",
    "none": [],
    "odd": ["peer-of", "example.com/uses", "a|b", "c)*"],
    "longest": 3,
    "zero": 0,
    "annotation": "backstage.io/kubernetes-id",
    "names": ["a.b/c", "d"],
    "kinds": ["User", "Group"],
    "numbers": [1],
}


def path(text: str) -> Path:
    """The one path that a text says."""
    reach = parse([text], GIVEN)
    (found,) = reach.paths
    assert reach == Reach(paths=frozenset({found}))
    return found


def steps(text: str) -> list[tuple[tuple[str, ...], int | None]]:
    """The types and the most relations of each step."""
    return [(step.types, step.most) for step in path(text).steps]


def refusal(text: str) -> str:
    with pytest.raises(ValueError) as refused:
        parse([text], GIVEN)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ownedBy", [(("ownedBy",), 1)]),
        ("^dependsOn", [(("^dependsOn",), 1)]),
        ("(dependsOn)", [(("dependsOn",), 1)]),
        ("(partOf|ownedBy)", [(("ownedBy", "partOf"), 1)]),
        ("(^dependsOn|ownedBy)", [(("^dependsOn", "ownedBy"), 1)]),
        ("(a|a|b)", [(("a", "b"), 1)]),
        (".", [((".",), 1)]),
        ("@", [(("@",), 1)]),
    ],
)
def test_one_step_is_a_relation_or_several_of_which_any_will_do(text: str, expected: list[Any]) -> None:
    assert steps(text) == expected


@pytest.mark.parametrize(
    ("text", "most"),
    [("childOf", 1), ("childOf*", None), ("childOf{1}", 1), ("childOf{3}", 3), ("childOf{999}", 999)],
)
def test_a_step_is_taken_once_or_any_number_of_times_or_up_to_so_many(text: str, most: int | None) -> None:
    assert steps(text) == [(("childOf",), most)]


def test_steps_follow_one_another_and_what_is_repeated_is_one_step_alone() -> None:
    assert steps("partOf*/(ownedBy|^ownedBy)/childOf{2}/.") == [
        (("partOf",), None),
        (("^ownedBy", "ownedBy"), 1),
        (("childOf",), 2),
        ((".",), 1),
    ]


def test_blanks_around_a_step_do_not_count() -> None:
    assert path(" ownedBy / childOf* ") == path("ownedBy/childOf*")


def test_of_what_is_on_the_way_all_is_seen_or_some_fields_or_which_refs_there_are() -> None:
    way = (Step(("ownedBy",)), Step(("childOf",), None))

    assert path("ownedBy/childOf*") == Path(way)
    assert path("names(ownedBy/childOf*)") == Path(way, names=True)
    assert path("spec.type of ownedBy/childOf*") == Path(way, fields=("spec.type",))
    assert path("spec.type, kind of ownedBy/childOf*") == Path(way, fields=("kind", "spec.type"))


def test_fields_may_be_named_by_parameters() -> None:
    assert path("metadata.labels.$names of partOf").fields == ("metadata.labels.a.b/c", "metadata.labels.d")
    assert path("metadata.annotations.$annotation, kind of partOf").fields == (
        "kind",
        "metadata.annotations.backstage.io/kubernetes-id",
    )


def test_where_the_parameter_names_no_field_only_refs_are_seen() -> None:
    assert path("metadata.labels.$none of partOf") == Path((Step(("partOf",)),), names=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cycle(dependsOn)", Reach(cycles=frozenset({("dependsOn",)}))),
        ("cycle(b|a)", Reach(cycles=frozenset({("a", "b")}))),
        ("same(backstage.io/kubernetes-id)", Reach(same=frozenset({"backstage.io/kubernetes-id"}))),
        ("named( bylaw.dev/successor )", Reach(named=frozenset({"bylaw.dev/successor"}))),
        ("same(a(b))", Reach(same=frozenset({"a(b)"}))),
        ("kind(User)", Reach(kinds=frozenset({"User"}))),
        ("cycle($relations)", Reach(cycles=frozenset({("consumesApi", "dependsOn")}))),
        ("same($annotation)", Reach(same=frozenset({"backstage.io/kubernetes-id"}))),
        ("named($names)", Reach(named=frozenset({"a.b/c", "d"}))),
        ("kind($kinds)", Reach(kinds=frozenset({"User", "Group"}))),
    ],
)
def test_beside_paths_there_are_cycles_annotations_and_kinds(text: str, expected: Reach) -> None:
    assert parse([text], GIVEN) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$one", [(("ownedBy",), 1)]),
        ("($relations)", [(("consumesApi", "dependsOn"), 1)]),
        ("$relations", [(("consumesApi", "dependsOn"), 1)]),
        ("(^$relations)/ownedBy", [(("^consumesApi", "^dependsOn"), 1), (("ownedBy",), 1)]),
        ("($relations|^$one)*", [(("^ownedBy", "consumesApi", "dependsOn"), None)]),
        ("($relations){$longest}", [(("consumesApi", "dependsOn"), 3)]),
    ],
)
def test_parameters_stand_for_relations_and_for_how_many_steps(text: str, expected: list[Any]) -> None:
    assert steps(text) == expected


def test_a_parameter_is_no_text_of_the_language() -> None:
    assert steps("($odd)") == [(("a|b", "c)*", "example.com/uses", "peer-of"), 1)]


def test_what_an_empty_list_stands_for_leads_nowhere() -> None:
    assert steps("($none)/ownedBy") == [((), 1), (("ownedBy",), 1)]
    for text in ("cycle($none)", "same($none)", "named($none)", "kind($none)"):
        assert parse([text], GIVEN) == Reach()


def test_several_texts_are_one_reach_whatever_their_order() -> None:
    texts = ["ownedBy", "names(partOf)", "cycle(a)", "cycle(b)", "same(c)", "named(d)", "kind(E)", "ownedBy"]

    assert parse(texts, {}) == parse(reversed(texts), {})
    assert parse(texts, {}) == Reach(
        paths=frozenset({Path((Step(("ownedBy",)),)), Path((Step(("partOf",)),), names=True)}),
        cycles=frozenset({("a",), ("b",)}),
        same=frozenset({"c"}),
        named=frozenset({"d"}),
        kinds=frozenset({"E"}),
    )
    assert parse([], {}) == Reach()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "/",
        "ownedBy/",
        "/ownedBy",
        "owned by",
        "ownedBy+",
        "ownedBy?",
        "ownedBy**",
        "^^ownedBy",
        "^(ownedBy)",
        "^.",
        "(.)",
        "(ownedBy|.)",
        "()",
        "(ownedBy|)",
        "(ownedBy",
        "(ownedBy/childOf)*",
        "childOf{0}",
        "childOf{1000}",
        "childOf{-1}",
        "childOf{1,3}",
        "childOf{}",
        "childOf*{2}",
        "names(ownedBy)/childOf",
        "peer-of",
        "all(ownedBy)",
        "kinds(User)",
        "$",
    ],
)
def test_what_is_no_path_is_refused_with_all_that_is_one(text: str) -> None:
    assert refusal(text) == f"{text!r} is no reach; expected {EXPECTED}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("names()", f"'' is no reach; expected {EXPECTED}"),
        ("names(names(ownedBy))", f"'names(ownedBy)' is no reach; expected {EXPECTED}"),
        ("same()", f"'same()' names nothing; expected {EXPECTED}"),
        ("named( )", f"'named( )' names nothing; expected {EXPECTED}"),
        ("kind()", f"'kind()' names nothing; expected {EXPECTED}"),
        (" of ownedBy", "'' names no fields; expected e.g. spec.lifecycle of dependsOn"),
        ("kind, of ownedBy", "'kind,' names no fields; expected e.g. spec.lifecycle of dependsOn"),
        ("kind of names(ownedBy)", f"'names(ownedBy)' is no reach; expected {EXPECTED}"),
        ("cycle(a/b)", f"'(a/b)' is no reach; expected {EXPECTED}"),
        ("cycle(a*)", f"'(a*)' is no reach; expected {EXPECTED}"),
        ("$other", "$other is no parameter of the rule"),
        ("(ownedBy|^$other)", "$other is no parameter of the rule"),
        ("childOf{$other}", "$other is no parameter of the rule"),
        ("same($other)", "$other is no parameter of the rule"),
        ("spec.$other of ownedBy", "$other is no parameter of the rule"),
        ("$longest", "$longest is 3, expected a text or a list of texts"),
        ("($numbers)", "$numbers is [1], expected a text or a list of texts"),
        ("childOf{$zero}", "$zero is 0, expected how many steps at most"),
        ("childOf{$one}", "$one is 'ownedBy', expected how many steps at most"),
    ],
)
def test_other_faults_are_named(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(
    ("texts", "alone"),
    [
        (["cycle(childOf)"], True),
        (["cycle(childOf)", "cycle(partOf)"], True),
        (["cycle(childOf)", "ownedBy"], False),
        (["cycle(childOf)", "same(a)"], False),
        (["cycle(childOf)", "named(a)"], False),
        (["cycle(childOf)", "kind(User)"], False),
        ([], False),
        (["ownedBy"], False),
    ],
)
def test_a_rule_may_be_about_nothing_but_cycles(texts: list[str], alone: bool) -> None:
    assert parse(texts, {}).is_cycles_alone is alone


def test_who_reads_relations_sees_its_neighbours_and_the_place_of_each_group_among_them() -> None:
    assert parse([".", "names(./childOf*)", "names(./parentOf)", "names(./hasMember)"], {}) == RELATIONS


# -- what is said of it


def forms(text: str) -> list[str]:
    """What stands in the first column of the table of forms, and as ``reach`` in the examples."""
    table = re.findall(r"^\| `(.+?)` \|", text, re.MULTILINE)
    examples = re.findall(r'reach: \["(.+)"\]', text)
    return [each.replace("\\|", "|") for each in [*table, *examples]]


def test_every_form_that_authors_are_told_of_is_one() -> None:
    page = (ROOT / "docs/writing-rules.md").read_text()
    told = forms(page[page.index("## reach") :])

    assert {"^dependsOn", "@", "[]", "names(ownedBy/childOf*)", "spec.lifecycle of ($relations){$longest}"} < set(told)
    for each in told:
        if each != "[]":
            assert parse([each], {"relations": ["dependsOn"], "longest": 3}) != Reach(), each


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"reads": "graph", "reach": ("ownedBy", "kind(User)")}, "ownedBy; kind(User)"),
        ({"reads": "graph", "reach": ()}, "nothing but what it judges"),
        ({"reads": "graph"}, "the whole catalog: the rule says no reach"),
        ({"reads": "relations"}, "the entity and its neighbours: the rule says no reach"),
    ],
)
def test_a_reach_is_shown_as_it_was_written(said: dict[str, Any], shown: str) -> None:
    words_of = {"id": "x/y", "title": "T", "description": "D", "remediation": "R", "severity": Severity.ERROR}

    assert words.reach(Rule(**{**words_of, "evaluate": lambda subject, context: (), **said})) == shown


# -- the rules that come with bylaw


@pytest.fixture(scope="module")
def bundled() -> Policies:
    return load(Settings())


def test_every_bundled_rule_that_reads_more_than_its_entity_says_its_reach(bundled: Policies) -> None:
    assert [each.id for each in bundled.rules if each.reads != "entity" and each.reach is None] == []


def test_every_bundled_rule_can_be_judged_without_the_whole_catalog(bundled: Policies) -> None:
    assert [each.id for each in bundled.rules if each.looks_at(bundled.parameters[each.id]) is None] == []


def test_every_reach_is_no_further_than_what_the_rule_says_that_it_reads(bundled: Policies) -> None:
    """Who reads relations is shown no more than its neighbours (and the tree of groups) by whoever goes by that."""
    far = {
        each.id: each.reach
        for each in bundled.rules
        if each.reads == "relations"
        and any(len(path.steps) > 1 for path in parse(each.reach or (), bundled.parameters[each.id]).paths)
    }

    assert far == {}


def test_a_list_that_a_user_empties_leaves_the_rule_readable(bundled: Policies) -> None:
    for rule in bundled.rules:
        emptied = {
            name: [] if isinstance(value, list) else value for name, value in bundled.parameters[rule.id].items()
        }
        assert isinstance(rule.looks_at(emptied), Reach), rule.id
