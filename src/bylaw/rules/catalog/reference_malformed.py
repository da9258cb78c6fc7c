"""catalog/reference-malformed"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Entity, Finding, Severity
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator


def _evaluate(entity: Entity, context: Context) -> Iterator[Finding]:
    for reference in context.catalog.references(entity):
        # An empty text is the schema's to report, but for dependencyOf, of which the schema says nothing.
        if reference.fault and (reference.text != "" or reference.field.relation == "dependencyOf"):
            yield Finding(
                reference.pointer,
                f"{reference.field.path[-1]} of {entity.key}: {reference.fault}",
                observed=reference.text,
                expected="[<kind>:][<namespace>/]<name>"
                if reference.field.default_kind
                else "<kind>:[<namespace>/]<name>",
            )


RULE = Rule(
    id="catalog/reference-malformed",
    title="A reference cannot be read",
    description=(
        "Backstage refuses the whole entity when one of its references has an empty part, or names no kind where "
        "the field has no default kind: dependsOn takes entities of any kind."
    ),
    remediation="Write it as kind:namespace/name, for example component:default/orders or resource:orders-db.",
    severity=Severity.ERROR,
    evaluate=_evaluate,
    source=__file__,
)
