"""What a run comes to: findings, a decision, and what they were drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bylaw.model.words import Outcome, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bylaw.model.finding import Finding
    from bylaw.model.proposal import Proposal
    from bylaw.model.waiver import Standing
    from bylaw.model.words import Severity


class Decision(StrEnum):
    """What a gate says (DESIGN 5.1)."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNDECIDED = "undecided"

    @property
    def exit_code(self) -> int:
        """0 allowed, 1 denied, 3 undecided."""
        return {"allowed": 0, "denied": 1, "undecided": 3}[self.value]


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What is known of a rule without running it: its metadata, written once."""

    id: str
    title: str
    description: str
    severity: Severity
    remediation: str
    reads: str
    language: str
    source: str
    """Where the rule is written, for messages about the rule itself."""

    @property
    def category(self) -> str:
        """The first part of the id."""
        return self.id.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a gate. ``findings`` are in the total order of ``Finding.order``, none twice.

    Raises:
        ValueError: a finding that names no rule, or a rule that the report does not know.
    """

    gate: str
    decision: Decision
    findings: tuple[Finding, ...]
    rules: Mapping[str, RuleInfo]
    engine: str
    entities: int
    files: int
    catalog_digest: str
    policies_digest: str
    waivers_digest: str
    complete: bool
    completeness: str
    """Why the catalog counts as complete or partial, in words."""
    owners: Mapping[str, tuple[str, ...]]
    """The direct owners of the entities that findings name."""
    lines: Mapping[tuple[str, int], str]
    """The source lines at which findings stand, for showing; never stored."""
    notes: tuple[str, ...] = ()
    """What the reader should know of the run itself."""
    waivers: tuple[Standing, ...] = ()
    """Every waiver that was read, and what it is worth on this day; in the order of their ids."""
    proposal: Proposal | None = None
    """What was proposed, where a change was judged and not a catalog."""

    def __post_init__(self) -> None:
        for finding in self.findings:
            if finding.rule not in self.rules:
                raise ValueError(f"a finding of an unknown rule {finding.rule!r}: {finding.message}")

    def counts(self, finding: Finding) -> bool:
        """Whether the decision may go by a finding: it is not waived, not fixed, and not older than the change where
        only new faults count."""
        if finding.waiver is not None or finding.status is Status.FIXED:
            return False
        return not (finding.status is Status.EXISTING and self.proposal and self.proposal.only_new)

    def count(self, outcome: Outcome) -> int:
        """How many findings have this outcome."""
        return sum(finding.outcome is outcome for finding in self.findings)
