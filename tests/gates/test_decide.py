"""Findings into a decision."""

from __future__ import annotations

from itertools import product

import pytest

from bylaw.gates import decide
from bylaw.model import Decision, Enforcement, Finding, Outcome

FAIL, UNKNOWN, ERROR = Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR
OBSERVE, WARN, DENY = Enforcement.OBSERVE, Enforcement.WARN, Enforcement.DENY
TRUTH = {
    (FAIL, OBSERVE): Decision.ALLOWED,
    (FAIL, WARN): Decision.ALLOWED,
    (FAIL, DENY): Decision.DENIED,
    (UNKNOWN, OBSERVE): Decision.ALLOWED,
    (UNKNOWN, WARN): Decision.ALLOWED,
    (UNKNOWN, DENY): Decision.ALLOWED,  # in `check`, what cannot be known warns
    (ERROR, OBSERVE): Decision.UNDECIDED,
    (ERROR, WARN): Decision.UNDECIDED,
    (ERROR, DENY): Decision.UNDECIDED,
}
WORST_LAST = [Decision.ALLOWED, Decision.UNDECIDED, Decision.DENIED]


def finding(outcome: Outcome, enforcement: Enforcement) -> Finding:
    return Finding("", "wrong", outcome=outcome, enforcement=enforcement)


@pytest.mark.parametrize(("said", "decision"), list(TRUTH.items()), ids=str)
def test_one_finding_decides(said: tuple[Outcome, Enforcement], decision: Decision) -> None:
    assert decide([finding(*said)]) is decision


@pytest.mark.parametrize(("one", "other"), list(product(TRUTH, TRUTH)), ids=str)
def test_of_two_findings_the_worse_decides(
    one: tuple[Outcome, Enforcement], other: tuple[Outcome, Enforcement]
) -> None:
    worse = max(TRUTH[one], TRUTH[other], key=WORST_LAST.index)

    assert decide([finding(*one), finding(*other)]) is worse


def test_without_findings_it_is_allowed() -> None:
    assert decide([]) is Decision.ALLOWED
