"""The report as SARIF 2.1.0, for GitHub's code scanning, editors and viewers.

What does not count is there and says so: waived findings are suppressed, existing ones ``unchanged``, fixed ones
``absent``. GitHub refuses more than 25,000 results or 10 MB: what matters least is left out then, and a notification
says how much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bylaw.model import Decision, Severity, Status
from bylaw.reports.details import fitting, identities, left_out, short, subject, told, waiver
from bylaw.reports.json_v1 import written
from bylaw.reports.words import Level, Word, level, word
from bylaw.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bylaw.model import Finding, Report, RuleInfo

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_MOST = 25_000  # results
_LARGEST = 10_000_000  # bytes
_INDENT = 8  # columns that each line of a result gets in front of it
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_STATES = {Status.NEW: "new", Status.EXISTING: "unchanged", Status.FIXED: "absent"}


def render(report: Report, *, color: bool, width: int) -> str:
    """See the package."""
    rules = {rule: number for number, rule in enumerate(sorted(report.rules))}
    results = [
        _result(report, finding, rules[finding.rule], identity)
        for finding, identity in zip(report.findings, identities(report.findings), strict=True)
    ]
    frame = len(_document(report, [], left_out(report, report.findings, ())).encode())
    kept = fitting(report, report.findings, lambda each: _size(results[each]), _LARGEST - frame, _MOST)
    return _document(report, [results[number] for number in kept], left_out(report, report.findings, kept))


def _size(result: dict[str, Any]) -> int:
    text = written(result)
    return len(text.encode()) + _INDENT * text.count("\n") + 1


def _document(report: Report, results: Sequence[dict[str, Any]], missing: str) -> str:
    proposal = report.proposal
    run = {
        "tool": {
            "driver": {
                "name": "bylaw",
                "version": VERSION,
                "semanticVersion": VERSION,
                "informationUri": "https://github.com/bylaw/bylaw",
                "rules": [_rule(report.rules[rule]) for rule in sorted(report.rules)],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": report.decision is not Decision.UNDECIDED,
                "exitCode": report.decision.exit_code,
                "exitCodeDescription": report.decision,
                "toolExecutionNotifications": _notifications(report, missing),
            }
        ],
        "results": results,
        "properties": {
            "gate": short(report.gate),
            "decision": report.decision,
            "base": short(proposal.base) if proposal else None,
            "catalog": report.catalog_digest,
            "policies": report.policies_digest,
            "waivers": report.waivers_digest,
        },
    }
    return written({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _notifications(report: Report, missing: str) -> list[dict[str, Any]]:
    found = [{"level": "note", "message": _message(short(note))} for note in report.notes]
    if missing:
        limits = f"a run holds {_MOST:,} results and {_LARGEST // 1_000_000} MB"
        found.append({"level": "warning", "message": _message(f"not shown, since {limits}: {missing}")})
    return found


def _rule(rule: RuleInfo) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": " ".join(rule.title.split())},
        "fullDescription": {"text": " ".join(rule.description.split())},
        "help": {"text": " ".join(rule.remediation.split())},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": [rule.category],
            "problem.severity": "recommendation" if rule.severity is Severity.INFO else rule.severity,
        },
    }


def _result(report: Report, finding: Finding, rule: int, identity: str) -> dict[str, Any]:
    found, counts_as = word(report, finding), level(report, finding)
    is_open = counts_as is Level.NOTE and found in (Word.UNKNOWN, Word.UNDECIDED)
    kind = "pass" if found is Word.FIXED else "open" if is_open else "fail"
    return {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "kind": kind,
        "level": counts_as if kind == "fail" else "none",  # of other kinds SARIF knows no level
        "message": _message(told(report, finding)),
        "locations": [_location(finding)],
        "partialFingerprints": {"bylaw/v1": identity},
        **({"baselineState": _STATES[finding.status]} if report.proposal else {}),
        **({"suppressions": [_suppression(report, finding)]} if found is Word.WAIVED else {}),
        "properties": {
            "pointer": short(finding.pointer),
            "outcome": finding.outcome,
            "enforcement": finding.enforcement,
            "status": finding.status,
            **({"entityUrl": short(finding.entity_url)} if finding.entity_url else {}),
        },
    }


def _suppression(report: Report, finding: Finding) -> dict[str, Any]:
    return {"kind": "external", "status": "accepted", "justification": waiver(report, finding)}


def _location(finding: Finding) -> dict[str, Any]:
    """Where a finding stands. GitHub takes no result without a file: for an entity without one its ref is written."""
    place = finding.location
    region = {"startLine": 1}
    if place:
        region = {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        }
    physical = {"artifactLocation": {"uri": _uri(subject(finding))}, "region": region}
    if not finding.entity:
        return {"physicalLocation": physical}
    return {
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": short(finding.entity), "kind": "entity"}],
    }


def _uri(text: str) -> str:
    """A relative reference, whatever a file is called: no scheme, no host, no query."""
    from urllib.parse import quote

    return quote(text.lstrip("/") or ".", safe="/", errors="replace")


def _message(text: str) -> dict[str, str]:
    """A message in which nothing is a link: SARIF reads ``[text](target)`` as one."""
    return {"text": text.replace("](", "] (")}
