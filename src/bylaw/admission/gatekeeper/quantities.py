"""Numbers and quantities in texts as OPA reads them (`to_number`, `units.parse`, `units.parse_bytes`), and dates.

Each answer is a list: of the value, or of nothing for what has none.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction

_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
_QUANTITY = re.compile(rf"(?P<number>{_NUMBER.pattern})(?P<unit>[A-Za-z]*)")
_SI = {"k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6}
_SECOND = 10**9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = 10
"""Behind the point of a quantity that is not whole."""


def number(text: str) -> list[int | float]:
    """The number that a text is."""
    if not _NUMBER.fullmatch(text):
        return []
    return [float(text) if re.search(r"[.eE]", text) else int(text)]


def units(text: str) -> list[int | float]:
    """The number of a quantity such as `100m` or `1Gi`; `m` is a thousandth and `M` a million."""
    found = _QUANTITY.fullmatch(text.replace('"', ""))
    if not found:
        return []
    unit = found["unit"][:1] + found["unit"][1:].lower()
    factor = Fraction(0.001) if unit == "m" else _factor(unit.lower(), bytes_too=False)
    if factor is None:
        return []
    value = Fraction(found["number"]) * factor
    return [int(value) if value.denominator == 1 else float(round(value, _DIGITS))]


def size(text: str) -> list[int]:
    """The bytes of a quantity such as `1Gi` or `10MB`, without what is less than one."""
    found = _QUANTITY.fullmatch(text.replace('"', "").lower())
    factor = _factor(found["unit"], bytes_too=True) if found else None
    return [int(Fraction(found["number"]) * factor)] if found and factor is not None else []


def later(nanoseconds: int, by: list[int]) -> list[int]:
    """A moment, so many years, months and days later; 31 April is 1 May, as in Go."""
    seconds, rest = divmod(nanoseconds, _SECOND)
    moment = _EPOCH + timedelta(seconds=seconds)
    years, months, days = (int(each) for each in by)
    year, month = divmod((moment.year + years) * 12 + moment.month - 1 + months, 12)
    try:
        moved = moment.replace(year=year, month=month + 1, day=1) + timedelta(days=moment.day - 1 + days)
    except (ValueError, OverflowError):
        return []
    return [((moved - _EPOCH) // timedelta(seconds=1)) * _SECOND + rest]


def _factor(unit: str, *, bytes_too: bool) -> Fraction | None:
    if bytes_too:
        unit = unit.removesuffix("b") if unit != "b" else unit
    if unit == "":
        return Fraction(1)
    if unit in _SI:
        return Fraction(1000 ** _SI[unit])
    if unit[1:] == "i" and unit[0] in _SI:
        return Fraction(1024 ** _SI[unit[0]])
    return None
