"""The relations of a catalog with who says each of them, and what decides which there are."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.catalog import Catalog, Kinds

Edge = tuple[str, str, str, str]
"""Source, relation, target, and the entity whose field says it."""


def edges(catalog: Catalog) -> Iterator[Edge]:
    """``Catalog.edges`` with their authors."""
    for key, entity in catalog.entities.items():
        for reference in catalog.references(entity):
            if reference.target is not None:
                yield key, reference.field.relation, reference.target, key
                yield reference.target, reference.field.reverse, key, key


def kinds_digest(kinds: Kinds) -> str:
    """``sha256:…`` over what decides which fields of an entity are references, and to what they lead."""
    ways = [
        (name, version, spec_type)
        for name in sorted(kinds.names)
        for version in (*kinds.versions(name), "another")
        for spec_type in (None, *kinds.types(name))
    ]
    said = [
        [*way, [[each.path, each.relation, each.reverse, each.default_kind] for each in kind.relations]]
        for way in ways
        if (kind := kinds.find(*way))
    ]
    return f"sha256:{hashlib.sha256(orjson.dumps(said)).hexdigest()}"
