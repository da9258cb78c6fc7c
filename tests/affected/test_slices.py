"""The part of a catalog that is read to judge some of it: in it they look as they do in the whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.affected import Laid, Slice, cut
from bylaw.affected.scope import Scope
from bylaw.catalog import build
from bylaw.model import Document, Severity
from bylaw.rules import Policies, Rule
from bylaw.rules.reach import RELATIONS, parse
from tests.affected.bases import WHERE, Where, base
from tests.affected.memory import MemoryBase
from tests.affected.sight import sight
from tests.affected.small import catalog, entity, names, ref
from tests.affected.tellers import REACHES, SIGHTS
from tests.affected.worlds import KINDS, STATES, Change, Files, changes, drawn, read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bylaw.catalog import Catalog


def policies(*some: Rule) -> Policies:
    return Policies(some, (), (), {each.id: {} for each in some}, "")


def rule(*reach: str, **more: Any) -> Rule:
    said: dict[str, Any] = {"id": "x/y", "title": "T", "description": "D", "remediation": "R", "reads": "graph"}
    said |= {"severity": Severity.ERROR, "evaluate": lambda subject, context: (), "reach": reach}
    return Rule(**{**said, **more})


def scope(judged: Iterable[str], *some: Rule) -> Scope:
    return Scope({each.id: frozenset(judged) for each in some}, frozenset(), frozenset())


def slice_of(made: Catalog, judged: Iterable[str], *some: Rule, **more: Any) -> Slice:
    state = Laid(MemoryBase(made), [], build([], KINDS, True))
    return cut(state, scope(judged, *some), policies(*some), **more)


# -- the same is to be seen


@given(change=changes(), where=WHERE, data=st.data())
def test_slice_and_whole_look_the_same_to_whoever_is_judged(change: Change, where: Where, data: st.DataObject) -> None:
    """All reaches at once, so that nothing that one of them brings in is in the way of another."""
    old, new = drawn(read(change.before)), drawn(read(change.after))
    judged = data.draw(st.sets(st.sampled_from([*sorted(new.catalog.entities), "component:default/never"]), max_size=3))
    some = data.draw(st.lists(st.sampled_from(SIGHTS), min_size=1, max_size=4, unique_by=lambda each: each.id))
    with base(old.catalog, where) as over:
        state = Laid(over, change.gone, build(change.come, KINDS, True), paths=change.elsewhere)
        part = cut(state, scope(judged, *some), policies(*some))

    for key in judged & new.catalog.entities.keys():
        for each in some:
            reach = parse(each.reach or (), {})
            assert told(sight(key, reach, part.catalog, part.graph)) == told(sight(key, reach, new.catalog, new.graph))


def told(seen: Any) -> str:
    return json.dumps(seen, sort_keys=True, indent=1)


@given(change=changes(), data=st.data())
def test_nothing_is_in_a_slice_that_is_not_in_the_whole(change: Change, data: st.DataObject) -> None:
    old, new = drawn(read(change.before)), drawn(read(change.after))
    judged = data.draw(st.sets(st.sampled_from([*sorted(new.catalog.entities), "component:default/never"]), max_size=3))
    state = Laid(MemoryBase(old.catalog), change.gone, build(change.come, KINDS, True))
    part = cut(state, scope(judged, *SIGHTS), policies(*SIGHTS))

    assert set(part.graph.edges()) <= set(new.graph.edges())
    for key, found in part.catalog.entities.items():
        assert found.data == new.catalog.entities[key].data
        assert found.document.path == new.catalog.entities[key].document.path


@given(files=STATES, data=st.data())
def test_who_reads_relations_finds_its_neighbours_and_the_place_of_each_group(
    files: Files, data: st.DataObject
) -> None:
    new = drawn(read(files))
    keys = sorted(new.catalog.entities)
    if not keys:
        return
    key = data.draw(st.sampled_from(keys))
    part = slice_of(new.catalog, [key], rule(id="x/relations", reads="relations", reach=None))

    assert part.graph.relations(key) == new.graph.relations(key)
    for near in {key}.union(*new.graph.relations(key).values()):
        assert (near in part.catalog.entities) is (near in new.catalog.entities)
        if near.startswith("group:"):
            assert part.graph.group(near) == new.graph.group(near)
    assert parse(["."], {}).paths < RELATIONS.paths


@given(change=changes(), data=st.data())
def test_owners_dependents_and_people_are_those_of_the_whole(change: Change, data: st.DataObject) -> None:
    old, new = drawn(read(change.before)), drawn(read(change.after))
    refs = st.sets(st.sampled_from([*new.graph.nodes, "user:default/jane"]), max_size=2)
    judged, removed, people = data.draw(refs), data.draw(refs), data.draw(refs)
    state = Laid(MemoryBase(old.catalog), change.gone, build(change.come, KINDS, True))
    part = cut(state, scope(judged, rule()), policies(rule()), removed=removed, people=people)

    for key in judged:
        for effective in (False, True):
            assert owners(part, key, effective) == owners(Slice(new.catalog, new.graph), key, effective)
    for key in removed & set(new.graph.nodes):
        found = part.graph.dependents_of(key, transitive=True) if key in part.graph else ()
        assert found == new.graph.dependents_of(key, transitive=True)
    for key in people & new.catalog.entities.keys():
        assert part.graph.targets(key, "memberOf") == new.graph.targets(key, "memberOf")
        for group in (key, *new.graph.targets(key, "memberOf")):
            if group in new.catalog.entities:
                assert part.graph.group(group).ancestors == new.graph.group(group).ancestors


def owners(part: Slice, key: str, effective: bool) -> tuple[str, ...]:
    return part.graph.owners_of(key, effective=effective) if key in part.graph else ()


# -- and no more than that is read


WORLD = catalog(
    entity("c1", {"a": "x"}, owner="g1", system="s1", dependsOn=["c2"]),
    entity("c2", {"a": "x"}, owner="g2", dependsOn=["c3", "c-gone"]),
    entity("c3", {"a": " x", "b": "c9"}, dependsOn=["c2"]),
    entity("c4", owner="g1"),
    entity("c9"),
    entity("s1", owner="g2"),
    entity("g1", parent="g2", members=["u1"]),
    entity("g2"),
    entity("u1"),
    entity("u2", memberOf=["g2"]),
)


@pytest.mark.parametrize(
    ("judged", "reach", "held"),
    [
        ("c4", (), "c4 g1"),  # owners are in every report
        ("c9", (), "c9"),
        ("c1", ("dependsOn",), "c1 c2 g1"),
        ("c1", ("names(dependsOn{2})",), "c1 c2 c3 g1"),
        ("g2", ("^ownedBy",), "c2 g2 s1"),
        ("c1", ("partOf*/ownedBy/childOf*",), "c1 g1 g2 s1"),
        ("c2", ("cycle(dependsOn)",), "c2 c3 g2"),
        ("c1", ("cycle(dependsOn)",), "c1 g1"),
        ("c1", ("same(a)",), "c1 c2 c3 g1"),
        ("c4", ("same(a)",), "c4 g1"),
        ("c3", ("named(b)",), "c3 c9"),
        ("c1", ("named(a)",), "c1 g1"),
        ("c4", ("kind(User)",), "c4 g1"),
        ("c1 c3", ("dependsOn",), "c1 c2 c3 g1"),
        ("c-gone", ("^dependsOn",), "c2"),
        ("c-gone", (), ""),
    ],
)
def test_only_what_may_be_looked_at_is_read(judged: str, reach: tuple[str, ...], held: str) -> None:
    part = slice_of(WORLD, map(ref, judged.split()), rule(*reach), owners=False)

    assert names(part.catalog.entities) == held.split()


def test_each_rule_counts_for_those_that_it_judges() -> None:
    near, far = rule("dependsOn", id="x/near"), rule("dependsOn{3}", id="x/far")
    state = Laid(MemoryBase(WORLD), [], build([], KINDS, True))
    who = Scope({"x/near": frozenset({ref("c1")}), "x/far": frozenset({ref("c9")})}, frozenset(), frozenset())

    assert names(cut(state, who, policies(near, far), owners=False).catalog.entities) == ["c1", "c2", "c9", "g1"]


@pytest.mark.parametrize(
    ("more", "held"),
    [
        ({"owners": False}, "c1 g1"),
        ({"owners": True}, "c1 g1 g2 s1"),
        ({"owners": False, "removed": [ref("c3")]}, "c1 c2 c3 g1"),  # c1 as well: it needs c2, which needs c3
        ({"owners": False, "people": [ref("u1")]}, "c1 g1 g2 u1"),
        ({"owners": False, "people": [ref("g1")]}, "c1 g1 g2"),
        ({"owners": False, "people": ["user:default/nobody"]}, "c1 g1"),
    ],
)
def test_besides_rules_those_look_who_enforce_and_who_judge_changes(more: dict[str, Any], held: str) -> None:
    assert names(slice_of(WORLD, [ref("c1")], rule(), **more).catalog.entities) == held.split()


def test_what_a_change_touches_is_always_there() -> None:
    fresh = Document("new.yaml", 0, entity("c5"))
    state = Laid(MemoryBase(WORLD), [], build([fresh], KINDS, True))

    assert names(cut(state, scope([], rule()), policies(rule())).catalog.entities) == ["c5"]


def test_what_rules_in_rego_are_shown_is_what_they_may_look_at() -> None:
    python = rule("dependsOn{2}", id="x/python")
    rego = rule("names(partOf)", id="x/rego", evaluate=None, package="bylaw.x.rego")
    part = slice_of(WORLD, [ref("c1")], python, rego)

    assert names(part.shown or ()) == ["c1", "s1"]
    assert names(part.catalog.entities) == ["c1", "c2", "c3", "g1", "g2", "s1"]


def test_of_a_catalog_that_was_read_in_full_nothing_is_cut() -> None:
    state = drawn(WORLD)

    assert cut(state, scope([ref("c1")], rule()), policies(rule())) == Slice(WORLD, state.graph, None)


def test_every_form_of_reach_is_among_those_that_are_compared() -> None:
    said = " ".join(text for texts in REACHES.values() for text in texts)

    for form in ("names(", "cycle(", "same(", "named(", "kind(", " of ", "*", "{", "^", "@", ".", "|", "/"):
        assert form in said, form
