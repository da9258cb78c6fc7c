"""``/openapi.json``: the table of routes as OpenAPI has it."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from bylaw.api.routes import ROUTES, SCHEMAS
from bylaw.serving.frames import PROBLEM
from bylaw.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.api.routes import Parameter, Route

_SUMMARY = "Law for a software catalog: one API for every caller."
_HEADERS = {
    "bylaw-catalog-digest": {"description": "What the answer was drawn from.", "schema": {"type": "string"}},
    "bylaw-snapshot-age": {"description": "Seconds since that was read.", "schema": {"type": "integer"}},
}
_TOLD = {
    400: "The query, a header or the body is not as the route takes it.",
    401: "Nobody who is known calls.",
    403: "The caller may not do this.",
    404: "There is nothing of that name.",
    405: "The route is not for this method.",
    408: "The body did not come in time.",
    409: "This was taken before.",
    413: "The body is too large.",
    415: "The body is of another type than the route takes.",
    422: "What was pushed cannot be taken.",
    429: "The caller comes more often than it may; Retry-After says when to come again.",
    500: "The server itself failed.",
    503: "The server cannot answer now; Retry-After says when to come again.",
    504: "There was no answer in time.",
}
"""What the status of a problem means."""
_OF_ALL, _OF_CALLED, _OF_BODIES = (400, 500, 504), (401, 403, 429, 503), (408, 413, 415)
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token of server.callers, or of server.oidc."},
    "certificate": {"type": "mutualTLS", "description": "A certificate of server.callers."},
}


@cache
def description() -> dict[str, Any]:
    """The description of all routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.template, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "bylaw", "version": VERSION, "summary": _SUMMARY},
        "paths": paths,
        "components": {
            "schemas": {**SCHEMAS, **dict(_of_reports()), **dict(_of_changes())},
            "securitySchemes": _SCHEMES,
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{route.method} {route.template}".lower()).strip("_"),
        "summary": route.summary,
        "security": [{"token": [route.scope]}, {"certificate": [route.scope]}, {}] if route.scope else [{}],
        "parameters": list(map(_parameter, route.parameters)),
        "responses": {str(status): each for status, each in sorted(_answers(route))},
    }
    if route.scope:
        said["description"] = f"Needs the scope `{route.scope}`."
    if route.takes:
        content = {media: {"schema": route.body} for media in route.takes}
        said["requestBody"] = {"required": True, "content": content}
    return said


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.required,
        "description": parameter.meaning,
        "schema": parameter.schema,
    }


def _answers(route: Route) -> Iterator[tuple[int, dict[str, Any]]]:
    for status, (media, schema) in route.gives.items():
        good = {"description": schema.get("description", "The answer."), "headers": _HEADERS}
        yield status, {**good, "content": {media: {"schema": schema}}} if media else good
    failures = {*_OF_ALL, *route.fails, *(_OF_CALLED if route.scope else ()), *(_OF_BODIES if route.takes else ())}
    for status in failures:
        schema = {"$ref": "#/components/schemas/Problem"}
        yield status, {"description": _TOLD[status], "headers": _HEADERS, "content": {PROBLEM: {"schema": schema}}}


def _of_reports() -> Iterator[tuple[str, Any]]:
    """The schema of the report, and those that it refers to, under names of their own."""
    text = files("bylaw.reports").joinpath("report.schema.json").read_text(encoding="utf-8")
    schema = json.loads(re.sub(r'"#/\$defs/(\w+)"', r'"#/components/schemas/Report_\1"', text))
    for name, each in schema.pop("$defs", {}).items():
        yield f"Report_{name}", each
    yield "Report", {name: each for name, each in schema.items() if name not in {"$schema", "$id"}}


def _of_changes() -> Iterator[tuple[str, Any]]:
    """The schema of a change set, and those that it refers to."""
    from bylaw.serving.answers.changes import Body

    schema = Body.model_json_schema(ref_template="#/components/schemas/{model}")
    yield from schema.pop("$defs", {}).items()
    yield "Changes", schema
