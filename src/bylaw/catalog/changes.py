"""ChangeSet: a catalog before and after somebody changed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from bylaw.catalog.catalog import Catalog
    from bylaw.model import Entity

_SORTED = orjson.OPT_SORT_KEYS


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one entity: None stands where there is none."""

    before: Entity | None
    after: Entity | None

    @property
    def entity(self) -> Entity:
        """The entity as it will be; of one that is removed, as it was.

        Raises:
            ValueError: neither is there.
        """
        entity = self.after or self.before
        if entity is None:
            raise ValueError("a change of nothing")
        return entity


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """All that a proposed state changes, in the order of the refs, and who proposes and approves it.

    ``actor`` and ``approvers`` are refs of users and groups; None where the caller does not know.
    """

    before: Catalog
    after: Catalog
    changes: tuple[Change, ...]
    actor: str | None = None
    approvers: tuple[str, ...] | None = None

    @property
    def added(self) -> tuple[str, ...]:
        """The refs of the entities that come in."""
        return tuple(each.entity.key for each in self.changes if each.before is None)

    @property
    def removed(self) -> tuple[str, ...]:
        """The refs of the entities that go."""
        return tuple(each.entity.key for each in self.changes if each.after is None)


def differ(one: Any, other: Any) -> bool:
    """Whether two values of JSON differ. To a rule 1 and true do, though Python holds them equal."""
    if one != other:
        return True
    return one is not other and orjson.dumps(one, option=_SORTED) != orjson.dumps(other, option=_SORTED)


def compare(
    before: Catalog, after: Catalog, actor: str | None = None, approvers: tuple[str, ...] | None = None
) -> ChangeSet:
    """What differs between two states of a catalog. An entity that only moved to another file has not changed."""
    changes = []
    for key in sorted({*before.entities, *after.entities}):
        change = Change(before.entities.get(key), after.entities.get(key))
        if change.before is None or change.after is None or differ(change.before.data, change.after.data):
            changes.append(change)
    return ChangeSet(before, after, tuple(changes), actor, approvers)
