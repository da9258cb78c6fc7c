"""The report for programs: JSON, version 1 (DESIGN 5.2, report.schema.json).

Within version 1 keys may be added; none is renamed, moved or taken away.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from math import isfinite
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.model import Outcome, Status, WaiverStatus
from bylaw.version import VERSION

if TYPE_CHECKING:
    from datetime import date

    from bylaw.model import Finding, LawChange, Location, Proposal, Report, Standing

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_ACTS_ON_TERMINALS = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def render(report: Report, *, color: bool, width: int) -> str:
    """See the package. The same report gives the same bytes; ``color`` and ``width`` change nothing."""
    return written(_report(report))


def compact(report: Report) -> bytes:
    """The same report for a program that waits for it: on one line."""
    try:
        text = orjson.dumps(_report(report)).decode()
    except TypeError:  # half of a surrogate pair
        return render(report, color=False, width=0).encode()
    return _ACTS_ON_TERMINALS.sub(lambda found: f"\\u{ord(found.group()):04x}", text).encode()


def written(value: dict[str, Any] | list[Any]) -> str:
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
        "waivers": _waivers(report),
        "summary": _summary(report),
        "findings": [_finding(each, report.rules[each.rule].remediation) for each in report.findings],
        "notes": list(report.notes),
        "proposal": _proposal(report.proposal) if report.proposal else None,
    }


def _waivers(report: Report) -> dict[str, Any]:
    """Each waiver counts once, by what it is worth."""
    worth = Counter(each.status for each in report.waivers)
    return {
        "digest": report.waivers_digest,
        "active": worth[WaiverStatus.ACTIVE],
        "expired": worth[WaiverStatus.EXPIRED],
        "unused": worth[WaiverStatus.UNUSED],
        "invalid": worth[WaiverStatus.INVALID],
        "over_broad": worth[WaiverStatus.OVER_BROAD],
        "list": list(map(standing, report.waivers)),
    }


def standing(said: Standing) -> dict[str, Any]:
    """A waiver and what it is worth, as every document of ours says it."""
    waiver = said.waiver
    return {
        "id": waiver.id,
        "rule": waiver.rule,
        "entities": list(waiver.entities),
        "fingerprints": list(waiver.fingerprints),
        "reason": waiver.reason,
        "ticket": waiver.ticket,
        "requested_by": waiver.requested_by,
        "approved_by": waiver.approved_by,
        "approved_at": _day(waiver.approved_at),
        "expires": _day(waiver.expires),
        "location": location(waiver.location) if waiver.location else None,
        "status": said.status,
        "why": said.why,
        "covers": said.covers,
        "days_left": said.days_left,
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _proposal(proposal: Proposal) -> dict[str, Any]:
    radius, law = proposal.blast, proposal.law
    return {
        "base": proposal.base,
        "surroundings": proposal.surroundings,
        "alone": proposal.alone,
        "files": [{"before": each.before, "after": each.after} for each in proposal.files],
        "added": list(proposal.added),
        "edited": list(proposal.edited),
        "removed": list(proposal.removed),
        "judged": proposal.judged,
        "only_new": proposal.only_new,
        "blast_radius": {
            "direct": list(radius.direct),
            "transitive": list(radius.transitive),
            "owners": list(radius.owners),
            "further_owners": list(radius.further_owners),
            "uncounted": radius.uncounted,
        },
        "law": _law(law) if law else None,
    }


def _law(law: LawChange) -> dict[str, Any]:
    return {
        "files": list(law.files),
        "fault": law.fault,
        "lines": list(law.lines),
        "flips": [
            {"subject": subject, "before": before, "after": after, "rules": list(rules)}
            for subject, before, after, rules in law.flips
        ],
    }


def _summary(report: Report) -> dict[str, int]:
    """Counts. Fixed findings apart, each counts once as fail, unknown, error or waived; and once by status."""
    stands = [each for each in report.findings if each.status is not Status.FIXED]
    outcomes = Counter(each.outcome for each in stands if each.waiver is None)
    statuses = Counter(each.status for each in report.findings)
    return {
        "fail": outcomes[Outcome.FAIL],
        "unknown": outcomes[Outcome.UNKNOWN],
        "error": outcomes[Outcome.ERROR],
        "waived": sum(each.waiver is not None for each in stands),
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
