"""The routes of the server, one table: who may call each, who answers it, what it takes, and what it gives.

``/openapi.json`` is made from the table, and nothing is answered that does not stand in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json"
CLOUD_EVENT = "application/cloudevents+json"
SQLITE = "application/vnd.sqlite3"
GZIP = "application/gzip"
REF = r"[<kind>:][<namespace>/]<name>"


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something that the query of a request may say, or a part of its path."""

    name: str
    meaning: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string", "minLength": 1})
    required: bool = False
    where: Literal["path", "query", "header"] = "query"


@dataclass(frozen=True, slots=True)
class Route:
    """One route. ``by`` names who answers: a question that a worker is asked, or, where ``here`` is set, the server."""

    method: str
    path: str
    scope: str
    """What a caller must be allowed to do; empty: anybody may call."""
    by: str
    summary: str
    about: str = ""
    """What tells questions of one name apart."""
    here: bool = False
    hot: bool = False
    """Whether it goes to the workers past FastAPI."""
    takes: tuple[str, ...] = ()
    """The media types of the body; empty: it has none."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """The schema of the body."""
    encodings: tuple[str, ...] = ()
    """What the body may be encoded by."""
    parameters: tuple[Parameter, ...] = ()
    gives: Mapping[int, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    """For each status of a good answer its media type, if it has a body, and schema or description."""
    fails: tuple[int, ...] = ()
    """The statuses of problems that are its own; those that any route may have are not named."""
    decides: bool = False
    """Whether its answers are decisions."""

    template: str = field(init=False)
    """The path as OpenAPI has it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "template", re.sub(r":\w+}", "}", self.path))


