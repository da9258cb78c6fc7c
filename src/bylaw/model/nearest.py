"""Did you mean …?"""

from __future__ import annotations

import re
import sys
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIMILAR = 0.75  # of 1; below it a suggestion is a guess
_BEGINNING = 4  # letters: "prod" is short for production, "p" for nothing
_SHORTEST = {1: 6, 2: 10}  # letters of a word in which so many wrong ones are a slip; a shorter one is another word
_DIGITS = re.compile(r"\d+")


class Names:
    """Names to find the nearest among. They are prepared once: there may be 100,000, and many questions."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(set(names))

    def __len__(self) -> int:
        return len(self._names)

    def nearest(self, text: str) -> str | None:
        """The name most like ``text``, or else the only one that begins with it; None where none is alike enough.

        Upper and lower case count for little; of two that are equally near, the first in the alphabet wins.
        """
        if text in self._names:
            return text
        if not self._names:  # not worth the 8 ms that rapidfuzz takes to import
            return None
        from rapidfuzz import process, utils
        from rapidfuzz.distance import OSA, JaroWinkler

        query = utils.default_process(text)
        best = process.extract(query, self._plain, scorer=OSA.normalized_similarity, limit=5, score_cutoff=_SIMILAR)
        if best:
            _, _, number = min(best, key=lambda hit: (-hit[1], -JaroWinkler.similarity(query, hit[0]), hit[2]))
            return self._names[number]
        begun = [name for name, plain in zip(self._names, self._plain, strict=True) if plain.startswith(query)]
        return begun[0] if len(query) >= _BEGINNING and len(begun) == 1 else None

    def misspelt(self, text: str, name: str) -> bool:
        """Whether ``text`` can only be a misspelling of ``name``, one of the names: what may be put right unasked.

        Upper and lower case, and which signs part the words, count for nothing. Beyond that the two differ in one
        word, by one letter more, less, other or swapped with the next (by two in a long word), not the first one.
        Digits never differ: v1 is no slip for v2. No other name is nearly as near, and none has the word as it was
        written: such a word is one, and what it named may be gone.
        """
        from rapidfuzz import process, utils
        from rapidfuzz.distance import OSA

        query, plain = utils.default_process(text), utils.default_process(name)
        if text == name or not plain or _DIGITS.findall(query) != _DIGITS.findall(plain):
            return False
        steps = OSA.distance(query, plain)
        if steps and not self._is_slip(query.split(), plain.split(), steps):
            return False
        nearly = steps + 1 if steps else 0
        return len(process.extract(query, self._plain, scorer=OSA.distance, limit=2, score_cutoff=nearly)) == 1

    def _is_slip(self, written: list[str], meant: list[str], steps: int) -> bool:
        """Whether one word alone is ``steps`` off, in the way in which words are misspelt."""
        if len(written) != len(meant):
            return False
        differing = [(one, other) for one, other in zip(written, meant, strict=True) if one != other]
        if len(differing) != 1 or differing[0][0] in self._words:
            return False
        one, other = differing[0]
        return one[0] == other[0] and max(len(one), len(other)) >= _SHORTEST.get(steps, sys.maxsize)

    @cached_property
    def _plain(self) -> list[str]:
        """The names in lower case, with spaces for all signs but letters and digits."""
        from rapidfuzz import utils

        return list(map(utils.default_process, self._names))

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(word for plain in self._plain for word in plain.split())


def nearest(text: str, candidates: Iterable[str]) -> str | None:
    """The candidate nearest to ``text``, as ``Names.nearest`` finds it."""
    return Names(candidates).nearest(text)


def did_you_mean(text: str, candidates: Iterable[str]) -> str:
    """`` (did you mean x?)``, or nothing."""
    found = nearest(text, candidates)
    return f" (did you mean {found}?)" if found else ""
