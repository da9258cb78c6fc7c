"""A source line with carets under the part that is meant, in every width of character."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.model import Location
from bylaw.reports.snippet import snippet

WIDE_SCREEN = 100_000
MIXED = st.sampled_from(
    [*"abc: -#", "\t", "注", "ﾊ", "Ｆ", "🚀", "e\u0301", "\u0301", "\x1b", "\u202e", "\u200b", "\xa0"]
)
LINES = st.text(st.characters(codec=None, exclude_categories=())) | st.lists(MIXED, max_size=40).map("".join)


def at(column: int, end_column: int, *, end_line: int = 1) -> Location:
    return Location("x.yaml", 1, column, end_line, end_column)


def width_of(character: str) -> int:
    """The columns of one character of a source line, worked out plainly."""
    if character == "\t":
        return 4
    if not character.isprintable():
        code = ord(character)
        if character in "\n\r":
            return 2  # \n
        return 4 if code <= 0xFF else 6 if code <= 0xFFFF else 10  # \x1b, \u202e, \U000e0001
    if unicodedata.category(character) in ("Mn", "Me") or 0x1160 <= ord(character) <= 0x11FF:
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


@given(LINES, st.data())
def test_there_are_as_many_carets_as_the_span_has_columns_and_they_stand_under_it(
    line: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    shown = snippet(line, at(start + 1, end + 1), WIDE_SCREEN)
    assert shown is not None
    indent = sum(map(width_of, line[:start]))
    carets = sum(map(width_of, line[start:end]))
    assert shown[1] == " " * indent + "^" * max(carets, 1)


@given(LINES, st.integers(40, 120), st.data())
def test_a_long_line_is_cut_to_the_room_and_its_carets_stand_inside_of_it(
    line: str, room: int, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    shown = snippet(line, at(start + 1, end + 1), room)
    assert shown is not None
    source, carets = shown
    assert sum(map(width_of, source)) <= room
    assert len(carets) <= room
    assert source.isprintable()


@given(st.integers(0, 500), st.integers(1, 20), st.integers(0, 500), st.integers(60, 120))
def test_what_stands_over_the_carets_of_a_cut_line_is_the_span(before: int, size: int, after: int, room: int) -> None:
    line = "a" * before + "X" * size + "b" * after
    shown = snippet(line, at(before + 1, before + size + 1), room)
    assert shown is not None
    source, carets = shown
    assert [above for above, below in zip(source, carets, strict=False) if below == "^"] == ["X"] * size


@pytest.mark.parametrize(
    ("line", "place", "shown"),
    [
        ("  owner: team-paymnts", at(10, 22), ("  owner: team-paymnts", "         ^^^^^^^^^^^^")),
        ("  owner: team  # now", at(10, 14), ("  owner: team  # now", "         ^^^^")),
        ("  owner:", at(9, 9), ("  owner:", "        ^")),
        ("", at(1, 1), ("", "^")),
        ("\tname:\tx", at(8, 9), ("    name:    x", "             ^")),
        ("name: 注文", at(7, 9), ("name: 注文", "      ^^^^")),
        ("注文: orders", at(5, 11), ("注文: orders", "      ^^^^^^")),
        ("name: a\x1b[1m", at(7, 12), (r"name: a\x1b[1m", "      ^^^^^^^^")),
        ("name: x", at(7, 400), ("name: x", "      ^")),  # a span that the line at hand does not reach
    ],
)
def test_carets_stand_under_the_span(line: str, place: Location, shown: tuple[str, str]) -> None:
    assert snippet(line, place, 80) == shown


def test_a_span_of_many_lines_is_underlined_to_the_end_of_the_first() -> None:
    assert snippet("  description: |  ", at(16, 3, end_line=9), 80) == ("  description: |", " " * 15 + "^")
    assert snippet("spec:  ", at(1, 3, end_line=9), 80) == ("spec:", "^^^^^")


def test_a_line_that_ends_before_the_span_is_not_shown() -> None:
    assert snippet("  owner: team", at(15, 20), 80) is None


def test_a_long_line_is_cut_around_the_span() -> None:
    line = f"{'a' * 100} HERE {'b' * 100}"
    assert snippet(line, at(102, 106), 40) == (f"…{'a' * 33} HERE…", f"{' ' * 35}^^^^")
    assert snippet(line, at(1, 4), 40) == (f"{'a' * 38}…", "^^^")


def test_a_span_too_long_to_show_keeps_what_stands_before_it() -> None:
    line = f"tags: {'t' * 100}"
    assert snippet(line, at(7, 107), 40) == (f"tags: {'t' * 32}…", f"      {'^' * 32}")
