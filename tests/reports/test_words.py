"""One word for each finding, which follows what the gate does with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bylaw.model import Enforcement, Finding, Outcome, Severity, Status
from bylaw.reports.words import Word, tally, word

if TYPE_CHECKING:
    from collections.abc import Callable


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
        "1 error, 1 without an answer, 1 warning, 1 info, 1 waived, 1 unknown, 1 fixed"
    )
    assert tally(dict.fromkeys(Word, 2000)) == (
        "2,000 errors, 2,000 without an answer, 2,000 warnings, 2,000 infos, 2,000 waived, 2,000 unknown, 2,000 fixed"
    )
    assert tally({}) == ""
