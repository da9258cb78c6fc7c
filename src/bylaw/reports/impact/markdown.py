"""The impact as a note on a merge request: GitHub's and GitLab's Markdown.

Whatever is not ours stands in code spans, in which no markup, mention or reference acts. Everything is bounded, so
that nobody can make the note longer than a server takes (GitHub: 65,536 characters).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.reports.impact import words
from bylaw.reports.terminal import cut, visible
from bylaw.reports.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bylaw.impacts import Impact
    from bylaw.model import Decision

_MOST = 50  # rows of a table
_ASIDE = 5  # notes, and rules without an answer
_NAME = 60  # characters of a name
_SAID = 120  # characters of a sentence


def render(impact: Impact, *, color: bool, width: int) -> str:
    """See the package. A table ends after 50 rows and says how many more there are."""
    parts = [
        f"### Impact: {_code(impact.before.name)} → {_code(impact.after.name)}",
        f"**{words.headline(impact, _code)}.**",
        *_owners(impact),
        *_rules(impact),
        *(part for end in words.ENDS for part in _flips(impact, end)),
        *_unanswered(impact),
        *(f"Note: {_code(note, 2 * _SAID)}" for note in impact.notes[:_ASIDE]),
        _judged(impact),
    ]
    return "\n\n".join(parts) + "\n"


def _owners(impact: Impact) -> Iterator[str]:
    rows = [
        (words.NOBODY if each.owner is None else _code(each.owner), *map(_number, words.ends(each.flips)))
        for each in impact.owners[:_MOST]
    ]
    yield from _table(("owner", *(f"would be {end}" for end in words.ENDS)), rows, len(impact.owners), "owners")


def _rules(impact: Impact) -> Iterator[str]:
    rows = [
        (
            _code(each.rule),
            *map(_number, words.numbers(each)),
            _code(words.differences(each.differences), _SAID) if each.differences else "",
        )
        for each in impact.rules[:_MOST]
    ]
    yield from _table(("rule", *words.NUMBERS, "what differs"), rows, len(impact.rules), "rules")


def _flips(impact: Impact, end: Decision) -> Iterator[str]:
    flips = [each for each in impact.flips if each.after is end]
    rows = [
        (
            _code(words.subject(each)),
            _first(each.owners, 1) or words.NOBODY,
            _first(each.rules, 2),
            words.otherwise(each),
        )
        for each in flips[:_MOST]
    ]
    if rows:
        said = words.subjects(flips)
        yield f"<details><summary>{said} would be {end}</summary>"
        yield from _table(("entity", "owner", "because of", ""), rows, len(flips), "")
        yield "</details>"


def _unanswered(impact: Impact) -> Iterator[str]:
    found = words.unanswered(impact)
    rows = [(_code(side), _number(times), _code(first.message, _SAID)) for side, first, times in found[:_ASIDE]]
    if rows:
        yield "**Undecided: what has no answer may flip as well.**"
        yield from _table(("side", "times", "such as"), rows, len(found), "rules")


def _judged(impact: Impact) -> str:
    entities = counted(impact.entities, "entity", "entities")
    sides = (
        f"{counted(side.rules, 'rule', 'rules')} of {_code(side.name)} ({side.decision})"
        for side in (impact.before, impact.after)
    )
    return f"{entities} in {counted(impact.files, 'file', 'files')}, judged by {' and by '.join(sides)}."


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], total: int, what: str) -> Iterator[str]:
    """A table, without columns that are empty, and how many rows of the total are not in it."""
    used = [at for at in range(len(titles)) if any(row[at] for row in rows)]
    if not rows:
        return
    lines = [
        _row(titles[at] for at in used),
        _row("--:" if all(row[at][:1].isdecimal() or not row[at] for row in rows) else "---" for at in used),
        *(_row(row[at] or "-" for at in used) for row in rows),
    ]
    yield "\n".join(lines)
    if more := total - len(rows):
        yield f"and {more:,} more {what}".rstrip()


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(number: int) -> str:
    return f"{number:,}" if number else ""


def _first(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(_code, names[:most])) + more


def _code(text: str, room: int = _NAME) -> str:
    """A code span with the text as a terminal shows it, fit for a cell of a table."""
    shown = visible(text).replace("`", "\\x60").replace("|", "\\|")
    return f"`{cut(shown if len(shown) <= room else f'{shown[: room - 1]}…', room) or ' '}`"
