"""lifecycle/depends-on-deprecated, once more in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Entity, Finding, Severity
from bylaw.rules import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator


def evaluate(entity: Entity, context: Context) -> Iterator[Finding]:
    if entity.spec.get("lifecycle") == "deprecated":
        return
    for relation in ("dependsOn", "consumesApi"):
        for target in context.graph.targets(entity.key, relation):
            other = context.catalog.entities.get(target)
            if other and other.spec.get("lifecycle") == "deprecated":
                annotations = other.data["metadata"].get("annotations")
                successor = annotations.get("bylaw.dev/successor") if isinstance(annotations, dict) else None
                hint = f"; its successor is {successor}" if isinstance(successor, str) else ""
                yield Finding(
                    _pointer(entity, relation, target, context),
                    f"{entity.key} depends on {target}, which is deprecated{hint}",
                    observed="deprecated",
                    key=target,
                )


def _pointer(entity: Entity, relation: str, target: str, context: Context) -> str:
    references = context.catalog.references(entity)
    named = (each.pointer for each in references if each.field.relation == relation and each.target == target)
    return min(named, default="/spec")


RULE = Rule(
    id="twin/depends-on-deprecated",
    title="Twin",
    description="What the Rego rule says.",
    remediation="See there.",
    severity=Severity.ERROR,
    reads="relations",
    applies_to={"kind": ("Component", "API", "Resource", "AiResource")},
    evaluate=evaluate,
)
