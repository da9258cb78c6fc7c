"""catalog/location-target-missing"""

from __future__ import annotations

from bylaw.model import Severity
from bylaw.rules.problems import told_by_reader
from bylaw.rules.rule import Rule

RULE = Rule(
    id="catalog/location-target-missing",
    title="A Location points to nothing",
    description=(
        "A Location whose target does not exist brings in no entities. Backstage says so in the log of its processing "
        "and nowhere else, and what the target held before is removed as an orphan."
    ),
    remediation="Correct the path (it counts from the Location's own file), or set spec.presence to optional.",
    severity=Severity.ERROR,
    subject="problem",
    evaluate=told_by_reader("catalog/location-target-missing"),
    source=__file__,
)
