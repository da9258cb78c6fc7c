"""What becomes stricter or laxer when, and for whom: the schedule of enforcement, for people and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bylaw.reports.json_v1 import written
from bylaw.reports.terminal import visible
from bylaw.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from bylaw.gates import Turn

_HEAD = ("from", "rule", "enforcement", "", "for")
_EMPTY = """\
nothing is scheduled after {day}: every rule stays at its level. To let one become stricter by stages,
write them into bylaw.yaml:

  enforcement:
    rules:
      {rule}:
        - {{level: observe}}
        - {{level: warn, from: {first}}}
        - {{level: deny, from: {second}, owners: [group:default/payments]}}
"""


def as_text(turns: Sequence[Turn], day: date, example: str) -> str:
    """A table in the order of the days, today's levels first. ``example`` is a rule to show where there is none."""
    if not turns:
        first, second = (_first_in(day, months) for months in (1, 3))
        return _EMPTY.format(day=day, rule=example, first=first, second=second)
    rows = [_HEAD, *((_day(each), each.rule, _change(each), _direction(each), _whom(each)) for each in turns)]
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(
        "  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)).rstrip() + "\n" for row in rows
    )


def as_json(turns: Sequence[Turn], day: date) -> str:
    """JSON, version 1. Where ``before`` is null, ``after`` is the level of ``day``."""
    return written(
        {
            "version": 1,
            "tool": {"name": "bylaw", "version": VERSION},
            "day": day.isoformat(),
            "schedule": [_turn(each) for each in turns],
        }
    )


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "from": turn.day.isoformat(),
        "rule": turn.rule,
        "before": turn.before,
        "after": turn.after,
        "stricter": None if turn.before is None else turn.is_stricter,
        "owners": list(turn.owners),
        "except": list(turn.but),
    }


def _first_in(day: date, months: int) -> date:
    """The first of the month that lies so many months ahead."""
    years, month = divmod(day.month - 1 + months, 12)
    return day.replace(year=min(day.year + years, day.max.year), month=month + 1, day=1)


def _day(turn: Turn) -> str:
    return turn.day.isoformat() if turn.before else "today"


def _change(turn: Turn) -> str:
    return f"{turn.before} -> {turn.after}" if turn.before else str(turn.after)


def _direction(turn: Turn) -> str:
    if turn.before is None:
        return ""
    return "stricter" if turn.is_stricter else "laxer"


def _whom(turn: Turn) -> str:
    if turn.owners:
        return visible(", ".join(turn.owners))
    return visible(f"everyone but {', '.join(turn.but)}") if turn.but else "everyone"
