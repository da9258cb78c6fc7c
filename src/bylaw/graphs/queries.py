"""What the relations of a Backstage catalog mean: owners, dependencies, groups."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from bylaw.errors import UndecidedError
from bylaw.graphs.store import Store
from bylaw.graphs.view import View, levels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Backstage's well-known relations (@backstage/catalog-model 1.10, kinds/relations). Each is asked for in one
# direction only and walked backwards for the other, so that every question and its inverse agree.
OWNED_BY = "ownedBy"
PART_OF = "partOf"
CHILD_OF = "childOf"
MEMBER_OF = "memberOf"
PROVIDES = "providesApi"
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


class Way(NamedTuple):
    """A way through the graph: how many steps it has, the ref after the first one, and the ref where it ends."""

    steps: int
    next: str
    end: str


def follow(ways: Mapping[str, Way], start: str) -> Iterator[str]:
    """The refs of one of the ways that ``Graph.ways_to`` gives, both ends included."""
    yield start
    while ways[start].steps:
        start = ways[start].next
        yield start


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

    def dependency_cycles(self, *types: str) -> tuple[tuple[str, ...], ...]:
        """As ``cycles``, without the steps from what provides an API to that API.

        A component that uses its own API waits for nobody else, nor do two that speak one protocol.
        """
        own = set(self.view(PROVIDES).edges())
        return View(self._names, self._numbers, [step for step in self.view(*types).edges() if step not in own]).cycles

    def ways_to(self, ends: Iterable[str], most: int, *types: str) -> Mapping[str, Way]:
        """The shortest way along the types from each ref to the nearest of some, in at most so many steps.

        Refs from which no way is that short are left out; the ends lie no step from themselves. Of equally
        short ways it is the one whose next ref is first. An API of several providers is on the way only
        when all of them are: as long as one of them goes on, so does the API.
        """
        view = self.view(*types)
        ways = {node: Way(0, self._names[node], self._names[node]) for node in map(self._number, ends)}
        missing: dict[int, int] = {}
        level, steps = sorted(ways), 0
        while level and steps < most:
            steps += 1
            found: dict[int, Way] = {}
            for node in level:
                for near in view.predecessors(node):
                    if near in ways or near in found:
                        continue
                    if self._names[near].startswith("api:"):
                        if near not in missing:
                            missing[near] = len(view.successors(near))
                        missing[near] -= 1
                        if missing[near]:
                            continue
                    found[near] = Way(steps, self._names[node], ways[node].end)
            ways.update(found)
            level = sorted(found)
        return {self._names[node]: way for node, way in ways.items()}

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

    def people(self, most: int) -> Mapping[str, tuple[str, ...]]:
        """Who is named as a member of each group or of a group below it: Users, in the catalog or not, sorted.

        A group without anybody is left out. Of a group of more than ``most`` it is so many of them. No group is
        gone through more than ``most`` times, however deep the tree is.
        """
        found: dict[int, set[int]] = {}
        joining = [edge for edge in self.view(MEMBER_OF).edges() if self._is_user(edge[0])]
        while joining:
            user, group = joining.pop()
            known = found.setdefault(group, set())
            if user not in known and len(known) < most:
                known.add(user)
                joining.extend((user, parent) for parent in self._parents(group))
        return {self._names[group]: self._named(known) for group, known in found.items()}

    def strangers(self, groups: Iterable[str], to: Iterable[str]) -> tuple[str, ...]:
        """Those of some groups that are none of others, nor above or below one of them in the group tree. Sorted."""
        others = set(map(self._number, to))
        known = others.union(*map(self._tree.reach, others))
        numbers = (group for group in map(self._number, groups) if group not in known)
        return self._named(group for group in numbers if others.isdisjoint(self._tree.reach(group)))

    def _parents(self, node: int) -> Iterable[int]:
        return self._tree.successors(node)

    def _children(self, node: int) -> Iterable[int]:
        return self._tree.predecessors(node)

    @cached_property
    def _tree(self) -> View:
        """The group tree.

        A Group's ``children`` may name anything, a User too. A User takes no place in the tree, or what a
        group above owns would become the business of whoever owns something in common with that User.
        """
        edges = self.view(CHILD_OF).edges()
        return View(self._names, self._numbers, [edge for edge in edges if not self._is_user(edge[0])])

    def _is_user(self, node: int) -> bool:
        return self._names[node].startswith("user:")
