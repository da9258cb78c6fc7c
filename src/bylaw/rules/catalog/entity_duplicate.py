"""catalog/entity-duplicate"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.catalog import address
from bylaw.model import Document, Finding, Severity
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator


def _evaluate(document: Document, context: Context) -> Iterator[Finding]:
    ref = address(document.data)
    key = str(ref) if ref else ""
    duplicates = context.catalog.duplicates.get(key, ())
    if not any(each is document for each in duplicates):
        return
    first = context.catalog.entities[key].document
    where = "earlier in this file" if first.path == document.path else f"in {first.path or first.url}"
    yield Finding(
        "/metadata/name",
        f"{key} is already defined {where}",
        observed=ref.name if ref else None,
        expected="one entity of each kind, namespace and name (upper and lower case do not count)",
    )


RULE = Rule(
    id="catalog/entity-duplicate",
    title="The same entity stands twice",
    description=(
        "Of two entities with one reference Backstage keeps one: from two places the first it happened to read, from "
        "one place the last. Nobody is told, and the other file is dead. bylaw judges the first, by path."
    ),
    remediation="Remove one of the two, or give it a name or a namespace of its own.",
    severity=Severity.ERROR,
    reads="graph",
    reach=(),
    subject="document",
    evaluate=_evaluate,
    source=__file__,
)
