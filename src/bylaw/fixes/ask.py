"""What is to be changed: what findings say mends them, and whose entities become somebody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.catalog import address
from bylaw.errors import UsageError
from bylaw.fixes.fix import Fix
from bylaw.model import Entity, EntityRef, Outcome, RefError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bylaw.catalog import Catalog
    from bylaw.model import Document, Finding

_OWNED = "ownedBy"


def of_findings(findings: Iterable[Finding]) -> list[Fix]:
    """The fixes that findings bring with them."""
    return [
        Fix(finding.document, finding.fix, finding.entity, finding)
        for finding in findings
        if finding.fix and finding.document and finding.outcome is Outcome.FAIL
    ]


def of_owners(catalog: Catalog, moves: Sequence[str]) -> list[Fix]:
    """The fixes that give everything which one group or user owns to another, for each ``OLD=NEW``.

    Raises:
        UsageError: a move that names nobody or cannot be: the new owner is not in the catalog, or is none.
    """
    owners: dict[str, EntityRef] = {}
    for move in moves:
        old, new = _move(move, catalog)
        if old in owners:
            raise UsageError(f"--owner {move}: {old} already goes to {owners[old]}")
        owners[old] = new
    fixes = []
    for document in catalog.documents:
        entity = _entity(document)
        operations = tuple(_operations(entity, catalog, owners)) if entity else ()
        if entity and operations:
            fixes.append(Fix(document, operations, entity.key))
    return fixes


def _move(text: str, catalog: Catalog) -> tuple[str, EntityRef]:
    """The canonical ref of the old owner, and the new one."""
    before, equals, after = text.partition("=")
    try:
        if not equals:
            raise RefError("there is no = in it")
        old, new = EntityRef.parse(before, "Group"), EntityRef.parse(after, "Group")
    except RefError as error:
        raise UsageError(
            f"--owner {text}: expected OLD=NEW such as group:default/team-a=group:default/team-b; {error}"
        ) from None
    kinds = _kinds_of_owners(catalog)
    if new.kind.lower() not in map(str.lower, kinds):
        raise UsageError(f"--owner {text}: a {new.kind} owns nothing, expected a {' or '.join(kinds)}")
    if str(old) == str(new):
        raise UsageError(f"--owner {text}: both are {old}")
    found = catalog.entities.get(str(new))
    if found is None:
        known = {entity.ref.name: key for key, entity in catalog.entities.items() if entity.kind in kinds}
        near = nearest(new.name, known)
        hint = f" (did you mean {known[near]}?)" if near else ""
        raise UsageError(f"--owner {text}: {new} is not in the catalog{hint}")
    return str(old), found.ref


def _kinds_of_owners(catalog: Catalog) -> list[str]:
    fields = (field for each in catalog.kinds.as_data().values() for field in each if field["relation"] == _OWNED)
    return sorted({kind for field in fields for kind in field["kinds"]})


def _entity(document: Document) -> Entity | None:
    """The entity of a document, be it that an earlier document has its ref."""
    ref = address(document.data)
    return Entity(str(ref), ref, document.data, document) if ref else None


def _operations(entity: Entity, catalog: Catalog, owners: dict[str, EntityRef]) -> Iterator[dict[str, str]]:
    for reference in catalog.references(entity):
        new = owners.get(reference.target or "")
        if new is not None and reference.field.relation == _OWNED:
            kind = reference.field.default_kind or ""
            value = new.written_like(reference.text, kind, entity.ref.namespace)
            yield {"op": "replace", "path": reference.pointer, "value": value}
