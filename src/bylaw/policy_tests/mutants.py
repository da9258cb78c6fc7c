"""Mutants of a Rego rule: copies of it with one small fault each.

A fixture that passes although the rule is faulty leaves something of the rule untested. What is changed:
conditions (the statements of a body) are negated or dropped, constants are changed, comparisons are swapped.
A change is made in the text, at the place that the syntax tree gives, so that it can be shown as its author
would write it. Not changed are: libraries, which have tests of their own; the names of rules; a statement
that gives a variable its value, as long as anything needs it, and a negation that would leave one without
(that is no rule any more).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bylaw.engine import syntax

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.engine.syntax import Node, Span
    from bylaw.rules import Module

_SWAPPED = {
    "Eq": ("==", ("!=",)),
    "Ne": ("!=", ("==",)),
    "Lt": ("<", ("<=", ">")),
    "Le": ("<=", ("<",)),
    "Gt": (">", (">=", "<")),
    "Ge": (">=", (">",)),
}
"""The comparisons of regorus, as they are written and as they are swapped."""

_TEXT, _OTHER_TEXT = b"!", b"?"
"""What is added to a text, so that a format keeps its verbs; one character, such as a separator, is replaced by it."""

_LARGE = 1_000_000
"""From here on a number is a unit (the nanoseconds of a day): no fixture could tell one more or less of it."""

_SCALARS = frozenset({"String", "RawString", "Number", "Bool"})
_NOT = re.compile(rb"not\s*")
_COMMA = re.compile(rb"\s*,[ \t]*")
_PRINT = ["print"]
_GIVEN = frozenset({"input", "data", "_"})
_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*"|`[^`]*`)|#.*')


class Kind(StrEnum):
    """The fault of a mutant."""

    NEGATED = "negated condition"
    DROPPED = "dropped condition"
    CHANGED = "changed constant"
    SWAPPED = "swapped comparison"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with one fault. ``before`` and ``after`` are its condition or its line."""

    kind: Kind
    line: int
    before: str
    after: str
    module: Module

    def __str__(self) -> str:
        """What it is called in reports, and in the metadata of its rule: no line, so that lines may move."""
        return f"{self.kind}: {self.before} -> {self.after}"


def of(module: Module, tree: dict[str, Any]) -> list[Mutant]:
    """All mutants of a module in the order of their places, none twice; ``tree`` is its syntax tree."""
    return _Mutating(module, tree["ast"]).mutants()


@dataclass(frozen=True, slots=True)
class _Cut:
    """Bytes to be replaced, from ``start`` and up to ``end``."""

    start: int
    end: int
    kind: Kind
    by: bytes


