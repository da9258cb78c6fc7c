"""Walks through one state of a catalog, forward and back, many refs at a time."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from bylaw.rules.reach import ANY, OWN, Step, parse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bylaw.affected.state import Near, State
    from bylaw.rules.reach import Path

_MEMBERSHIP = parse(["memberOf/childOf*", "childOf*"], {})


class Walk:
    """Asks a state for the relations of each ref, once for each choice of types.

    The other direction of a relation is known by its type alone, so of two relations that lead back by one type both
    are taken: a walk may come further than a rule does, never less far.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self._asked: dict[frozenset[str] | None, set[str]] = {}

    def seen(self, starts: Collection[str], path: Path) -> set[str]:
        """All refs on the way along a path, the starts included."""
        here = set(starts)
        seen = set(here)
        for step in path.steps:
            here = self._along(here, step, set(), back=False)
            seen |= here
        return seen

    def watching(self, path: Path, refs: Collection[str], edges: Collection[tuple[str, str]]) -> set[str]:
        """Whoever has one of the refs on the way along a path, or one of the edges (source, type)."""
        here = set(refs)
        for step in reversed(path.steps):
            crossed = {source for source, kind in edges if self._takes(step, source, kind)}
            here = set(refs) | self._along(here, step, crossed, back=True)
        return here

    def tangle(self, key: str, types: tuple[str, ...]) -> set[str]:
        """All that lies on a cycle of some relations with a ref; nothing but the ref itself where it lies on none."""
        step = Step(types)
        sides: list[tuple[set[str], set[str], bool]] = [({key}, {key}, False), ({key}, {key}, True)]
        while all(side[1] for side in sides):
            number = min((0, 1), key=lambda each: len(sides[each][1]))
            known, edge, back = sides[number]
            fresh = self._step(edge, step, back) - known
            sides[number] = (known | fresh, fresh, back)
        within, _, back = next(side for side in sides if not side[1])  # all of it, and so all of the tangle
        found, edge = {key}, {key}
        while edge:
            edge = (self._step(edge, step, not back) & within) - found
            found |= edge
        return found

    def on_ways(self, refs: Collection[str], types: tuple[str, ...]) -> set[str]:
        """Those of some refs that relations of the types lead to and from: no other is on a cycle."""
        step = Step(types)
        kept = set(refs)
        for back in (False, True):
            near = self.near(kept, self._types(step, kept, back))
            kept = {ref for ref in kept if near[ref]}
        return kept

    def near(self, keys: Collection[str], types: frozenset[str] | None = None) -> dict[str, Collection[Near]]:
        """The relations of each ref, or those of some types."""
        known = self.state.known.setdefault(types, {})
        self._asked.setdefault(types, set()).update(keys)
        missing = [key for key in keys if key not in known]
        if missing:
            known.update(dict.fromkeys(missing, ()))
            known.update(self.state.near(missing, types))
        return {key: known[key] for key in keys}

    def edges(self) -> Iterator[tuple[str, str, str]]:
        """Every relation that was asked for, there and back."""
        reverse = self.state.kinds.reverse
        unsure: list[tuple[str, str, str]] = []
        for asked, keys in self._asked.items():
            for key in keys:
                for kind, target in self.state.known[asked][key]:
                    yield key, kind, target
                    ways = [(target, back, key) for back in reverse.get(kind, ())]
                    if len(ways) == 1:
                        yield ways[0]
                    else:
                        unsure += ways
        types = frozenset(back for _, back, _ in unsure)
        near = self.state.near({target for target, _, _ in unsure}, types) if unsure else {}
        yield from (edge for edge in unsure if edge[1:] in near.get(edge[0], ()))

    def _along(self, starts: set[str], step: Step, crossed: set[str], *, back: bool) -> set[str]:
        """Where a step leads.

        ``crossed`` (of a walk back) are refs from which one relation of the step is known to lead on.
        """
        found = set[str]()
        edge, taken = self._step(starts, step, back) | crossed, 1
        while fresh := edge - found:
            found |= fresh
            if taken == step.most:
                break
            edge, taken = self._step(fresh, step, back), taken + 1
        return found | starts if step.most is None else found

    def _step(self, keys: Collection[str], step: Step, back: bool) -> set[str]:
        """Where one relation of a step leads from some refs; ``back``: from where it leads to them."""
        near = self.near(keys, self._types(step, keys, back))
        if step.types != (OWN,):
            return {ref for found in near.values() for _, ref in found}
        return {ref for key in near for kind, ref in near[key] if self._makes(key, kind, ref, back)}

    def _types(self, step: Step, keys: Collection[str], back: bool) -> frozenset[str] | None:
        """The types of relation, as they leave a ref, that a step may take; None: all."""
        reverse = self.state.kinds.reverse
        if step.types == (OWN,):
            if back:
                return None
            own = self.state.kinds.own
            return frozenset(chain.from_iterable(own.get(key.partition(":")[0], ()) for key in keys))
        if step.types == (ANY,):
            return None
        types: set[str] = set()
        for each in step.types:
            name, inverted = each.removeprefix("^"), each.startswith("^")
            types |= set(reverse.get(name, ())) if inverted != back else {name}
        return frozenset(types)

    def _makes(self, key: str, kind: str, ref: str, back: bool) -> bool:
        """Whether a field of the kind that a relation comes from may have made it."""
        own, source = self.state.kinds.own, (ref if back else key).partition(":")[0]
        kinds = self.state.kinds.reverse.get(kind, frozenset()) if back else {kind}
        return not own.get(source, frozenset()).isdisjoint(kinds)

    def _takes(self, step: Step, source: str, kind: str) -> bool:
        """Whether a step takes a relation of a type that leaves a ref."""
        types = self._types(step, (source,), back=False)
        return types is None or kind in types


def groups_of(state: State, key: str) -> tuple[str, ...]:
    """The groups that a user or a group belongs to, through the group tree."""
    walk = Walk(state)
    found = {ref for path in _MEMBERSHIP.paths for ref in walk.seen([key], path)}
    return tuple(sorted(found - {key}))
