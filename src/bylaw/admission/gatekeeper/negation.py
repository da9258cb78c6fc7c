"""`not`, as OPA means it: what it is asked about is evaluated before it.

`not f(input.x)` holds nowhere where `input.x` is undefined. regorus takes the whole for false, and its negation for
true (open-policy-agent/opa#8387). So the operands get names, which are bound before: `x := input.x; not f(x)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.admission.gatekeeper.tokens import Edit, on_one_line
from bylaw.admission.gatekeeper.trees import COMPREHENSIONS, REFERENCES, Module, Tree, span_of
from bylaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.engine.syntax import Node

_LOCAL = "bylaw_%d"
_CALCULATED = frozenset(("Call", "ArithExpr", "BinExpr", "BoolExpr", "UnaryExpr", "Membership"))
_COLLECTIONS = frozenset(("Array", "Set", "Object"))


def settled(tree: Tree) -> Module:
    """A module in which every `not` means what it means to OPA."""
    if tree.has_import("future.keywords.not"):
        return tree.module
    names = {*tree.names, *(name for name, _ in tree.imports), "input", "data"}
    number = 0
    while edits := list(_hoisted(tree, names, number)):
        number += sum(each.text.count(":=") for each in edits)
        tree = Tree(tree.module.edited(edits))
    return tree.module


def _hoisted(tree: Tree, names: set[str], number: int) -> Iterator[Edit]:
    """For each innermost `not` whose operands OPA evaluates before it: they get names, and stand before it."""
    text, found = tree.text, []
    for node, _ in tree.nodes:
        if "literal" not in node or "NotExpr" not in node["literal"]:
            continue
        operands = _eager(node["literal"]["NotExpr"]["expr"], names)
        if operands:
            found.append((node["span"]["start"], node["span"]["end"], node, operands))
    for start, end, node, operands in sorted(found, key=lambda each: each[0]):
        if any(start < other[0] and other[1] <= end for other in found):
            continue  # one inside of it comes first
        mods = node.get("with_mods")
        suffix = b" " + text[mods[0]["span"]["start"] : mods[-1]["span"]["end"]] if mods else b""
        before, edits = b"", []
        for operand in sorted(operands, key=lambda each: span_of(each)["start"]):
            span = span_of(operand)
            written = text[span["start"] : span["end"]]
            _refuse_wildcard(operand, span, tree.module)
            local = (_LOCAL % number).encode()
            number += 1
            before += local + b" := " + on_one_line(written) + suffix + b"; "
            edits.append(Edit(span["start"], span["end"], (local + b"\n" * written.count(b"\n")).decode()))
        yield Edit(start, start, before.decode())
        yield from edits


def _eager(expression: Node, names: set[str]) -> list[Node]:
    """What OPA evaluates before it negates an expression (rewriteExprTerms and rewriteDynamicTerms of its compiler)."""
    kind, body = next(iter(expression.items()))
    if kind == "Call":
        return [each for operand in body["params"] for each in _operand(operand, names)]
    if kind in ("BoolExpr", "AssignExpr"):
        sides = (body["lhs"], body["rhs"])
        if body["op"] in ("Eq", "ColEq"):
            return [each for side in sides for each in _unified(side, names)]
        return [each for side in sides for each in _operand(side, names)]
    if kind in ("ArithExpr", "BinExpr"):
        return [each for side in (body["lhs"], body["rhs"]) for each in _operand(side, names)]
    if kind == "Membership":
        parts = [body[each] for each in ("key", "value", "collection") if body.get(each)]
        return [each for part in parts for each in _operand(part, names)]
    if kind == "UnaryExpr":
        return _operand(body["expr"], names)
    return _unified(expression, names)


def _operand(node: Node, names: set[str]) -> list[Node]:
    """Of an operand of a call: references and calls, wherever they stand in it."""
    kind, body = next(iter(node.items()))
    if kind in REFERENCES or kind in _CALCULATED:
        return [node]
    if kind == "Var":
        return [node] if body["value"] in names else []
    if kind == "Object":
        return [each for field in body["fields"] for part in field[1:] for each in _operand(part, names)]
    if kind in _COLLECTIONS:
        return [each for item in body["items"] for each in _operand(item, names)]
    return []


def _unified(node: Node, names: set[str]) -> list[Node]:
    """Of a side of `=` or `==`, or an expression alone: a reference stays, what its brackets hold goes before."""
    kind, body = next(iter(node.items()))
    if kind == "RefDot":
        return _unified(body["refr"], names)
    if kind == "RefBrack":
        return [*_unified(body["refr"], names), *_operand(body["index"], names)]
    if kind == "Var" or kind in COMPREHENSIONS:
        return []
    return _operand(node, names)


def _refuse_wildcard(operand: Node, span: dict[str, int], module: Module) -> None:
    """OPA calls `not f(input.xs[_])` unsafe; within a call of its own it is not."""
    if next(iter(operand)) in REFERENCES:
        at: Node = operand
        while (kind := next(iter(at))) in REFERENCES:
            if kind == "RefBrack" and at["RefBrack"]["index"].get("Var", {}).get("value") == "_":
                raise ConfigError(f"{module.path}:{span['line']}: `_` is unsafe under `not`")
            at = at[kind]["refr"]
