"""docs/techdocs-source-missing"""

from __future__ import annotations

from bylaw.model import Severity
from bylaw.rules.problems import told_by_reader
from bylaw.rules.rule import Rule

RULE = Rule(
    id="docs/techdocs-source-missing",
    title="The documentation that is linked is not there",
    description=(
        "TechDocs builds the Docs tab from the folder that the annotation names. Where there is nothing to build from, "
        "or the navigation lists pages that do not exist, the reader finds an error instead of an answer."
    ),
    remediation="Correct the path (it counts from the entity's own file), add the pages, or take them out of the nav.",
    severity=Severity.ERROR,
    subject="problem",
    evaluate=told_by_reader("docs/techdocs-source-missing"),
    source=__file__,
)
