"""Findings into a decision."""

from __future__ import annotations

from itertools import product
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.config import MergeGate
from bylaw.gates import decide, weigh
from bylaw.model import Decision, Enforcement, Finding, Outcome, Status

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


def finding(outcome: Outcome = FAIL, enforcement: Enforcement = DENY, **more: Any) -> Finding:
    return Finding("", "wrong", outcome=outcome, enforcement=enforcement, **more)


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


# -- at a gate

Meaning = Literal["deny", "undecided", "warn"]
MEANS: dict[Meaning, Decision] = {
    "deny": Decision.DENIED,
    "undecided": Decision.UNDECIDED,
    "warn": Decision.ALLOWED,
}
GATES = st.builds(
    MergeGate, only_new=st.booleans(), on_unknown=st.sampled_from(list(MEANS)), on_error=st.sampled_from(list(MEANS))
)
FINDINGS = st.lists(
    st.builds(
        finding,
        st.sampled_from([FAIL, UNKNOWN, ERROR]),
        st.sampled_from(Enforcement),
        status=st.sampled_from(Status),
        waiver=st.sampled_from([None, "a-waiver"]),
    ),
    max_size=5,
)


def judged(found: Finding, gate: MergeGate) -> Decision:
    """The decision on one finding, as it is and as the gate takes it: the same."""
    decision = decide([found], gate)
    assert decide(weigh([found], gate), gate) is decision
    return decision


def test_a_gate_denies_by_default_what_it_cannot_know() -> None:
    for outcome in (FAIL, UNKNOWN, ERROR):
        assert judged(finding(outcome), MergeGate()) is Decision.DENIED


@pytest.mark.parametrize(("said", "decision"), list(MEANS.items()))
@pytest.mark.parametrize("enforcement", [OBSERVE, WARN, DENY])
def test_what_an_error_means_the_gate_says_whatever_the_rule(
    said: Meaning, decision: Decision, enforcement: Enforcement
) -> None:
    gate = MergeGate(on_error=said)

    assert judged(finding(ERROR, enforcement), gate) is decision
    assert judged(finding(FAIL), gate) is Decision.DENIED
    assert judged(finding(UNKNOWN), gate) is Decision.DENIED


@pytest.mark.parametrize(("said", "decision"), list(MEANS.items()))
def test_what_unknown_means_the_gate_says_where_the_rule_denies(said: Meaning, decision: Decision) -> None:
    gate = MergeGate(on_unknown=said)

    assert judged(finding(UNKNOWN, DENY), gate) is decision
    for enforcement in (OBSERVE, WARN):
        assert judged(finding(UNKNOWN, enforcement), gate) is Decision.ALLOWED
    assert judged(finding(FAIL), gate) is Decision.DENIED
    assert judged(finding(ERROR, WARN), gate) is Decision.DENIED


@pytest.mark.parametrize(
    ("status", "only_new", "decision"),
    [
        (Status.NEW, True, Decision.DENIED),
        (Status.NEW, False, Decision.DENIED),
        (Status.EXISTING, True, Decision.ALLOWED),
        (Status.EXISTING, False, Decision.DENIED),
        (Status.FIXED, True, Decision.ALLOWED),
        (Status.FIXED, False, Decision.ALLOWED),
    ],
)
@pytest.mark.parametrize("outcome", [FAIL, UNKNOWN, ERROR])
def test_what_is_older_than_the_change_counts_where_all_does_and_what_is_fixed_never(
    status: Status, only_new: bool, decision: Decision, outcome: Outcome
) -> None:
    assert judged(finding(outcome, status=status), MergeGate(only_new=only_new)) is decision


def test_without_a_gate_what_is_old_counts_and_what_is_fixed_does_not() -> None:
    assert decide([finding(status=Status.EXISTING)]) is Decision.DENIED
    assert decide([finding(status=Status.FIXED)]) is Decision.ALLOWED


@pytest.mark.parametrize("outcome", [FAIL, UNKNOWN])
def test_what_is_waived_does_not_count(outcome: Outcome) -> None:
    for gate in (None, MergeGate(), MergeGate(only_new=False)):
        assert decide([finding(outcome, waiver="a-waiver")], gate) is Decision.ALLOWED


@pytest.mark.parametrize(
    ("outcome", "enforcement", "gate", "weighed"),
    [
        (ERROR, OBSERVE, MergeGate(), DENY),
        (ERROR, DENY, MergeGate(on_error="undecided"), DENY),
        (ERROR, DENY, MergeGate(on_error="warn"), WARN),
        (UNKNOWN, DENY, MergeGate(), DENY),
        (UNKNOWN, DENY, MergeGate(on_unknown="undecided"), DENY),
        (UNKNOWN, DENY, MergeGate(on_unknown="warn"), WARN),
        (UNKNOWN, WARN, MergeGate(), WARN),
        (UNKNOWN, OBSERVE, MergeGate(), OBSERVE),
        (FAIL, DENY, MergeGate(on_unknown="warn", on_error="warn"), DENY),
        (FAIL, WARN, MergeGate(), WARN),
        (FAIL, OBSERVE, MergeGate(), OBSERVE),
    ],
)
def test_a_finding_is_shown_as_the_gate_takes_it(
    outcome: Outcome, enforcement: Enforcement, gate: MergeGate, weighed: Enforcement
) -> None:
    one = finding(outcome, enforcement, status=Status.EXISTING, waiver="a-waiver")

    assert weigh([one], gate) == [
        finding(outcome, weighed, status=Status.EXISTING, waiver="a-waiver"),
    ]


@given(findings=FINDINGS, gate=GATES)
def test_of_many_the_worst_decides(findings: list[Finding], gate: MergeGate) -> None:
    alone = [decide([each], gate) for each in findings]

    assert decide(findings, gate) is max(alone, key=WORST_LAST.index, default=Decision.ALLOWED)


@given(findings=FINDINGS, gate=GATES)
def test_what_is_shown_decides_as_what_was_found(findings: list[Finding], gate: MergeGate) -> None:
    weighed = weigh(findings, gate)

    assert decide(weighed, gate) is decide(findings, gate)
    assert weigh(weighed, gate) == weighed


@given(findings=FINDINGS, gate=GATES)
def test_a_gate_for_new_faults_alone_never_denies_what_one_for_all_allows(
    findings: list[Finding], gate: MergeGate
) -> None:
    every = MergeGate(False, gate.on_unknown, gate.on_error)
    only_new = MergeGate(True, gate.on_unknown, gate.on_error)

    assert WORST_LAST.index(decide(findings, only_new)) <= WORST_LAST.index(decide(findings, every))
