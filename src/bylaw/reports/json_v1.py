"""The report for programs: JSON, version 1 (DESIGN 5.2, report.schema.json).

Within version 1 keys may be added; none is renamed, moved or taken away.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from math import isfinite
from typing import TYPE_CHECKING, Any

from bylaw.model import Status
from bylaw.reports.words import Word, word
from bylaw.version import VERSION

if TYPE_CHECKING:
    from bylaw.model import Finding, Location, Report

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_ACTS_ON_TERMINALS = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def render(report: Report, *, color: bool, width: int) -> str:
    """See the package. The same report gives the same bytes; ``color`` and ``width`` change nothing."""
    return written(_report(report))


def written(value: dict[str, Any]) -> str:
    """JSON that any reader takes and no terminal acts on."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2)
    # Outside of strings JSON is ASCII, so what is found here stands in a string and may be written otherwise.
    text = _LONE_SURROGATE.sub("\ufffd", text)
    return _ACTS_ON_TERMINALS.sub(lambda found: f"\\u{ord(found.group()):04x}", text) + "\n"


def _report(report: Report) -> dict[str, Any]:
    return {
        "version": 1,
        "tool": {"name": "bylaw", "version": VERSION, "engine": report.engine},
        "gate": report.gate,
        "decision": report.decision,
        "catalog": {
            "digest": report.catalog_digest,
            "entities": report.entities,
            "complete": report.complete,
            "reason": report.completeness,
        },
        "policies": {"digest": report.policies_digest, "rules": len(report.rules)},
        "waivers": {"digest": report.waivers_digest, "active": 0, "expired": 0, "unused": 0},
        "summary": _summary(report),
        "findings": [_finding(each, report.rules[each.rule].remediation) for each in report.findings],
        "notes": list(report.notes),
    }


def _summary(report: Report) -> dict[str, int]:
    """Counts. Fixed findings apart, each counts once as fail, unknown, error or waived; and once by status."""
    words = Counter(map(word, report.findings))
    statuses = Counter(each.status for each in report.findings)
    return {
        "fail": words[Word.ERROR] + words[Word.WARNING] + words[Word.INFO],
        "unknown": words[Word.UNKNOWN],
        "error": words[Word.UNDECIDED],
        "waived": words[Word.WAIVED],
        "new": statuses[Status.NEW],
        "existing": statuses[Status.EXISTING],
        "fixed": statuses[Status.FIXED],
    }


def _finding(finding: Finding, remediation: str) -> dict[str, Any]:
    place = finding.location
    return {
        "rule": finding.rule,
        "category": finding.category,
        "severity": finding.severity,
        "outcome": finding.outcome,
        "enforcement": finding.enforcement,
        "status": finding.status,
        "entity": finding.entity,
        "message": finding.message,
        "pointer": finding.pointer,
        "location": location(place) if place else None,
        **({} if place else {"entity_url": finding.entity_url}),
        "observed": plain(finding.observed),
        "expected": finding.expected,
        "suggestion": finding.suggestion,
        "fix": plain(finding.fix),
        "remediation": remediation,
        "fingerprint": finding.fingerprint,
        "waiver": finding.waiver,
    }


def location(place: Location) -> dict[str, Any]:
    """A stretch of a file, as every document of ours says it."""
    return {
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
    }


def plain(value: Any) -> Any:
    """What a rule observed, as JSON can say it: numbers that JSON or its readers cannot hold become text."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if value.bit_length() < 64 else hex(value)
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return str(value)
