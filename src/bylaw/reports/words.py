"""What a finding is called in front of people: one word, which follows what the gate does with it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from bylaw.model import Enforcement, Outcome, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bylaw.model import Finding


class Word(StrEnum):
    """The words, from the one that weighs most to the one that weighs least."""

    ERROR = "error"
    UNDECIDED = "undecided"
    WARNING = "warning"
    INFO = "info"
    WAIVED = "waived"
    UNKNOWN = "unknown"
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


_ENFORCED = {
    Enforcement.DENY: Word.ERROR,
    Enforcement.WARN: Word.WARNING,
    Enforcement.OBSERVE: Word.INFO,
    Enforcement.OFF: Word.INFO,
}


def word(finding: Finding) -> Word:
    """The word for a finding: every finding has exactly one."""
    if finding.status is Status.FIXED:
        return Word.FIXED
    if finding.waiver is not None:
        return Word.WAIVED
    if finding.outcome is Outcome.ERROR:
        return Word.UNDECIDED
    if finding.outcome is Outcome.UNKNOWN:
        return Word.UNKNOWN
    return _ENFORCED[finding.enforcement]


def counted(number: int, one: str, many: str) -> str:
    """``1 entity``, ``1,024 entities``."""
    return f"{number:,} {one if number == 1 else many}"


def tally(counts: Mapping[Word, int]) -> str:
    """``12 errors, 1 warning``: what there is, in the order of weight; empty where nothing is."""
    return ", ".join(each.counted(counts[each]) for each in Word if counts.get(each))
