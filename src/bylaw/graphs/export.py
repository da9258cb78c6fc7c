"""The graph as text for other tools: GraphML, Graphviz's DOT, JSON."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, NamedTuple

from bylaw.errors import UsageError
from bylaw.graphs.store import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from bylaw.graphs.store import Edge, Store

# XML 1.0 has no way to write most control characters, lone surrogates and U+FFFE, U+FFFF; readers of DOT
# end at a NUL and disagree about backslashes before a quote; a terminal obeys controls and is fooled by the
# marks of writing direction. No valid ref holds any of them, but a target is whatever an author wrote.
_ESCAPED = re.compile(r"[\x00-\x1f\"%\\\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def render(graph: Store, format: str, forward: Collection[str], keys: Collection[str] | None = None) -> str:
    """Write the graph as text, the same bytes for the same graph.

    Args:
        graph: the graph.
        format: ``graphml``, ``dot`` or ``json``.
        forward: the relation types whose edges are written. Each relation is in the graph in both
            directions, and a reader wants one of them.
        keys: the refs to write, with the edges among them; None for all.

    In GraphML and DOT a character that is not safe there, and ``%``, is written as JavaScript's
    ``escape`` does, ``%0a`` or ``%u202e``, so two names never become one. JSON escapes by its own rules and
    is ASCII only:
    ``{"version": 1, "nodes": [{"ref", "kind", "exists"}], "edges": [{"source", "type", "target"}]}``.

    Raises:
        UsageError: there is no such format.
        KeyError: one of the keys is not in the graph.
    """
    write = _WRITERS.get(format)
    if write is None:
        raise UsageError(f'unknown graph format "{format}"; it is one of {", ".join(sorted(_WRITERS))}')
    chosen = set(graph.nodes if keys is None else keys)
    for key in sorted(chosen):
        if key not in graph:
            raise KeyError(key)
    nodes = [Node(key, kind_of(key), graph.exists(key)) for key in sorted(chosen)]
    # No types at all means every type to the graph; here it means no edges.
    edges = graph.edges(*forward) if forward else ()
    return write(nodes, sorted(edge for edge in edges if edge[0] in chosen and edge[2] in chosen))


class Node(NamedTuple):
    """One ref, as it is written."""

    ref: str
    kind: str
    exists: bool


def _graphml(nodes: Sequence[Node], edges: Sequence[Edge]) -> str:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
        '  <key id="kind" for="node" attr.name="kind" attr.type="string"/>',
        '  <key id="exists" for="node" attr.name="exists" attr.type="boolean"/>',
        '  <key id="type" for="edge" attr.name="type" attr.type="string"/>',
        '  <graph id="catalog" edgedefault="directed">',
    ]
    for ref, kind, exists in nodes:
        data = f'<data key="kind">{_xml(kind)}</data><data key="exists">{str(exists).lower()}</data>'
        lines.append(f'    <node id="{_xml(ref)}">{data}</node>')
    for source, kind, target in edges:
        data = f'<data key="type">{_xml(kind)}</data>'
        lines.append(f'    <edge source="{_xml(source)}" target="{_xml(target)}">{data}</edge>')
    lines += ["  </graph>", "</graphml>", ""]
    return "\n".join(lines)


def _dot(nodes: Sequence[Node], edges: Sequence[Edge]) -> str:
    lines = ["digraph catalog {"]
    for ref, kind, exists in nodes:
        look = "" if exists else ", style=dashed"
        lines.append(f"  {_quoted(ref)} [kind={_quoted(kind)}, exists={str(exists).lower()}{look}];")
    for source, kind, target in edges:
        lines.append(f"  {_quoted(source)} -> {_quoted(target)} [label={_quoted(kind)}];")
    lines += ["}", ""]
    return "\n".join(lines)


def _json(nodes: Sequence[Node], edges: Sequence[Edge]) -> str:
    graph = {
        "version": 1,
        "nodes": [node._asdict() for node in nodes],
        "edges": [{"source": source, "type": kind, "target": target} for source, kind, target in edges],
    }
    return json.dumps(graph) + "\n"


def _xml(text: str) -> str:
    return html.escape(_escape(text))


def _quoted(text: str) -> str:
    return f'"{_escape(text)}"'


def _escape(text: str) -> str:
    def code(match: re.Match[str]) -> str:
        number = ord(match[0])
        return f"%{number:02x}" if number < 0x100 else f"%u{number:04x}"

    return _ESCAPED.sub(code, text)


_WRITERS: dict[str, Callable[[Sequence[Node], Sequence[Edge]], str]] = {
    "dot": _dot,
    "graphml": _graphml,
    "json": _json,
}
