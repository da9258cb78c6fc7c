"""The report for a person at a terminal: the findings in file order, then what they come to.

Of a change what it brings comes first, then what it puts right, what it would do to the law, and who feels it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bylaw.model import Decision, Status
from bylaw.reports import change
from bylaw.reports.details import path, said, worth
from bylaw.reports.snippet import snippet
from bylaw.reports.summary import tables
from bylaw.reports.terminal import Paint, columns, cut, visible, wrap
from bylaw.reports.words import Word, blocks, counted, tally, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bylaw.model import Finding, Report

_LISTED = (Word.ERROR, Word.UNDECIDED, Word.WARNING, Word.INFO, Word.WAIVED)
_QUOTED = (Word.ERROR, Word.WARNING, Word.INFO)
_MOST = 50  # findings put right that are listed
_FEW = 3  # findings of one rule in one file that are shown each by itself
_NARROWEST = 40


def render(report: Report, *, color: bool, width: int) -> str:
    """See the package. What is told by a table is not listed: ``unknown`` that nothing hangs on, and ``existing``."""
    page = _Page(report, Paint(color), max(width, _NARROWEST))
    shown = [each for each in report.findings if word(report, each) in _LISTED or blocks(report, each)]
    if report.proposal:
        shown.sort(key=lambda each: each.status is Status.EXISTING)
    parts = [
        page.head(),
        *page.findings(shown),
        *tables(report, page.paint),
        page.fixed(),
        page.law(),
        page.waivers(),
        page.notes(),
        page.blast(),
        page.verdict(),
    ]
    return "\n".join("".join(f"{line}\n" for line in part) for part in parts if part)


class _Page:
    """One report on one screen."""

    def __init__(self, report: Report, paint: Paint, width: int) -> None:
        self.report, self.paint, self.width = report, paint, width

    def head(self) -> list[str]:
        """What was judged, and what a reference that leads outside it means."""
        report, proposal = self.report, self.report.proposal
        extent = "complete" if report.complete else "partial"
        lines = [f"{visible(report.gate)}: {change.judged(report)}"]
        if proposal:
            lines = [
                *self.filled(f"{visible(report.gate)}: {change.touched(proposal)}, over {visible(proposal.base)}"),
                *self.filled(change.around(report, visible)),
            ]
        return [*lines, *self.filled(f"the catalog counts as {extent}: {visible(report.completeness)}")]

    def findings(self, shown: Sequence[Finding]) -> Iterator[list[str]]:
        """A block for each finding; many of one rule in one file share one. What holds for a rule is told once."""
        sizes = Counter(map(self.group, shown))
        blocks: dict[object, list[Finding]] = {}
        for number, each in enumerate(shown):
            group = self.group(each)
            blocks.setdefault(group if sizes[group] > _FEW else number, []).append(each)
        told: set[tuple[str, str]] = set()

        def once(rule: str, said: str) -> str:
            if (rule, said) in told:
                return ""
            told.add((rule, said))
            return said

        for block in blocks.values():
            first = block[0]
            alone = len(block) == 1
            expected = once(first.rule, first.expected or "") if alone and not first.suggestion else ""
            remedy = " ".join(self.report.rules[first.rule].remediation.split())
            help = once(first.rule, remedy) if word(self.report, first) in (*_QUOTED, Word.UNKNOWN) else ""
            yield self.one(first, expected, help) if alone else self.many(block, help)

    def one(self, finding: Finding, expected: str, help: str) -> list[str]:
        """A finding with its place and the source there."""
        quoted = self.quoted(finding)
        gutter = " " * (len(str(finding.location.line)) if finding.location and quoted else 1)
        lines = self.title(word(self.report, finding), finding.rule, finding.message)
        lines += self.arrow(gutter, _place(finding))
        lines += quoted
        if finding.suggestion:
            lines += self.remark(gutter, "", f"did you mean {finding.suggestion}?")
        if expected and expected not in finding.message:
            lines += self.remark(gutter, "", f"expected {expected}")
        if finding.status is Status.EXISTING and self.report.proposal and finding.waiver is None:
            lines += self.remark(gutter, "", "older than this change")
        lines += self.remark(gutter, "", worth(self.report, finding))
        return lines + self.remark(gutter, "help: ", help)

    def many(self, findings: Sequence[Finding], help: str) -> list[str]:
        """Findings of one rule in one file: a line for each."""
        first = findings[0]
        spots = [f"{each.location.line}:{each.location.column}" if each.location else "" for each in findings]
        size = max(map(len, spots))
        lines = self.title(word(self.report, first), first.rule, f"{len(findings):,} findings")
        lines += self.arrow(" ", visible(path(first)))
        for spot, each in zip(spots, findings, strict=True):
            before = f"   {spot:>{size}}  " if size else "   "
            said = visible(each.message)
            if each.suggestion:
                said += f" (did you mean {visible(each.suggestion)}?)"
            if each.waiver is not None:
                said += f" ({worth(self.report, each)})"
            wrapped = wrap(said, self.width, len(before), len(before))
            lines.append(self.paint("dim", before) + wrapped[0])
            lines += [" " * len(before) + line for line in wrapped[1:]]
        return lines + self.remark(" ", "help: ", help)

    def title(self, said: Word, rule: str, message: str) -> list[str]:
        """``error[category/rule]: message``."""
        label = f"{said}[{visible(rule)}]"
        first, *rest = wrap(visible(message), self.width, columns(label) + 2, 4)
        bold = [self.paint("bold", line) for line in rest]
        return [f"{self.paint(said, label)}{self.paint('bold', f': {first}')}", *(f"    {line}" for line in bold)]

    def arrow(self, gutter: str, place: str) -> list[str]:
        """`` --> path:line:column``: terminals and editors open that."""
        return [f"{gutter}{self.paint('dim', '-->')} {place}"] if place else []

    def quoted(self, finding: Finding) -> list[str]:
        """The source line with carets, where it says something: a rule's crash has no place in it."""
        place = finding.location
        line = self.report.lines.get((place.path, place.line)) if place else None
        said = word(self.report, finding)
        if place is None or line is None or said not in (*_QUOTED, Word.UNKNOWN):
            return []
        number = str(place.line)
        shown = snippet(line, place, self.width - len(number) - 3)
        if shown is None:
            return []
        source, carets = shown
        bar = self.paint("dim", f"{' ' * len(number)} |")
        return [
            bar,
            f"{self.paint('dim', f'{number} |')} {source}".rstrip(),
            f"{bar} {carets[: -len(carets.lstrip())]}{self.paint(said, carets.lstrip())}",
        ]

    def remark(self, gutter: str, label: str, said: str) -> list[str]:
        """``= label: what is said``."""
        if not said:
            return []
        indent = len(gutter) + 3 + len(label)
        first, *rest = wrap(visible(said), self.width, indent, indent)
        return [
            f"{gutter} {self.paint('dim', '=')} {self.paint('bold', label)}{first}",
            *(" " * indent + line for line in rest),
        ]

    def notes(self) -> list[str]:
        """What the reader should know of the run."""
        return [line for note in self.report.notes for line in self.filled(f"note: {visible(note)}")]

    def fixed(self) -> list[str]:
        """What a change puts right, a line each."""
        if not self.report.proposal:
            return []
        found = [each for each in self.report.findings if word(self.report, each) is Word.FIXED]
        if not found:
            return []
        lines = [self.paint("good", f"well done: this change puts {counted(len(found), 'fault', 'faults')} right")]
        lines += (line for each in found[:_MOST] for line in self.filled(f"  {each.rule}: {said(each)}", 4))
        return [*lines, *([f"  and {len(found) - _MOST:,} more"] if len(found) > _MOST else [])]

    def law(self) -> list[str]:
        """What would differ if the law of the change held."""
        proposal = self.report.proposal
        if not proposal or not proposal.law:
            return []
        first, *rest = change.law(proposal.law, visible, visible)
        return [*self.filled(f"law: {first}"), *(line for each in rest for line in self.filled(f"  {each}", 4))]

    def waivers(self) -> list[str]:
        """The waivers that the reader should know of."""
        return [line for each in change.waivers(self.report, visible, visible) for line in self.filled(each)]

    def blast(self) -> list[str]:
        """Who feels the change."""
        if not self.report.proposal:
            return []
        first, *rest = change.blast(self.report.proposal.blast, visible)
        return [*self.filled(first), *(line for each in rest for line in self.filled(f"  {each}", 4))]

    def verdict(self) -> list[str]:
        """The decision in words, and the exit code unless it is 0. Of a change, before that, what is to be done."""
        report = self.report
        counts = Counter(word(report, each) for each in report.findings)
        style = {Decision.ALLOWED: "good", Decision.DENIED: "error"}.get(report.decision, "undecided")
        code = report.decision.exit_code
        exits = self.paint("dim", f" (exit code {code})") if code else ""
        nothing = "nothing found, all is well" if report.entities else "nothing found, for there was no entity to judge"
        found = tally(counts) or nothing
        todo = change.in_the_way(report) if report.proposal else ""
        return [*(self.filled(todo) if todo else []), f"{self.paint(style, report.decision)}: {found}{exits}"]

    def group(self, finding: Finding) -> tuple[str, Word, str, bool]:
        """What findings have in common that share a block."""
        older = self.report.proposal is not None and finding.status is Status.EXISTING
        return (path(finding), word(self.report, finding), finding.rule, older)

    def filled(self, said: str, rest: int = 2) -> list[str]:
        """A text in lines, all but the first indented by ``rest``."""
        first, *others = wrap(said, self.width, 0, rest)
        return [first, *(f"{' ' * rest}{line}" for line in others)]


def _place(finding: Finding) -> str:
    """Where a finding stands, as exactly as is known: in a file, on a server, or by its name alone."""
    if place := finding.location:
        return visible(f"{place.path}:{place.line}:{place.column}")
    return cut(visible(path(finding) or finding.entity_url or finding.entity or ""), 200)
