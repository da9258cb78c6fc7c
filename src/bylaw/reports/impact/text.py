"""The impact for a person at a terminal: the headline, who must be warned, and which rule does what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Decision
from bylaw.reports.impact import words
from bylaw.reports.terminal import Paint, columns, cut, visible, wrap
from bylaw.reports.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bylaw.impacts import Flip, Impact, OwnerImpact

_MOST = 10  # entities of one owner, of one fate
_FEW = 3  # the same where there are many of that fate
_MANY = 100
_NAME = 60  # columns of a name, at most
_NARROWEST = 40
_LEAST = 20  # columns that the last column of a table has, whatever stands before it
_STYLES = {Decision.DENIED: "error", Decision.UNDECIDED: "undecided", Decision.ALLOWED: "good"}


def render(impact: Impact, *, color: bool, width: int) -> str:
    """See the package. All owners are listed, with some of their entities; JSON has all of them."""
    page = _Page(impact, Paint(color), max(width, _NARROWEST))
    blocks = [page.head(), page.headline(), *page.flips(), page.rules(), page.unanswered(), page.notes(), page.end()]
    return "\n".join("".join(f"{line}\n" for line in block) for block in blocks if block)


class _Page:
    """One impact on one screen."""

    def __init__(self, impact: Impact, paint: Paint, width: int) -> None:
        self.impact, self.paint, self.width = impact, paint, width

    def head(self) -> list[str]:
        """What was judged, by what."""
        impact = self.impact
        judged = counted(impact.entities, "entity", "entities")
        extent = "complete" if impact.complete else "partial"
        names = [cut(visible(side.name), _NAME) for side in (impact.before, impact.after)]
        size = max(map(columns, names))
        rules = [counted(side.rules, "rule", "rules") for side in (impact.before, impact.after)]
        lines = self.filled(f"impact: {judged} in {counted(impact.files, 'file', 'files')}, judged twice")
        for label, side, name, number in zip(
            ("before", "after "), (impact.before, impact.after), names, rules, strict=True
        ):
            lines.append(
                f"  {self.paint('dim', label)}  {name}{' ' * (size - columns(name))}"
                f"  {number:>{max(map(len, rules))}}  {self.paint(_STYLES[side.decision], side.decision)}"
            )
        return [*lines, *self.filled(f"the catalog counts as {extent}: {visible(impact.completeness)}")]

    def headline(self) -> list[str]:
        """The answer."""
        return [self.paint("bold", line) for line in wrap(words.headline(self.impact), self.width)]

    def flips(self) -> Iterator[list[str]]:
        """A block for each fate: by owner, the entities and the rules that bring it about."""
        for end in words.ENDS:
            owners = [(each, [flip for flip in each.flips if flip.after is end]) for each in self.impact.owners]
            total = sum(flip.after is end for flip in self.impact.flips)
            most = _FEW if total > _MANY else _MOST
            lines = [line for owner, flips in owners if flips for line in self.owned(owner, flips, most)]
            if lines:
                yield [self.paint(_STYLES[end], f"would be {end}"), *lines]

    def owned(self, owner: OwnerImpact, flips: Sequence[Flip], most: int) -> Iterator[str]:
        """What flips of one owner: a line for each of the first."""
        name = words.NOBODY if owner.owner is None else cut(visible(owner.owner), _NAME)
        yield f"  {self.paint('bold', name)}: {words.subjects(flips)}"
        shown = [(cut(visible(words.subject(each)), _NAME), each) for each in flips[:most]]
        size = max(columns(label) for label, _ in shown)
        for label, flip in shown:
            was = f" ({words.otherwise(flip)})" if words.otherwise(flip) else ""
            rules = _fitting(flip.rules, self.width - 6 - size - len(was))
            yield f"    {label}{' ' * (size - columns(label))}  {rules}{was}"
        if more := len(flips) - len(shown):
            yield self.paint("dim", f"    and {more:,} more")

    def rules(self) -> list[str]:
        """What differs about each rule, and what comes of it; no column is empty."""
        rules = self.impact.rules
        if not rules:
            return []
        numbers = [words.numbers(each) for each in rules]
        used = [at for at in range(len(words.NUMBERS)) if any(row[at] for row in numbers)]
        size = max(len("rule"), *(len(each.rule) for each in rules))
        head = "  ".join(["rule".ljust(size), *(words.NUMBERS[at] for at in used), "what differs"])
        lines = [self.paint("dim", head)]
        for rule, row in zip(rules, numbers, strict=True):
            cells = (f"{row[at] or '-':>{len(words.NUMBERS[at])}}" for at in used)
            before = "  ".join([rule.rule.ljust(size), *cells, ""])
            lines += self.columned(before, words.differences(rule.differences))
        return lines

    def unanswered(self) -> list[str]:
        """Where a rule came to no answer, once for each rule and side."""
        lines = []
        for side, finding, number in words.unanswered(self.impact):
            often = f" ({number:,} times)" if number > 1 else ""
            where = finding.entity or (finding.location.path if finding.location else "")
            at = f" on {where}" if where else ""
            first, *rest = wrap(visible(f"{side}{at}: {finding.message}{often}"), self.width, 2, 4)
            lines += [f"  {first}", *(f"    {line}" for line in rest)]
        return [self.paint("undecided", "without an answer"), *lines] if lines else []

    def notes(self) -> list[str]:
        """What the reader should know of the comparison."""
        return [line for note in self.impact.notes for line in self.filled(f"note: {visible(note)}")]

    def end(self) -> list[str]:
        """That the comparison is not all of it, and the exit code then."""
        if self.impact.is_decided:
            return []
        exits = self.paint("dim", f" (exit code {self.impact.exit_code})")
        said = f"{self.paint('undecided', 'undecided')}: what has no answer may flip as well"
        return [f"{said}{exits}"]

    def columned(self, before: str, said: str) -> list[str]:
        """The last cell of a row in lines; below the row where the row leaves it no room."""
        room = columns(before)
        if self.width - room < _LEAST and said:
            return [before.rstrip(), *(f"      {line}" for line in wrap(said, self.width, 6, 6))]
        first, *rest = wrap(said, self.width, room, room)
        return [f"{before}{first}".rstrip(), *(" " * room + line for line in rest)]

    def filled(self, said: str) -> list[str]:
        first, *rest = wrap(said, self.width, 0, 2)
        return [first, *(f"  {line}" for line in rest)]


def _fitting(rules: Sequence[str], room: int) -> str:
    """As many of them as fit, but the first at least, and how many more there are."""
    said = ""
    for shown in range(len(rules), 0, -1):
        more = f" and {len(rules) - shown} more" if shown < len(rules) else ""
        said = ", ".join(rules[:shown]) + more
        if len(said) <= room:
            break
    return said
