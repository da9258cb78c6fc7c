"""Refs and the typed relations between them: what can be asked without knowing what a relation means."""

from __future__ import annotations

import gc
from array import array
from collections import defaultdict
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Self

from bylaw.graphs.view import View, levels, walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    import networkx

Edge = tuple[str, str, str]

# A view of several types is kept for the next question. Types may come from strangers (an HTTP query), so
# the number kept is bounded.
VIEWS_KEPT = 16


def kind_of(ref: str) -> str:
    """The kind in a canonical ref."""
    return ref.partition(":")[0]


@contextmanager
def _gc_paused() -> Iterator[None]:
    """Stop the collector of cycles: it would go over millions of new, living tuples again and again."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _merged(views: Mapping[str, View], nothing: View, types: tuple[str, ...]) -> View:
    """One view of several types. Edges that two types share stay double: see ``View``."""
    return View(nothing.names, nothing.numbers, chain.from_iterable(views[kind].edges() for kind in types))


class Store:
    """An immutable graph of refs and typed edges.

    All questions take and give canonical refs (``component:default/orders``). A ref that some relation
    names but that no entity bears is a node like any other: it has relations, but does not ``exist``.
    Every answer is sorted unless it says otherwise, and none depends on the order of the input.

    Where a question takes relation types, none given means all of them, forward and reverse; a type that
    no edge has is not an error. A ref that is not in the graph at all raises ``KeyError``.
    """

    def __init__(self, keys: Sequence[str], names: Sequence[str], codes: Mapping[str, Sequence[int]]) -> None:
        """Use ``build``. This takes what ``build`` made, and what a pickle carries.

        ``names`` are all refs, sorted; a code is (place of the source) * len(names) + (place of the
        target), and the codes of a type are distinct and sorted.
        """
        self._keys = tuple(keys)
        self._existing = frozenset(keys)
        self._names = tuple(names)
        self._numbers = {name: number for number, name in enumerate(self._names)}
        size = len(self._names)
        self._views = {
            kind: View(self._names, self._numbers, [divmod(code, size) for code in codes[kind]])
            for kind in sorted(codes)
        }
        # A partial of a plain function and not a bound method: that would tie the store into a reference
        # cycle, and a server that replaces its graph would wait for the collector to free the old one.
        nothing = View(self._names, self._numbers, [])
        self._firsts: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}
        self._merged = lru_cache(VIEWS_KEPT)(partial(_merged, self._views, nothing))

    @classmethod
    def build(cls, keys: Collection[str], edges: Iterable[Edge]) -> Self:
        """Build from the refs that exist, in catalog order, and (source, relation type, target) edges.

        The caller gives both directions of each relation. Edges may name refs that are not in ``keys``,
        and may repeat.
        """
        with _gc_paused():
            ends: defaultdict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
            for source, kind, target in edges:
                sources, targets = ends[kind]
                sources.append(source)
                targets.append(target)
            names = sorted(set(keys).union(*chain.from_iterable(ends.values())))
            numbers = {name: number for number, name in enumerate(names)}
            size = len(names)
            codes: dict[str, list[int]] = {}
            for kind, (sources, targets) in ends.items():
                pairs = zip(sources, targets, strict=True)
                found = sorted([numbers[source] * size + numbers[target] for source, target in pairs])
                codes[kind] = list(dict.fromkeys(found))
            return cls(tuple(dict.fromkeys(keys)), names, codes)

    def __reduce__(self) -> tuple[Any, ...]:
        size = len(self._names)
        codes = {
            kind: array("q", (source * size + target for source, target in view.edges()))
            for kind, view in self._views.items()
        }
        return type(self), (self._keys, self._names, codes)

    @property
    def keys(self) -> tuple[str, ...]:
        """The refs of the entities that exist, in catalog order."""
        return self._keys

    @property
    def nodes(self) -> tuple[str, ...]:
        """All refs: those that exist and those that are only spoken of."""
        return self._names

    def __contains__(self, key: object) -> bool:
        """Whether the graph can be asked about it: it exists, or some relation names it."""
        return key in self._numbers

    def exists(self, key: str) -> bool:
        """Whether an entity bears this ref. False, and no error, for a ref never heard of."""
        return key in self._existing

    def types(self) -> tuple[str, ...]:
        """The relation types that occur."""
        return tuple(self._views)

    def edges(self, *types: str) -> Iterator[Edge]:
        """All edges of the types, as (source, type, target): by type, then source, then target."""
        names = self._names
        for kind in self._chosen(types):
            for source, target in self._views[kind].edges():
                yield names[source], kind, names[target]

    def relations(self, key: str, types: Collection[str] | None = None) -> Mapping[str, tuple[str, ...]]:
        """All relations of one ref, or those of some types: type -> targets."""
        node = self._number(key)
        views = ((kind, view) for kind, view in self._views.items() if types is None or kind in types)
        found = ((kind, view.named(view.successors(node))) for kind, view in views)
        return {kind: targets for kind, targets in found if targets}

    def targets(self, key: str, *types: str) -> tuple[str, ...]:
        """What the edges of these types lead to from a ref."""
        node = self._number(key)
        return self._named({near for view in self._some(types) for near in view.successors(node)})

    def sources(self, key: str, *types: str) -> tuple[str, ...]:
        """What edges of these types lead from to a ref: the inverse of ``targets``."""
        node = self._number(key)
        return self._named({near for view in self._some(types) for near in view.predecessors(node)})

    def as_data(self) -> dict[str, dict[str, list[str]]]:
        """All relations of all entities that exist, in catalog order: ref -> type -> targets.

        This is ``data.catalog.relations``. An entity without relations has an empty mapping.
        """
        names = self._names
        with _gc_paused():
            data: dict[str, dict[str, list[str]]] = {key: {} for key in self._keys}
            for kind, view in self._views.items():
                last = -1
                targets: list[str] = []
                for source, target in view.edges():
                    if source != last:
                        last, targets = source, []
                        if (relations := data.get(names[source])) is not None:
                            relations[kind] = targets
                    targets.append(names[target])
            return data

    def reach(self, key: str, *types: str, backward: bool = False) -> tuple[str, ...]:
        """All that can be reached along the types (backward: all that can reach this ref along them).

        The ref itself is among them only if it is on a cycle.
        """
        return self._named(self.view(*types).reach(self._number(key), backward))

    def cycles(self, *types: str) -> tuple[tuple[str, ...], ...]:
        """One cycle for each tangle (strongly connected component with a cycle in it), sorted.

        It is a shortest cycle through the tangle's smallest ref and begins with that; each ref points to
        the next one and the last to the first, and a ref that points to itself is a cycle of one.
        """
        return self.view(*types).cycles

    def cycle_from(self, key: str, *types: str) -> tuple[str, ...] | None:
        """The one of ``cycles`` that begins with a ref, if one does. Asking for every ref costs no more than once."""
        firsts = self._firsts.get(types)
        if firsts is None:
            firsts = self._firsts[types] = {cycle[0]: cycle for cycle in self.cycles(*types)}
        return firsts.get(key)

    def cycle_of(self, key: str, *types: str) -> tuple[str, ...] | None:
        """A shortest cycle through a ref, beginning with it; None where it is on none.

        None costs nothing once the tangles of these types are known; a cycle costs a search of its tangle.
        """
        return self.view(*types).cycle_through(self._number(key))

    def path(self, start: str, end: str, *types: str) -> tuple[Edge, ...] | None:
        """A shortest path as (source, type, target) edges, () from a ref to itself, None where there is none.

        Of equally short ones the first: by the type of the first edge, then its target, then the second
        edge, and so on.
        """
        first, last = self._number(start), self._number(end)
        if first == last:
            return ()
        views = [(kind, self._views[kind]) for kind in self._chosen(types)]
        steps = walk(first, last, lambda node: ((kind, near) for kind, view in views for near in view.successors(node)))
        if steps is None:
            return None
        return tuple((self._names[source], kind, self._names[target]) for source, kind, target in steps)

    def neighbourhood(self, key: str, hops: int = 1) -> frozenset[str]:
        """A ref and all within so many relations of it, of any type and in either direction."""

        def near(node: int) -> Iterator[int]:
            for view in self._views.values():
                yield from view.successors(node)
                yield from view.predecessors(node)

        around = islice(levels([self._number(key)], near), hops + 1)
        return frozenset(map(self._names.__getitem__, chain.from_iterable(around)))

    def view(self, *types: str) -> View:
        """The relations of these types as one graph that networkx's functions take.

        Merging several types takes time in the number of their edges; the last few are remembered.
        """
        chosen = self._chosen(types)
        return self._views[chosen[0]] if len(chosen) == 1 else self._merged(chosen)

    def to_networkx(self, keys: Collection[str] | None = None) -> networkx.MultiDiGraph:
        """A copy for networkx: all relations, or those among some refs; the key of an edge is its type.

        Nodes have the attributes ``exists`` (bool) and ``kind``. It takes seconds for 100,000 entities:
        take a neighbourhood, or use ``view``, which needs no copy.
        """
        import networkx

        chosen = set(self._names if keys is None else map(self._names.__getitem__, map(self._number, keys)))
        copy = networkx.MultiDiGraph()
        for key in sorted(chosen):
            copy.add_node(key, exists=self.exists(key), kind=kind_of(key))
        for source, kind, target in self.edges():
            if source in chosen and target in chosen:
                copy.add_edge(source, target, key=kind)
        return copy

    def _number(self, key: str) -> int:
        return self._numbers[key]

    def _named(self, nodes: Iterable[int]) -> tuple[str, ...]:
        return tuple(map(self._names.__getitem__, sorted(nodes)))

    def _chosen(self, types: tuple[str, ...]) -> tuple[str, ...]:
        """The types that occur, sorted; all where none is asked for."""
        return tuple(kind for kind in self._views if kind in types or not types)

    def _some(self, types: tuple[str, ...]) -> list[View]:
        return [self._views[kind] for kind in self._chosen(types)]
