"""catalog/kind-unknown"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.catalog import address
from bylaw.model import Document, Finding, Names, Severity
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator


def _evaluate(document: Document, context: Context) -> Iterator[Finding]:
    kind = document.data.get("kind") if isinstance(document.data, dict) else None
    kinds = context.catalog.kinds
    if not isinstance(kind, str) or not kind or kind in kinds.names:
        return
    names = Names(kinds.names)
    meant = kinds.spelling.get(kind.lower()) or names.nearest(kind)
    certain = meant is not None and names.misspelt(kind, meant)
    yield Finding(
        "/kind",
        f"kind {kind} of {address(document.data) or 'the entity'} is not one that this catalog knows",
        observed=kind,
        expected=f"one of {', '.join(sorted(kinds.names))}",
        suggestion=meant,
        fix=({"op": "replace", "path": "/kind", "value": meant},) if certain else (),
    )


RULE = Rule(
    id="catalog/kind-unknown",
    title="Kind is not known",
    description=(
        "Backstage refuses an entity whose kind no processor recognises. Upper and lower case count: an Api is not an "
        "API."
    ),
    remediation="Correct the spelling, or declare the kind under catalog.kinds of bylaw.yaml.",
    severity=Severity.ERROR,
    subject="document",
    evaluate=_evaluate,
    source=__file__,
)
