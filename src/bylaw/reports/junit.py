"""The report as JUnit XML, as GitLab and Jenkins read it: a test for each finding, and for each rule without any.

Only what stands in the way has failed, or is an error where a rule came to no answer; all that counts less is skipped
and says why. A fixed finding has passed under the name that it had when it failed, which is how GitLab tells that it
is resolved: so a name has no line, message or gate in it. GitLab reads 30 MB: what matters least is left out then.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bylaw.model import Status
from bylaw.reports.details import at_peace, fitting, left_out, path, remediation, short, told
from bylaw.reports.terminal import visible
from bylaw.reports.words import Level, Word, level, word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bylaw.model import Finding, Report

_LARGEST = 30_000_000  # bytes
_NAME = 500  # characters
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def render(report: Report, *, color: bool, width: int) -> str:
    """See the package."""
    tests = list(map(_test, [report] * len(report.findings), report.findings, _names(report.findings)))
    passed = [_case(rule.id, short(rule.title)) for rule in at_peace(report)]
    frame = len(_document(report, [*passed, _missing(left_out(report, report.findings, ()))]).encode())
    kept = fitting(report, report.findings, lambda each: len(tests[each].encode()) + 1, _LARGEST - frame)
    cases = [tests[number] for number in kept]
    if missing := left_out(report, report.findings, kept):
        cases.append(_missing(missing))
    return _document(report, [*cases, *passed])


def _document(report: Report, cases: list[str]) -> str:
    failures, errors, skipped = (
        sum(f"    <{each} " in case for case in cases) for each in ("failure", "error", "skipped")
    )
    counts = f'tests="{len(cases)}" failures="{failures}" errors="{errors}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="bylaw" {counts} time="0">',
        f'<testsuite name="bylaw" {counts} skipped="{skipped}" time="0">',
        "  <properties>",
        f'    <property name="gate" value="{_escaped(short(report.gate))}"/>',
        f'    <property name="decision" value="{report.decision}"/>',
        "  </properties>",
        *cases,
        "</testsuite>",
        "</testsuites>",
    ]
    return "".join(f"{line}\n" for line in lines)


def _names(findings: Sequence[Finding]) -> list[str]:
    """Entity and pointer, with a number where that is not the first of its rule: GitLab takes but one of each name.

    What is there comes before what is fixed, which would be resolved for GitLab under a name that still fails.
    """
    names = [""] * len(findings)
    times: Counter[tuple[str, str]] = Counter()
    taken: set[tuple[str, str]] = set()
    for number in sorted(range(len(findings)), key=lambda each: (findings[each].status is Status.FIXED, each)):
        finding = findings[number]
        plain = visible(f"{finding.entity or path(finding) or 'catalog'} {finding.pointer}"[:_NAME]).strip()
        name = plain
        while (finding.rule, name) in taken:
            times[finding.rule, plain] += 1
            name = f"{plain} ({times[finding.rule, plain] + 1})"
        taken.add((finding.rule, name))
        names[number] = name
    return names


def _test(report: Report, finding: Finding, name: str) -> str:
    return _case(finding.rule, name, visible(path(finding)), *_outcome(report, finding))


def _outcome(report: Report, finding: Finding) -> tuple[str, ...]:
    """The element that says what became of a test; none where it has passed."""
    found = word(report, finding)
    if found is Word.FIXED:
        return ()
    element = "skipped"
    if level(report, finding) is Level.ERROR:
        element = "error" if found is Word.UNDECIDED else "failure"
    place = finding.location
    said = f"{found}: {told(report, finding)}" if found in (Word.WARNING, Word.INFO) else told(report, finding)
    lines = [
        said,
        visible(f"{place.path}:{place.line}:{place.column}") if place else short(finding.entity_url or ""),
        f"help: {remediation(report, finding)}",
    ]
    text = _escaped("\n".join(filter(None, lines)))
    return (f'    <{element} type="{found}" message="{_escaped(said)}">{text}</{element}>',)


def _missing(missing: str) -> str:
    said = f"not shown, since a file holds {_LARGEST // 1_000_000} MB: {missing}"
    return _case("bylaw", "findings not shown", "", f'    <skipped type="missing" message="{said}">{said}</skipped>')


def _case(rule: str, name: str, file: str = "", *inner: str) -> str:
    where = f' file="{_escaped(file)}"' if file else ""
    head = f'  <testcase classname="{_escaped(rule)}" name="{_escaped(name)}"{where} time="0"'
    return "\n".join([f"{head}>", *inner, "  </testcase>"]) if inner else f"{head}/>"


def _escaped(text: str) -> str:
    """A visible text for XML, which knows no control character however it is written: a visible text has none."""
    return text.translate(_ESCAPED)
