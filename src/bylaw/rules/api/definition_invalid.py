"""api/definition-invalid"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Entity, Finding, Severity
from bylaw.rules.api.formats import FORMATS, faults
from bylaw.rules.parameters import texts
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOLD = 3  # faults of one definition that are told each by itself; those after the first often follow from it


def _evaluate(entity: Entity, context: Context) -> Iterator[Finding]:
    definition, kind = entity.spec.get("definition"), entity.spec.get("type")
    format = context.parameters["types"].get(kind) if isinstance(kind, str) else None
    if format is None:
        return
    found = faults(format, definition, context.parameters)
    for number, fault in enumerate(found[:_TOLD], 1):
        line = f" (line {fault.line})" if fault.line else ""
        more = f"; it has {len(found) - _TOLD} more faults" if number == _TOLD < len(found) else ""
        yield Finding(
            f"/spec/definition{fault.pointer if isinstance(definition, dict) else ''}",
            f"definition of {entity.key} {fault.message}{line}{more}",
            observed=fault.observed if isinstance(fault.observed, str | int | float | None) else None,
            expected=f"a valid {FORMATS[format]} definition",
            key=fault.key or fault.pointer,
            outcome=fault.outcome,
            line=fault.line,
        )


_TYPES = {
    "description": "The format in which an API of a spec.type is defined. Those of other types are not judged.",
    "type": "object",
    "additionalProperties": {"enum": list(FORMATS)},
    "default": {"asyncapi": "asyncapi", "graphql": "graphql", "grpc": "protobuf", "openapi": "openapi"},
}
_APPSYNC = ("AWSDate", "AWSDateTime", "AWSEmail", "AWSIPAddress", "AWSJSON", "AWSPhone", "AWSTime", "AWSTimestamp")

RULE = Rule(
    id="api/definition-invalid",
    title="An API definition does not parse or validate",
    description="Its page in Backstage shows an error, and what is made from it (clients, checks) fails or is wrong.",
    remediation="Correct the definition at the line named, or read the file that the service keeps with $text.",
    severity=Severity.ERROR,
    applies_to={"kind": ("API",)},
    parameters={
        "types": _TYPES,
        "graphql_types": texts("Types that a GraphQL schema may use without defining them.", *_APPSYNC, "AWSURL"),
    },
    evaluate=_evaluate,
    source=__file__,
)
