"""Did you mean …?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIMILAR = 0.75  # of 1; below it a suggestion is a guess
_BEGINNING = 4  # letters: "prod" is short for production, "p" for nothing


class Names:
    """Names to find the nearest among. They are prepared once: there may be 100,000, and many questions."""

    def __init__(self, names: Iterable[str]) -> None:
        from rapidfuzz import utils

        self._names = sorted(set(names))
        self._plain = list(map(utils.default_process, self._names))  # lower case, other signs than letters as spaces

    def __len__(self) -> int:
        return len(self._names)

    def nearest(self, text: str) -> str | None:
        """The name most like ``text``, or else the only one that begins with it; None where none is alike enough.

        Upper and lower case count for little; of two that are equally near, the first in the alphabet wins.
        """
        if text in self._names:
            return text
        from rapidfuzz import process, utils
        from rapidfuzz.distance import OSA, JaroWinkler

        query = utils.default_process(text)
        best = process.extract(query, self._plain, scorer=OSA.normalized_similarity, limit=5, score_cutoff=_SIMILAR)
        if best:
            _, _, number = min(best, key=lambda hit: (-hit[1], -JaroWinkler.similarity(query, hit[0]), hit[2]))
            return self._names[number]
        begun = [name for name, plain in zip(self._names, self._plain, strict=True) if plain.startswith(query)]
        return begun[0] if len(query) >= _BEGINNING and len(begun) == 1 else None


def nearest(text: str, candidates: Iterable[str]) -> str | None:
    """The candidate nearest to ``text``, as ``Names.nearest`` finds it."""
    return Names(candidates).nearest(text)


def did_you_mean(text: str, candidates: Iterable[str]) -> str:
    """`` (did you mean x?)``, or nothing."""
    found = nearest(text, candidates)
    return f" (did you mean {found}?)" if found else ""
