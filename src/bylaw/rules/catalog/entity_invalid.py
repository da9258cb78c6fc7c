"""catalog/entity-invalid"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bylaw.catalog import address, faults
from bylaw.catalog.placeholders import RULE as PLACEHOLDER
from bylaw.documents.secrets import redact
from bylaw.model import Document, Finding, Severity
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN = 60  # characters of a value that the message repeats


def _evaluate(document: Document, context: Context) -> Iterator[Finding]:
    if not isinstance(document.data, dict):
        return
    unresolved = {problem.pointer.rpartition("/")[0] for problem in document.problems if problem.rule == PLACEHOLDER}
    for place, expected, found in faults(document.data, context.catalog.kinds):
        if _is_in(place, unresolved):  # the file was not to be had, so the value is still the placeholder
            continue
        yield finding(document, place, expected, found)


def finding(document: Document, place: str, expected: str, found: Any) -> Finding:
    """That a field of a document is not as ``expected`` says: "must be …", "is required"."""
    shown = f", found {_shown(found)}" if found is not None or "must" in expected else ""
    return Finding(
        place,
        f"{place or 'the document'} of {address(document.data) or 'the entity'} {expected}{shown}",
        observed=found,
        expected=expected.removeprefix("must be ").removeprefix("must "),
    )


def _is_in(place: str, collections: set[str]) -> bool:
    """Whether a pointer is one of these, or leads into one of them."""
    steps = place.split("/")
    return any("/".join(steps[:depth]) in collections for depth in range(1, len(steps) + 1))


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        text: str = redact(value)  # before it is cut: part of a secret could not be told for one
        return f'"{text[:_SHOWN]}{"…" if len(text) > _SHOWN else ""}"'
    return json.dumps(value)[:_SHOWN]


RULE = Rule(
    id="catalog/entity-invalid",
    title="Backstage would refuse the entity",
    description=(
        "Backstage does not ingest an entity that fails its schema or its field formats: a new one never appears, an "
        "existing one stays as it was. The verdict is that of its own /validate-entity; every fault is told, not only "
        "the first."
    ),
    remediation="Correct the field. The formats are described in Backstage's descriptor format.",
    severity=Severity.ERROR,
    subject="document",
    evaluate=_evaluate,
    source=__file__,
)
