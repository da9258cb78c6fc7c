"""catalog/placeholder-unresolved"""

from __future__ import annotations

from bylaw.model import Severity
from bylaw.rules.problems import told_by_reader
from bylaw.rules.rule import Rule

RULE = Rule(
    id="catalog/placeholder-unresolved",
    title="A placeholder names a file that cannot be read",
    description=(
        "Backstage refuses an entity whose $text, $json or $yaml cannot be resolved: it keeps the last version it "
        "read and shows an error that hardly anybody sees."
    ),
    remediation="Give the path relative to the file that holds the placeholder, inside the same repository.",
    severity=Severity.ERROR,
    subject="problem",
    evaluate=told_by_reader("catalog/placeholder-unresolved"),
    source=__file__,
)
