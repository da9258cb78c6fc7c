"""Which characters of a text to replace so that its values change."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from bylaw.documents.editing import writing
from bylaw.documents.editing.patch import EditError, Operation, steps, value_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bylaw.documents.editing.nodes import Entry, Node, Tree

_INDENT = 2  # columns, where nothing shows by how many people indent here
_COLON = re.compile(r"[ \t]*:")
_COMMA = re.compile(r"[ \t]*,")


class Splice(NamedTuple):
    """The characters from ``start`` to before ``end`` become ``new``."""

    start: int
    end: int
    new: str


@dataclass(slots=True)
class _Change:
    """What a mapping loses and gains. ``holder`` is the entry of which it is the value, None of the document itself."""

    mapping: Node
    holder: Entry | None
    path: str
    removed: list[Entry] = field(default_factory=list)
    added: list[tuple[str, Any]] = field(default_factory=list)


def splices(text: str, tree: Tree, value: Any, operations: Iterable[Operation]) -> list[Splice]:
    """The splices that make operations in one document, which has the tree and the value. They may overlap.

    Raises:
        EditError: the place is written in a way that nobody could change by a few characters.
    """
    plan = _Plan(text, tree)
    changes: dict[int, _Change] = {}
    for operation in _simple(value, operations):
        name, path = operation["op"], operation["path"]
        try:
            if name == "move":
                plan.rename(*plan.find(operation["from"])[1:], steps(path)[-1])
                continue
            holder, parent, entry = plan.find(path)
            if entry is not None and name != "remove":
                plan.replace(parent, entry, operation["value"])
                continue
            change = changes.setdefault(id(parent), _Change(parent, holder, path))
            if entry is not None:
                change.removed.append(entry)
            else:
                change.added.append((steps(path)[-1], operation["value"]))
        except EditError as error:
            raise EditError(str(error), path) from None
    for change in changes.values():
        try:
            plan.change(change)
        except EditError as error:
            raise EditError(str(error), change.path) from None
    return plan.found


def _simple(value: Any, operations: Iterable[Operation]) -> Iterator[Operation]:
    """The operations, of which a move is left only where a key gets a new name."""
    for operation in operations:
        if operation["op"] == "move":
            old, new = operation["from"], operation["path"]
            around, _, name = new.rpartition("/")
            if old.rpartition("/")[0] != around or steps(f"/{name}")[0] in value_at(value, around):
                yield {"op": "remove", "path": old}
                yield {"op": "add", "path": new, "value": value_at(value, old)}
                continue
        yield operation


class _Plan:
    """Finds the splices of one document."""

    def __init__(self, text: str, tree: Tree) -> None:
        self.text, self.tree = text, tree
        self.value_style = '"' if _is_json(text, tree.root) else ""  # of a value with nothing in its place
        self.found: list[Splice] = []

    def find(self, path: str) -> tuple[Entry | None, Node, Entry | None]:
        """Where a path leads: the entry that holds the collection it leads into, that collection, and its entry."""
        holder: Entry | None = None
        node = self.tree.root
        *around, last = steps(path)
        for step in around:
            holder = self._entry(node, step)
            if holder is None:
                raise EditError("is not there")
            node = holder.value
        return holder, node, self._entry(node, last)

    def _entry(self, node: Node, step: str) -> Entry | None:
        anchor = node.event.anchor
        if node.is_alias:
            raise EditError(f"stands behind the alias *{anchor:.40}: change it where its anchor is")
        if anchor in self.tree.used:
            raise EditError(f"stands in what has the anchor &{anchor:.40}, and would change wherever that is used")
        found = node.named(step)
        if len(found) > 1:
            raise EditError("has a key that stands there twice, as a text and as something else")
        return found[0] if found else None

    def replace(self, parent: Node, entry: Entry, new: Any) -> None:
        """Write another value in the place of a scalar."""
        old = entry.value
        if old.is_alias:
            raise EditError(f"is the alias *{old.event.anchor:.40}: change it where its anchor is")
        if not old.is_scalar:
            raise EditError("is a list or a mapping, and only single values are replaced")
        if old.event.anchor is not None or old.event.tag is not None:
            raise EditError("has an anchor or a tag")
        style = old.event.style or self.value_style
        if style in ("|", ">"):
            raise EditError(f"is a text of several lines, written with {style}")
        written = writing.value(new, style, parent.in_braces)
        if old.start < old.end:
            self.found.append(Splice(old.start, old.end, written))
            return
        before = old.start  # in braces, that is where the next thing begins
        while self.text[before - 1 : before].isspace():
            before -= 1
        if self.text[before - 1 : before] not in (":", "-"):
            raise EditError("is a key without a value")
        self.found.append(Splice(before, before, f" {written}"))

    def rename(self, parent: Node, entry: Entry | None, name: str) -> None:
        """Write another key."""
        key = entry.key if entry else None
        if key is None or not key.is_scalar or key.event.anchor is not None or key.event.tag is not None:
            raise EditError("has a key that is more than a word")
        self.found.append(Splice(key.start, key.end, writing.value(name, key.event.style or "", parent.in_braces)))

    def change(self, change: _Change) -> None:
        """Take entries out of a mapping, and add some to it."""
        (self._in_braces if change.mapping.in_braces else self._in_lines)(change)

    # -- mappings of a line for each key

    def _in_lines(self, change: _Change) -> None:
        for entry in change.removed:
            start = self._line(_start(entry))
            if self.text[start : _start(entry)].strip(" "):
                raise EditError("does not stand on lines of its own")
            self.found.append(Splice(start, self._next_line(entry.value.end), ""))
        if change.added:
            self._add_lines(change)
        elif len(change.removed) == len(change.mapping.entries):
            key = change.holder.key if change.holder else None
            colon = _COLON.match(self.text, key.end) if key else None
            if colon is None:
                raise EditError("is all that its mapping has")
            self.found.append(Splice(colon.end(), colon.end(), " {}"))

    def _add_lines(self, change: _Change) -> None:
        first, last = change.mapping.entries[0], change.mapping.entries[-1]
        line = self._line(_start(first))
        if self.text[line : _start(first)].strip(" -"):
            raise EditError("would stand among keys that do not begin their lines")
        indent = " " * self._column(_start(first))
        deeper = indent + " " * self._indent(change)
        end = self._next_line(last.value.end)
        line_end = "\r\n" if self.text.endswith("\r\n", 0, end) else "\n"
        of_key, of_value = _key_style(last), self.value_style
        lines = []
        for name, value in change.added:
            key = indent + writing.scalar(name, of_key, False)
            if isinstance(value, dict) and value and not any(isinstance(each, dict | list) for each in value.values()):
                lines.append(f"{key}:")
                lines += (
                    f"{deeper}{writing.scalar(inner, of_key, False)}: {writing.scalar(each, of_value, False)}"
                    for inner, each in value.items()
                )
            else:
                lines.append(f"{key}: {writing.value(value, of_value, False)}")
        self.found.append(Splice(end, end, "".join(f"{each}{line_end}" for each in lines)))

    def _indent(self, change: _Change) -> int:
        """By how many columns a mapping in this one is indented: as its other ones are, or as it is itself."""
        column = self._column(_start(change.mapping.entries[0]))
        inner = (entry.value for entry in change.mapping.entries if entry.value.is_mapping)
        by = [self._column(_start(each.entries[0])) - column for each in inner if not each.in_braces]
        if change.holder:
            by.append(column - self._column(_start(change.holder)))
        return next((each for each in by if each > 0), _INDENT)

    # -- mappings in braces

    def _in_braces(self, change: _Change) -> None:
        mapping = change.mapping
        if self.text[mapping.start] != "{":
            raise EditError("stands in a mapping without braces, or with an anchor or a tag")
        gone = {id(entry) for entry in change.removed}
        kept = [entry for entry in mapping.entries if id(entry) not in gone]
        self._take_from_braces(mapping, gone, kept)
        if not change.added:
            return
        of_key = _key_style(mapping.entries[-1]) if mapping.entries else self.value_style
        pairs = [
            f"{writing.scalar(name, of_key, True)}: {writing.value(each, self.value_style, True)}"
            for name, each in change.added
        ]
        if not kept:
            inside = mapping.start + 1
            blank = " " if self.text[inside] == " " else ""
            self.found.append(Splice(inside, inside, blank + ", ".join(pairs)))
            return
        start, end = _start(kept[-1]), kept[-1].value.end
        line, next_line = self._line(start), self._next_line(end)
        if self.text[line:start].strip(" \t") or next_line >= mapping.end:
            self.found.append(Splice(end, end, "".join(f", {each}" for each in pairs)))
            return
        line_end = "\r\n" if self.text.endswith("\r\n", 0, next_line) else "\n"
        comma = _COMMA.match(self.text, end)
        if not comma:
            self.found.append(Splice(end, end, ","))
        lines = f",{line_end}".join(self.text[line:start] + each for each in pairs)
        self.found.append(Splice(next_line, next_line, f"{lines}{',' if comma else ''}{line_end}"))

    def _take_from_braces(self, mapping: Node, gone: set[int], kept: list[Entry]) -> None:
        """Each run of entries goes with the comma behind it; a run at the end with the one before it."""
        if gone and not kept:
            self._take(mapping.start + 1, mapping.end - 1, mapping.entries)
            return
        run: list[Entry] = []
        before: Entry | None = None
        for entry in mapping.entries:
            if id(entry) in gone:
                run.append(entry)
                continue
            if run:
                self._take(_start(run[0]), _start(entry), run)
                run = []
            before = entry
        if run and before:
            self._take(before.value.end, run[-1].value.end, run)

    def _take(self, start: int, end: int, entries: list[Entry]) -> None:
        """Take out a stretch with entries in it, and no comment beside them."""
        edges = [start, *(edge for entry in entries for edge in (_start(entry), entry.value.end)), end]
        between = zip(edges[::2], edges[1::2], strict=True)
        if any("#" in self.text[one:other] for one, other in between):
            raise EditError("has a comment beside it")
        self.found.append(Splice(start, end, ""))

    # -- lines

    def _line(self, index: int) -> int:
        """Where the line of a character begins."""
        return self.text.rfind("\n", 0, index) + 1

    def _next_line(self, index: int) -> int:
        """Where the line after that of a character begins."""
        return self.text.index("\n", index) + 1

    def _column(self, index: int) -> int:
        return index - self._line(index)


def _start(entry: Entry) -> int:
    return (entry.key or entry.value).start


def _key_style(beside: Entry) -> str:
    """How to quote a key: as the one beside it is."""
    key = beside.key
    return key.event.style or "" if key and key.is_scalar else ""


def _is_json(text: str, root: Node) -> bool:
    """Whether a document is JSON, and should stay so."""
    if not root.in_braces:
        return False
    try:
        json.loads(text[root.start : root.end])
    except ValueError:
        return False
    return True
