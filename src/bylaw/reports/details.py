"""What several formats say of a finding beside its message: where, what it is worth, what tells it from others."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING

from bylaw.reports.terminal import visible
from bylaw.reports.words import Level, Word, blocks, counted, level, tally, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bylaw.model import Finding, Report, RuleInfo, Standing

LONGEST = 1_000
"""Characters of a stranger's text that a format shows; the JSON report has all of them."""

_LEVELS, _WORDS = list(Level), list(Word)


def path(finding: Finding) -> str:
    """The file that a finding is about, from the root of the checkout; empty where there is none."""
    if finding.location:
        return finding.location.path
    return (finding.document.path if finding.document else None) or ""


def subject(finding: Finding) -> str:
    """The file, or what stands for it: formats that are made for files want one for every finding."""
    return path(finding) or finding.entity or "catalog"


def said(finding: Finding) -> str:
    """The message, and what may have been meant."""
    hint = f" (did you mean {finding.suggestion}?)" if finding.suggestion else ""
    return short(f"{finding.message}{hint}")


def told(report: Report, finding: Finding) -> str:
    """The message in a line that tells of what counts otherwise than by its level what it is worth, and why."""
    found = word(report, finding)
    if found in (Word.ERROR, Word.WARNING, Word.INFO):
        return said(finding)
    why = worth(report, finding).removeprefix("waived ")
    return f"{found}: {said(finding)}{f' ({why})' if why else ''}"


def worth(report: Report, finding: Finding) -> str:
    """Why a finding counts otherwise than by its enforcement; empty where its word says all."""
    found = word(report, finding)
    if found is Word.WAIVED:
        return f"waived by {waiver(report, finding)}"
    if found is Word.EXISTING:
        return "older than this change"
    if found is Word.UNKNOWN and blocks(report, finding):
        return "this gate passes nothing that cannot be told"
    return ""


def waiver(report: Report, finding: Finding) -> str:
    """The waiver of a finding: its id and, where the report knows it, until when it holds and why there is one."""
    name = finding.waiver or ""
    held: Standing | None = next((each for each in report.waivers if each.holds and each.waiver.id == name), None)
    if held is None:
        return short(name)
    left = "" if held.days_left is None else f", {counted(held.days_left, 'day', 'days')} left"
    until = f" until {held.waiver.expires}" if held.waiver.expires else ""
    return short(f"{name}{until}{left}: {' '.join(held.waiver.reason.split())}")


def remediation(report: Report, finding: Finding) -> str:
    """What its rule says is to be done."""
    return short(" ".join(report.rules[finding.rule].remediation.split()))


def short(text: str) -> str:
    """A stranger's text, visible and of bounded length."""
    shown = visible(text[: LONGEST + 1])
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def at_peace(report: Report) -> list[RuleInfo]:
    """The rules that have found nothing, in the order of their ids."""
    found = {each.rule for each in report.findings}
    return [report.rules[rule] for rule in sorted(report.rules.keys() - found)]


def identities(findings: Iterable[Finding]) -> Iterator[str]:
    """The fingerprints, those that come up again told apart: the same for the same findings, each of them once."""
    seen: Counter[str] = Counter()
    for finding in findings:
        fingerprint = finding.fingerprint
        again = seen[fingerprint]
        seen[fingerprint] += 1
        yield sha256(f"{fingerprint} {again}".encode()).hexdigest() if again else fingerprint


def fitting(
    report: Report, findings: Sequence[Finding], size: Callable[[int], int], room: int, most: int | None = None
) -> list[int]:
    """Which of some findings there is room for, given the size of each by its number: those that matter most, in their
    order."""
    kept = []
    for number in by_weight(report, findings)[:most]:
        room -= size(number)
        if room < 0:
            break
        kept.append(number)
    return sorted(kept)


def by_weight(report: Report, findings: Sequence[Finding]) -> list[int]:
    """The numbers of some findings, those first that matter most."""
    weights = [(_LEVELS.index(level(report, each)), _WORDS.index(word(report, each))) for each in findings]
    return sorted(range(len(findings)), key=lambda number: (weights[number], number))


def left_out(report: Report, findings: Sequence[Finding], kept: Sequence[int]) -> str:
    """What there was no room for: ``12 warnings, 3 infos``; empty where nothing was left out."""
    shown = set(kept)
    missing = (each for number, each in enumerate(findings) if number not in shown)
    return tally(Counter(word(report, each) for each in missing))
