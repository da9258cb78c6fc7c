"""The tables at the end of a text report: whose the findings are, and which rules they are of."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from bylaw.reports.terminal import columns, cut, visible
from bylaw.reports.words import Word, blocks, counted, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.model import Finding, Report
    from bylaw.reports.terminal import Paint

Counts = dict[str, Counter[Word]]

_FAULTS = (Word.ERROR, Word.WARNING, Word.INFO)
_HANDFUL = 5  # findings that need no table: they are all on the screen
_MOST = 10  # rows of a table
_NAME = 60  # columns of a name, at most
_NOBODY = "(nobody)"


def tables(report: Report, paint: Paint) -> Iterator[list[str]]:
    """By owner where there is more than a handful, by rule where rules come up twice and more on average.

    What could not be judged stands only here, as does what is older than the change: their tables are always there and
    whole.
    """
    owners: Counts = defaultdict(Counter)
    rules: Counts = defaultdict(Counter)
    elsewhere: Counts = defaultdict(Counter)
    for each in report.findings:
        said = word(report, each)
        if said in _FAULTS:
            rules[each.rule][said] += 1
            for owner in _owners(report, each):
                owners[owner][said] += 1
        elif said is Word.EXISTING or (said is Word.UNKNOWN and not blocks(report, each)):
            elsewhere[each.rule][said] += 1
    total = sum(row.total() for row in rules.values())
    if total > _HANDFUL and len(owners) > 1:
        yield _table("owner", owners, _MOST, paint)
    if total > _HANDFUL and total >= 2 * len(rules) > 2:
        yield _table("rule", rules, _MOST, paint)
    if elsewhere:
        yield _table("rule", elsewhere, len(elsewhere), paint)


def _owners(report: Report, finding: Finding) -> tuple[str, ...]:
    return report.owners.get(finding.entity or "") or (_NOBODY,)


def _table(title: str, counts: Counts, most: int, paint: Paint) -> list[str]:
    """Names and how many findings of each word they have, the worst first; no column is empty."""
    said = [each for each in Word if any(row[each] for row in counts.values())]
    ordered = sorted(counts, key=lambda name: ([-counts[name][each] for each in said], name))
    shown = {name: cut(visible(name), _NAME) for name in ordered[:most]}
    size = max(map(columns, (title, *shown.values())))
    lines = [paint("dim", "  ".join([title.ljust(size), *(each.plural for each in said)]))]
    for name, label in shown.items():
        numbers = [f"{counts[name][each] or '-':>{len(each.plural)}}" for each in said]
        lines.append("  ".join([label + " " * (size - columns(label)), *numbers]))
    if more := len(ordered) - len(shown):
        lines.append(paint("dim", f"and {counted(more, f'more {title}', f'more {title}s')}"))
    return lines
