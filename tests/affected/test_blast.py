"""Who feels a change."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from bylaw.affected import Laid, blast
from bylaw.catalog import build
from tests.affected.memory import MemoryBase
from tests.affected.small import catalog, entity, names, ref, whole
from tests.affected.worlds import KINDS

if TYPE_CHECKING:
    from bylaw.affected import State
    from bylaw.model import Blast

WORLD = [
    entity("c1", owner="g1", providesApis=["a1"], system="s1"),
    entity("c2", owner="g2", consumesApis=["a1"]),
    entity("c3", owner="g2", dependsOn=["c2"]),
    entity("c4", owner="g3", subcomponentOf="c3"),
    entity("c5", dependencyOf=["c1"]),
    entity("a1", owner="g1", system="s1"),
    entity("s1", owner="g3", domain="d1"),
    entity("d1"),
    entity("g1", parent="g2", members=["u1"]),
    entity("g2"),
    entity("g3"),
    entity("u1"),
    entity("m1", uses=["c4"], owner="g3"),
]


def felt(changed: str, before: Any = WORLD, after: Any = WORLD) -> Blast:
    old, new = whole(*before), whole(*after)
    found = blast(old, new, [ref(each) for each in changed.split()])
    bases: list[State] = [Laid(MemoryBase(catalog(*each)), [], build([], KINDS, True)) for each in (before, after)]
    assert blast(bases[0], bases[1], [ref(each) for each in changed.split()]) == found
    return found


@pytest.mark.parametrize(
    ("changed", "direct", "transitive"),
    [
        ("c1", "a1", "c2 c3 c4 m1"),  # its API, who uses that, who needs those
        ("c5", "c1", "a1 c2 c3 c4 m1"),
        ("c4", "m1", ""),
        ("a1", "c2", "c3 c4 m1"),  # who provides it does not feel it
        ("s1", "a1 c1", "c2 c3 c4 m1"),
        ("d1", "s1", "a1 c1 c2 c3 c4 m1"),
        ("g1", "a1 c1 u1", "c2 c3 c4 m1"),
        ("g2", "c2 c3 g1", "a1 c1 c4 m1 u1"),
        ("u1", "", ""),
        ("m1", "", ""),
        ("c2 c3", "c4", "m1"),  # what changes itself is not counted
        ("c1 a1", "c2", "c3 c4 m1"),
        ("", "", ""),
        ("c9", "", ""),
    ],
)
def test_whoever_needs_it_belongs_to_it_or_is_owned_by_it_feels_it(changed: str, direct: str, transitive: str) -> None:
    found = felt(changed)

    assert names(found.direct) == direct.split()
    assert names(found.transitive) == transitive.split()
    assert not found.uncounted


def test_owners_are_named_once_and_first_those_of_what_feels_it_directly() -> None:
    found = felt("c2")

    assert (names(found.direct), names(found.owners)) == (["c3"], ["g2"])
    assert (names(found.transitive), names(found.further_owners)) == (["c4", "m1"], ["g3"])


def test_owners_of_something_direct_are_not_named_again() -> None:
    found = felt("s1")

    assert names(found.owners) == ["g1"]
    assert names(found.further_owners) == ["g2", "g3"]


def test_whoever_felt_it_before_is_told_as_well() -> None:
    moved = [each if each["metadata"]["name"] != "c3" else entity("c3", owner="g2") for each in WORLD]

    assert names(felt("c2", WORLD, moved).direct) == ["c3"]
    assert names(felt("c2", moved, WORLD).direct) == ["c3"]


def test_what_is_not_there_any_more_does_not_feel_anything() -> None:
    without = [each for each in WORLD if each["metadata"]["name"] != "c3"]

    found = felt("c2 c3", WORLD, without)
    assert (names(found.direct), names(found.transitive)) == (["c4"], ["m1"])
    assert names(felt("c2", WORLD, without).direct) == []


def test_a_circle_ends() -> None:
    circle = [entity("c1", dependsOn=["c2"]), entity("c2", dependsOn=["c3"]), entity("c3", dependsOn=["c1"])]

    found = felt("c1", circle, circle)
    assert (names(found.direct), names(found.transitive)) == (["c3"], ["c2"])
    assert names(felt("c1", [entity("c1", dependsOn=["c1"])], [entity("c1", dependsOn=["c1"])]).direct) == []


def test_of_very_many_some_are_counted_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("bylaw.affected.blast"), "_MOST", 3)
    chain = [entity("c0"), *(entity(f"c{number}", dependsOn=[f"c{number - 1}"]) for number in range(1, 9))]

    found = felt("c0", chain, chain)
    assert (names(found.direct), names(found.transitive), found.uncounted) == (["c1"], ["c2", "c3"], True)
    found = felt("c6", chain, chain)
    assert (names(found.direct), names(found.transitive), found.uncounted) == (["c7"], ["c8"], False)
