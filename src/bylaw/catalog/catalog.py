"""Documents -> Catalog: which entities there are and how they name one another."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import orjson

from bylaw.catalog.references import Reference, references
from bylaw.model import DEFAULT_NAMESPACE, Document, Entity, EntityRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from bylaw.catalog.kinds import Kinds

_LONGEST_PART = 253


@dataclass(frozen=True, slots=True)
class Rest:
    """What there is of a catalog beyond the part of it that is at hand: enough for what is asked of the whole."""

    kinds: frozenset[str] = frozenset()
    """The kinds of its entities, as they spell them."""
    paths: tuple[str, ...] = ()
    """The files of its documents."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything that was read, in one order that does not depend on how it was found.

    ``entities`` holds the first document of each ref; the later ones are in ``duplicates``.
    ``complete`` says what a reference that leads outside means: it dangles (True), or it cannot be judged
    (False). ``completeness`` says why, in words.
    """

    documents: tuple[Document, ...]
    entities: Mapping[str, Entity]
    duplicates: Mapping[str, tuple[Document, ...]]
    kinds: Kinds
    complete: bool
    completeness: str
    root: Path | None = None
    """The checkout that the documents' paths count from."""
    stdin: bytes | None = None
    """The text of the document ``-``."""
    notes: tuple[str, ...] = ()
    """What a reader should know of the reading."""
    folders: tuple[str, ...] = ()
    """The folders of the checkout that should describe something (catalog/descriptor-missing says which)."""
    rest: Rest = Rest()
    """What is known of the catalog where this is a part of it, around a change."""

    def bears(self, kind: str) -> bool:
        """Whether an entity of the catalog is of a kind."""
        return kind in self.rest.kinds or any(entity.kind == kind for entity in self.entities.values())

    @property
    def paths(self) -> Iterator[str]:
        """The files of all documents, one or more times each."""
        yield from (document.path for document in self.documents if document.path is not None)
        yield from self.rest.paths

    def references(self, entity: Entity) -> Iterator[Reference]:
        """The references that the entity's own fields hold, those that are none included."""
        return references_of(entity, self.kinds)

    def edges(self) -> Iterator[tuple[str, str, str]]:
        """``(source, relation, target)`` for every reference, there and back, as Backstage emits them."""
        for key, entity in self.entities.items():
            for reference in self.references(entity):
                if reference.target is not None:
                    yield key, reference.field.relation, reference.target
                    yield reference.target, reference.field.reverse, key

    def digest(self) -> str:
        """``sha256:…`` over all entities as they are judged."""
        total = hashlib.sha256()
        for key in sorted(self.entities):
            total.update(orjson.dumps(self.entities[key].data, option=orjson.OPT_SORT_KEYS))
        return f"sha256:{total.hexdigest()}"


def references_of(entity: Entity, kinds: Kinds) -> Iterator[Reference]:
    """The references that an entity's own fields hold, those that are none included."""
    kind = kinds.find(entity.kind, entity.data.get("apiVersion"), entity.spec.get("type"))
    return references(entity.data, kind.relations if kind else (), entity.ref.namespace)


def build(
    documents: Iterable[Document],
    kinds: Kinds,
    complete: Literal["auto", True, False] = "auto",
    *,
    root: Path | None = None,
    stdin: bytes | None = None,
    notes: tuple[str, ...] = (),
    folders: tuple[str, ...] = (),
) -> Catalog:
    """Order the documents, address those that can be addressed, and find who stands twice."""
    ordered = tuple(sorted(documents, key=lambda document: (*document.order, document.url or "")))
    entities: dict[str, Entity] = {}
    duplicates: dict[str, list[Document]] = {}
    for document in ordered:
        entity = _entity(document)
        if entity is None:
            continue
        if entity.key in entities:
            duplicates.setdefault(entity.key, []).append(document)
        else:
            entities[entity.key] = entity
    verdict, reason = _completeness(entities, complete)
    return Catalog(
        ordered,
        entities,
        {key: tuple(each) for key, each in duplicates.items()},
        kinds,
        verdict,
        reason,
        root,
        stdin,
        notes,
        folders,
    )


def address(data: Any) -> EntityRef | None:
    """The ref of a document, if it has a kind and a name to make one of.

    A part of thousands of characters (Backstage allows 63) makes none: it would be repeated wherever the
    entity is spoken of.
    """
    if not isinstance(data, dict) or not isinstance(metadata := data.get("metadata"), dict):
        return None
    kind, name = data.get("kind"), metadata.get("name")
    namespace = metadata.get("namespace", DEFAULT_NAMESPACE)
    if not all(isinstance(part, str) and 0 < len(part) <= _LONGEST_PART for part in (kind, name, namespace)):
        return None
    return EntityRef(str(kind), str(namespace), str(name))


def is_skeleton(data: Any) -> bool:
    """Whether a document is a scaffolder skeleton: its name is still an expression, ``${{ … }}`` or ``{{ … }}``.

    No entity can bear such a name, so leaving the document unjudged lets nothing into a catalog. (Where the
    file lies, or what else it holds, would be no such proof.)
    """
    metadata = data.get("metadata") if isinstance(data, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return isinstance(name, str) and "{{" in name


def _entity(document: Document) -> Entity | None:
    ref = address(document.data)
    if ref is None or is_skeleton(document.data):
        return None
    data = document.data
    if "namespace" not in data["metadata"]:
        data = {**data, "metadata": {**data["metadata"], "namespace": DEFAULT_NAMESPACE}}
    return Entity(str(ref), ref, data, document)


def _completeness(entities: Mapping[str, Entity], setting: Literal["auto", True, False]) -> tuple[bool, str]:
    if setting != "auto":
        return setting, f"catalog.complete is {str(setting).lower()}"
    groups = sum(entity.kind == "Group" for entity in entities.values())
    if groups:
        return True, f"it holds {groups} {'Group' if groups == 1 else 'Groups'}"
    return False, "it holds no Groups: one part of an organisation's catalog"
