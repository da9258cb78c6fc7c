"""lifecycle/lifecycle-unknown, once more in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Entity, Finding, Severity
from bylaw.rules import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator


def evaluate(entity: Entity, context: Context) -> Iterator[Finding]:
    allowed = ["experimental", "production", "deprecated"]
    lifecycle = entity.spec.get("lifecycle")
    if isinstance(lifecycle, str) and lifecycle not in allowed:
        yield Finding(
            "/spec/lifecycle",
            f"lifecycle {lifecycle} of {entity.key} is not one of {', '.join(allowed)}",
            observed=lifecycle,
            expected=", ".join(allowed),
            nearest_of={"values": allowed},
        )


RULE = Rule(
    id="twin/lifecycle-unknown",
    title="Twin",
    description="What the Rego rule says.",
    remediation="See there.",
    severity=Severity.ERROR,
    applies_to={"kind": ("Component", "API", "Template", "AiResource")},
    evaluate=evaluate,
)
