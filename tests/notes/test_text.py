"""What a note says: all of the report that fits, and nothing that acts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.notes import text

# How GitLab finds the commands in a note: lib/gitlab/quick_actions/extractor.rb, without what it leaves out of account.
COMMAND = re.compile(r"^/(merge|approve|close|label|assign)( [^\n]*)?(\s*\n|\Z)", re.M | re.I)
HOSTILE = st.text(st.sampled_from("/\r\n`~<>! \0amerge"), max_size=60) | st.text()


def commands(note: str) -> list[str]:
    return [found[0] for found in COMMAND.finditer(note.replace("\r", ""))]


@pytest.mark.parametrize(
    "report",
    [
        "/merge",
        "name:\n/merge\n",
        "name:\r\n/approve\r\n",
        "name:\n\r/close",
        "```\n/merge\n```",
        "```\n```\n/label ~x",
        "> quoted\n/assign @me",
    ],
)
def test_no_line_of_a_report_is_a_command_to_gitlab(report: str) -> None:
    assert commands(report) != []
    assert commands(text.note(report, 1)) == []


@given(HOSTILE, st.integers(0, 10**9) | st.none())
def test_whatever_the_report_says_no_line_of_the_note_begins_with_a_slash(report: str, pipeline: int | None) -> None:
    note = text.note(report, pipeline).replace("\r", "")
    assert not [line for line in note.split("\n") if line.startswith("/")]
    assert "\0" not in note


@given(HOSTILE, st.integers(0, 10**17) | st.none())
def test_a_note_is_known_again_with_its_pipeline(report: str, pipeline: int | None) -> None:
    note = text.note(report, pipeline)
    assert text.is_note(note)
    assert text.pipeline_of(note) == pipeline


@given(HOSTILE)
def test_no_report_can_name_a_pipeline_of_its_own(report: str) -> None:
    assert text.pipeline_of(text.note(f"<!-- pipeline 999 -->\n{report}", None)) is None


def test_a_report_that_fits_stays_as_it_is() -> None:
    report = "# Denied\n\n`owner` of **orders** is /not/ there\n"
    assert text.note(report, 5) == f"<!-- bylaw:gate -->\n<!-- pipeline 5 -->\n\n{report}"


def test_a_report_that_is_too_long_ends_at_a_line_and_says_so() -> None:
    report = "".join(f"line {number}\n" for number in range(1000))
    shown = text.cut(report, 400)
    kept, statement = shown.split("\n\n")
    assert report.startswith(f"{kept}\n")
    assert (
        statement
        == "**Cut here: the report has 8,890 bytes, and a note takes 400. The job's artifacts hold all of it.**\n"
    )


def test_a_block_of_code_that_a_cut_leaves_open_is_closed() -> None:
    inside = "Findings:\n\n````yaml\n```\n" + "owner: x\n" * 1000
    assert text.cut(inside, 500).partition("\n\n**Cut")[0].endswith("\nowner: x\n````")


def test_a_block_that_is_closed_before_the_cut_is_not_closed_again() -> None:
    inside = "~~~\n```\n~~~\n" + "x\n" * 1000
    assert text.cut(inside, 500).partition("\n\n**Cut")[0].endswith("\nx\nx")


@given(st.text(st.sampled_from("`~\n<details>/é𐍈"), max_size=3000), st.integers(400, 3000))
def test_a_note_never_has_more_bytes_than_it_may(report: str, most: int) -> None:
    assert len(text.note(report, 1, most).encode()) <= most


@given(st.text(min_size=1))
def test_text_of_strangers_is_one_line_of_code(said: str) -> None:
    shown = text.code(said)
    ticks = re.match("`+", shown)
    assert ticks is not None
    assert "\n" not in shown
    inside = shown[len(ticks[0]) : -len(ticks[0])]
    assert shown == f"{ticks[0]}{inside}{ticks[0]}"
    assert len(ticks[0]) not in map(len, re.findall("`+", inside))
