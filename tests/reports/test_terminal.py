"""Text of strangers on a terminal: nothing acts, everything has a known width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.reports.terminal import Paint, columns, cut, visible, wrap

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
SHOWN_TEXT = ANY_TEXT.map(visible)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("team-payments", "team-payments"),
        ("größer 注文 🚀", "größer 注文 🚀"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("allowed\r", r"allowed\r"),
        ("one\ntwo\tthree", r"one\ntwo\tthree"),
        ("\x9b31m\x85\x7f\x00", r"\x9b31m\x85\x7f\x00"),
        ("\u202eevil\u202c \u2066x\u2069 \u200e\u061c", r"\u202eevil\u202c \u2066x\u2069 \u200e\u061c"),
        ("team\u200bpayments\ufeff", r"team\u200bpayments\ufeff"),
        ("no\xa0break", r"no\xa0break"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_does_not_show_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(ANY_TEXT)
def test_what_is_visible_can_be_printed_and_stays_as_it_is(text: str) -> None:
    assert visible(text).isprintable()
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("orders", 6),
        ("größer", 6),
        ("注文", 4),
        ("ﾊﾝｶｸ", 4),  # half-width
        ("ＦＵＬＬ", 8),
        ("🚀", 2),
        ("cafe\u0301", 4),
        ("한글", 4),
        ("\u1112\u1161\u11ab", 2),  # one syllable of three letters
    ],
)
def test_a_text_takes_the_columns_that_a_terminal_gives_it(text: str, width: int) -> None:
    assert columns(text) == width


@given(SHOWN_TEXT, st.integers(1, 30))
def test_a_text_is_cut_to_the_room_there_is(text: str, room: int) -> None:
    shown = cut(text, room)
    assert columns(shown) <= room
    assert shown == text or (shown.endswith("…") and text.startswith(shown[:-1]))


def test_a_text_that_fits_is_not_cut() -> None:
    assert (cut("orders", 6), cut("orders", 5), cut("注文票", 5)) == ("orders", "orde…", "注文…")


@given(SHOWN_TEXT, st.integers(10, 60), st.integers(0, 9), st.integers(0, 9))
def test_wrapping_loses_nothing_and_breaks_at_spaces_only(text: str, width: int, first: int, rest: int) -> None:
    assert " ".join(wrap(text, width, first, rest)) == text


@given(SHOWN_TEXT, st.integers(10, 60), st.integers(0, 9), st.integers(0, 9))
def test_a_wrapped_line_is_too_long_only_where_one_word_is(text: str, width: int, first: int, rest: int) -> None:
    for number, line in enumerate(wrap(text, width, first, rest)):
        assert columns(line) + (rest if number else first) <= width or " " not in line.strip(" ")


def test_colours_are_there_only_where_they_are_wanted() -> None:
    assert Paint(True)("error", "denied") == "\x1b[1;31mdenied\x1b[0m"
    assert Paint(False)("error", "denied") == "denied"
    assert Paint(True)("error", "") == ""
