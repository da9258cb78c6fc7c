"""The report in the Test Anything Protocol, version 14: a test for each finding, and for each rule without any.

Only what stands in the way is ``not ok`` for a harness: what counts less is a TODO, what could not be told is skipped.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bylaw.reports.details import at_peace, path, remediation, short, told, waiver
from bylaw.reports.words import Level, Word, level, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.model import Finding, Report


def render(report: Report, *, color: bool, width: int) -> str:
    """See the package. One plan, at the top."""
    passed = at_peace(report)
    total = len(report.findings) + len(passed)
    lines = ["TAP version 14", f"1..{total}" if total else "1..0 # SKIP there is no rule"]
    for number, finding in enumerate(report.findings, 1):
        lines += _test(report, finding, number)
    for number, rule in enumerate(passed, len(report.findings) + 1):
        lines.append(f"ok {number} - {_description(f'{rule.id}: {short(rule.title)}')}")
    return "".join(f"{line}\n" for line in lines)


def _test(report: Report, finding: Finding, number: int) -> Iterator[str]:
    found = word(report, finding)
    place = finding.location
    where = f"{place.path}:{place.line}:{place.column}" if place else path(finding) or finding.entity or "catalog"
    said = _description(f"{finding.rule}: {told(report, finding)} ({short(where)})")
    ok, directive = "not ok", f" # TODO {found}"
    if level(report, finding) is Level.ERROR:
        directive = ""
    elif found is Word.FIXED:
        ok, directive = "ok", ""
    elif found is Word.UNKNOWN:
        ok, directive = "ok", f" # SKIP {found}"
    yield f"{ok} {number} - {said}{directive}"
    yield "  ---"
    for name, value in _diagnosis(report, finding):
        if value is not None:
            yield f"  {name}: {json.dumps(value, ensure_ascii=False)}"
    yield "  ..."


def _diagnosis(report: Report, finding: Finding) -> Iterator[tuple[str, str | int | None]]:
    """What a reader of YAML gets to know. JSON's scalars are YAML's, as long as all of a text can be seen."""
    place = finding.location
    yield "message", short(finding.message)
    yield "severity", finding.severity
    yield "outcome", finding.outcome
    yield "enforcement", finding.enforcement
    yield "status", finding.status
    yield "entity", _short(finding.entity)
    yield "pointer", short(finding.pointer)
    yield "path", _short(path(finding) or None)
    yield "line", place.line if place else None
    yield "column", place.column if place else None
    yield "url", _short(finding.entity_url)
    yield "suggestion", _short(finding.suggestion)
    yield "expected", _short(finding.expected)
    yield "waiver", waiver(report, finding) if finding.waiver is not None else None
    yield "help", remediation(report, finding)
    yield "fingerprint", finding.fingerprint


def _short(text: str | None) -> str | None:
    return None if text is None else short(text)


def _description(text: str) -> str:
    r"""A description that is none but that: ``#`` begins a directive, which older readers see behind ``\`` too."""
    return text.replace("#", "\\x23")
