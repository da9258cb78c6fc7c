"""From documents to a catalog, as Backstage would read it."""

from __future__ import annotations

from bylaw.catalog.catalog import Catalog, Rest, address, build, is_skeleton, references_of
from bylaw.catalog.changes import Change, ChangeSet, compare, differ
from bylaw.catalog.kinds import REVERSE, Kind, Kinds, RelationField
from bylaw.catalog.references import Reference
from bylaw.catalog.schemas import Schema, pointer
from bylaw.catalog.validate import faults

__all__ = [
    "REVERSE",
    "Catalog",
    "Change",
    "ChangeSet",
    "Kind",
    "Kinds",
    "Reference",
    "RelationField",
    "Rest",
    "Schema",
    "address",
    "build",
    "compare",
    "differ",
    "faults",
    "is_skeleton",
    "pointer",
    "references_of",
]
