"""Ways through a catalog, as a rule goes them and back to whoever goes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.affected import Laid, State, groups_of
from bylaw.affected.walk import Walk
from bylaw.catalog import build
from bylaw.rules.reach import Path, parse
from tests.affected.memory import MemoryBase
from tests.affected.sight import along
from tests.affected.small import catalog, entity, names, ref, whole
from tests.affected.tellers import REACHES
from tests.affected.worlds import KINDS, STATES, Files, drawn, read

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

WORLD = catalog(
    entity("c1", owner="g1", system="s1", dependsOn=["c2"], consumesApis=["a1"]),
    entity("c2", dependsOn=["c3", "c-gone"], providesApis=["a1"]),
    entity("c3", dependencyOf=["c1"], dependsOn=["c2"]),
    entity("a1", owner="g1"),
    entity("s1", owner="g2", domain="d1"),
    entity("d1", owner="g3"),
    entity("g1", parent="g2", members=["u1"]),
    entity("g2"),
    entity("g3", parent="g1", children=["g2"]),
    entity("u1", memberOf=["g2"]),
    entity("m1", owner="g1", uses=["c2"], host="m2"),
    entity("m2", peers=["m1"], host="m2"),
    entity("m3", type="spare", backup="m2"),
)


@pytest.fixture(params=["whole", "laid"])
def walk(request: pytest.FixtureRequest) -> Walk:
    """The world, read in full or asked of a base."""
    if request.param == "whole":
        return Walk(drawn(WORLD))
    return Walk(Laid(MemoryBase(WORLD), [], build([], KINDS, True)))


def path(text: str) -> Path:
    (found,) = parse([text], {}).paths
    return found


def refs(said: str) -> set[str]:
    return {ref(each) for each in said.split()}


@pytest.mark.parametrize(
    ("start", "way", "seen"),
    [
        ("c1", "ownedBy", "c1 g1"),
        ("c1", "ownedBy/childOf*", "c1 g1 g2 g3"),  # in a circle
        ("c1", "partOf*/ownedBy", "c1 s1 d1 g1 g2 g3"),
        ("c1", "partOf/partOf", "c1 s1 d1"),
        ("c1", "dependsOn", "c1 c2 c3"),  # c3 says so
        ("c1", "dependsOn{2}", "c1 c2 c3 c-gone"),
        ("c2", "dependsOn{9}", "c2 c3 c-gone"),
        ("c1", "(dependsOn|consumesApi)/apiProvidedBy", "c1 c2 c3 a1"),
        ("c2", "^dependsOn", "c2 c1 c3 m1"),
        ("c2", "^dependsOn/ownedBy", "c2 c1 c3 m1 g1"),
        ("c2", "dependsOn/^dependsOn", "c2 c3 c-gone c1"),
        ("c-gone", "^dependsOn", "c-gone c2"),
        ("c-gone", "dependsOn", "c-gone"),
        ("c3", ".", "c3 c1 c2"),
        ("a1", ".", "a1 g1 c1 c2"),
        ("a1", "@", "a1 g1"),
        ("c3", "@", "c3 c1 c2"),  # a Component may write dependsOn and dependencyOf, whoever does here
        ("g1", "@", "g1 g2 g3 u1"),  # parent, children, members; not ownerOf
        ("g1", "@/@", "g1 g2 g3 u1"),
        ("u1", "@", "u1 g1 g2"),
        ("m2", "runs", "m2 m1 m3"),  # back from host and from backup
        ("m2", "^runsOn", "m2 m1 m3"),  # m3 backs m2 only: further than a rule comes
        ("m2", "^backs", "m2 m1 m3"),
        ("m3", "backs", "m3 m2"),
        ("m2", "runsOn*", "m2"),
        ("c1", "made", "c1"),
        ("c1", "made*/ownedBy", "c1 g1"),
    ],
)
def test_all_on_the_way_is_seen(walk: Walk, start: str, way: str, seen: str) -> None:
    assert walk.seen([ref(start)], path(way)) == refs(seen)


def test_many_start_at_once(walk: Walk) -> None:
    assert walk.seen(refs("a1 s1 c-gone"), path("ownedBy")) == refs("a1 s1 c-gone g1 g2")
    assert walk.seen([], path("ownedBy")) == set()


@pytest.mark.parametrize(
    ("what", "way", "watching"),
    [
        ("g1", "ownedBy", "g1 c1 a1 m1"),
        ("g2", "ownedBy/childOf*", "g2 s1 c1 a1 m1 d1"),
        ("g3", "partOf*/ownedBy", "g3 d1 s1 c1"),
        ("s1", "partOf/ownedBy", "s1 c1"),
        ("c3", "dependsOn{2}", "c3 c2 c1 m1"),
        ("c3", "^dependsOn", "c3 c2"),
        ("a1", "@", "a1 c1 c2"),
        ("g1", "@", "g1 c1 a1 m1 g2 g3 u1"),
        ("c-gone", ".", "c-gone c2"),
        ("c-gone", "made", "c-gone"),
    ],
)
def test_whoever_sees_something_is_found_on_the_way_back(walk: Walk, what: str, way: str, watching: str) -> None:
    assert names(walk.watching(path(way), [ref(what)], ())) == sorted(watching.split())


@pytest.mark.parametrize(
    ("edge", "way", "watching"),
    [
        (("c1", "ownedBy"), "ownedBy", "c1"),
        (("c1", "ownedBy"), "ownedBy/childOf", "c1"),
        (("c1", "ownedBy"), "partOf/ownedBy", ""),  # nothing is part of c1
        (("s1", "ownedBy"), "partOf/ownedBy", "c1"),
        (("s1", "ownedBy"), "partOf*/ownedBy", "s1 c1"),
        (("s1", "ownedBy"), "partOf", ""),  # not its relation
        (("g2", "childOf"), "ownedBy/childOf*", "s1 c1 a1 m1 d1"),
        (("c2", "dependencyOf"), "^dependsOn", "c2"),
        (("c2", "usedBy"), "^dependsOn", "c2"),
        (("c2", "dependsOn"), "dependsOn{2}", "c1 c2 c3 m1"),
        (("c-gone", "dependencyOf"), ".", "c-gone"),
        (("a1", "ownedBy"), "@", "a1"),
        (("a1", "apiConsumedBy"), "@", ""),
    ],
)
def test_whoever_goes_along_a_relation_is_found_from_where_it_begins(
    walk: Walk, edge: tuple[str, str], way: str, watching: str
) -> None:
    source, kind = edge

    assert names(walk.watching(path(way), (), {(ref(source), kind)})) == sorted(watching.split())


@pytest.mark.parametrize(
    ("key", "types", "members"),
    [
        ("c2", "dependsOn", "c2 c3"),
        ("c3", "dependsOn", "c2 c3"),
        ("c1", "dependsOn", "c1"),
        ("c-gone", "dependsOn", "c-gone"),
        ("a1", "dependsOn|consumesApi|apiProvidedBy", "a1"),
        ("g1", "childOf", "g1 g2 g3"),
        ("g2", "childOf", "g1 g2 g3"),
        ("u1", "childOf", "u1"),
        ("m2", "runsOn", "m2"),
        ("m1", "runsOn|peer-of", "m1 m2"),
        ("c2", "made", "c2"),
    ],
)
def test_a_tangle_is_all_that_lies_on_a_cycle_with_a_ref(walk: Walk, key: str, types: str, members: str) -> None:
    assert names(walk.tangle(ref(key), tuple(types.split("|")))) == members.split()


def test_the_relations_that_were_asked_for_are_known_there_and_back_and_no_others(walk: Walk) -> None:
    walk.seen([ref("m3")], path("backs"))
    walk.seen([ref("c2")], path("^dependsOn"))

    assert sorted({(names([source])[0], kind, names([target])[0]) for source, kind, target in walk.edges()}) == [
        ("c1", "dependsOn", "c2"),
        ("c2", "dependencyOf", "c1"),
        ("c2", "dependencyOf", "c3"),
        ("c2", "usedBy", "m1"),
        ("c3", "dependsOn", "c2"),
        ("m1", "dependsOn", "c2"),
        ("m2", "runs", "m3"),  # and not that m3 runs on m2, which it backs
        ("m3", "backs", "m2"),
    ]


def test_nothing_that_a_walk_does_not_come_to_is_asked_for() -> None:
    asked: list[str] = []

    class Watched(MemoryBase):
        def edges(
            self, refs: Iterable[str], relations: Collection[str] | None = None
        ) -> Iterator[tuple[str, str, str, str]]:
            asked.extend(keys := list(refs))
            return super().edges(keys, relations)

    Walk(Laid(Watched(WORLD), [], build([], KINDS, True))).seen([ref("c1")], path("partOf/ownedBy"))

    assert names(asked) == ["c1", "s1"]


def test_the_groups_of_a_user_or_a_group_are_those_above_it() -> None:
    state: State = drawn(WORLD)

    assert names(groups_of(state, ref("u1"))) == ["g1", "g2", "g3"]
    assert names(groups_of(state, ref("g2"))) == ["g1", "g3"]
    assert groups_of(state, "user:default/nobody") == ()
    assert names(groups_of(whole(entity("u1", memberOf=["g1"]), entity("g1", parent="g2")), ref("u1"))) == ["g1", "g2"]


PATHS = sorted({found for texts in REACHES.values() for found in parse(texts, {}).paths}, key=repr)


@given(files=STATES, way=st.sampled_from(PATHS), data=st.data())
def test_a_walk_sees_all_that_a_rule_sees_and_its_way_back_finds_whoever_sees_it(
    files: Files, way: Path, data: st.DataObject
) -> None:
    state = drawn(read(files))
    walk = Walk(state)
    start = data.draw(st.sampled_from(sorted(state.graph.nodes))) if state.graph.nodes else ""

    seen = {start}.union(*(dict(level) for level in along(start, way, state.catalog, state.graph)))
    assert walk.seen([start], way) >= seen
    for each in seen:
        assert start in walk.watching(way, [each], ())
