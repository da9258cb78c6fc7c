"""What the relations of a Backstage catalog mean: owners, dependencies, groups."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from bylaw.errors import UndecidedError
from bylaw.graphs.store import Store
from bylaw.graphs.view import levels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Backstage's well-known relations (@backstage/catalog-model 1.10, kinds/relations). Each is asked for in one
# direction only and walked backwards for the other, so that every question and its inverse agree.
OWNED_BY = "ownedBy"
PART_OF = "partOf"
CHILD_OF = "childOf"
MEMBER_OF = "memberOf"
DEPENDS = ("dependsOn", "consumesApi")
DEPENDS_IN_THE_END = (*DEPENDS, "apiProvidedBy")

# The closure of a group tree can be of the square of its size, and a stranger may write the tree. A company
# of 20,000 groups, each under ten others, needs a fifth of this; all of it takes two seconds and 8 MB.
ANCESTORS_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Group:
    """A group and its place in the group tree.

    ``parent`` is the first of ``parents``: a Group can name one parent, but the ``children`` of others can
    disagree. ``members`` are the direct ones. ``ancestors`` are its parents, their parents and so on, the
    nearest first and equally near ones sorted; the group itself is not among them, not even in a cycle.
    """

    parents: tuple[str, ...]
    children: tuple[str, ...]
    members: tuple[str, ...]
    ancestors: tuple[str, ...]

    @property
    def parent(self) -> str | None:
        return self.parents[0] if self.parents else None

    def as_data(self) -> dict[str, Any]:
        """``parent`` (a ref or None), ``children``, ``members``, ``ancestors``: an entry of data.catalog.groups."""
        return {
            "parent": self.parent,
            "children": list(self.children),
            "members": list(self.members),
            "ancestors": list(self.ancestors),
        }


class Graph(Store):
    """The ownership and dependency graph of a catalog. See ``Store`` for what all its questions share."""

    # Ownership

    def owners_of(self, key: str, effective: bool = False) -> tuple[str, ...]:
        """Who owns an entity: the targets of its ``ownedBy``, in the catalog or not.

        Effective owners are, in this order:

        1. the direct owners. Where there are none, those of its nearest containers that have any: go up
           ``partOf`` (to the system and the parent component, then to the domain, then to its parents)
           one step at a time, stop at the first step at which something has an owner, and take the owners
           of all that lie at that step;
        2. the groups above these owners in the group tree, the nearest first. A user has nothing above.

        Each owner is named once; those equally near are sorted. Nothing at all is an answer: ``()``.
        """
        if not effective:
            return self.targets(key, OWNED_BY)
        owned_by, part_of = self.view(OWNED_BY), self.view(PART_OF)
        for step in levels([self._number(key)], part_of.successors):
            owners = {owner for node in step for owner in owned_by.successors(node)}
            if owners:
                return owned_by.named(chain.from_iterable(levels(owners, self._parents)))
        return ()

    def owned_by(self, owner: str, effective: bool = False) -> tuple[str, ...]:
        """What an owner owns, sorted: exactly the entities that ``owners_of`` gives this owner for."""
        if not effective:
            return self.sources(owner, OWNED_BY)
        owned_by, part_of, far = self.view(OWNED_BY), self.view(PART_OF), self._steps_to_an_owner

        def heirs(node: int) -> Iterable[int]:
            return (part for part in part_of.predecessors(node) if far[part] == far[node] + 1)

        owners = chain.from_iterable(levels([self._number(owner)], self._children))
        owned = {node for each in owners for node in owned_by.predecessors(each)}
        return self._named(chain.from_iterable(levels(owned, heirs)))

    @cached_property
    def _steps_to_an_owner(self) -> Mapping[int, int]:
        """How many ``partOf`` steps up the nearest owner is declared; nodes that have none are left out."""
        owned = (source for source, _ in self.view(OWNED_BY).edges())
        steps = enumerate(levels(owned, self.view(PART_OF).predecessors))
        return {node: far for far, level in steps for node in level}

    # Dependency

    def dependencies_of(self, key: str, transitive: bool = False) -> tuple[str, ...]:
        """What an entity depends on: the targets of its ``dependsOn`` and ``consumesApi``, sorted.

        Transitive: and what these depend on, where an API depends on the components that provide it. The
        entity itself is among them only if it depends on itself in the end (it may consume its own API).
        """
        return self.reach(key, *DEPENDS_IN_THE_END) if transitive else self.targets(key, *DEPENDS)

    def dependents_of(self, key: str, transitive: bool = False) -> tuple[str, ...]:
        """What depends on an entity: the exact inverse of ``dependencies_of``, sorted."""
        if transitive:
            return self.reach(key, *DEPENDS_IN_THE_END, backward=True)
        return self.sources(key, *DEPENDS)

    # Groups

    def group(self, key: str) -> Group:
        """A group's place in the tree that ``childOf`` makes, and its members.

        It takes any ref: one that is no group has an empty place. Of a User, nothing is in the tree.
        """
        node = self._number(key)
        above = levels([node], self._parents)
        return Group(
            parents=self._named(self._parents(node)),
            children=self._named(self._children(node)),
            members=self.sources(key, MEMBER_OF),
            ancestors=self.view(CHILD_OF).named(chain.from_iterable(islice(above, 1, None))),
        )

    def groups_as_data(self) -> dict[str, dict[str, Any]]:
        """The place of each group that exists, in catalog order, with lists for tuples.

        This is ``data.catalog.groups``: ref -> ``parent`` (ref or None), ``children``, ``members``,
        ``ancestors``.

        Raises:
            UndecidedError: the groups together have more than ANCESTORS_LIMIT ancestors.
        """
        data: dict[str, dict[str, Any]] = {}
        written = 0
        for key in self.keys:
            if not key.startswith("group:"):
                continue
            group = self.group(key)
            written += len(group.ancestors)
            if written > ANCESTORS_LIMIT:
                raise UndecidedError(
                    f"the groups of the catalog have more than {ANCESTORS_LIMIT:,} ancestors in all, "
                    f"{key} alone has {len(group.ancestors):,}: bylaw judges no group tree of this size; "
                    "look at its parent and children for groups that should not be chained"
                )
            data[key] = group.as_data()
        return data

    def members_of(self, group: str, transitive: bool = False) -> tuple[str, ...]:
        """The members of a group; transitive: and those of all groups below it. Sorted, each once."""
        if not transitive:
            return self.sources(group, MEMBER_OF)
        member_of = self.view(MEMBER_OF)
        groups = chain.from_iterable(levels([self._number(group)], self._children))
        return self._named({member for each in groups for member in member_of.predecessors(each)})

    # A Group's `children` may name anything, a User too. A User takes no place in the tree, or what a group
    # above owns would become the business of whoever owns something in common with that User.

    def _parents(self, node: int) -> Iterable[int]:
        return () if self._is_user(node) else self.view(CHILD_OF).successors(node)

    def _children(self, node: int) -> Iterable[int]:
        return (child for child in self.view(CHILD_OF).predecessors(node) if not self._is_user(child))

    def _is_user(self, node: int) -> bool:
        return self._names[node].startswith("user:")
