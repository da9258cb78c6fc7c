"""A source line with carets under the part that is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.reports.terminal import columns, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bylaw.model import Location

_TAB = "    "
_CUT = "…"


def snippet(line: str, place: Location, room: int) -> tuple[str, str] | None:
    """What to show of a source line and, below it, the carets; at most ``room`` columns wide.

    Carets stand under the span, or at its first column where it is empty; where it goes on over more lines,
    up to the end of this one. A line that is too long is cut around the span. None where the line that is at
    hand ends before the span begins.
    """
    start = place.column - 1
    if start > len(line):
        return None
    end = place.end_column - 1 if place.end_line == place.line else len(line.rstrip())
    end = min(max(end, start), len(line))
    cells = [_TAB if each == "\t" else visible(each) for each in line]
    widths = [columns(each) for each in cells]
    first, last = _window(widths, start, end, room)
    before = _CUT if first else ""
    after = _CUT if last < len(cells) else ""
    source = f"{before}{''.join(cells[first:last])}{after}"
    indent = len(before) + sum(widths[first:start])
    carets = max(sum(widths[start : min(end, last)]), 1)
    return source.rstrip(), " " * indent + "^" * carets


def _window(widths: Sequence[int], start: int, end: int, room: int) -> tuple[int, int]:
    """The stretch of cells to show: the span and what stands before it, then what comes after.

    A span that fills the room leaves a third of it to what stands before, which says what the span is.
    """
    empty = start == end  # its caret takes a column of its own
    if sum(widths) + empty <= room:
        return 0, len(widths)
    left = room - 2 * len(_CUT) - empty
    before = min(sum(widths[:start]), room // 3)
    last = start
    while last < end and widths[last] <= left - before:
        left -= widths[last]
        last += 1
    first = start
    while first > 0 and widths[first - 1] <= left:
        first -= 1
        left -= widths[first]
    while last < len(widths) and widths[last] <= left:
        left -= widths[last]
        last += 1
    return first, last
