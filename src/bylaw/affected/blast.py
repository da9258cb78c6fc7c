"""The blast radius of a change: who feels it, directly or through others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.affected.walk import Walk
from bylaw.model import Blast

if TYPE_CHECKING:
    from collections.abc import Collection

    from bylaw.affected.state import State

_MOST = 10_000  # refs that are counted: what more there is would be told as a number anyway


def blast(before: State, after: State, refs: Collection[str]) -> Blast:
    """Who feels a change of some entities: in either state, what needs them, belongs to them or is owned by them."""
    direct, further, uncounted = set[str](), set[str](), False
    owners, more_owners = set[str](), set[str]()
    for state in (before, after):
        walk = Walk(state)
        existing = set(state.entities(refs))
        near = _feel(walk, existing) - set(refs)
        found, edge = set(near), near
        while edge and len(found) < _MOST:
            edge = _feel(walk, edge) - found - set(refs)
            found |= edge
        uncounted = uncounted or bool(edge)
        known = set(after.entities(found))
        direct |= near & known
        further |= found & known
        after_walk = Walk(after)
        owners |= _owners(after_walk, direct)
        more_owners |= _owners(after_walk, further)
    return Blast(
        tuple(sorted(direct)),
        tuple(sorted(further - direct)),
        tuple(sorted(owners)),
        tuple(sorted(more_owners - owners)),
        uncounted,
    )


def _feel(walk: Walk, keys: Collection[str]) -> set[str]:
    """What refers to some refs, or is provided by them."""
    reverse, forward = walk.state.kinds.reverse, walk.state.kinds.forward
    back = {each for relation in forward for each in reverse.get(relation, ())}
    felt = (back - {"apiProvidedBy"}) | {"providesApi"}
    return {ref for near in walk.near(keys).values() for kind, ref in near if kind in felt}


def _owners(walk: Walk, keys: Collection[str]) -> set[str]:
    return {ref for near in walk.near(keys).values() for kind, ref in near if kind == "ownedBy"}
