"""The report as Markdown, for a note on a merge request and for a job's summary, as GitLab and GitHub read it.

Whatever is not ours stands in code spans and in fenced blocks, in which no markup, mention, reference or quick action
acts. All of it fits a comment (GitHub: 65,536 characters): what matters least is left out, and it says how much.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from bylaw.reports import change
from bylaw.reports.details import by_weight, fitting, left_out, path, remediation, waiver, worth
from bylaw.reports.suggestion import suggestion
from bylaw.reports.terminal import visible
from bylaw.reports.words import Word, blocks, counted, tally, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bylaw.model import Finding, Report

_LARGEST = 60_000  # bytes, so that it fits however a server counts characters, with room for a marker
_LISTED = 50  # findings that a person reads in a note
_RULES = 20  # rules whose findings are counted
_TITLE = 40  # bytes that the title of a section takes, at most
_MOST = 10  # notes
_NAME = 100  # bytes of a name
_SAID = 400  # bytes of a sentence

_IN_THE_WAY = "To correct"
_TITLES = {
    Word.ERROR: "Counts, and is not in the way",
    Word.UNDECIDED: "Without an answer",
    Word.WARNING: "Warnings",
    Word.INFO: "Worth knowing",
    Word.WAIVED: "Waived",
    Word.UNKNOWN: "Could not be told",
    Word.EXISTING: "Older than this change",
    Word.FIXED: "Put right by this change",
}
_COUNTED = (Word.UNKNOWN, Word.EXISTING)


def render(report: Report, *, color: bool, width: int) -> str:
    """See the package."""
    listed = [each for each in report.findings if blocks(report, each) or word(report, each) not in _COUNTED]
    entry = _entries(report, listed)
    before, after = list(_before(report)), [*_counted(report), *_after(report)]

    def page(kept: Sequence[int]) -> str:
        return "\n\n".join([*before, *_sections(report, listed, entry, kept), *after]) + "\n"

    room = _LARGEST - len(page(()).encode())
    return page(fitting(report, listed, lambda each: len(entry(each).encode()) + _TITLE, room, _LISTED))


def _counted(report: Report) -> Iterator[str]:
    """What nothing hangs on, by rule."""
    for found in _COUNTED:
        rules = Counter(
            each.rule for each in report.findings if word(report, each) is found and not blocks(report, each)
        )
        if rules:
            yield f"#### {_TITLES[found]}"
            lines = [f"- {number:,} x {_code(rule)}" for rule, number in sorted(rules.items())]
            more = [f"- and {counted(len(rules) - _RULES, 'more rule', 'more rules')}"] if len(rules) > _RULES else []
            yield "\n".join([*lines[:_RULES], *more])


def _before(report: Report) -> Iterator[str]:
    """What is decided and why, and what was judged."""
    proposal = report.proposal
    yield f"### bylaw {_code(report.gate)}: {report.decision}"
    counts = tally(Counter(word(report, each) for each in report.findings))
    nothing = "nothing found" if report.entities else "nothing found, for there was no entity to judge"
    way = change.in_the_way(report)
    yield f"**{way[:1].upper()}{way[1:]}.**" if way else f"{(counts or nothing).capitalize()}."
    if proposal:
        yield f"{change.touched(proposal)}, over {_code(proposal.base)}."
    if proposal and proposal.alone is not None:
        yield f"**{change.around(report, _sentence)}**"


def _after(report: Report) -> Iterator[str]:
    """What else there is to know, all of it bounded."""
    proposal = report.proposal
    if proposal and proposal.law:
        first, *rest = change.law(proposal.law, _code, _sentence)
        yield "\n".join([f"**The law:** {first}.", "", *(f"- {each}" for each in rest)]).rstrip()
    if told := list(change.waivers(report, _code, _sentence)):
        yield "\n".join(["**Waivers:**", "", *(f"- {each}" for each in told)])
    if report.notes:
        more = len(report.notes) - _MOST
        notes = [f"- {_sentence(each)}" for each in report.notes[:_MOST]]
        yield "\n".join(["**Notes:**", "", *notes, *([f"- and {more:,} more"] if more > 0 else [])])
    if proposal:
        first, *rest = change.blast(proposal.blast, _code)
        yield "\n".join([f"**{first[:1].upper()}{first[1:]}.**", "", *(f"- {each}" for each in rest)]).rstrip()
    judged = change.around(report, _sentence) if proposal and proposal.alone is None else change.judged(report)
    extent = "complete" if report.complete else "partial"
    yield f"{judged}. The catalog counts as {extent}: {_sentence(report.completeness)}."


def _sections(
    report: Report, findings: Sequence[Finding], entry: Callable[[int], str], kept: Sequence[int]
) -> Iterator[str]:
    """The findings there is room for under what they come to, what is in the way first; and how many there are more."""
    sections: dict[str, list[str]] = {title: [] for title in (_IN_THE_WAY, *_TITLES.values())}
    for number in kept:
        in_the_way = blocks(report, findings[number])
        sections[_IN_THE_WAY if in_the_way else _TITLES[word(report, findings[number])]].append(entry(number))
    for title, inside in sections.items():
        if inside:
            yield f"#### {title}"
            yield "\n".join(inside)
    if missing := left_out(report, findings, kept):
        yield f"**Not shown, to keep this short:** {missing}. The other formats have them."


def _entries(report: Report, findings: Sequence[Finding]) -> Callable[[int], str]:
    """Each finding, by its number, as an entry of a list; made when it is asked for, since few of many are.

    What a rule says is to be done is told once, at what matters most.
    """
    first = {findings[number].rule: number for number in reversed(by_weight(report, findings))}
    return cache(lambda number: _entry(report, findings[number], helps=first[findings[number].rule] == number))


def _entry(report: Report, finding: Finding, *, helps: bool) -> str:
    found = word(report, finding)
    lines = [f"- **{found}** {_code(finding.rule)}{_place(finding)}", f"  {_sentence(finding.message)}"]
    if found is Word.FIXED:
        return "\\\n".join(lines)
    if finding.suggestion:
        lines.append(f"  did you mean {_code(finding.suggestion)}?")
    if found is Word.WAIVED:
        lines.append(f"  waived by {_sentence(waiver(report, finding))}")
        return "\\\n".join(lines)
    if said := worth(report, finding):
        lines.append(f"  {said}")
    if helps:
        lines.append(f"  help: {_sentence(remediation(report, finding))}")
    return "\\\n".join(lines) + _diff(report, finding)


def _place(finding: Finding) -> str:
    if place := finding.location:
        return f" at {_sentence(f'{place.path}:{place.line}')}"
    where = path(finding) or finding.entity_url or finding.entity
    return f" at {_sentence(where)}" if where else ""


def _diff(report: Report, finding: Finding) -> str:
    """The line as it is and as the fix makes it, all of it visible, in a fence that nothing in it can close."""
    place = finding.location
    line = report.lines.get((place.path, place.line)) if place else None
    changed = None if line is None else suggestion(finding, line)
    if line is None or changed is None:
        return ""
    fence = max("```", _ticks(line), _ticks(changed), key=len)
    return f"\n\n  {fence}diff\n  -{line}\n  +{changed}\n  {fence}"


def _sentence(text: str) -> str:
    return _code(text, _SAID)


def _code(text: str, room: int = _NAME) -> str:
    """A code span: a stranger's text as a terminal shows it, behind more back-ticks than follow each other in it."""
    shown = visible(text[: room + 1])
    if len(shown.encode()) > room:
        shown = f"{shown.encode()[: room - 3].decode(errors='ignore')}…"
    if not shown.strip():
        return "` `"
    ticks = _ticks(shown)
    return f"{ticks} {shown} {ticks}" if len(ticks) > 1 else f"`{shown}`"


def _ticks(text: str) -> str:
    """One back-tick more than follow each other anywhere in a text."""
    return "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
