"""What libyaml lets pass and npm ``yaml`` refuses.

Nodes that can run over several lines (scalars in quotes, collections in braces or brackets) are indented
deeper than the block collection they stand in; a comment has a space before it; ``\\'`` is no escape; and
some tags make other things of a node than JSON values.

``around`` are the collections that a node stands in, outermost first, each a tuple that ends with the event
of its start.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bylaw.documents.stream import Stream

_LINE = re.compile(r"\n( *)([^ \r\n])")
_QUOTED_QUOTE = re.compile(r'"(?:[^\\]|\\[^\'])*?\\\'')
_GLUED_HEADER = re.compile(r"[|>][-+0-9]*(?=#)")
_GLUED = "a comment needs a space before its #"
_FOREIGN = frozenset("tag:yaml.org,2002:" + name for name in ("binary", "merge", "omap", "pairs", "set", "timestamp"))


def check_quoted(stream: Stream, event: Any, around: Iterable[Any]) -> None:
    """Check a scalar in quotes.

    Raises:
        Refused: npm ``yaml`` would not take it.
    """
    start, end, text = event.start_mark, event.end_mark, stream.text
    first, last = stream.offset + start.index, stream.offset + end.index
    if end.line != start.line:
        column = _block_column(around)
        for line in _LINE.finditer(text, first, last):
            if len(line[1]) <= column:
                raise stream.refused_at("a line of a quoted text is not indented deeper than its key", line.start(2))
    if event.style == '"' and text.find("\\'", first, last) >= 0:
        bad = _QUOTED_QUOTE.match(text, text.index('"', first), last)
        if bad:
            raise stream.refused_at("\\' is no escape sequence: write ' alone", bad.end() - 2)
    if text[last : last + 1] == "#":
        raise stream.refused_at(_GLUED, last)


def check_block(stream: Stream, event: Any, around: Iterable[Any]) -> None:
    """Check a scalar that starts with ``|`` or ``>``.

    Raises:
        Refused: npm ``yaml`` would not take it.
    """
    first = stream.offset + event.start_mark.index
    if event.start_mark.column <= _block_column(around):
        raise stream.refused_at("a text in | or > does not start deeper than its key", first)
    if header := _GLUED_HEADER.match(stream.text, first):
        raise stream.refused_at(_GLUED, header.end())


def check_flow(stream: Stream, start: Any, end: Any, around: Iterable[Any]) -> None:
    """Check a collection in braces or brackets that stands in none of its like.

    Raises:
        Refused: npm ``yaml`` would not take it.
    """
    first, last = stream.offset + start.start_mark.index, stream.offset + end.end_mark.index
    if end.end_mark.line != start.start_mark.line:
        column = _block_column(around)
        for line in _LINE.finditer(stream.text, first, last):
            indent, closes = len(line[1]), line.end() == last
            if indent <= column and line[2] != "#" and not (closes and indent == column):
                raise stream.refused_at("a line in brackets is not indented deeper than its key", line.start(2))
    if stream.text[last : last + 1] == "#":
        raise stream.refused_at(_GLUED, last)


def check_tag(stream: Stream, event: Any) -> None:
    """Check the tag of a node.

    Raises:
        Refused: npm ``yaml`` does not know its prefix, or makes a value of it that JSON does not have.
    """
    if event.tag in _FOREIGN:
        raise stream.refused(f"the tag !!{event.tag.rpartition(':')[2]} is not read: remove it", event)
    if "!" in event.tag[1:]:
        raise stream.refused("the prefix of a tag is not declared", event)


def _block_column(around: Iterable[Any]) -> int:
    """The column of the innermost block collection, -1 outside of any."""
    column = -1
    for *_, start in around:
        if not start.flow_style:
            # With an anchor or a tag, the mark is theirs: any block collection is at 0 at least.
            column = 0 if start.anchor or start.tag else start.start_mark.column
    return column
