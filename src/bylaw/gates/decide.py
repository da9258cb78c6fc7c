"""Findings -> a decision."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bylaw.model import Decision, Enforcement, Outcome, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bylaw.config import MergeGate
    from bylaw.model import Finding

_KEPT = {"deny": Enforcement.DENY, "undecided": Enforcement.DENY, "warn": Enforcement.WARN}
_MEANS = {"deny": Decision.DENIED, "undecided": Decision.UNDECIDED, "warn": Decision.ALLOWED}


def weigh(findings: Iterable[Finding], gate: MergeGate) -> list[Finding]:
    """The findings as a gate takes them: where no answer was found, they are enforced by what the gate says of that."""
    weighed = []
    for finding in findings:
        if finding.outcome is Outcome.ERROR:
            finding = replace(finding, enforcement=_KEPT[gate.on_error])
        elif finding.outcome is Outcome.UNKNOWN and finding.enforcement is Enforcement.DENY:
            finding = replace(finding, enforcement=_KEPT[gate.on_unknown])
        weighed.append(finding)
    return weighed


def decide(findings: Iterable[Finding], gate: MergeGate | None = None) -> Decision:
    """What findings come to: a fault that is enforced denies. One that is waived or fixed does not count, nor one that
    is older than the change where only new faults do.

    Without a ``gate`` it is what ``check`` says: an error leaves it undecided, and unknown warns. A gate says itself
    what they mean: an error always, unknown where the rule denies. A denial stands even where something else could
    not be decided: nothing the rest could say would allow it.
    """
    on_error = _MEANS[gate.on_error] if gate else Decision.UNDECIDED
    on_unknown = _MEANS[gate.on_unknown] if gate else Decision.ALLOWED
    decision = Decision.ALLOWED
    for finding in findings:
        if finding.waiver is not None or finding.status is Status.FIXED:
            continue
        if finding.status is Status.EXISTING and gate and gate.only_new:
            continue
        said = Decision.ALLOWED
        if finding.outcome is Outcome.ERROR:
            said = on_error
        elif finding.enforcement is Enforcement.DENY:
            said = Decision.DENIED if finding.outcome is Outcome.FAIL else on_unknown
        if said is Decision.DENIED:
            return said
        if said is Decision.UNDECIDED:
            decision = said
    return decision
