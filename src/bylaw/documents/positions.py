"""Where in a file the values of a document stand.

Nothing of this is kept when a file is loaded. It is read again, up to the last place wanted, for the few
documents of which a place is printed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from yaml.events import (
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from bylaw.documents import scalars
from bylaw.documents.disguise import show
from bylaw.documents.faults import Refused
from bylaw.documents.limits import DEFAULT, Limits
from bylaw.documents.stream import Stream
from bylaw.documents.text import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a file. Lines and columns count from 1; the end is the column after the last character."""

    line: int
    column: int
    end_line: int
    end_column: int


def locate(data: bytes, index: int, pointers: Iterable[str], limits: Limits = DEFAULT) -> dict[str, Span]:
    """The place of each JSON pointer (RFC 6901) into document ``index`` of a file, as ``load`` counts them.

    A scalar is placed as it is written, a collection by its key, a collection in a list by its first line,
    an alias by itself and the whole document ("") by its first line. What is empty or not there has the
    place of its key or of the nearest ancestor that is there: a missing ``/spec/owner`` that of ``spec``.
    Where a fault ends the reading, what stands before it still has its place.
    """
    found = locate_many(data, {index: pointers}, limits)
    return {pointer: span for (_, pointer), span in found.items()}


def locate_many(
    data: bytes, pointers: Mapping[int, Iterable[str]], limits: Limits = DEFAULT
) -> dict[tuple[int, str], Span]:
    """The same for several documents of one file, by (index, pointer), in one reading of it."""
    wanted = {(index, pointer): _tokens(pointer) for index, each in pointers.items() for pointer in each}
    roots: dict[int, _Place] = {index: _Place() for index, _ in wanted}
    for (index, _), tokens in wanted.items():
        place = roots[index]
        for token in tokens:
            place = place.inner.setdefault(token, _Place())
        place.wanted = True
    try:
        text, hidden = decode(data, limits)
    except Refused:
        pass
    else:
        stream = Stream(text)
        walk = _Walk(stream, roots, hidden, limits)
        for index, _ in enumerate(stream.documents(walk.read)):
            if index >= walk.last:
                break
    return {(index, pointer): _nearest(roots[index], tokens) for (index, pointer), tokens in wanted.items()}


def _tokens(pointer: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


@dataclass(slots=True)
class _Place:
    """A value on the way to one that is wanted, or that one."""

    inner: dict[str, _Place] = field(default_factory=dict)
    wanted: bool = False
    span: Span | None = None


def _nearest(place: _Place, tokens: list[str]) -> Span:
    span = place.span or Span(1, 1, 1, 1)
    for token in tokens:
        place = place.inner[token]
        if place.span is None:
            break
        span = place.span
    return span


@dataclass(slots=True)
class _Open:
    """A collection that is being read: the event of its start, and its place if something in it is wanted.

    In a mapping, ``key`` is the event of the key of which the value comes next, and None where a key does.
    ``token`` is the last part of the pointer to that value, None where it has none.
    """

    start: Any
    place: _Place | None
    key: Any = None
    token: str | None = None
    items: int = 0


class _Walk:
    """Reads the documents of a file up to the last one wanted, and notes the places in those wanted."""

    def __init__(self, stream: Stream, roots: dict[int, _Place], hidden: bool, limits: Limits) -> None:
        self.stream = stream
        self.roots = roots
        self.last = max(roots, default=-1)
        self.hidden = hidden
        self.limits = limits

    def read(self, index: int) -> None:
        """Read one document to its end; the last one to the last place wanted in it."""
        stream, root = self.stream, self.roots.get(index)
        missing = _count(root) if root else 0
        around: list[_Open] = []
        events = 0
        while missing or index < self.last:
            event: Any = stream.next_event()
            kind = type(event)
            events += 1
            if kind is DocumentEndEvent:
                stream.end(event)
                return
            if kind is MappingEndEvent or kind is SequenceEndEvent:
                start = around.pop().start
                if around and around[-1].key is start:
                    around[-1].token = scalars.braced(stream.slice(start, event))
                continue
            collection = kind is MappingStartEvent or kind is SequenceStartEvent
            if len(around) > self.limits.depth or events > 2 * self.limits.document_nodes + 1:
                raise stream.refused("too deep or too large, as load says", event)
            place, key = root, None
            if around:
                parent = around[-1]
                if type(parent.start) is SequenceStartEvent:
                    parent.token = str(parent.items)
                    parent.items += 1
                elif parent.key is None:
                    parent.key, parent.token = event, self._token(event)
                    if collection:
                        around.append(_Open(event, None))
                    continue
                else:
                    key, parent.key = parent.key, None
                inner = parent.place.inner if parent.place else {}
                place = None if parent.token is None else inner.get(parent.token)
            if place is not None and place.span is None:
                place.span = self._span(event, key)
                missing -= place.wanted
            if collection:
                around.append(_Open(event, place))

    def _token(self, key: Any) -> str | None:
        """The part of a pointer that a key makes; not known of an alias, nor of a collection at its start."""
        if type(key) is not ScalarEvent:
            return None
        name = key.value if key.style and key.tag is None else scalars.key(key.value, key.tag)
        text: str = name if isinstance(name, str) else name[0]
        return show(text) if self.hidden else text

    def _span(self, event: Any, key: Any) -> Span:
        """The place of a value. ``key`` is the event of its key, None in a list and of the whole document."""
        stream = self.stream
        starts = type(event) is MappingStartEvent or type(event) is SequenceStartEvent
        if key is not None and (starts or event.start_mark.index == event.end_mark.index):
            event, starts = key, False
        first = stream.offset + event.start_mark.index
        if starts:
            text = stream.text[first : stream.text.index("\n", first)].rstrip()
        else:
            text = stream.slice(event, event).rstrip()
        line, column = stream.line + event.start_mark.line + 1, event.start_mark.column + 1
        breaks = text.count("\n")
        end_column = len(text) - text.rfind("\n") if breaks else column + len(text)
        return Span(line, column, line + breaks, end_column)


def _count(root: _Place) -> int:
    """How many places are wanted, here and inside."""
    count, places = 0, [root]
    while places:
        place = places.pop()
        count += place.wanted
        places.extend(place.inner.values())
    return count
