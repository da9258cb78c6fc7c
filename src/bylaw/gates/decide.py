"""Findings -> a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Decision, Enforcement, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bylaw.model import Finding


def decide(findings: Iterable[Finding]) -> Decision:
    """What ``check`` says: a fault that is enforced denies; an error leaves it undecided; unknown warns.

    A denial stands even where something else could not be decided: nothing the rest could say would allow it.
    """
    decision = Decision.ALLOWED
    for finding in findings:
        if finding.outcome is Outcome.FAIL and finding.enforcement is Enforcement.DENY:
            return Decision.DENIED
        if finding.outcome is Outcome.ERROR:
            decision = Decision.UNDECIDED
    return decision
