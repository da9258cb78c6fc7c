"""`sprintf` as OPA has it, which is Go's `fmt.Sprintf`: of texts and numbers, what else there is has become a text.

A verb that does not fit its argument is no error: Go writes `%!d(string=a)`, and so do messages of policies.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Value = str | int | float
_VERB = re.compile(r"%(?P<flags>[-+# 0]*)(?P<width>\d+)?(?P<dot>\.(?P<precision>\d+)?)?(?P<verb>.)?", re.DOTALL)
_SHORTEST = 6  # the power of ten from which Go writes an exponent
_NAMED = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
_MOST = 10_000  # columns


class FormatError(ValueError):
    """A form of Go's formats that is not written here."""


def sprintf(form: str, values: Sequence[Value]) -> str:
    """The text.

    Raises:
        FormatError: an argument by its index, or a width that is an argument.
    """
    rest = list(values)
    parts, at = [], 0
    while (start := form.find("%", at)) >= 0:
        parts.append(form[at:start])
        found = _VERB.match(form, start)
        if not found:
            raise FormatError(form)
        at = found.end()
        verb = found["verb"]
        if verb is None:
            parts.append("%!(NOVERB)")
        elif verb == "%":
            parts.append("%")
        elif verb in "*[":
            raise FormatError(f"%{verb} in {form!r}")
        elif not rest:
            parts.append(f"%!{verb}(MISSING)")
        else:
            parts.append(_written(found, verb, rest.pop(0)))
    parts.append(form[at:])
    if rest:
        parts.append(f"%!(EXTRA {', '.join(f'{_kind(each)}={_plain(each)}' for each in rest)})")
    return "".join(parts)


def _written(found: re.Match[str], verb: str, value: Value) -> str:
    flags = found["flags"]
    width = int(found["width"] or 0)
    precision = int(found["precision"] or 0) if found["dot"] else None
    if max(width, precision or 0) > _MOST:
        raise FormatError(found[0])
    text = _verb(verb, flags, precision, value)
    if text is None:
        text = _verb("v", flags, precision, value) or ""
        return f"%!{verb}({_kind(value)}={_padded(text, flags, width, value, precision)})"
    return _padded(text, flags, width, value, precision)


def _padded(text: str, flags: str, width: int, value: Value, precision: int | None) -> str:
    missing = width - len(text)
    if missing <= 0:
        return text
    if "-" in flags:
        return text + " " * missing
    if "0" in flags and not (isinstance(value, int) and precision is not None):
        sign = text[:1] if not isinstance(value, str) and text[:1] in ("-", "+", " ") else ""
        return sign + "0" * missing + text[len(sign) :]
    return " " * missing + text


def _verb(verb: str, flags: str, precision: int | None, value: Value) -> str | None:
    """The value as the verb says; None where the verb does not fit it."""
    if verb == "T":
        return _kind(value)
    if isinstance(value, str):
        return _of_text(verb, flags, precision, value)
    if verb == "v":
        flags = flags.replace("+", "")
    sign = "" if value < 0 or not {"+", " "}.intersection(flags) else ("+" if "+" in flags else " ")
    text = _of_whole(verb, flags, precision, value) if isinstance(value, int) else _of_float(verb, precision, value)
    return None if text is None else sign + text


def _of_text(verb: str, flags: str, precision: int | None, value: str) -> str | None:
    shown = value if precision is None else value[:precision]
    if verb in "vs":
        return shown if "#" not in flags or verb == "s" else quoted(shown)
    if verb == "q":
        return quoted(shown)
    if verb in "xX":
        text = shown.encode().hex(" " if " " in flags else "") if " " in flags else shown.encode().hex()
        return text.upper() if verb == "X" else text
    return None


def _of_whole(verb: str, flags: str, precision: int | None, value: int) -> str | None:
    if verb == "c":
        return chr(value) if 0 <= value <= 0x10FFFF else "\ufffd"
    if verb == "q":
        return f"'{quoted(chr(value))[1:-1]}'" if 0 <= value <= 0x10FFFF else None
    if verb == "U":
        return f"U+{value:04X}"
    base = {"v": "d", "d": "d", "b": "b", "o": "o", "x": "x", "X": "X"}.get(verb)
    if base is None:
        return None
    digits = format(abs(value), base)
    if precision is not None:
        digits = digits.zfill(precision)
    prefix = {"x": "0x", "X": "0X", "o": "0", "b": "0b"}.get(verb, "") if "#" in flags else ""
    return ("-" if value < 0 else "") + prefix + digits


def _of_float(verb: str, precision: int | None, value: float) -> str | None:
    if verb in "vgG":
        text = shortest(value) if precision is None else _general(value, precision)
        return text.upper() if verb == "G" else text
    if verb in "fF":
        return format(value, f".{6 if precision is None else precision}f")
    if verb in "eE":
        return format(value, f".{6 if precision is None else precision}{verb}")
    return None


def shortest(value: float) -> str:
    """Go's `%v` of a float64: as few digits as say which number it is, with an exponent where that is shorter."""
    sign, digits, power = _decimal(value)
    if -4 <= power < _SHORTEST:
        whole = digits[: power + 1].ljust(power + 1, "0") if power >= 0 else "0"
        rest = digits[power + 1 :] if power >= 0 else "0" * (-power - 1) + digits
        return f"{sign}{whole}{'.' + rest if rest else ''}"
    rest = digits[1:]
    return f"{sign}{digits[0]}{'.' + rest if rest else ''}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _decimal(value: float) -> tuple[str, str, int]:
    """Sign, digits and the power of ten of the first digit."""
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits))
    power = len(text) - 1 + int(exponent)
    stripped = text.rstrip("0") or "0"
    return "-" if sign else "", stripped, power if stripped != "0" else 0


def _general(value: float, precision: int) -> str:
    return format(value, f".{precision or 1}g")


def quoted(text: str) -> str:
    """A text in quotes, as Go's `%q` writes it."""
    made = []
    for each in text:
        if each in '"\\':
            made.append(f"\\{each}")
        elif each.isprintable():
            made.append(each)
        else:
            named = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}.get(
                each
            )
            made.append(named or _escaped(ord(each)))
    return f'"{"".join(made)}"'


def _escaped(code: int) -> str:
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _plain(value: Value) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else shortest(value)


def _kind(value: Value) -> str:
    if isinstance(value, str):
        return "string"
    return "float64" if isinstance(value, float) else "int" if -(2**63) <= value < 2**63 else "*big.Int"


def values_of(parts: Sequence[Sequence[str]]) -> list[Value]:
    """The arguments of a call: pairs of a kind (`s` for a text, `n` for a number in JSON) and a text."""
    return [text if kind == "s" else json.loads(text) for kind, text in parts]
