"""A base with a change laid over it answers as a catalog does that was read in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bylaw.affected import Laid, State, Whole
from bylaw.catalog import Rest, build
from bylaw.model import Document
from tests.affected.bases import WHERE, Where, base
from tests.affected.memory import MemoryBase
from tests.affected.small import catalog, entity, names, ref
from tests.affected.worlds import KINDS, Change, changes, drawn, read
from tests.shared import examples

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bylaw.affected.state import Base

TYPES = sorted(KINDS.reverse)


def laid(over: Base, gone: list[Document], come: list[Document], **more: Any) -> Laid:
    return Laid(over, gone, build(come, KINDS, over.complete), **more)


def said(documents: Iterable[Document]) -> list[tuple[Any, ...]]:
    return [(each.path, each.index, each.data, each.problems) for each in documents]


def all_refs(*states: Whole) -> list[str]:
    return sorted({node for state in states for node in state.graph.nodes} | {"component:default/never-heard-of"})


# -- whatever is asked


@given(change=changes(), where=WHERE, types=st.none() | st.sets(st.sampled_from(TYPES), max_size=4).map(frozenset))
def test_it_answers_as_if_all_had_been_read(change: Change, where: Where, types: frozenset[str] | None) -> None:
    old, new = drawn(read(change.before)), drawn(read(change.after))
    keys = all_refs(old, new)
    with base(old.catalog, where) as over:
        state = laid(over, change.gone, change.come)

        assert entities(state, keys) == entities(new, keys)
        assert state.existing(keys) == new.existing(keys) == set(new.catalog.entities)
        assert near(state, keys, types) == near(new, keys, types)
        assert state.bearing == new.bearing
        for annotation in ("bylaw.dev/successor", "backstage.io/kubernetes-id", "none"):
            assert sorted(state.annotated(annotation)) == sorted(new.annotated(annotation))
        for kinds in ({"component"}, {"group", "user"}, {"api", "machine", "none"}, set[str]()):
            assert sorted(map(str, state.bearers(frozenset(kinds)))) == sorted(map(str, new.bearers(frozenset(kinds))))
            assert set(state.bearers(frozenset(kinds))) == set(new.bearers(frozenset(kinds)))  # as they are spelt


@given(change=changes(), where=WHERE)
def test_read_in_full_it_is_the_catalog_of_all_documents(change: Change, where: Where) -> None:
    old, new = read(change.before), read(change.after)
    with base(old, where) as over:
        found = laid(over, change.gone, change.come).whole()

    assert said(found.catalog.documents) == said(new.documents)
    assert found.catalog.entities.keys() == new.entities.keys()
    assert {key: said(each) for key, each in found.catalog.duplicates.items()} == {
        key: said(each) for key, each in new.duplicates.items()
    }
    assert found.catalog.rest == Rest()
    assert sorted(found.graph.edges()) == sorted(drawn(new).graph.edges())


@given(change=changes(), where=WHERE, data=st.data())
def test_a_part_has_what_was_asked_for_and_all_that_the_change_touches(
    change: Change, where: Where, data: st.DataObject
) -> None:
    old, new = drawn(read(change.before)), drawn(read(change.after))
    keys = data.draw(st.sets(st.sampled_from(all_refs(old, new))))
    with base(old.catalog, where) as over:
        state = laid(over, change.gone, change.come, paths=change.elsewhere)
        part = state.part(keys)

    wanted = {*keys, *state.touched} & new.catalog.entities.keys()
    assert {key: each.data for key, each in part.entities.items()} == {
        key: new.catalog.entities[key].data for key in wanted
    }
    assert {key: said(each) for key, each in part.duplicates.items()} == {
        key: said(each) for key, each in new.catalog.duplicates.items() if key in wanted
    }
    assert set(part.paths) == set(new.catalog.paths)
    for entity_kind in ("Component", "User", "component", "Machine", "None"):
        assert part.bears(entity_kind) is new.catalog.bears(entity_kind)


@settings(max_examples=examples(15))
@given(change=changes(), where=WHERE)
def test_a_base_with_nothing_laid_over_it_is_the_base(change: Change, where: Where) -> None:
    old = drawn(read(change.before))
    keys = all_refs(old)
    with base(old.catalog, where) as over:
        state = laid(over, [], [])

        assert state.touched == frozenset()
        assert entities(state, keys) == entities(old, keys)
        assert near(state, keys) == near(old, keys)
        assert said(state.whole().catalog.documents) == said(old.catalog.documents)


def entities(state: State, keys: list[str]) -> dict[str, Any]:
    """What each entity says, and where it stands."""
    return {key: (each.data, each.document.path, each.document.index) for key, each in state.entities(keys).items()}


def near(state: State, keys: list[str], types: frozenset[str] | None = None) -> dict[str, set[tuple[str, str]]]:
    return {key: set(found) for key, found in state.near(keys, types).items() if found}


# -- one by one


ORDERS = entity("c1", owner="g1", dependsOn=["c2"])
AGAIN = entity("c1", owner="g2")
BASE = catalog(ORDERS, AGAIN, entity("c2", dependencyOf=["c1"]), entity("g1"), entity("u1"))


def document(path: str, data: Any) -> Document:
    return Document(path, 0, data)


def test_of_a_relation_that_both_say_one_may_be_withdrawn() -> None:
    state = laid(MemoryBase(BASE), [document("c1.yaml", ORDERS)], [document("c1.yaml", entity("c1", owner="g1"))])

    assert set(state.near([ref("c1")])[ref("c1")]) == {("ownedBy", ref("g1")), ("dependsOn", ref("c2"))}
    assert set(state.near([ref("c2")])[ref("c2")]) == {("dependencyOf", ref("c1"))}


def test_what_stood_behind_another_of_the_same_ref_takes_its_place() -> None:
    state = laid(MemoryBase(BASE), [document("c1.yaml", ORDERS)], [])

    assert state.touched == {ref("c1")}
    assert state.entities([ref("c1")])[ref("c1")].document.path == "c1_2.yaml"
    assert state.entities([ref("c1")])[ref("c1")].spec == {"owner": ref("g2")}
    assert set(state.near([ref("c1")])[ref("c1")]) == {("ownedBy", ref("g2")), ("dependsOn", ref("c2"))}
    assert state.part([]).duplicates == {}


def test_what_comes_may_stand_before_or_behind_what_is_there() -> None:
    fresh = entity("c2")
    first, last = (laid(MemoryBase(BASE), [], [document(path, fresh)]) for path in ("0.yaml", "z.yaml"))

    assert first.entities([ref("c2")])[ref("c2")].document.path == "0.yaml"
    assert last.entities([ref("c2")])[ref("c2")].document.path == "c2.yaml"
    assert said(last.part([]).duplicates[ref("c2")]) == [("z.yaml", 0, fresh, ())]
    assert set(first.near([ref("c1")])[ref("c1")]) == {("ownedBy", ref("g1")), ("dependsOn", ref("c2"))}


def test_documents_that_nobody_can_address_come_and_go() -> None:
    nobody, broken = document("n.yaml", {"kind": "User"}), document("b.yaml", None)
    over = MemoryBase(build([nobody, document("c1.yaml", ORDERS)], KINDS, True))
    state = laid(over, [nobody], [broken])

    assert state.touched == frozenset()
    assert said(state.whole().catalog.documents) == said([broken, document("c1.yaml", ORDERS)])
    assert said(state.part([]).documents) == said([broken])


@pytest.mark.parametrize(
    ("gone", "come", "bears"),
    [
        ([], [], True),
        ([entity("u1")], [], False),
        ([entity("u1")], [entity("u1")], True),
        ([entity("u1")], [entity("u2")], True),
        ([entity("u1")], [{**entity("u2"), "kind": "user"}], False),  # as it is spelt
        ([entity("c2")], [], True),
    ],
)
def test_the_last_of_a_kind_may_go_and_the_first_come(gone: list[Any], come: list[Any], bears: bool) -> None:
    def documents(found: list[Any]) -> list[Document]:
        return [document(f"{each['metadata']['name']}.yaml", each) for each in found]

    state = laid(MemoryBase(BASE), documents(gone), documents(come))

    assert ("User" in state.bearing) is bears
    assert state.part([]).bears("User") is bears
    assert state.whole().catalog.bears("User") is bears


@pytest.mark.parametrize("complete", [True, False])
def test_what_is_missing_means_what_it_means_in_the_base_or_what_is_said(complete: Literal[True, False]) -> None:
    over = MemoryBase(catalog(ORDERS, complete=complete))
    as_it_is, as_said = laid(over, [], []), laid(over, [], [], complete=(not complete, "because"))

    for state, verdict, reason in ((as_it_is, complete, over.completeness), (as_said, not complete, "because")):
        assert state.complete is verdict
        for made in (state.part([]), state.whole().catalog):
            assert (made.complete, made.completeness) == (verdict, reason)


def test_a_part_knows_of_the_checkout_what_was_read_of_it(tmp_path: Path) -> None:
    come = build([document("a.yaml", ORDERS)], KINDS, True, root=tmp_path, notes=("a note",), folders=("services/a",))
    state = Laid(MemoryBase(BASE), [], come, paths=("elsewhere.yaml",))

    for made in (state.part([]), state.whole().catalog):
        assert (made.root, made.notes, made.folders) == (tmp_path, ("a note",), ("services/a",))
    assert sorted(state.part([]).paths) == ["a.yaml", "c1.yaml", "c1_2.yaml", "elsewhere.yaml"]


def test_a_whole_catalog_is_its_own_part() -> None:
    state = drawn(BASE)

    assert state.part([ref("c1")]) is BASE
    assert names(state.existing([ref("c1"), ref("c9")])) == ["c1"]
