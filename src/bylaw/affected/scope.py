"""Whose verdicts a change can affect, rule by rule."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bylaw.affected.walk import Walk
from bylaw.catalog import address, differ, references_of
from bylaw.errors import ConfigError
from bylaw.model import Document

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from bylaw.affected.state import State
    from bylaw.catalog import Catalog, Change, Kinds
    from bylaw.model import Entity
    from bylaw.rules import Policies, Rule
    from bylaw.rules.reach import Reach

Place = tuple[str | None, str | None, int]
"""Where a document stands: path, url, index."""

_NAMED = re.compile(r"(?s)(?:([^:/]*):)?(?:([^/]*)/)?(.*)")  # [<kind>:][<namespace>/]<name>; nothing is refused


@dataclass(frozen=True, slots=True)
class Touch:
    """What a change touches: documents by their places, and the refs of all of them, before and after.

    Entities that stay as they were are judged only where the change can affect them, or all where ``all_of_it`` is set.
    """

    documents: frozenset[Place]
    refs: frozenset[str]
    all_of_it: bool = False

    @classmethod
    def of(cls, documents: Iterable[Document], *, all_of_it: bool = False) -> Touch:
        """The touch of a change that takes away, brings or edits some documents."""
        found = list(documents)
        places = frozenset((each.path, each.url, each.index) for each in found)
        return cls(places, frozenset(filter(None, map(_ref, found))), all_of_it)


@dataclass(frozen=True)
class Scope:
    """Who is judged by which rule.

    ``entities`` has for each rule the refs whose entities, documents or changes it judges, None standing for all. Rules
    about documents and their problems judge ``documents`` and those of ``refs`` besides.
    """

    entities: Mapping[str, frozenset[str] | None]
    documents: frozenset[Place]
    refs: frozenset[str]

    def takes(self, rule: Rule, subject: Document | Change | Catalog, entity: Entity | None) -> bool:
        """Whether a rule judges a document (the entity that it is, if it is one), a change, or the catalog."""
        judged = self.entities.get(rule.id)
        if rule.subject == "entity":
            return entity is not None and (judged is None or entity.key in judged)
        if not isinstance(subject, Document) or judged is None:
            return True
        return self._touches(subject) or _ref(subject) in judged

    def concerns(self, subject: Document | Change | Catalog, entity: Entity | None) -> bool:
        """Whether some rule may judge it."""
        if self.is_whole or not isinstance(subject, Document):
            return True
        return self._touches(subject) or (entity.key if entity else _ref(subject)) in self.judged

    @cached_property
    def is_whole(self) -> bool:
        """Whether some rule has to judge or to see the whole catalog."""
        return None in self.entities.values()

    @cached_property
    def judged(self) -> frozenset[str]:
        """The refs that some rule judges, where no rule judges all."""
        return frozenset().union(self.refs, *filter(None, self.entities.values()))

    def _touches(self, document: Document) -> bool:
        return (document.path, document.url, document.index) in self.documents or _ref(document) in self.refs


def _ref(document: Document) -> str:
    return str(address(document.data) or "")


def around(before: State, after: State, touch: Touch, policies: Policies) -> Scope:
    """The scope of a change that leads from one state to another.

    Raises:
        ConfigError: a parameter makes a rule's reach unreadable.
    """
    walks = (Walk(before), Walk(after))
    differing = _Differing.between(before, after, touch.refs)
    wanted = touch.refs if touch.all_of_it else frozenset()
    entities: dict[str, frozenset[str] | None] = {}
    known: dict[Reach, frozenset[str] | None] = {}
    turned = before.complete != after.complete
    for rule in policies.rules:
        reach = reach_of(rule, policies)
        if reach is None or turned:
            affected = None
        else:
            if reach not in known:
                known[reach] = _affected(reach, walks, differing)
            affected = known[reach]
        if affected is None:
            entities[rule.id] = None
        elif rule.subject in {"change", "catalog"}:
            entities[rule.id] = touch.refs
        else:
            entities[rule.id] = _for(rule, affected | wanted)
    return Scope(entities, touch.documents, touch.refs)


def reach_of(rule: Rule, policies: Policies) -> Reach | None:
    """How far a rule looks with its parameters; None: nobody knows.

    Raises:
        ConfigError: a parameter makes that unreadable.
    """
    try:
        return rule.looks_at(policies.parameters[rule.id])
    except ValueError as error:
        raise ConfigError(f"parameters.{rule.id}: {error}") from None


def values(entities: Iterable[Entity], annotation: str) -> set[str]:
    """What some entities say in an annotation."""
    said = set()
    for entity in entities:
        annotations = entity.data["metadata"].get("annotations")
        value = annotations.get(annotation) if isinstance(annotations, dict) else None
        if isinstance(value, str):
            said.add(value)
    return said


def named(value: str, holder: str) -> set[str]:
    """The refs that an annotation may mean, read as it is or without the blanks around it. What it leaves out is that
    of the entity which holds it, of whose ref nobody knows where the namespace ends if the name has a slash, too.
    """
    kind, _, rest = holder.partition(":")
    found = set()
    for text in (value, value.strip()):
        if parts := _NAMED.fullmatch(text):
            for namespace in (rest.partition("/")[0], rest.rpartition("/")[0]):
                found.add(f"{parts[1] or kind}:{parts[2] or namespace}/{parts[3]}".lower())
    return found


@dataclass(frozen=True, slots=True)
class _Differing:
    """What differs between two states, by how it can be seen: what entities say, which exist, which relations."""

    data: frozenset[str]
    existing: frozenset[str]
    relations: frozenset[tuple[str, str, str]]
    """(source, type, target) of each relation that comes or goes, there and back."""
    entities: tuple[Mapping[str, Entity], Mapping[str, Entity]]
    """Those that differ, before and after."""

    def by(self, fields: tuple[str, ...]) -> frozenset[str]:
        """The refs that differ in what some fields say, or without any in anything; and those that come or go."""
        if not fields:
            return self.data
        before, after = self.entities
        both = (key for key in self.data if key in before and key in after)
        told = (
            key
            for key in both
            if any(differ(_readings(before[key].data, each), _readings(after[key].data, each)) for each in fields)
        )
        return self.existing.union(told)

    @classmethod
    def between(cls, before: State, after: State, refs: Collection[str]) -> _Differing:
        old, new = before.entities(refs), after.entities(refs)
        data = {key for key in refs if differ(_said(old.get(key)), _said(new.get(key)))}
        existing = {key for key in data if (key in old) != (key in new)}
        relations = set()
        for key in data:
            for source, kind, back, target in _made(old.get(key), before.kinds) ^ _made(new.get(key), after.kinds):
                relations |= {(source, kind, target), (target, back, source)}
        return cls(
            frozenset(data),
            frozenset(existing),
            frozenset(relations),
            ({key: old[key] for key in data if key in old}, {key: new[key] for key in data if key in new}),
        )


def _made(entity: Entity | None, kinds: Kinds) -> set[tuple[str, str, str, str]]:
    """The relations that the fields of an entity make: source, type, type of the way back, target."""
    found = references_of(entity, kinds) if entity else ()
    return {
        (entity.key, each.field.relation, each.field.reverse, each.target) for each in found if entity and each.target
    }


def _said(entity: Entity | None) -> object:
    return entity and entity.data


def _readings(value: Any, field: str) -> list[Any]:
    """What stands in a field such as ``metadata.labels.a.b/c``, by each way to read it: keys hold dots themselves, and
    who writes one key in the place of two hides nothing."""
    if not isinstance(value, dict):
        return []
    found = [value[field]] if field in value else []
    steps = field.split(".")
    for number in range(1, len(steps)):
        if (first := ".".join(steps[:number])) in value:
            found += _readings(value[first], ".".join(steps[number:]))
    return found


def _affected(reach: Reach, walks: tuple[Walk, Walk], differing: _Differing) -> frozenset[str] | None:
    """Whose verdict may differ by a rule of this reach; None: everybody's."""
    before, after = (walk.state for walk in walks)
    if not reach.kinds.isdisjoint(before.bearing ^ after.bearing):
        return None
    found = set() if reach.is_cycles_alone else set(differing.data)
    edges = {(source, kind) for source, kind, _ in differing.relations}
    for walk in walks:
        for path in reach.paths:
            found |= walk.watching(path, differing.existing if path.names else differing.by(path.fields), edges)
        for types in reach.cycles:
            found |= _tangled(walk, types, differing)
        for annotation in reach.same:
            said = {value.strip() for side in differing.entities for value in values(side.values(), annotation)}
            if said:
                found |= {ref for ref, value in walk.state.annotated(annotation) if value.strip() in said}
        for annotation in reach.named:
            held = walk.state.annotated(annotation) if differing.data else ()
            found |= {ref for ref, value in held if not named(value, ref).isdisjoint(differing.data)}
    return frozenset(found)


def _tangled(walk: Walk, types: tuple[str, ...], differing: _Differing) -> set[str]:
    """The members of the cycles that a change touches: that gain or lose a member, or a relation among them."""
    apart = walk.on_ways({ref for source, _, target in differing.relations for ref in (source, target)}, types)
    pairs = {(source, target) for source, _, target in differing.relations if {source, target} <= apart}
    pairs |= {(key, key) for key in differing.existing}
    found, known = set[str](), dict[str, set[str]]()
    for source, target in sorted(pairs):
        if source not in known:
            tangle = walk.tangle(source, types)
            known.update(dict.fromkeys(tangle, tangle))
        if target in known[source]:
            found |= known[source]
    return found


def _for(rule: Rule, refs: Iterable[str]) -> frozenset[str]:
    """Those of some refs that a rule may judge, as far as the kind in a ref tells."""
    return frozenset(ref for ref in refs if rule.is_for(ref.partition(":")[0]))
