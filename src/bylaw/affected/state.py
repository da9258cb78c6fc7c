"""One state of a catalog, before or after a change, of which parts can be asked for."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from bylaw.catalog import Catalog, Rest, address, build
from bylaw.graphs import Graph

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from bylaw.catalog import Kinds
    from bylaw.model import Document, Entity, EntityRef

Near = tuple[str, str]
"""A relation's type and the ref that it leads to."""


Known = dict[frozenset[str] | None, dict[str, "Collection[Near]"]]
"""What has been asked of the relations of refs: by the types that were asked for, and by ref."""


class Base(Protocol):
    """A catalog that is too large to be read for one change: ``sources.snapshot.Snapshot`` is one."""

    complete: bool
    completeness: str
    bearing: frozenset[str]

    def entities(self, refs: Iterable[str]) -> Mapping[str, Entity]: ...
    def borne(self, refs: Iterable[str]) -> set[str]: ...
    def duplicates(self, refs: Iterable[str]) -> Mapping[str, tuple[Document, ...]]: ...
    def edges(
        self, refs: Iterable[str], relations: Collection[str] | None = None
    ) -> Iterable[tuple[str, str, str, str]]: ...
    def annotated(self, key: str) -> Iterable[tuple[str, str]]: ...
    def refs(self, kinds: Iterable[str] | None = None) -> Iterable[EntityRef]: ...
    def catalog(self, kinds: Kinds) -> Catalog: ...


class State(Protocol):
    """What a walk through a catalog asks on its way. Refs that nothing bears are asked for like any other."""

    kinds: Kinds
    complete: bool
    known: Known

    @property
    def bearing(self) -> frozenset[str]:
        """The kinds of the entities, as they spell them."""
        ...

    def entities(self, keys: Collection[str]) -> Mapping[str, Entity]:
        """Those of the refs that exist."""
        ...

    def existing(self, keys: Collection[str]) -> set[str]:
        """Those of the refs that exist, without what their entities say."""
        ...

    def near(self, keys: Collection[str], types: frozenset[str] | None = None) -> Mapping[str, Collection[Near]]:
        """The relations of each ref, there and back, or those of some types; a ref without any may be left out."""
        ...

    def annotated(self, key: str) -> Iterable[tuple[str, str]]:
        """The ref of each entity that has an annotation, and its value."""
        ...

    def bearers(self, kinds: frozenset[str]) -> Iterable[EntityRef]:
        """The refs, as they are spelt, of all entities of some kinds (in lower case)."""
        ...

    def part(self, keys: Collection[str]) -> Catalog:
        """A catalog with these entities in it, and what is known of the rest."""
        ...


class Whole:
    """A catalog that has been read in full."""

    def __init__(self, catalog: Catalog, graph: Graph) -> None:
        self.catalog, self.graph = catalog, graph
        self.kinds, self.complete = catalog.kinds, catalog.complete
        self.known: Known = {}

    @cached_property
    def bearing(self) -> frozenset[str]:
        return frozenset(entity.kind for entity in self.catalog.entities.values())

    def entities(self, keys: Collection[str]) -> Mapping[str, Entity]:
        known = self.catalog.entities
        return {key: known[key] for key in keys if key in known}

    def existing(self, keys: Collection[str]) -> set[str]:
        return {key for key in keys if key in self.catalog.entities}

    def near(self, keys: Collection[str], types: frozenset[str] | None = None) -> Mapping[str, Collection[Near]]:
        found = ((key, self.graph.relations(key, types)) for key in keys if key in self.graph)
        return {key: [(kind, each) for kind in near for each in near[kind]] for key, near in found}

    def annotated(self, key: str) -> Iterator[tuple[str, str]]:
        for ref, entity in self.catalog.entities.items():
            annotations = entity.data["metadata"].get("annotations")
            value = annotations.get(key) if isinstance(annotations, dict) else None
            if isinstance(value, str):
                yield ref, value

    def bearers(self, kinds: frozenset[str]) -> Iterator[EntityRef]:
        return (each.ref for each in self.catalog.entities.values() if each.kind.lower() in kinds)

    def part(self, keys: Collection[str]) -> Catalog:
        return self.catalog


