"""A change that was judged, in words: what it touches, what law it changes, which waivers matter, who feels it.

``quoted`` shows a stranger's name as the format can bear it, ``said`` a stranger's sentence.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bylaw.model import Decision, Outcome, WaiverStatus
from bylaw.reports.words import Word, blocks, counted, listed, tally, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bylaw.model import Blast, LawChange, Proposal, Report, Standing

MOST = 10
"""Names of a kind that are told, and lines."""
_ORDER = (WaiverStatus.EXPIRED, WaiverStatus.INVALID, WaiverStatus.OVER_BROAD, WaiverStatus.ACTIVE, WaiverStatus.UNUSED)


def touched(proposal: Proposal) -> str:
    """``3 files changed, 2 entities edited, 1 removed``."""
    said = [f"{counted(len(proposal.files), 'file', 'files')} changed"]
    for number, done in (
        (len(proposal.added), "added"),
        (len(proposal.edited), "edited"),
        (len(proposal.removed), "removed"),
    ):
        if number:
            what = counted(number, "entity", "entities") if len(said) == 1 else f"{number:,}"
            said.append(f"{what} {done}")
    return ", ".join(said if len(said) > 1 else [*said, "no entity touched"])


def judged(report: Report) -> str:
    """How much was judged, and by how much: ``judged 14 of 100,000 entities by 61 rules``."""
    rules = counted(len(report.rules), "rule", "rules")
    if report.proposal:
        return f"judged {report.proposal.judged:,} of {counted(report.entities, 'entity', 'entities')} by {rules}"
    files = counted(report.files, "file", "files")
    return f"judged {counted(report.entities, 'entity', 'entities')} in {files} by {rules}"


def around(report: Report, quoted: Callable[[str], str]) -> str:
    """How much was judged, and over which catalog, or why over none."""
    proposal = report.proposal
    if proposal is None:
        return judged(report)
    if proposal.alone is None:
        return f"{judged(report)}, laid over {quoted(proposal.surroundings)}"
    return f"{judged(report)}, alone, without {quoted(proposal.surroundings)}: {quoted(proposal.alone)}"


def in_the_way(report: Report) -> str:
    """What keeps a change from being allowed, and what to do about it; empty where nothing does."""
    found = [each for each in report.findings if blocks(report, each)]
    if not found:
        law = report.proposal.law if report.proposal else None
        unusable = law and law.fault and report.decision is not Decision.ALLOWED
        return "in the way: the law of this change, which cannot be used; correct it" if unusable else ""
    ways = []
    if any(each.outcome is not Outcome.ERROR for each in found):
        fixes = sum(bool(each.fix) and each.outcome is Outcome.FAIL for each in found)
        them = "it" if len(found) == 1 else "them"
        ways.append(f"correct {them}{f' (bylaw fix corrects {fixes:,})' if fixes else ''}")
        ways.append("or ask for a waiver (bylaw waivers request)")
    counts = Counter(word(report, each) for each in found)
    return "; ".join(filter(None, [f"in the way: {tally(counts)}", ", ".join(ways)]))


def law(change: LawChange, quoted: Callable[[str], str], said: Callable[[str], str]) -> Iterator[str]:
    """What would differ if the law of the change held. The first line is a headline."""
    files = listed(change.files, MOST, quoted)
    yield f"this change edits the law ({files}): it was judged by the law as it was"
    if change.fault:
        yield f"the law of the change cannot be used: {said(change.fault)}"
    yield from _some([said(each) for each in change.lines], "difference")
    yield from _some(
        [
            f"{quoted(subject)} would be {after}, now {before}"
            + (f", because of {listed(rules, 3, quoted)}" if rules else "")
            for subject, before, after, rules in change.flips
        ],
        "decision",
    )


def waivers(report: Report, quoted: Callable[[str], str], said: Callable[[str], str]) -> Iterator[str]:
    """Waivers that the reader should know of: those that hold no more, not well, or not for long.

    Of a change only those of rules that have found something are told: it is not about the others.
    """
    rules = {each.rule for each in report.findings if word(report, each) is not Word.FIXED}
    told = [
        each
        for each in report.waivers
        if (each.status is not WaiverStatus.ACTIVE or each.is_soon)
        and (report.proposal is None or each.waiver.rule in rules)
    ]
    told.sort(key=lambda each: _ORDER.index(each.status))
    yield from _some([_waiver(each, quoted, said) for each in told], "waiver")


def _waiver(standing: Standing, quoted: Callable[[str], str], said: Callable[[str], str]) -> str:
    """One waiver: what it is called, what it is worth and why, and where it stands."""
    waiver = standing.waiver
    ends = ""
    if standing.status is WaiverStatus.OVER_BROAD and standing.is_soon:
        ends = f"; {counted(standing.days_left or 0, 'day', 'days')} left"
    where = f" ({quoted(f'{waiver.location.path}:{waiver.location.line}')})" if waiver.location else ""
    return (
        f"waiver {quoted(waiver.id)} of {quoted(waiver.rule)} is {standing.status}: {said(standing.why)}{ends}{where}"
    )


def blast(radius: Blast, quoted: Callable[[str], str]) -> Iterator[str]:
    """Who feels the change. The first line is a headline."""
    if not (radius.direct or radius.transitive):
        yield "blast radius: nothing else refers to what changes"
        return
    least = "at least " if radius.uncounted else ""
    direct, further = len(radius.direct), len(radius.transitive)
    yield f"blast radius: {least}{counted(direct, 'entity', 'entities')} directly, {further:,} through others"
    for title, names in (
        ("directly", radius.direct),
        ("through others", radius.transitive),
        ("their owners", radius.owners),
        ("further owners", radius.further_owners),
    ):
        if names:
            yield f"{title}: {listed(names, MOST, quoted)}"


def _some(lines: list[str], what: str) -> Iterator[str]:
    yield from lines[:MOST]
    if len(lines) > MOST:
        yield f"and {counted(len(lines) - MOST, f'more {what}', f'more {what}s')}"
