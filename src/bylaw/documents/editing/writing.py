"""JSON values as YAML text, in the style of what they replace or stand beside."""

from __future__ import annotations

import json
import re
from typing import Any

from bylaw.documents import scalars
from bylaw.documents.editing.patch import EditError

_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`")
_BREAKS_PLAIN = re.compile(r":(?=\s|\Z)|(?<=\s)#")
_IN_BRACES = frozenset(",[]{}")


def scalar(value: Any, style: str, in_braces: bool) -> str:
    """A scalar, quoted as ``style`` is (``'``, ``"``, or empty for plain) where it can be, else in double quotes.

    Raises:
        EditError: the text holds half a character.
    """
    if not isinstance(value, str):
        return json.dumps(value)
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if style != '"' and _may_be_plain(value, in_braces):
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        raise EditError("would hold half a character (a lone surrogate)") from None
    return "".join(map(_escaped, json.dumps(value, ensure_ascii=False)))


def value(each: Any, style: str, in_braces: bool) -> str:
    """Any value on one line, collections in braces and brackets."""
    if isinstance(each, dict):
        pairs = (f"{scalar(key, style, True)}: {value(inner, style, True)}" for key, inner in each.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(each, list):
        return f"[{', '.join(value(inner, style, True) for inner in each)}]"
    return scalar(each, style, in_braces)


def _may_be_plain(text: str, in_braces: bool) -> bool:
    """Whether a text means itself without quotes."""
    return (
        text.isprintable()
        and text == text.strip(" ")
        and text != ""
        and text[0] not in _INDICATORS
        and isinstance(scalars.plain(text), str)
        and not _BREAKS_PLAIN.search(text)
        and not (in_braces and not _IN_BRACES.isdisjoint(text))
    )


def _escaped(character: str) -> str:
    """A character as JSON and YAML both read it in double quotes: what cannot be seen by its number."""
    return character if character.isprintable() or character > "\uffff" else f"\\u{ord(character):04x}"
