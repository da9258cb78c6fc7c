"""docs/techdocs-missing, once more in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Entity, Finding, Severity
from bylaw.rules import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator


def evaluate(entity: Entity, context: Context) -> Iterator[Finding]:
    names = ("backstage.io/techdocs-ref", "backstage.io/techdocs-entity")
    metadata = entity.data["metadata"]
    annotations = metadata.get("annotations")
    given = [annotations.get(name) for name in names] if isinstance(annotations, dict) else []
    if any(isinstance(each, str) and each.strip() for each in given):
        return
    if entity.data["kind"] == "System" or entity.spec.get("lifecycle") == "production":
        yield Finding(
            "/metadata/annotations/backstage.io~1techdocs-ref",
            f"{entity.key} links no documentation: no annotation {' or '.join(names)}",
            expected="backstage.io/techdocs-ref: dir:.",
        )


RULE = Rule(
    id="twin/techdocs-missing",
    title="Twin",
    description="What the Rego rule says.",
    remediation="See there.",
    severity=Severity.ERROR,
    applies_to={"kind": ("Component", "System", "API")},
    evaluate=evaluate,
)