class _Mutating:
    """One module and its tree."""

    def __init__(self, module: Module, body: dict[str, Any]) -> None:
        self._module = module
        self._text = module.text.encode()
        self._rules: list[Node] = body["rules"]
        self._global = _GIVEN.union(
            (syntax.Definition(each).name.partition(".")[0] for each in self._rules),
            (syntax.imported(each, self._text)[0] for each in body["imports"]),
        )
        statements = (node["span"] for node, _ in syntax.nodes(body["rules"]) if "literal" in node)
        # regorus counts the quotes neither to a text nor to what begins or ends with one.
        texts = [span for node, span in syntax.nodes(body["rules"]) if span and _is_text(node)]
        self._openings = {each["start"] for each in texts}
        self._closings = {each["end"] for each in texts}
        self._statements = sorted(map(self._place, statements), key=lambda place: place[1] - place[0])

    def mutants(self) -> list[Mutant]:
        made: dict[str, Mutant] = {}
        cuts = [cut for node in self._rules for cut in self._cuts(node)]
        for cut in sorted(cuts, key=lambda cut: (cut.start, cut.end)):
            mutant = self._mutant(cut)
            made.setdefault(mutant.module.text, mutant)
        made.pop(self._module.text, None)
        return list(made.values())

    def _mutant(self, cut: _Cut) -> Mutant:
        text = self._text
        begin, finish = self._context(cut)
        return Mutant(
            cut.kind,
            text.count(b"\n", 0, cut.start) + 1,
            _one_line(text[begin:finish]),
            _one_line(text[begin : cut.start] + cut.by + text[cut.end : finish]),
            replace(self._module, text=(text[: cut.start] + cut.by + text[cut.end :]).decode()),
        )

    def _context(self, cut: _Cut) -> tuple[int, int]:
        """What is shown of a mutant: the condition, or the line where that is long or none."""
        text = self._text
        newline = text.find(b"\n", cut.end)
        line = text.rfind(b"\n", 0, cut.start) + 1, newline if newline >= 0 else len(text)
        around = (place for place in self._statements if place[0] <= cut.start and cut.end <= place[1])
        begin, finish = next(around, line)
        whole = cut.kind in {Kind.DROPPED, Kind.NEGATED} or b"\n" not in text[begin:finish]
        return (begin, finish) if whole else line

    def _cuts(self, node: Node) -> Iterator[_Cut]:
        names = Counter(syntax.variables(node))
        rule = syntax.Definition(node).tree
        kept = set(_kept(rule))
        declared = self._global.union(syntax.declared(rule, self._text)).difference(self._without_value(rule))
        for node, span in syntax.nodes(rule):
            if "literal" in node:
                yield from self._condition(node, names, declared)
            elif "BoolExpr" in node:
                yield from self._comparison(node["BoolExpr"])
            elif span and id(node) not in kept:
                yield from self._constant(node, span)

    def _without_value(self, rule: Node) -> Iterator[str]:
        """The names that are declared alone (``some x``), to be given a value elsewhere."""
        for node, _ in syntax.nodes(rule):
            if "SomeVars" in node:
                yield from (syntax.written(each, self._text) for each in node["SomeVars"]["vars"])

    def _condition(self, statement: Node, names: Counter[str], declared: frozenset[str]) -> Iterator[_Cut]:
        (form, literal), *_ = statement["literal"].items()
        if form == "Expr" and syntax.path(literal["expr"].get("Call", {}).get("fcn", {})) == _PRINT:
            return
        inside = Counter(syntax.variables(statement))
        found_here = set(_found_by(statement["literal"])) - declared
        gives = found_here | set(_given_by(form, literal)) - {"_"}
        start, end = self._place(statement["span"])
        if form != "SomeVars" and not any(names[each] > inside[each] for each in gives):
            yield _Cut(start, end, Kind.DROPPED, b"true")
        if form == "NotExpr":
            if word := _NOT.match(self._text, start):
                yield _Cut(start, word.end(), Kind.NEGATED, b"")
        elif form == "Expr" and not found_here and literal["expr"].keys().isdisjoint({"AssignExpr", "Bool"}):
            yield _Cut(start, start, Kind.NEGATED, b"not ")

    def _comparison(self, node: Node) -> Iterator[_Cut]:
        written, others = _SWAPPED[node["op"]]
        _, left = self._extent(node["lhs"])
        start = self._text.find(written.encode(), left)
        for other in others:
            yield _Cut(start, start + len(written), Kind.SWAPPED, other.encode())

    def _constant(self, node: Node, span: Span) -> Iterator[_Cut]:
        start, end = span["start"], span["end"]
        if _is_text(node):
            ((_, value),) = node.items()
            other = _OTHER_TEXT if value["value"] == _TEXT.decode() else _TEXT
            yield _Cut(start if len(value["value"]) == 1 else end, end, Kind.CHANGED, other)
        elif "Bool" in node:
            yield _Cut(start, end, Kind.CHANGED, b"false" if node["Bool"]["value"] else b"true")
        elif "Number" in node:
            number = Decimal(self._text[start:end].decode())
            step = 1 if abs(number) < _LARGE else number // 2
            for changed in (number + step, number - step):
                yield _Cut(start, end, Kind.CHANGED, f"{changed:f}".encode())
        elif "Array" in node or "Set" in node:
            yield from self._shorter(node, start, end)

    def _shorter(self, node: Node, start: int, end: int) -> Iterator[_Cut]:
        """An array or a set without one of its elements."""
        ((_, value),) = node.items()
        places = list(map(self._extent, value["items"]))
        if len(places) == 1:
            yield _Cut(start, end, Kind.CHANGED, b"[]" if "Array" in node else b"set()")
            return
        for index, (first, last) in enumerate(places):
            if comma := _COMMA.match(self._text, last):
                yield _Cut(first, comma.end(), Kind.CHANGED, b"")
            else:
                yield _Cut(places[index - 1][1], last, Kind.CHANGED, b"")

    def _extent(self, node: Node) -> tuple[int, int]:
        """Where an expression begins and ends. An object begins at its last key in regorus: see its first."""
        ((form, value),) = node.items()
        start, end = self._place(value["span"])
        if form == "Object" and value["fields"]:
            key, _ = self._extent(value["fields"][0][1])
            start = self._text.rfind(b"{", 0, key)
        return start, end

    def _place(self, span: Span) -> tuple[int, int]:
        """Where something begins and ends, quotes included."""
        start, end = span["start"], span["end"]
        return start - (start in self._openings), end + (end in self._closings)


def _is_text(node: Node) -> bool:
    return "String" in node or "RawString" in node


def _kept(rule: Node) -> Iterator[int]:
    """The ids of the nodes that are no constants to be changed: patterns; and elements, which are dropped."""
    for node, _ in syntax.nodes(rule):
        if "AssignExpr" in node:
            yield from (id(each) for each, _ in syntax.nodes(node["AssignExpr"]["lhs"]))
        elif "Func" in node:
            yield from (id(each) for each, _ in syntax.nodes(node["Func"]["args"]) if "Array" in each)
        elif "Call" in node and syntax.path(node["Call"]["fcn"]) == _PRINT:
            yield from (id(each) for each, _ in syntax.nodes(node))
        elif "SomeIn" in node:
            targets = [node["SomeIn"]["key"], node["SomeIn"]["value"]]
            yield from (id(each) for each, _ in syntax.nodes(targets))
        for form in ("Array", "Set"):
            if form in node:
                yield from (id(each) for each in node[form].get("items", ()) if not _SCALARS.isdisjoint(each))


def _given_by(form: str, literal: Node) -> Iterator[str]:
    """The names to which a statement gives values by saying so."""
    if form == "SomeIn":
        yield from syntax.variables([literal["key"], literal["value"]])
    elif form == "Expr" and "AssignExpr" in literal["expr"]:
        yield from syntax.variables(literal["expr"]["AssignExpr"]["lhs"])


def _found_by(tree: Node) -> Iterator[str]:
    """The names for which a statement may look for values, if nothing else gives them any."""
    for node, _ in syntax.nodes(tree):
        if "RefBrack" in node:
            yield from syntax.variables(node["RefBrack"]["index"])
        elif "AssignExpr" in node:
            yield from syntax.variables(node)
        elif "Call" in node and syntax.path(node["Call"]["fcn"]) == ["walk"]:
            yield from syntax.variables(node["Call"]["params"])


def _one_line(text: bytes) -> str:
    """Rego on one line, without comments and without the comma after it."""
    lines = (_COMMENT.sub(lambda found: found[1] or "", line) for line in text.decode().split("\n"))
    return " ".join(" ".join(lines).split()).removesuffix(",")
