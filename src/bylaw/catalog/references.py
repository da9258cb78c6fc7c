"""Entity references inside an entity: where they stand and whom they name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bylaw.catalog.schemas import pointer
from bylaw.model import EntityRef, RefError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bylaw.catalog.kinds import RelationField

_UNTYPED = ("spec", "dependencyOf")


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference as its author wrote it.

    ``target`` is the canonical ref it names. It is None where the text is no reference at all; ``fault``
    then says why, in the words of Backstage.
    """

    text: Any
    field: RelationField
    index: int | None
    """Its place in the list, where the field holds a list."""
    target: str | None
    fault: str | None = None

    @property
    def pointer(self) -> str:
        """Where it stands."""
        return pointer(*self.field.path) if self.index is None else pointer(*self.field.path, self.index)


@lru_cache(maxsize=200_000)
def _parsed(text: str, default_kind: str | None, namespace: str) -> tuple[str | None, str | None]:
    try:
        return str(EntityRef.parse(text, default_kind, namespace)), None
    except RefError as error:
        return None, str(error)


def references(entity: Mapping[str, Any], fields: tuple[RelationField, ...], namespace: str) -> Iterator[Reference]:
    """Every reference of an entity. A reference without a namespace is in the entity's own.

    Values that the kind's schema refuses by type (a number among ``dependsOn``) are refused there;
    ``spec.dependencyOf`` has no type in Backstage's schema and fails only when its relations are made.
    """
    for each in fields:
        value: Any = entity
        for step in each.path:
            value = value.get(step) if isinstance(value, dict) else None
        if not value and value != {}:  # as the processor's `if (!targets) return`
            continue
        many = isinstance(value, list)
        for index, text in enumerate(value if many else (value,)):
            place = index if many else None
            if isinstance(text, str):
                target, fault = _parsed(text, each.default_kind, namespace)
                yield Reference(text, each, place, target, fault)
            elif each.path == _UNTYPED:
                yield Reference(text, each, place, None, "an entity reference must be a text")
