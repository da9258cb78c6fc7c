"""What the findings of several Python rules have in common: the words for many, and the place of a relation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bylaw.catalog import Catalog
    from bylaw.model import Entity

_LISTED = 3
_IN_A_CHAIN = 12


def counted(number: int, what: str, many: str = "") -> str:
    """``1 entity``, ``12 entities``."""
    return f"{number} {what if number == 1 else many or what + 's'}"


def listed(names: Sequence[str]) -> str:
    """``a, b, c and 14 more``."""
    more = len(names) - _LISTED
    return f"{', '.join(names[:_LISTED])} and {more} more" if more > 0 else ", ".join(names)


def chained(names: Sequence[str]) -> str:
    """``a -> b -> c``, of a long chain the beginning and the end: ``a -> b -> (14 more) -> z``."""
    more = len(names) - _IN_A_CHAIN - 1
    return " -> ".join([*names[:_IN_A_CHAIN], f"({more} more)", names[-1]] if more > 0 else names)


def pointer_of(
    entity: Entity, catalog: Catalog, relations: Collection[str], after: str, before: str | None = None
) -> str | None:
    """Where the entity itself writes that one of the relations leads from it to ``after``, or to it from ``before``.

    None where only the other side says so.
    """
    written = tuple(catalog.references(entity))
    forth = (each.pointer for each in written if each.field.relation in relations and each.target == after)
    back = (each.pointer for each in written if each.field.reverse in relations and each.target == before)
    return next(forth, None) or (next(back, None) if before else None)
