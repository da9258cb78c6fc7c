"""catalog/yaml-invalid"""

from __future__ import annotations

from bylaw.model import Severity
from bylaw.rules.problems import told_by_reader
from bylaw.rules.rule import Rule

RULE = Rule(
    id="catalog/yaml-invalid",
    title="The file is not YAML as Backstage reads it",
    description=(
        "Backstage reads YAML 1.2: a duplicate key, a tab or a broken indent makes it skip the document, and the "
        "entity disappears from the catalog with a line in a log. Files that are too large, nested too deep or no "
        "UTF-8 are refused here as well."
    ),
    remediation="Correct the file at the place named; the other documents of the file are judged all the same.",
    severity=Severity.ERROR,
    subject="problem",
    evaluate=told_by_reader("catalog/yaml-invalid"),
    source=__file__,
)
