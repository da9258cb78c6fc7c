"""The networkx backend ``bylaw``: functions of networkx that run on a ``View`` without converting it.

This module is the object that the entry point ``networkx.backends`` names, so each public function here
stands for networkx's function of that name and takes what that takes (networkx 3.4 to 3.6, "Backends").
networkx takes 0.4 s to import and is imported only when somebody calls one of them: by then it is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rustworkx

from bylaw.graphs.view import View, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def convert_from_nx(graph: Any, **_: Any) -> View:
    """Refuse: a view is of a catalog, so networkx's own graphs stay with networkx.

    Raises:
        NotImplementedError: always; networkx then goes on to the next backend.
    """
    raise NotImplementedError("bylaw runs networkx functions on its own views only: Graph.view(...)")


def convert_to_nx(result: Any, *, name: str | None = None) -> Any:
    """Give a view as a frozen ``networkx.DiGraph``, made once per view; anything else as it is."""
    return result.as_networkx if isinstance(result, View) else result


def can_run(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a function below covers this call: shortest_path only from one ref to one, unweighted."""
    if name != "shortest_path":
        return True
    given = dict(zip(("source", "target", "weight"), args[1:4], strict=False)) | dict(kwargs)
    return given.get("weight") is None and None not in (given.get("source"), given.get("target"))


def should_run(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether running here pays: it does, as no conversion is needed."""
    return True


def ancestors(G: View, source: str) -> set[str]:
    """All refs from which ``source`` can be reached, without it."""
    return set(G.named(rustworkx.ancestors(G.digraph, _known(G, source))))


def descendants(G: View, source: str) -> set[str]:
    """All refs that can be reached from ``source``, without it."""
    return set(G.named(rustworkx.descendants(G.digraph, _known(G, source))))


def has_path(G: View, source: str, target: str) -> bool:
    """Whether ``target`` can be reached from ``source``; each reaches itself."""
    start, end = _found(G, source), _found(G, target)
    # Not rustworkx.has_path: its memory grows with the square of a chain, 840 MB for one of 20,000.
    return start == end or end in rustworkx.descendants(G.digraph, start)


def shortest_path(G: View, source: str, target: str, weight: None = None, method: str = "dijkstra") -> list[str]:
    """The refs of a shortest path, both ends included; of equally short ones the first in sorted order."""
    import networkx

    start, end = _found(G, source), _found(G, target)
    if start == end:
        return [source]
    steps = walk(start, end, lambda node: ((None, near) for near in G.successors(node)))
    if steps is None:
        raise networkx.NetworkXNoPath(f"No path between {source} and {target}.")
    return [source, *G.named(near for _, _, near in steps)]


def strongly_connected_components(G: View) -> Iterator[set[str]]:
    """The strongly connected components, each once, in no particular order."""
    return (set(G.named(nodes)) for nodes in rustworkx.strongly_connected_components(G.digraph))


def number_strongly_connected_components(G: View) -> int:
    """How many strongly connected components there are."""
    return len(rustworkx.strongly_connected_components(G.digraph))


def weakly_connected_components(G: View) -> Iterator[set[str]]:
    """The weakly connected components, each once, in no particular order."""
    return (set(G.named(nodes)) for nodes in rustworkx.weakly_connected_components(G.digraph))


def is_directed_acyclic_graph(G: View) -> bool:
    """Whether there is no cycle, a ref that points to itself included."""
    return not G.tangles


def _known(view: View, ref: str) -> int:
    """The number of a ref, or the error of ``nx.ancestors``."""
    import networkx

    if ref not in view:
        raise networkx.NetworkXError(f"The node {ref} is not in the graph.")
    return view.numbers[ref]


def _found(view: View, ref: str) -> int:
    """The number of a ref, or the error of ``nx.shortest_path``."""
    import networkx

    if ref not in view:
        raise networkx.NodeNotFound(f"Node {ref} is not in the graph.")
    return view.numbers[ref]
