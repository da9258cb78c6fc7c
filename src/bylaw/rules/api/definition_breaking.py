"""api/definition-breaking"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Finding, Severity
from bylaw.rules.parameters import texts
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.catalog import Change
    from bylaw.model import Entity


def _evaluate(change: Change, context: Context) -> Iterator[Finding]:
    before, after = change.before, change.after
    if before is None or after is None or not _is_relied_upon(before, context):
        return
    from bylaw.rules.api.changes import breaking

    for fault in breaking(before.spec.get("definition"), after.spec.get("definition")):
        line = f" (line {fault.line})" if fault.line else ""
        yield Finding(
            "/spec/definition",
            f"definition of {after.key} {fault.message}{line}",
            expected="what those who call the API as it was rely on",
            key=fault.key,
            line=fault.line,
        )


def _is_relied_upon(entity: Entity, context: Context) -> bool:
    lifecycle, type = entity.spec.get("lifecycle"), entity.spec.get("type")
    return lifecycle in context.parameters["lifecycles"] and type in context.parameters["types"]


RULE = Rule(
    id="api/definition-breaking",
    title="A change of an API breaks those who call it",
    description="Clients go by the definition: what they call and read must stay, and what they send must do.",
    remediation=(
        "Keep what is there and add beside it, or mark it deprecated and let it go in a later change. If nobody calls "
        "it any more, have a waiver."
    ),
    severity=Severity.ERROR,
    applies_to={"kind": ("API",)},
    subject="change",
    parameters={
        "lifecycles": texts("Lifecycles in which an API is relied upon.", "production"),
        "types": texts("Values of spec.type whose definition is OpenAPI.", "openapi"),
    },
    evaluate=_evaluate,
    source=__file__,
)
