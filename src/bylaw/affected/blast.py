"""The blast radius of a change: who feels it, directly or through others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.affected.walk import Walk
from bylaw.model import Blast

if TYPE_CHECKING:
    from collections.abc import Collection

    from bylaw.affected.state import State

_MOST = 1_000  # refs that are counted: whoever reads a larger number does nothing else for it


def blast(before: State, after: State, refs: Collection[str]) -> Blast:
    """Who feels a change of some entities: in either state, what needs them, belongs to them or is owned by them."""
    touched = set(refs)
    walk = Walk(after)
    direct = (_feel(Walk(before), touched) | _feel(walk, touched)) - touched
    found, edge = set(direct), direct
    while edge and len(found) < _MOST:
        edge = _feel(walk, edge) - found - touched
        found |= edge
    known = after.existing(found)
    owners = _owners(walk, direct & known)
    return Blast(
        tuple(sorted(direct & known)),
        tuple(sorted((found - direct) & known)),
        tuple(sorted(owners)),
        tuple(sorted(_owners(walk, (found - direct) & known) - owners)),
        uncounted=bool(edge),
    )


def _feel(walk: Walk, keys: Collection[str]) -> set[str]:
    """What refers to some refs, or is provided by them."""
    reverse, forward = walk.state.kinds.reverse, walk.state.kinds.forward
    back = {each for relation in forward for each in reverse.get(relation, ())}
    felt = frozenset((back - {"apiProvidedBy"}) | {"providesApi"})
    return {ref for near in walk.near(keys, felt).values() for _, ref in near}


def _owners(walk: Walk, keys: Collection[str]) -> set[str]:
    return {ref for near in walk.near(keys, frozenset({"ownedBy"})).values() for _, ref in near}
