"""What all settings have in common: nothing but what is known is taken, and what counts something is above 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def name_in_file(name: str) -> str:
    """``from_`` in Python, where ``from`` is taken, is ``from`` in the file."""
    return name.rstrip("_")


class _Positive:
    """More than zero, as a note to pydantic: its own would have to be imported for it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        return {**handler(source), "gt": 0}


Count = Annotated[int, _Positive()]
Seconds = Annotated[float, _Positive()]

STRICT: dict[str, Any] = {"extra": "forbid", "alias_generator": name_in_file}
