"""Characters that libyaml reads otherwise than npm ``yaml``, hidden from it behind private ones.

libyaml takes U+0085, U+2028 and U+2029 for line breaks (YAML 1.1), and refuses the two escapes of a
surrogate pair, by which JSON writes a character beyond U+FFFF. Each is replaced by something of the same
length, so that every place in the text stays what it is, and put back in what was read.
"""

from __future__ import annotations

import re

BREAKS = re.compile("[\x85\u2028\u2029]")
_HIDDEN_BREAKS = str.maketrans("\x85\u2028\u2029", "\uf8f0\uf8f1\uf8f2")
_SHOWN_BREAKS = str.maketrans("\uf8f0\uf8f1\uf8f2", "\x85\u2028\u2029")

# The third letter of an escape such as \ud83d tells first from second half, and its case must survive where
# it is no escape: outside of double quotes. \ud83d becomes \ue03d.
_DIGITS, _HIDDEN_DIGITS = "89abABcdefCDEF", "0123456789abcd"
_HIDE_DIGIT = str.maketrans(_DIGITS, _HIDDEN_DIGITS)
_SHOW_DIGIT = str.maketrans(_HIDDEN_DIGITS, _DIGITS)
_HIDE_LETTER = str.maketrans("dD", "eE")
_SHOW_LETTER = str.maketrans("eE", "dD")
_PAIR = re.compile(r"\\u([dD])([89abAB])([0-9a-fA-F]{2})\\u([dD])([c-fC-F])([0-9a-fA-F]{2})")
_HIDDEN_PAIR = re.compile(r"\\u([eE])([0-5])([0-9a-fA-F]{2})\\u([eE])([6-9a-d])([0-9a-fA-F]{2})")
_READ_PAIR = re.compile("([\ue000-\ue5ff])([\ue600-\uedff])")

_PRIVATE = re.compile(r"[\ue000-\uedff\uf8f0-\uf8f2]|\\u[eE][0-9a-dA-D]|\\u[fF]8[fF]|\\U0000[eEfF]")


def hide(text: str) -> str | None:
    """The text for libyaml; None where there is nothing to hide, or private characters stand in the way."""
    surrogates = "\\" in text and _PAIR.search(text)
    breaks = not text.isascii() and BREAKS.search(text)
    if not (surrogates or breaks) or _PRIVATE.search(text):
        return None
    return _PAIR.sub(lambda pair: _recode(pair, _HIDE_LETTER, _HIDE_DIGIT), text.translate(_HIDDEN_BREAKS))


def show(text: str) -> str:
    """What libyaml read, as it was written."""
    text = _HIDDEN_PAIR.sub(lambda pair: _recode(pair, _SHOW_LETTER, _SHOW_DIGIT), text)
    return _READ_PAIR.sub(_character, text).translate(_SHOWN_BREAKS)


def _recode(pair: re.Match[str], letter: dict[int, int], digit: dict[int, int]) -> str:
    a, b, c, d, e, f = pair.groups()
    return f"\\u{a.translate(letter)}{b.translate(digit)}{c}\\u{d.translate(letter)}{e.translate(digit)}{f}"


def _character(pair: re.Match[str]) -> str:
    first, second = (_half(character) for character in pair.groups())
    return chr(0x10000 + ((first & 0x3FF) << 10) + (second & 0x3FF))


def _half(character: str) -> int:
    digits = f"{ord(character):04x}"
    return int(f"d{digits[1].translate(_SHOW_DIGIT)}{digits[2:]}", 16)
