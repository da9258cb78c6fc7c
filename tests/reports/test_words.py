"""One word for each finding, which follows what the gate does with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bylaw.model import Decision, Enforcement, Finding, Outcome, Severity, Status
from bylaw.reports import words
from bylaw.reports.words import Level, Word, blocks, level, tally
from tests.reports.making import make_finding, make_proposal, make_report

if TYPE_CHECKING:
    from collections.abc import Callable


def word(finding: Finding, **more: Any) -> Word:
    return words.word(make_report(finding, **more), finding)


@pytest.mark.parametrize(
    ("enforcement", "said"),
    [(Enforcement.DENY, Word.ERROR), (Enforcement.WARN, Word.WARNING), (Enforcement.OBSERVE, Word.INFO)],
)
@pytest.mark.parametrize("severity", Severity)
def test_a_failure_is_called_after_its_enforcement_whatever_its_severity(
    enforcement: Enforcement, said: Word, severity: Severity, finding: Callable[..., Finding]
) -> None:
    assert word(finding("a/b", "fails", enforcement=enforcement, severity=severity)) is said


@pytest.mark.parametrize("enforcement", Enforcement)
def test_what_came_to_no_answer_is_undecided_or_unknown_whatever_its_enforcement(
    enforcement: Enforcement, finding: Callable[..., Finding]
) -> None:
    assert word(finding("a/b", "crashed", enforcement=enforcement, outcome=Outcome.ERROR)) is Word.UNDECIDED
    assert word(finding("a/b", "no fact", enforcement=enforcement, outcome=Outcome.UNKNOWN)) is Word.UNKNOWN


def test_a_waiver_shows_before_anything_but_that_the_finding_is_gone(finding: Callable[..., Finding]) -> None:
    assert word(finding("a/b", "fails", waiver="W-1", outcome=Outcome.ERROR)) is Word.WAIVED
    assert word(finding("a/b", "failed", waiver="W-1", status=Status.FIXED)) is Word.FIXED


def test_a_tally_says_what_there_is_in_the_order_of_weight() -> None:
    assert tally({Word.INFO: 1, Word.WARNING: 0, Word.ERROR: 12}) == "12 errors, 1 info"
    assert tally(dict.fromkeys(Word, 1)) == (
        "1 error, 1 without an answer, 1 warning, 1 info, 1 waived, 1 unknown, 1 existing, 1 fixed"
    )
    assert tally(dict.fromkeys(Word, 2000)) == (
        "2,000 errors, 2,000 without an answer, 2,000 warnings, 2,000 infos, 2,000 waived, 2,000 unknown, "
        "2,000 existing, 2,000 fixed"
    )
    assert tally({}) == ""


def test_what_is_older_than_a_change_is_existing_only_where_new_faults_alone_count() -> None:
    older = make_finding("a/b", "fails", status=Status.EXISTING)
    assert word(older) is Word.ERROR
    assert word(older, proposal=make_proposal(only_new=False)) is Word.ERROR
    assert word(older, proposal=make_proposal(only_new=True)) is Word.EXISTING
    waived = make_finding("a/b", "fails", status=Status.EXISTING, waiver="W-1")
    assert word(waived, proposal=make_proposal(only_new=True)) is Word.WAIVED


FAIL, UNKNOWN, ERROR = Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR
DENY, WARN, OBSERVE = Enforcement.DENY, Enforcement.WARN, Enforcement.OBSERVE


@pytest.mark.parametrize(
    ("outcome", "enforcement", "in_check", "in_gate"),
    [
        (FAIL, DENY, Level.ERROR, Level.ERROR),
        (FAIL, WARN, Level.WARNING, Level.WARNING),
        (FAIL, OBSERVE, Level.NOTE, Level.NOTE),
        (UNKNOWN, DENY, Level.NOTE, Level.ERROR),
        (UNKNOWN, WARN, Level.NOTE, Level.WARNING),
        (UNKNOWN, OBSERVE, Level.NOTE, Level.NOTE),
        (ERROR, DENY, Level.ERROR, Level.ERROR),
        (ERROR, WARN, Level.ERROR, Level.WARNING),
    ],
)
def test_a_level_is_what_a_finding_does_to_the_decision(
    outcome: Outcome, enforcement: Enforcement, in_check: Level, in_gate: Level
) -> None:
    found = make_finding("a/b", "x", outcome=outcome, enforcement=enforcement)
    for report, expected in (
        (make_report(found), in_check),
        (make_report(found, proposal=make_proposal()), in_gate),
    ):
        assert level(report, found) is expected
        assert blocks(report, found) == (expected is Level.ERROR)


@pytest.mark.parametrize(
    "more", [{"waiver": "W-1"}, {"status": Status.FIXED}, {"status": Status.EXISTING}], ids=["waived", "fixed", "old"]
)
def test_what_does_not_count_is_a_note_and_in_nobodys_way(more: dict[str, Any]) -> None:
    found = make_finding("a/b", "x", enforcement=DENY, **more)
    report = make_report(found, proposal=make_proposal())
    assert (level(report, found), blocks(report, found)) == (Level.NOTE, False)


def test_nothing_is_in_the_way_of_what_is_allowed() -> None:
    found = make_finding("a/b", "x", outcome=Outcome.ERROR)
    assert not blocks(make_report(found, decision=Decision.ALLOWED, proposal=make_proposal()), found)
