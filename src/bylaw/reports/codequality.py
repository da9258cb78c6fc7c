"""The report for GitLab's Code Quality: what it shows of a merge request is what its base had not.

GitLab knows an entry by its fingerprint and takes one that is gone for resolved, so fixed findings are not there. It
fails no pipeline by what it finds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bylaw.reports.details import identities, subject, told
from bylaw.reports.json_v1 import written
from bylaw.reports.words import Level, Word, level, word

if TYPE_CHECKING:
    from bylaw.model import Finding, Report

_SEVERITIES = {Level.ERROR: "critical", Level.WARNING: "minor", Level.NOTE: "info"}


def render(report: Report, *, color: bool, width: int) -> str:
    """See the package. ``[]`` where nothing is wrong: no document would mean that nobody knows."""
    there = [each for each in report.findings if word(report, each) is not Word.FIXED]
    return written([_entry(report, *each) for each in zip(there, identities(there), strict=True)])


def _entry(report: Report, finding: Finding, identity: str) -> dict[str, Any]:
    return {
        "description": told(report, finding),
        "check_name": finding.rule,
        "fingerprint": identity,
        "severity": _SEVERITIES[level(report, finding)],
        "location": {
            "path": subject(finding),  # GitLab reads no further than to an entry without one
            "lines": {"begin": finding.location.line if finding.location else 1},
        },
    }
