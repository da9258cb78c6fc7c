"""How often a document may use an anchor: npm ``yaml``'s guard against alias bombs.

Mirrors ``Alias.resolve`` and ``getAliasCount`` of npm ``yaml`` 2.9 with its default ``maxAliasCount`` of 100,
which Backstage does not change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MAX_COUNT = 100


@dataclass(slots=True)
class Anchor:
    """A node that has a name, and what each of its aliases stands for.

    ``height`` is how many collections are in one another, 0 for a scalar; ``nodes`` and ``characters`` are
    its size; ``inner`` are the anchors of the aliases inside of it, one for each use.
    """

    value: Any
    height: int
    nodes: int
    characters: int
    inner: list[Anchor]
    uses: int = 1
    weight: int | None = None

    def use(self) -> bool:
        """Count one more alias; False where npm ``yaml`` takes it for an attack."""
        self.uses += 1
        if self.weight is None:
            weights = [anchor.uses * (anchor.weight or 0) for anchor in self.inner]
            self.weight = max([*weights, int(_holds_scalar(self.value))])
        return self.uses * self.weight <= MAX_COUNT


def _holds_scalar(value: Any) -> bool:
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, list):
            pending.extend(each)
        elif each or not isinstance(each, dict):
            return True
    return False
