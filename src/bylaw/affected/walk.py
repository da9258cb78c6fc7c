"""Walks through one state of a catalog, forward and back, many refs at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.rules.reach import OWN, Step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from bylaw.affected.state import Near, State
    from bylaw.rules.reach import Path


class Walk:
    """Asks a state for the relations of each ref once.

    The other direction of a relation is known by its type alone, so of two relations that lead back by one type both
    are taken: a walk may come further than a rule does, never less far.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self._near: dict[str, Collection[Near]] = {}

    def seen(self, starts: Iterable[str], path: Path) -> tuple[set[str], set[str]]:
        """All refs on the way along a path, and those of them whose relations are looked at."""
        here = set(starts)
        seen, asked = set(here), set[str]()
        for step in path.steps:
            there, left = self._along(here, step, set(), back=False)
            asked |= left
            here = there
            seen |= here
        return seen, asked

    def watching(self, path: Path, refs: Collection[str], edges: Collection[tuple[str, str]]) -> set[str]:
        """Whoever has one of the refs on the way along a path, or one of the edges (source, type)."""
        here = set(refs)
        for step in reversed(path.steps):
            crossed = {source for source, kind in edges if self._takes(step, source, kind)}
            here = set(refs) | self._along(here, step, crossed, back=True)[0]
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

    def near(self, keys: Collection[str]) -> dict[str, Collection[Near]]:
        """The relations of each ref."""
        missing = [key for key in keys if key not in self._near]
        if missing:
            self._near.update(dict.fromkeys(missing, ()))
            self._near.update(self.state.near(missing))
        return {key: self._near[key] for key in keys}

    def _along(self, starts: set[str], step: Step, crossed: set[str], *, back: bool) -> tuple[set[str], set[str]]:
        """Where a step leads, and the refs whose relations had to be known for that.

        ``crossed`` (of a walk back) are refs from which one relation of the step is known to lead on.
        """
        found, asked = set[str](), set(starts)
        edge, taken = self._step(starts, step, back) | crossed, 1
        while fresh := edge - found:
            found |= fresh
            if taken == step.most:
                break
            asked |= fresh
            edge, taken = self._step(fresh, step, back), taken + 1
        return (found | starts if step.most is None else found), asked

    def _step(self, keys: Collection[str], step: Step, back: bool) -> set[str]:
        """Where one relation of a step leads from some refs; ``back``: from where it leads to them."""
        near = self.near(keys)
        if step.types == (OWN,):
            return {ref for key in near for kind, ref in near[key] if self._makes(key, kind, ref, back)}
        kinds = self._kinds(step, back)
        return {ref for found in near.values() for kind, ref in found if kinds is None or kind in kinds}

    def _makes(self, key: str, kind: str, ref: str, back: bool) -> bool:
        """Whether a field of the kind that a relation comes from may have made it."""
        own, source = self.state.kinds.own, (ref if back else key).partition(":")[0]
        kinds = self.state.kinds.reverse.get(kind, frozenset()) if back else {kind}
        return not own.get(source, frozenset()).isdisjoint(kinds)

    def _kinds(self, step: Step, back: bool) -> set[str] | None:
        """The types of relation, as they leave a ref, that a step takes; None: all."""
        if not step.types:
            return None
        reverse = self.state.kinds.reverse
        kinds: set[str] = set()
        for each in step.types:
            name, inverted = each.removeprefix("^"), each.startswith("^")
            kinds |= set(reverse.get(name, ())) if inverted != back else {name}
        return kinds

    def _takes(self, step: Step, source: str, kind: str) -> bool:
        if step.types == (OWN,):
            return self._makes(source, kind, "", back=False)
        kinds = self._kinds(step, back=False)
        return kinds is None or kind in kinds
