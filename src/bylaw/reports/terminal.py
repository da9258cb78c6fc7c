"""Text of strangers on a terminal: nothing acts, everything has a known width."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_RESET = "\x1b[0m"
_STYLES = {
    "error": "\x1b[1;31m",
    "undecided": "\x1b[1;35m",
    "unknown": "\x1b[1;35m",
    "warning": "\x1b[1;33m",
    "info": "\x1b[1;36m",
    "waived": "\x1b[1;34m",
    "good": "\x1b[1;32m",
    "bold": "\x1b[1m",
    "dim": "\x1b[2m",
}


@dataclass(frozen=True, slots=True)
class Paint:
    """Puts a style on text, or leaves it alone where colours are not wanted."""

    color: bool

    def __call__(self, style: str, text: str) -> str:
        code = _STYLES.get(style)
        return f"{code}{text}{_RESET}" if self.color and code and text else text


def visible(text: str) -> str:
    r"""The text with whatever does not show, or acts on a terminal, written out: ``\x1b``, ``\u202e``.

    That is what ``str.isprintable`` refuses: control characters, line breaks, text direction, zero-width and
    unassigned characters, and every space but the common one. A no-break space in a name is worth seeing too.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def columns(text: str) -> int:
    """How many columns a visible text takes.

    East Asian wide and full-width characters, most emoji among them, take two (Unicode Annex 11); marks and
    the Hangul letters that join the one before take none.
    """
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me") or "\u1160" <= character <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, room: int) -> str:
    """The visible text, or as much of its beginning as fits ``room`` columns with an ellipsis."""
    if columns(text) <= room:
        return text
    used, kept = 1, []
    for each in text:
        used += _columns(each)
        if used > room:
            break
        kept.append(each)
    return f"{''.join(kept)}…"


def wrap(text: str, width: int, first: int = 0, rest: int = 0) -> list[str]:
    """A visible text in lines, broken at spaces only, so that what is copied from it stays whole.

    ``first`` and ``rest`` are the columns that stand in front of the first line and of the others.
    """
    lines: list[str] = []
    line, used = "", first
    for number, word in enumerate(text.split(" ")):
        size = columns(word)
        if number and used + 1 + size > width and line.strip():
            lines.append(line)
            line, used = word, rest + size
        else:
            line, used = (f"{line} {word}", used + 1 + size) if number else (word, used + size)
    return [*lines, line]
