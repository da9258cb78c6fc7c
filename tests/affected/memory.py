"""A base for tests: a catalog that answers as a snapshot of it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from bylaw.catalog import Catalog, Kinds
    from bylaw.model import Document, Entity, EntityRef


class MemoryBase:
    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.complete, self.completeness = catalog.complete, catalog.completeness
        self.bearing = frozenset(entity.kind for entity in catalog.entities.values())
        self._edges: dict[str, list[tuple[str, str, str, str]]] = {}
        for key, entity in catalog.entities.items():
            for each in catalog.references(entity):
                if each.target is not None:
                    self._edges.setdefault(key, []).append((key, each.field.relation, each.target, key))
                    self._edges.setdefault(each.target, []).append((each.target, each.field.reverse, key, key))

    def entities(self, refs: Iterable[str]) -> Mapping[str, Entity]:
        return {ref: self._catalog.entities[ref] for ref in refs if ref in self._catalog.entities}

    def borne(self, refs: Iterable[str]) -> set[str]:
        return {ref for ref in refs if ref in self._catalog.entities}

    def duplicates(self, refs: Iterable[str]) -> Mapping[str, tuple[Document, ...]]:
        return {ref: self._catalog.duplicates[ref] for ref in refs if ref in self._catalog.duplicates}

    def edges(
        self, refs: Iterable[str], relations: Collection[str] | None = None
    ) -> Iterator[tuple[str, str, str, str]]:
        for ref in refs:
            yield from (each for each in self._edges.get(ref, ()) if relations is None or each[1] in relations)

    def annotated(self, key: str) -> Iterator[tuple[str, str]]:
        for ref, entity in self._catalog.entities.items():
            annotations = entity.data["metadata"].get("annotations")
            value = annotations.get(key) if isinstance(annotations, dict) else None
            if isinstance(value, str):
                yield ref, value

    def refs(self, kinds: Iterable[str] | None = None) -> Iterator[EntityRef]:
        wanted = None if kinds is None else {each.lower() for each in kinds}
        return (each.ref for each in self._catalog.entities.values() if wanted is None or each.kind.lower() in wanted)

    def catalog(self, kinds: Kinds) -> Catalog:
        return self._catalog
