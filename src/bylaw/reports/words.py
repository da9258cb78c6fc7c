"""What a finding is called in front of people: one word, which follows what the gate does with it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from bylaw.model import Decision, Enforcement, Outcome, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bylaw.model import Finding, Report


class Word(StrEnum):
    """The words, from the one that weighs most to the one that weighs least."""

    ERROR = "error"
    UNDECIDED = "undecided"
    WARNING = "warning"
    INFO = "info"
    WAIVED = "waived"
    UNKNOWN = "unknown"
    EXISTING = "existing"
    FIXED = "fixed"

    @property
    def plural(self) -> str:
        """``errors``; ``waived`` is its own."""
        return f"{self}s" if self in (Word.ERROR, Word.WARNING, Word.INFO) else str(self)

    def counted(self, number: int) -> str:
        """``1 error``, ``2 errors``, ``2 waived``, ``2 without an answer``."""
        if self is Word.UNDECIDED:
            return f"{number:,} without an answer"
        return counted(number, self, self.plural)


class Level(StrEnum):
    """What a finding does to the decision, in the words that CI systems share."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


_ENFORCED = {
    Enforcement.DENY: Word.ERROR,
    Enforcement.WARN: Word.WARNING,
    Enforcement.OBSERVE: Word.INFO,
    Enforcement.OFF: Word.INFO,
}


def word(report: Report, finding: Finding) -> Word:
    """The word for a finding: every finding has exactly one."""
    if finding.status is Status.FIXED:
        return Word.FIXED
    if finding.waiver is not None:
        return Word.WAIVED
    if not report.counts(finding):
        return Word.EXISTING
    if finding.outcome is Outcome.ERROR:
        return Word.UNDECIDED
    if finding.outcome is Outcome.UNKNOWN:
        return Word.UNKNOWN
    return _ENFORCED[finding.enforcement]


def blocks(report: Report, finding: Finding) -> bool:
    """Whether the decision is not ``allowed`` because of a finding.

    In the gate of a change its enforcement tells, whatever the outcome. Elsewhere what has no answer leaves the
    decision open, and what lacks a fact does not.
    """
    if report.decision is Decision.ALLOWED or not report.counts(finding):
        return False
    if report.proposal is None and finding.outcome is not Outcome.FAIL:
        return finding.outcome is Outcome.ERROR
    return finding.enforcement is Enforcement.DENY


def level(report: Report, finding: Finding) -> Level:
    """What a finding does to the decision. What does not count, and what lacks a fact in ``check``, is a note."""
    if blocks(report, finding):
        return Level.ERROR
    said = word(report, finding)
    if said in (Word.ERROR, Word.UNDECIDED, Word.WARNING):
        return Level.WARNING
    if said is Word.UNKNOWN and report.proposal and finding.enforcement is Enforcement.WARN:
        return Level.WARNING
    return Level.NOTE


def counted(number: int, one: str, many: str) -> str:
    """``1 entity``, ``1,024 entities``."""
    return f"{number:,} {one if number == 1 else many}"


def tally(counts: Mapping[Word, int]) -> str:
    """``12 errors, 1 warning``: what there is, in the order of weight; empty where nothing is."""
    return ", ".join(each.counted(counts[each]) for each in Word if counts.get(each))


def listed(names: Sequence[str], most: int, quoted: Callable[[str], str]) -> str:
    """``a, b and 3 more``: at most so many names, as ``quoted`` shows them."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(map(quoted, names[:most]))}{more}"
