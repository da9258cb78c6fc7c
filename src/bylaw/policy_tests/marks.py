"""``# OK`` and ``# NOT OK: why``: what the author of a fixture says of each of its entities."""

from __future__ import annotations

import re

_MARK = re.compile(r"(?:^|[ \t])# (?:(?P<bad>NOT OK)(?P<why>: *\S)?|(?P<good>OK\b))")
_SEPARATOR = re.compile(r"---(?=\s|\Z)")
_NOTHING = re.compile(r"\s*(?:#.*)?\Z")


def marks(text: str) -> list[bool | None]:
    """By document: whether its author calls it OK. None without a mark, with both, or with no reason."""
    return [_mark(document) for document in documents(text)]


def documents(text: str) -> list[list[str]]:
    """The lines of each document.

    A document ends at a line that begins with ``---``, as YAML has it, whatever else is wrong with the text;
    comments before the first of them are no document.
    """
    documents: list[list[str]] = [[]]
    for line in text.splitlines():
        if _SEPARATOR.match(line):
            documents.append([])
        documents[-1].append(line)
    if len(documents) > 1 and all(map(_NOTHING.match, documents[0])):
        documents[1][:0] = documents.pop(0)
    return documents


def _mark(lines: list[str]) -> bool | None:
    found = [mark for line in lines for mark in _MARK.finditer(line)]
    if any(mark["bad"] and not mark["why"] for mark in found):
        return None
    said = {mark["good"] is not None for mark in found}
    return said.pop() if len(said) == 1 else None
