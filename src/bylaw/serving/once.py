"""What is made once for each generation and asked many times: its rules, compiled, and its snapshot, opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from bylaw import engine
from bylaw.sources.snapshot import Snapshot, open_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from bylaw.engine.opa_rules import Served
    from bylaw.serving.generation import Generation

T = TypeVar("T")


class Once(Generic[T]):
    """Makes something of a generation, and has it ready until there is another."""

    def __init__(self, make: Callable[[Generation], T], drop: Callable[[T], None] = lambda made: None) -> None:
        self._make, self._drop = make, drop
        self._made: tuple[Generation, T] | None = None

    def __call__(self, generation: Generation) -> T:
        if self._made is None or self._made[0] is not generation:
            if self._made:
                self._drop(self._made[1])
            self._made = generation, self._make(generation)
        return self._made[1]


def _compiled(generation: Generation) -> engine.Ready | Served:
    return engine.ready(generation.policies, generation.catalog.kinds, generation.settings)


def _opened(generation: Generation) -> Snapshot:
    return open_snapshot(generation.snapshot)


ready = Once(_compiled)
"""The rules, compiled, or put on the OPA server that evaluates them. Made before workers are forked, all share them."""
snapshot = Once(_opened, Snapshot.close)
"""The snapshot. Each worker opens it for itself: a database is not shared."""
