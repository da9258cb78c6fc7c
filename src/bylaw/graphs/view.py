"""One directed graph over numbered refs: the relations of some types, held by rustworkx."""

from __future__ import annotations

from collections import deque
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING, TypeVar

import rustworkx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import networkx

Label = TypeVar("Label")


def levels(starts: Iterable[int], neighbours: Callable[[int], Iterable[int]]) -> Iterator[list[int]]:
    """Breadth first: the starts, then what lies one step from them, then two, and so on.

    Each level is sorted and no node comes twice, so cycles end by themselves.
    """
    level = sorted(set(starts))
    seen = set(level)
    while level:
        yield level
        level = sorted({near for node in level for near in neighbours(node)} - seen)
        seen.update(level)


def walk(
    start: int, end: int, steps: Callable[[int], Iterable[tuple[Label, int]]]
) -> list[tuple[int, Label, int]] | None:
    """A shortest walk of at least one step, as (from, label, to); None where no walk leads there.

    ``start`` and ``end`` may be the same: then it is a shortest cycle. Of equally short walks it is the
    one whose first step comes first in the order of ``steps``, then its second, and so on.
    """
    came: dict[int, tuple[int, Label]] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for label, near in steps(node):
            if near in came:
                continue
            came[near] = (node, label)
            if near == end:
                return _retrace(start, end, came)
            queue.append(near)
    return None


def _retrace(start: int, end: int, came: Mapping[int, tuple[int, Label]]) -> list[tuple[int, Label, int]]:
    steps = []
    while True:
        before, label = came[end]
        steps.append((before, label, end))
        end = before
        if end == start:
            return steps[::-1]


class View:
    """What ``Graph.view`` gives: a read-only directed graph, for the functions of networkx.

    ``nx.ancestors(view, ref)`` and the other functions of ``bylaw.graphs.backend`` run on it as it is.
    The rest of networkx works after one conversion, where ``nx.config.fallback_to_nx`` is true.

    Inside, a node is its number: the place of its ref among all refs, sorted. So the order of numbers is
    the order of refs, and whatever is sorted by number is sorted by ref. An edge may be held twice, which
    no answer shows.
    """

    __networkx_backend__ = "bylaw"

    def __init__(self, names: Sequence[str], numbers: Mapping[str, int], edges: Iterable[tuple[int, int]]) -> None:
        """Take the sorted refs, each one's place, and the edges as places."""
        self.names = names
        self.numbers = numbers
        self.digraph: rustworkx.PyDiGraph[None, None] = rustworkx.PyDiGraph()
        self.digraph.add_nodes_from(list(repeat(None, len(names))))
        self.digraph.extend_from_edge_list(list(edges))

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, ref: object) -> bool:
        return ref in self.numbers

    def is_directed(self) -> bool:
        """True: networkx asks."""
        return True

    def is_multigraph(self) -> bool:
        """False: networkx asks."""
        return False

    def named(self, nodes: Iterable[int]) -> tuple[str, ...]:
        """The refs of some nodes, in the order given."""
        return tuple(map(self.names.__getitem__, nodes))

    def edges(self) -> Iterable[tuple[int, int]]:
        """The edges, in the order they were given."""
        return self.digraph.edge_list()

    @cached_property
    def as_networkx(self) -> networkx.DiGraph:
        """The same graph as networkx has it, made once and frozen."""
        import networkx

        graph = networkx.DiGraph()
        graph.add_nodes_from(self.names)
        graph.add_edges_from(self.named(edge) for edge in self.edges())
        return networkx.freeze(graph)

    def successors(self, node: int) -> list[int]:
        return sorted(set(self.digraph.successor_indices(node)))

    def predecessors(self, node: int) -> list[int]:
        return sorted(set(self.digraph.predecessor_indices(node)))

    def reach(self, node: int, backward: bool = False) -> set[int]:
        """All that can be reached from a node (backward: that reach it); itself only if it is on a cycle."""
        if backward:
            found = rustworkx.ancestors(self.digraph, node)
            nearest = self.digraph.successor_indices(node)
        else:
            found = rustworkx.descendants(self.digraph, node)
            nearest = self.digraph.predecessor_indices(node)
        if any(near == node or near in found for near in nearest):
            found.add(node)
        return found

    @cached_property
    def tangles(self) -> Mapping[int, frozenset[int]]:
        """Each node that is on a cycle, with its strongly connected component."""
        loops = {source for source, target in self.edges() if source == target}
        tangles: dict[int, frozenset[int]] = {}
        for nodes in rustworkx.strongly_connected_components(self.digraph):
            if len(nodes) > 1 or nodes[0] in loops:
                tangles.update(dict.fromkeys(nodes, frozenset(nodes)))
        return tangles

    @cached_property
    def cycles(self) -> tuple[tuple[str, ...], ...]:
        """See ``Graph.cycles``."""
        firsts = sorted({min(tangle) for tangle in set(self.tangles.values())})
        return tuple(cycle for first in firsts if (cycle := self.cycle_through(first)) is not None)

    def cycle_through(self, node: int) -> tuple[str, ...] | None:
        """A shortest cycle through a node, beginning with it; at once None where it is on no cycle."""
        tangle = self.tangles.get(node)
        if tangle is None:
            return None
        steps = walk(node, node, lambda at: ((None, near) for near in self.successors(at) if near in tangle))
        return None if steps is None else self.named(source for source, _, _ in steps)
