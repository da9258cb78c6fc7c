"""A text as a tree of its values, each with the characters it is written in."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from bylaw.documents import scalars
from bylaw.documents.disguise import show
from bylaw.documents.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Container, Iterator


@dataclass
class Node:
    """A value: the characters from ``start`` to before ``end``, without the blanks and comments behind it.

    ``event`` is that of its start. A value that is not written (``owner:``) has no characters, and stands behind
    its colon or dash.
    """

    event: Any
    start: int
    end: int
    entries: list[Entry] = field(default_factory=list)

    @property
    def is_mapping(self) -> bool:
        return type(self.event) is MappingStartEvent

    @property
    def is_scalar(self) -> bool:
        return type(self.event) is ScalarEvent

    @property
    def is_alias(self) -> bool:
        return type(self.event) is AliasEvent

    @property
    def in_braces(self) -> bool:
        """Whether a collection is written in braces or brackets."""
        return not self.is_scalar and not self.is_alias and bool(self.event.flow_style)

    @cached_property
    def _by_token(self) -> dict[str | None, list[Entry]]:
        found: dict[str | None, list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(entry.token, []).append(entry)
        return found

    def named(self, token: str) -> list[Entry]:
        """The entries at a step of a pointer: one, or none; more where keys of several types become one text."""
        return self._by_token.get(token, [])


@dataclass(slots=True)
class Entry:
    """An item of a list, or a key with its value. ``token`` is its step in a pointer, None where it has none."""

    token: str | None
    key: Node | None
    value: Node


@dataclass(slots=True)
class Tree:
    """One document. ``used`` are the anchors that aliases in it name."""

    root: Node
    used: frozenset[str]


def trees(text: str, hidden: bool, indices: Container[int], last: int) -> Iterator[tuple[int, Tree]]:
    """The documents of these numbers, of which ``last`` is the greatest, each of which ``load`` can read.

    Each is made when it is asked for: only the one that is looked at needs its memory.
    """
    stream = Stream(text)
    builder = _Builder(stream, hidden, indices)
    for index, tree in enumerate(stream.documents(builder.read)):
        if isinstance(tree, Tree):
            yield index, tree
        if index >= last:
            break


class _Builder:
    def __init__(self, stream: Stream, hidden: bool, wanted: Container[int]) -> None:
        self.stream = stream
        self.hidden = hidden
        self.wanted = wanted

    def read(self, index: int) -> Tree | None:
        """Read one document to its end, and make a tree of it if it is wanted."""
        stream, wanted = self.stream, index in self.wanted
        around: list[tuple[Node, Node | None]] = []  # the open collections, each with the key whose value comes next
        root = None
        used = set()
        while True:
            event: Any = stream.next_event()
            kind = type(event)
            if kind is DocumentEndEvent:
                stream.end(event)
                return Tree(root, frozenset(used)) if root else None
            if not wanted:
                continue
            if kind is MappingEndEvent or kind is SequenceEndEvent:
                node, _ = around.pop()
                if node.in_braces:
                    node.end = stream.offset + event.end_mark.index
                elif node.entries:
                    node.end = node.entries[-1].value.end
                continue
            node = self._node(event)
            if kind is AliasEvent:
                used.add(event.anchor)
            if not around:
                root = node
            else:
                parent, key = around[-1]
                if not parent.is_mapping:
                    parent.entries.append(Entry(str(len(parent.entries)), None, node))
                elif key is None:
                    around[-1] = parent, node
                else:
                    parent.entries.append(Entry(self._token(key), key, node))
                    around[-1] = parent, None
            if kind is MappingStartEvent or kind is SequenceStartEvent:
                around.append((node, None))

    def _node(self, event: Any) -> Node:
        start, end = self.stream.offset + event.start_mark.index, self.stream.offset + event.end_mark.index
        if type(event) is ScalarEvent:
            source = self.stream.text[start:end]
            if event.style in ("|", ">") and "+" in source[: source.index("\n")]:
                end -= 1  # the empty lines at its end are its own
            else:
                end = start + len(source.rstrip())
        return Node(event, start, end)

    def _token(self, key: Node) -> str | None:
        if not key.is_scalar:
            return None
        event = key.event
        name = event.value if event.style and event.tag is None else scalars.key(event.value, event.tag)
        text: str = name if isinstance(name, str) else name[0]
        return show(text) if self.hidden else text
