"""The report for a person at a terminal: the findings in file order, then what they come to."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bylaw.model import Decision
from bylaw.reports.snippet import snippet
from bylaw.reports.summary import tables
from bylaw.reports.terminal import Paint, columns, cut, visible, wrap
from bylaw.reports.words import Word, counted, tally, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bylaw.model import Finding, Report

_LISTED = (Word.ERROR, Word.UNDECIDED, Word.WARNING, Word.INFO, Word.WAIVED)
_QUOTED = (Word.ERROR, Word.WARNING, Word.INFO)
_FEW = 3  # findings of one rule in one file that are shown each by itself
_NARROWEST = 40


def render(report: Report, *, color: bool, width: int) -> str:
    """See the package. ``fixed`` and ``unknown`` findings are counted, not listed."""
    page = _Page(report, Paint(color), max(width, _NARROWEST))
    shown = [each for each in report.findings if word(each) in _LISTED]
    blocks = [page.head(), *page.findings(shown), *tables(report, page.paint), page.notes(), [page.verdict()]]
    return "\n".join("".join(f"{line}\n" for line in block) for block in blocks if block)


class _Page:
    """One report on one screen."""

    def __init__(self, report: Report, paint: Paint, width: int) -> None:
        self.report, self.paint, self.width = report, paint, width

    def head(self) -> list[str]:
        """What was judged, and what a reference that leads outside it means."""
        report = self.report
        judged = counted(report.entities, "entity", "entities")
        files = counted(report.files, "file", "files")
        rules = counted(len(report.rules), "rule", "rules")
        extent = "complete" if report.complete else "partial"
        return [
            f"{visible(report.gate)}: judged {judged} in {files} by {rules}",
            *self.filled(f"the catalog counts as {extent}: {visible(report.completeness)}"),
        ]

    def findings(self, shown: Sequence[Finding]) -> Iterator[list[str]]:
        """A block for each finding; many of one rule in one file share one. What holds for a rule is told once."""
        sizes = Counter(map(_group, shown))
        blocks: dict[object, list[Finding]] = {}
        for number, each in enumerate(shown):
            group = _group(each)
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
            help = once(first.rule, remedy) if word(first) in _QUOTED else ""
            yield self.one(first, expected, help) if alone else self.many(block, help)

    def one(self, finding: Finding, expected: str, help: str) -> list[str]:
        """A finding with its place and the source there."""
        quoted = self.quoted(finding)
        gutter = " " * (len(str(finding.location.line)) if finding.location and quoted else 1)
        lines = self.title(word(finding), finding.rule, finding.message)
        lines += self.arrow(gutter, _place(finding))
        lines += quoted
        if finding.suggestion:
            lines += self.remark(gutter, "", f"did you mean {finding.suggestion}?")
        if expected and expected not in finding.message:
            lines += self.remark(gutter, "", f"expected {expected}")
        if finding.waiver is not None:
            lines += self.remark(gutter, "", f"waived by {finding.waiver}")
        return lines + self.remark(gutter, "help: ", help)

    def many(self, findings: Sequence[Finding], help: str) -> list[str]:
        """Findings of one rule in one file: a line for each."""
        first = findings[0]
        spots = [f"{each.location.line}:{each.location.column}" if each.location else "" for each in findings]
        size = max(map(len, spots))
        lines = self.title(word(first), first.rule, f"{len(findings):,} findings")
        lines += self.arrow(" ", visible(_path(first)))
        for spot, each in zip(spots, findings, strict=True):
            before = f"   {spot:>{size}}  " if size else "   "
            said = visible(each.message)
            if each.suggestion:
                said += f" (did you mean {visible(each.suggestion)}?)"
            if each.waiver is not None:
                said += f" (waived by {visible(each.waiver)})"
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
        said = word(finding)
        if place is None or line is None or said not in _QUOTED:
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

    def verdict(self) -> str:
        """The decision in words, and the exit code unless it is 0."""
        report = self.report
        counts = Counter(map(word, report.findings))
        style = {Decision.ALLOWED: "good", Decision.DENIED: "error"}.get(report.decision, "undecided")
        code = report.decision.exit_code
        exits = self.paint("dim", f" (exit code {code})") if code else ""
        nothing = "nothing found, all is well" if report.entities else "nothing found, for there was no entity to judge"
        said = tally(counts) or nothing
        return f"{self.paint(style, report.decision)}: {said}{exits}"

    def filled(self, said: str) -> list[str]:
        first, *rest = wrap(said, self.width, 0, 2)
        return [first, *(f"  {line}" for line in rest)]


def _group(finding: Finding) -> tuple[str, Word, str]:
    return (_path(finding), word(finding), finding.rule)


def _path(finding: Finding) -> str:
    if finding.location:
        return finding.location.path
    return (finding.document.path if finding.document else None) or ""


def _place(finding: Finding) -> str:
    """Where a finding stands, as exactly as is known: in a file, on a server, or by its name alone."""
    if place := finding.location:
        return visible(f"{place.path}:{place.line}:{place.column}")
    return cut(visible(_path(finding) or finding.entity_url or finding.entity or ""), 200)