def _named(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


_TEXT = {"type": "string"}
_REFS = {"type": "array", "items": _TEXT}
_BOOLEAN = {"type": "string", "enum": ["true", "false"], "default": "false"}
_DAY = {"type": "string", "format": "date"}


def _object(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


SCHEMAS: Mapping[str, Any] = {
    "Problem": {
        **_object(
            {
                "type": {"type": "string", "const": "about:blank"},
                "title": _TEXT,
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "detail": _TEXT,
            }
        ),
        "description": "RFC 9457: what was seen, what is expected, and the next step.",
    },
    "Entities": {
        **_object(
            {"entities": {"type": "array", "minItems": 1, "items": {}}},
            {"now": {**_DAY, "description": "The day of the judgement; today in UTC without it."}},
        ),
        "additionalProperties": False,
    },
    "AdmissionReview": _object(
        {"apiVersion": {"const": "admission.k8s.io/v1"}, "kind": {"const": "AdmissionReview"}},
        {
            "request": _object({"uid": {"type": "string", "minLength": 1}}),
            "response": _object(
                {"uid": _TEXT, "allowed": {"type": "boolean"}},
                {
                    "status": _object({"code": {"type": "integer"}, "message": _TEXT}, {"reason": _TEXT}),
                    "warnings": {"type": "array", "items": {"type": "string", "maxLength": 256}},
                    "auditAnnotations": {"type": "object", "additionalProperties": _TEXT},
                },
            ),
        },
    ),
    "ProviderRequest": _object(
        {"apiVersion": _TEXT, "kind": {"const": "ProviderRequest"}, "request": _object({"keys": _REFS})}
    ),
    "ProviderResponse": _object(
        {
            "apiVersion": _TEXT,
            "kind": {"const": "ProviderResponse"},
            "response": _object(
                {"idempotent": {"type": "boolean"}}, {"items": {"type": "array"}, "systemError": _TEXT}
            ),
        }
    ),
    "Entity": _object(
        {
            "ref": _TEXT,
            "entity": {"type": "object"},
            "owners": _object({"direct": _REFS, "effective": _REFS}),
            "relations": {"type": "object", "additionalProperties": _REFS},
            "path": {"type": ["string", "null"]},
            "url": {"type": ["string", "null"]},
        }
    ),
    "Owners": _object(
        {
            "ref": _TEXT,
            "owners": {
                "type": "array",
                "items": _object({"ref": _TEXT, "direct": {"type": "boolean"}, "exists": {"type": "boolean"}}),
            },
        }
    ),
    "Needing": _object(
        {"ref": _TEXT},
        {
            name: {
                "type": "array",
                "items": _object(
                    {"ref": _TEXT, "direct": {"type": "boolean"}, "exists": {"type": "boolean"}, "owners": _REFS}
                ),
            }
            for name in ("dependents", "dependencies")
        },
    ),
    "Way": _object(
        {
            "from": _TEXT,
            "to": _TEXT,
            "leads": {"type": "boolean"},
            "path": {"type": "array", "items": _object({"from": _TEXT, "relation": _TEXT, "to": _TEXT})},
        }
    ),
    "CloudEvent": _object(
        {"specversion": {"const": "1.0"}, "id": _TEXT, "source": _TEXT, "type": _TEXT},
        {
            "data": {
                "type": "object",
                "properties": {"entities": {"type": "array", "items": {"type": "object"}}, "deleted": _REFS},
            }
        },
    ),
    "DecisionRow": {
        **_object(
            {"seq": {"type": "integer"}, "time": _TEXT, "before": _TEXT, "hash": _TEXT},
            {"id": _TEXT, "gate": _TEXT, "caller": _TEXT, "subject": _TEXT, "decision": _TEXT, "rules": _REFS},
        ),
        "description": "A decision; or a gap, which has no id and says how many were lost.",
    },
    "Decisions": _object(
        {"decisions": {"type": "array", "items": _named("DecisionRow")}, "next": {"type": ["integer", "null"]}}
    ),
    "Health": _object({"status": {"const": "alive"}, "version": _TEXT}),
    "Readiness": _object(
        {
            "status": {"const": "ready"},
            "age": {"type": "number", "description": "Seconds since the catalog was read."},
            "store": {"type": "string", "enum": ["reachable", "unreachable"]},
        }
    ),
}

_REF = Parameter("ref", f"The reference of an entity: {REF}.", required=True)
_IN_PATH = Parameter("ref", f"The reference of an entity: {REF}.", required=True, where="path")
_DIRECT = Parameter("direct", "Whether what is reached through others is left out.", _BOOLEAN)
_IF_NONE_MATCH = Parameter("if-none-match", "The ETag of what the caller has.", _TEXT, where="header")
_NOTHING_NEW = "Nothing has changed since then."
_REPORT = _named("Report")

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/admission",
        "admission:review",
        "admission",
        "Review a Kubernetes object: AdmissionReview v1 in and out. A denial is 200 with `allowed: false`.",
        hot=True,
        takes=(JSON,),
        body=_named("AdmissionReview"),
        parameters=(
            Parameter(
                "timeout",
                "How long the caller waits, as Go writes it: 3s, 500ms. The answer comes before that.",
                {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ms|s|m))+$"},
            ),
        ),
        gives={200: (JSON, _named("AdmissionReview"))},
        decides=True,
    ),
    Route(
        "POST",
        "/v1/check",
        "check:run",
        "check",
        "Judge entities as they would be in the catalog, in place of those of the same refs.",
        hot=True,
        takes=(JSON,),
        body=_named("Entities"),
        gives={200: (JSON, _REPORT)},
        decides=True,
    ),
    Route(
        "POST",
        "/v1/changes",
        "check:run",
        "changes",
        "Judge a change set, laid over the catalog, as `bylaw gate` does.",
        hot=True,
        takes=(JSON,),
        body=_named("Changes"),
        gives={
            200: (JSON, {"anyOf": [_REPORT, {"type": "object", "description": "What `bylaw gate --server` renders."}]})
        },
        fails=(422,),
        decides=True,
    ),
    Route(
        "POST",
        "/v1/external-data",
        "catalog:read",
        "external_data",
        "Answer Gatekeeper as a provider of external data.",
        hot=True,
        takes=(JSON,),
        body=_named("ProviderRequest"),
        gives={200: (JSON, _named("ProviderResponse"))},
    ),
    Route(
        "GET",
        "/v1/entities/{ref:full}/findings",
        "catalog:read",
        "entities",
        "Judge an entity of the catalog as it stands; its namespace has to be named.",
        about="findings",
        parameters=(_IN_PATH,),
        gives={200: (JSON, _REPORT)},
        fails=(404,),
    ),
    Route(
        "GET",
        "/v1/entities/{ref:path}",
        "catalog:read",
        "entities",
        "An entity, its owners and its relations.",
        parameters=(_IN_PATH,),
        gives={200: (JSON, _named("Entity"))},
        fails=(404,),
    ),
    Route(
        "GET",
        "/v1/graph/owners",
        "catalog:read",
        "graph",
        "Who owns an entity, directly and in effect.",
        about="owners",
        parameters=(_REF,),
        gives={200: (JSON, _named("Owners"))},
        fails=(404,),
    ),
    Route(
        "GET",
        "/v1/graph/dependents",
        "catalog:read",
        "graph",
        "What needs an entity.",
        about="dependents",
        parameters=(_REF, _DIRECT),
        gives={200: (JSON, _named("Needing"))},
        fails=(404,),
    ),
    Route(
        "GET",
        "/v1/graph/dependencies",
        "catalog:read",
        "graph",
        "What an entity needs.",
        about="dependencies",
        parameters=(_REF, _DIRECT),
        gives={200: (JSON, _named("Needing"))},
        fails=(404,),
    ),
    Route(
        "GET",
        "/v1/graph/why",
        "catalog:read",
        "graph",
        "How one entity leads to another.",
        about="why",
        parameters=(
            Parameter("from", "The entity to begin with.", required=True),
            Parameter("to", "The entity to arrive at.", required=True),
        ),
        gives={200: (JSON, _named("Way"))},
        fails=(404,),
    ),
    Route(
        "GET",
        "/v1/snapshot",
        "catalog:read",
        "snapshot",
        "The catalog in one file: the base that `bylaw gate` lays a change over.",
        here=True,
        parameters=(_IF_NONE_MATCH,),
        gives={200: (SQLITE, {"type": "string", "format": "binary"}), 304: ("", {"description": _NOTHING_NEW})},
    ),
    Route(
        "GET",
        "/v1/bundles/{name}.tar.gz",
        "bundle:read",
        "bundle",
        "Policies and catalog as a bundle for OPA.",
        parameters=(Parameter("name", "The name of a bundle.", required=True, where="path"), _IF_NONE_MATCH),
        gives={200: (GZIP, {"type": "string", "format": "binary"}), 304: ("", {"description": _NOTHING_NEW})},
        fails=(404,),
    ),
    Route(
        "POST",
        "/v1/events",
        "catalog:write",
        "events",
        "Take a CloudEvent that tells of a change of the catalog, signed by Standard Webhooks.",
        here=True,
        takes=(CLOUD_EVENT, JSON),
        body=_named("CloudEvent"),
        gives={202: ("", {"description": "It was taken."})},
        fails=(404, 409, 422),
    ),
    Route(
        "GET",
        "/v1/decisions",
        "decision:read",
        "decisions",
        "Rows of the decision log, in their order.",
        here=True,
        parameters=(
            Parameter("after", "The number of the row to go on after.", {"type": "integer", "minimum": 0}),
            Parameter("limit", "How many at most.", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}),
            Parameter("decision", "Only these.", {"type": "string", "enum": ["allowed", "denied", "undecided"]}),
            Parameter("gate", "Only those of this gate."),
            Parameter("rule", "Only those by this rule."),
            Parameter("subject", "Only those about this."),
            Parameter("since", "From this moment on: the beginning of a time, such as 2026-11-21."),
            Parameter("until", "Before this moment."),
        ),
        gives={200: (JSON, _named("Decisions"))},
    ),
    Route(
        "POST",
        "/v1/decisions/logs",
        "decision:write",
        "uploads",
        "Take the decision log that an OPA uploads.",
        here=True,
        takes=(JSON,),
        body={"type": "array", "items": {"type": "object"}},
        encodings=("gzip",),
        gives={204: ("", {"description": "It was taken."})},
    ),
    Route(
        "GET",
        "/v1/decisions/{id:decision}",
        "decision:read",
        "decision",
        "One decision.",
        here=True,
        parameters=(Parameter("id", "The id of a decision.", required=True, where="path"),),
        gives={200: (JSON, _named("DecisionRow"))},
        fails=(404,),
    ),
    Route(
        "GET",
        "/healthz",
        "",
        "healthz",
        "Whether the server is alive.",
        here=True,
        hot=True,
        gives={200: (JSON, _named("Health"))},
    ),
    Route(
        "GET",
        "/readyz",
        "",
        "readyz",
        "Whether the server has a snapshot that is fresh enough to decide by, and how its store is.",
        here=True,
        hot=True,
        gives={200: (JSON, _named("Readiness"))},
        fails=(503,),
    ),
    Route(
        "GET",
        "/metrics",
        "metrics:read",
        "metrics",
        "What Prometheus reads.",
        here=True,
        gives={200: ("text/plain", _TEXT)},
    ),
    Route(
        "GET", "/openapi.json", "", "openapi", "This description.", here=True, gives={200: (JSON, {"type": "object"})}
    ),
)
