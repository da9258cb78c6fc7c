"""The syntax trees that regorus writes: nested JSON, each node a mapping of its kind to what it holds.

A span is ``{line, col, start, end}``, of which the last two count bytes of the module's text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Node = dict[str, Any]
Span = dict[str, int]


def nodes(tree: Any) -> Iterator[tuple[Node, Span | None]]:
    """Every node of a tree with its place, without recursion: trees may be deep."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, dict):
            inner = next(iter(node.values()), None)
            span = inner.get("span") if isinstance(inner, dict) else None
            yield node, span
            stack.extend(node.values())


def path(node: Node) -> list[str] | None:
    """``["data", "bylaw", "lib"]`` of a reference, as far as it is fixed; None for anything else."""
    if "Var" in node:
        return [str(node["Var"]["value"])]
    if "RefDot" in node:
        head = path(node["RefDot"]["refr"])
        field = node["RefDot"]["field"]
        return [*head, str(field[1])] if head else None
    if "RefBrack" in node:
        return path(node["RefBrack"]["refr"])
    return None


def data_paths(tree: Any) -> set[str]:
    """What a tree names under ``data``: ``bylaw.lib.entity.ref``, as far as it is fixed; empty for all of it."""
    inside = {id(node["RefDot"]["refr"]) for node, _ in nodes(tree) if "RefDot" in node}
    steps = (path(node) for node, _ in nodes(tree) if id(node) not in inside)
    return {".".join(each[1:]) for each in steps if each and each[0] == "data"}


def variables(tree: Any) -> Iterator[str]:
    """The names in a tree, each as often as it stands there."""
    return (str(node["Var"]["value"]) for node, _ in nodes(tree) if "Var" in node)


def declared(tree: Any, text: bytes) -> Iterator[str]:
    """The names that a rule declares for itself; ``text`` is that of its module."""
    for node, _ in nodes(tree):
        if "AssignExpr" in node and node["AssignExpr"]["op"] == "ColEq":
            yield from variables(node["AssignExpr"]["lhs"])
        elif "SomeVars" in node:
            yield from (written(each, text) for each in node["SomeVars"]["vars"])
        elif "SomeIn" in node:
            yield from variables([node["SomeIn"]["key"], node["SomeIn"]["value"]])
        elif "Every" in node:
            yield from (written(node["Every"][each], text) for each in ("key", "value") if node["Every"][each])
        elif "Func" in node:
            yield from variables(node["Func"]["args"])


class Definition:
    """One definition of a rule or function: its name, and its tree without the name."""

    def __init__(self, node: Node) -> None:
        (kind, body), *_ = node.items()
        if kind == "Default":
            self.name = ".".join(path(body["refr"]) or ["?"])
            self.tree: Node = {"value": body["value"]}
            return
        (shape, head), *_ = body["head"].items()
        self.name = ".".join(path(head["refr"]) or ["?"])
        self.tree = {
            "bodies": body["bodies"],
            shape: {key: each for key, each in head.items() if key != "refr"},
        }


def imported(node: Node, text: bytes) -> tuple[str, list[str]]:
    """The name that an import gives, and the path it stands for."""
    steps = path(node["refr"]) or ["?"]
    return written(node["as"], text) if node.get("as") else steps[-1], steps


def written(span: Span, text: bytes) -> str:
    """What stands at a place."""
    return text[span["start"] : span["end"]].decode()
