"""Which paths a glob means: ``*`` and ``?`` inside one name, ``**`` for any number of folders, as in ``pathlib``.

Patterns come from merge requests as well (Location targets), so matching must not backtrack without bound.
As in ``fnmatch``, what stands between two stars is taken where it is found first, and for good: an atomic
group. That is right since it has a fixed length: in characters inside a name, in names between two ``**``.
"""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MAGIC = frozenset("*?[")
_TOKEN = re.compile(r"(\*+)|(\[!?\]?[^\]]*\])|(.)", re.DOTALL)
_LETTERS, _FOLDERS = "[^/]*", "(?:[^/]++/)*"


def is_glob(text: str) -> bool:
    """Whether the text is a pattern rather than a path."""
    return not _MAGIC.isdisjoint(text)


def select(paths: Iterable[str], patterns: Iterable[str]) -> Iterator[str]:
    """The paths that some pattern matches and no ``!pattern`` does."""
    patterns = list(patterns)
    wanted = [_compiled(each) for each in patterns if not each.startswith("!")]
    refused = [_compiled(each[1:]) for each in patterns if each.startswith("!")]
    for path in paths:
        names = f"{path}/"
        if any(each.match(names) for each in wanted) and not any(each.match(names) for each in refused):
            yield path


def _compiled(pattern: str) -> re.Pattern[str]:
    """The pattern as an expression for a path with a slash behind it, so that every name has one."""
    steps = [step for step in pattern.split("/") if step not in {"", "."}]
    if steps[-1:] == ["**"]:
        steps.append("*")  # a/** is all that stands in a, and not a itself
    runs = [""]
    for step in steps:
        if step == "**":
            runs.append("")
        else:
            runs[-1] += _name(step)
    return re.compile(_spread(runs, _FOLDERS) + r"\Z")


def _name(step: str) -> str:
    """A name and the slash behind it."""
    pieces = [""]
    for stars, choice, character in _TOKEN.findall(step):
        if stars:
            pieces.append("")
        elif choice:
            pieces[-1] += f"(?!/){_choice(choice)}"
        else:
            pieces[-1] += "[^/]" if character == "?" else re.escape(character)
    return _spread(pieces, _LETTERS) + "/"


def _spread(pieces: list[str], gap: str) -> str:
    """The pieces in this order, with a gap of any size between each two."""
    first, *rest = pieces
    if not rest:
        return first
    *middle, last = rest
    return first + "".join(f"(?>{gap}?{each})" for each in middle if each) + gap + last


def _choice(text: str) -> str:
    """``[a-z]`` or ``[!a-z]``, as ``fnmatch`` reads it."""
    return translate(text).removeprefix("(?s:").removesuffix(r")\Z").removesuffix(r")\z")
