"""The report as GitHub's workflow commands: annotations at the lines of a pull request.

GitHub shows ten of each level for a step, and passes over the rest in silence. So there are never more: what matters
most is annotated, and the last annotation of a level says what is not.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bylaw.reports.details import by_weight, path, remediation, said, told
from bylaw.reports.terminal import visible
from bylaw.reports.words import Level, Word, level, tally, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bylaw.model import Finding, Report

_MOST = 10  # annotations of a level
_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def render(report: Report, *, color: bool, width: int) -> str:
    """See the package. The last line is no command: it says in the log what the decision is."""
    lines = [line for each in Level for line in _annotations(report, each)]
    found = tally(Counter(word(report, each) for each in report.findings)) or "nothing found"
    return "".join(f"{line}\n" for line in [*lines, f"bylaw: {report.decision}: {found}"])


def _annotations(report: Report, which: Level) -> Iterator[str]:
    findings = [each for each in report.findings if level(report, each) is which]
    findings = [findings[number] for number in by_weight(report, findings)]
    shown = findings if len(findings) <= _MOST else findings[: _MOST - 1]
    for each in shown:
        yield _annotation(report, each, _COMMANDS[which])
    if more := findings[len(shown) :]:
        yield f"::{_COMMANDS[which]} title=bylaw::{_escaped(_missing(report, more))}"


def _missing(report: Report, findings: Sequence[Finding]) -> str:
    counts = tally(Counter(word(report, each) for each in findings))
    return f"not annotated, since GitHub shows {_MOST} of a level: {counts}; the other formats have them all"


def _annotation(report: Report, finding: Finding, command: str) -> str:
    place = finding.location
    properties = {"file": visible(path(finding))}
    if place:
        properties |= {"line": str(place.line), "endLine": str(place.end_line)}
        if place.line == place.end_line:  # of what goes on over more lines GitHub takes no columns
            properties |= {"col": str(place.column), "endColumn": str(max(place.column, place.end_column - 1))}
    properties["title"] = f"{word(report, finding)}[{finding.rule}]"
    written = ",".join(f"{name}={_escaped_property(value)}" for name, value in properties.items() if value)
    return f"::{command} {written}::{_escaped(_message(report, finding))}"


def _message(report: Report, finding: Finding) -> str:
    if word(report, finding) in (Word.ERROR, Word.WARNING, Word.INFO):
        return f"{said(finding)}\n{remediation(report, finding)}"
    return told(report, finding)


def _escaped(text: str) -> str:
    """Data of a command. Whatever else could act in a log is written out already."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
