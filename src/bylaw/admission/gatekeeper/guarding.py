"""Modules in guarded calls: see ``guards``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.admission.gatekeeper import guards
from bylaw.admission.gatekeeper.tokens import Edit, on_one_line, tokens
from bylaw.admission.gatekeeper.trees import Module, Tree, span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.engine.syntax import Node, Span


def guarded(module: Module) -> Module:
    """A module in which what fails is undefined."""
    tree = Tree(module)
    text = tree.text
    before: dict[int, list[str]] = {}
    after: dict[int, list[str]] = {}
    edits: list[Edit] = []
    for call, path, _ in tree.calls():
        said = ".".join(path)
        to = guards.name(said) if not tree.is_outside(path) and tree.resolved(path) not in tree.paths else None
        if to and guards.arity(said) == len(call["params"]):
            at = span_of(call["fcn"])
            edits.append(Edit(at["start"], at["end"], to))
    for node, span in tree.nodes:  # an outer expression comes before those in it
        kind, body = next(iter(node.items()), ("", None))
        if body is not None and kind in ("ArithExpr", "BinExpr") and span:
            first, last = span_of(body["lhs"])["end"], span_of(body["rhs"])["start"]
            sign = _sign(text, first, last)
            before.setdefault(span["start"], []).append(f"data.{guards.PACKAGE}.{guards.OPERATORS[sign[0]]}(")
            after.setdefault(span["end"], []).append(")")
            edits.append(Edit(sign[1], sign[1] + 1, ","))
        elif kind == "SomeIn" and span:
            edits.extend(_checked(node, span, text))
    made = [Edit(at, at, "".join(parts)) for at, parts in (*before.items(), *after.items())]
    return module.edited(_together([*made, *edits]))


def _together(edits: list[Edit]) -> list[Edit]:
    """What comes in at a place and what changes there as one edit."""
    added: dict[int, str] = {}
    for each in edits:
        if each.start == each.end:
            added[each.start] = added.get(each.start, "") + each.text
    changed = {each.start for each in edits if each.start != each.end}
    made = [Edit(at, at, text) for at, text in added.items() if at not in changed]
    made += [
        Edit(each.start, each.end, added.get(each.start, "") + each.text) for each in edits if each.start != each.end
    ]
    return made


def _sign(text: bytes, first: int, last: int) -> tuple[str, int]:
    """The operator between two operands, and where it stands; brackets and comments stand there, too."""
    between = text[first:last].decode()
    found = next(each for each in tokens(between) if each.text in guards.OPERATORS)
    return found.text, first + len(between[: found.start].encode())


def _checked(node: Node, span: Span, text: bytes) -> Iterator[Edit]:
    """`some x in xs` of what is a collection only."""
    body = node["SomeIn"]
    at = span_of(body["collection"])
    written = on_one_line(text[at["start"] : at["end"]]).decode()
    local = f"bylaw_some_{span['start']}"
    yield Edit(span["start"], span["start"], f"{local} := {written}; data.{guards.PACKAGE}.collection({local}); ")
    yield Edit(at["start"], at["end"], local + "\n" * text[at["start"] : at["end"]].count(b"\n"))