class Laid:
    """A base with some documents taken away and others laid over it.

    ``gone`` are documents of the base; ``come`` are read from files. For a ref of which some document goes or comes,
    the entity is what it would be had everything been read together.
    """

    def __init__(
        self,
        base: Base,
        gone: Sequence[Document],
        come: Catalog,
        *,
        complete: tuple[bool, str] | None = None,
        paths: tuple[str, ...] = (),
    ) -> None:
        self.kinds = come.kinds
        self.known: Known = {}
        self._base, self._come = base, come
        self.complete, self._completeness = complete or (base.complete, base.completeness)
        keys = {*_keys(gone), *come.entities}
        known = base.entities(keys)
        kept = _without(gone, chain(_firsts(known), *base.duplicates(keys).values()))
        self._laid = build([*kept, *come.documents], come.kinds, self.complete)
        self._touched = frozenset(keys)
        self._near: defaultdict[str, set[Near]] = defaultdict(set)
        for source, kind, target in self._laid.edges():
            self._near[source].add((kind, target))
        self._gone, self._paths = gone, paths
        self._perhaps = frozenset(entity.kind for entity in known.values())  # the kinds of which the last may be gone

    @property
    def touched(self) -> frozenset[str]:
        """The refs of all documents that went or came."""
        return self._touched

    def entities(self, keys: Collection[str]) -> Mapping[str, Entity]:
        laid = {key: self._laid.entities[key] for key in keys if key in self._laid.entities}
        return {**self._base.entities([key for key in keys if key not in self._touched]), **laid}

    def existing(self, keys: Collection[str]) -> set[str]:
        laid = {key for key in keys if key in self._laid.entities}
        return laid | self._base.borne([key for key in keys if key not in self._touched])

    def near(self, keys: Collection[str], types: frozenset[str] | None = None) -> Mapping[str, Collection[Near]]:
        found: defaultdict[str, set[Near]] = defaultdict(set)
        for source, kind, target, author in self._base.edges(keys, types):
            if author not in self._touched:
                found[source].add((kind, target))
        for key in keys:
            if key in self._near:
                found[key].update(near for near in self._near[key] if types is None or near[0] in types)
        return found

    def annotated(self, key: str) -> Iterator[tuple[str, str]]:
        yield from ((ref, value) for ref, value in self._base.annotated(key) if ref not in self._touched)
        for ref, entity in self._laid.entities.items():
            annotations = entity.data["metadata"].get("annotations")
            value = annotations.get(key) if isinstance(annotations, dict) else None
            if isinstance(value, str):
                yield ref, value

    def bearers(self, kinds: frozenset[str]) -> Iterator[EntityRef]:
        yield from (ref for ref in self._base.refs(kinds) if str(ref) not in self._touched)
        yield from (each.ref for each in self._laid.entities.values() if each.kind.lower() in kinds)

    @cached_property
    def bearing(self) -> frozenset[str]:
        fresh = {entity.kind for entity in self._laid.entities.values()}
        lost = {kind for kind in self._perhaps - fresh if not self._stays(kind)}
        return (self._base.bearing - lost) | fresh

    def _stays(self, kind: str) -> bool:
        return any(ref.kind == kind for ref in self.bearers(frozenset({kind.lower()})))

    def whole(self) -> Whole:
        """All of it, read in full."""
        stay = _without(self._gone, self._base.catalog(self.kinds).documents)
        catalog = self._made([*stay, *self._come.documents], Rest())
        return Whole(catalog, Graph.build(catalog.entities, catalog.edges()))

    def part(self, keys: Collection[str]) -> Catalog:
        others = [key for key in keys if key not in self._touched]
        again = chain.from_iterable(self._base.duplicates(others).values())
        around = [*_firsts(self._base.entities(others)), *again]
        return self._made([*around, *self._laid.documents], Rest(self.bearing, self._paths))

    def _made(self, documents: Iterable[Document], rest: Rest) -> Catalog:
        come = self._come
        made = build(
            documents,
            self.kinds,
            self.complete,
            root=come.root,
            stdin=come.stdin,
            notes=come.notes,
            folders=come.folders,
        )
        return replace(made, completeness=self._completeness, rest=rest)


def _key(document: Document) -> str | None:
    ref = address(document.data)
    return str(ref) if ref else None


def _keys(documents: Iterable[Document]) -> Iterator[str]:
    return (key for key in map(_key, documents) if key is not None)


def _firsts(entities: Mapping[str, Entity]) -> Iterator[Document]:
    return (entity.document for entity in entities.values())


def _without(gone: Iterable[Document], documents: Iterable[Document]) -> list[Document]:
    places = {(each.path, each.url, each.index) for each in gone}
    return [each for each in documents if (each.path, each.url, each.index) not in places]
