"""The catalog that a server holds, as the base that entities are laid over: what a snapshot of it would answer."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from bylaw.catalog import references_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from bylaw.catalog import Catalog, Kinds
    from bylaw.graphs import Graph
    from bylaw.model import Document, Entity, EntityRef


_REMEMBERED = 4_096  # entities of which is known what they say: many questions come by the same groups and systems


class Base:
    """A catalog and its graph. Nothing of them is copied, so that forked workers share them."""

    def __init__(self, catalog: Catalog, graph: Graph) -> None:
        self._catalog, self._graph = catalog, graph
        self.complete, self.completeness = catalog.complete, catalog.completeness
        self.bearing = frozenset(entity.kind for entity in catalog.entities.values())
        """The kinds of the entities, as they spell them."""
        self._annotated: dict[str, list[tuple[str, str]]] = {}
        self._said = lru_cache(_REMEMBERED)(self._references)

    def entities(self, refs: Iterable[str]) -> Mapping[str, Entity]:
        """The entities that bear one of the refs."""
        known = self._catalog.entities
        return {ref: known[ref] for ref in refs if ref in known}

    def borne(self, refs: Iterable[str]) -> set[str]:
        """Those of the refs that an entity bears."""
        return {ref for ref in refs if ref in self._catalog.entities}

    def duplicates(self, refs: Iterable[str]) -> Mapping[str, tuple[Document, ...]]:
        """The later documents of those of the refs that have several."""
        known = self._catalog.duplicates
        return {ref: known[ref] for ref in refs if ref in known}

    def edges(
        self, refs: Iterable[str], relations: Collection[str] | None = None
    ) -> Iterator[tuple[str, str, str, str]]:
        """``(source, relation, target, author)``, as ``sources.snapshot.Snapshot.edges`` has them.

        The graph knows the relations of a ref but not whose field says them: that is looked up in the entity of the
        ref, and in those that it names.
        """
        wanted = None if relations is None else frozenset(relations)
        for ref in refs:
            if ref not in self._graph:
                continue
            own, _ = self._said(ref)
            for kind, targets in self._graph.relations(ref, wanted).items():
                for target in targets:
                    if (kind, target) not in own:
                        yield ref, kind, target, target
                        continue
                    yield ref, kind, target, ref
                    if (ref, kind) in self._said(target)[1]:
                        yield ref, kind, target, target

    def annotated(self, key: str) -> Iterable[tuple[str, str]]:
        """The ref of every entity that has an annotation, with its value. Looked for once, and then known."""
        if key not in self._annotated:
            self._annotated[key] = [
                (ref, value)
                for ref, entity in self._catalog.entities.items()
                if isinstance(said := entity.data["metadata"].get("annotations"), dict)
                and isinstance(value := said.get(key), str)
            ]
        return self._annotated[key]

    def refs(self, kinds: Iterable[str] | None = None) -> Iterator[EntityRef]:
        """The refs of all entities, or of those of some kinds in any case, as they are spelt."""
        wanted = None if kinds is None else {each.lower() for each in kinds}
        return (each.ref for each in self._catalog.entities.values() if wanted is None or each.kind.lower() in wanted)

    def catalog(self, kinds: Kinds) -> Catalog:
        """All of it."""
        return self._catalog

    def _references(self, ref: str) -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str]]]:
        """What an entity says: the relations, and where they lead; and whom it names, with the relations from there."""
        entity = self._catalog.entities.get(ref)
        if entity is None:
            return frozenset(), frozenset()
        found = [(each.field, each.target) for each in references_of(entity, self._catalog.kinds) if each.target]
        there = frozenset((field.relation, target) for field, target in found)
        return there, frozenset((target, field.reverse) for field, target in found)
