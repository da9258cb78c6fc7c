"""Would Backstage ingest this document? Every reason why not, not only the first.

The order is the server's: the envelope, the entity schema, root fields, field formats, then the kind's own
schema. The verdict is that of ``/validate-entity`` on a Backstage 1.55 (``fixtures/backstage`` and the
recorded answers that the tests read).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bylaw.catalog import formats
from bylaw.catalog.schemas import Schema, backstage_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bylaw.catalog.kinds import Kind, Kinds

_SERVER_FIELDS = ("relations", "status")


def faults(document: Mapping[str, Any], kinds: Kinds) -> Iterator[tuple[str, str, Any]]:
    """``(JSON pointer, what is expected, what was found)`` for each fault of an entity's form.

    An unknown kind is not a fault here: ``catalog/kind-unknown`` says that, with a suggestion.
    """
    kind = kinds.find(document.get("kind"), document.get("apiVersion"), _spec_type(document))
    seen: set[str] = set()
    for place, expected, found in (*_of_kind(document, kind, kinds), *formats.faults(document)):
        if place not in seen:
            seen.add(place)
            yield place, expected, found


def _of_kind(document: Mapping[str, Any], kind: Kind | None, kinds: Kinds) -> Iterator[tuple[str, str, Any]]:
    name, version = document.get("kind"), document.get("apiVersion")
    if kind and isinstance(version, str) and version and version not in kind.api_versions:
        yield "/apiVersion", f"must be {' or '.join(kinds.versions(kind.name))} for kind {kind.name}", version
    if kind is None and isinstance(name, str) and (types := kinds.types(name)):
        yield "/spec/type", f"must be {' or '.join(types)} for kind {name}", _spec_type(document)
    yield from (_kind_schema(kind) if kind else _entity_schema()).faults(document)
    for field in _SERVER_FIELDS:
        if field in document:
            yield f"/{field}", "is set by the server and not allowed in a file", None


def _spec_type(document: Mapping[str, Any]) -> Any:
    spec = document.get("spec")
    return spec.get("type") if isinstance(spec, dict) else None


@lru_cache(maxsize=256)
def _kind_schema(kind: Kind) -> Schema:
    return Schema(kind.schema, f"kind {kind.name}")


@lru_cache(maxsize=1)
def _entity_schema() -> Schema:
    return Schema(backstage_schema("Entity"), "Entity")
