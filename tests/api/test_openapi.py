"""/openapi.json is complete and true: every route is in it, and what it says is what a running server does."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from bylaw.api import openapi
from bylaw.api.routes import ROUTES
from bylaw.callers import SCOPES
from bylaw.serving.answers import ANSWERS
from tests.api.served import Server, serving, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def described() -> Any:
    return openapi.description()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = written(tmp_path_factory.mktemp("served"), "server: {events_secret_env: EVENTS_KEY}\n")
    with serving(folder, ".", environment={"EVENTS_KEY": "a key of at least 24 bytes"}) as running:
        yield running


def test_every_route_is_described_once(described: Any) -> None:
    said = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert said == {(route.method, route.template) for route in ROUTES}
    assert len(said) == len(ROUTES)


def test_every_question_has_an_answer_and_every_scope_is_one() -> None:
    assert {route.by for route in ROUTES if not route.here} <= set(ANSWERS)
    assert {route.scope for route in ROUTES} - {""} <= set(SCOPES)


def test_only_health_and_the_description_are_open_to_anybody() -> None:
    assert {route.path for route in ROUTES if not route.scope} == {"/healthz", "/readyz", "/openapi.json"}


def test_every_operation_says_who_may_call_and_how_it_fails(described: Any) -> None:
    for route in ROUTES:
        said = described["paths"][route.template][route.method.lower()]
        assert said["security"] == (
            [{"token": [route.scope]}, {"certificate": [route.scope]}, {}] if route.scope else [{}]
        )
        problems = {
            status
            for status, each in said["responses"].items()
            if "application/problem+json" in each.get("content", {})
        }
        assert {"400", "500", "504"} <= problems
        assert ({"401", "403", "429", "503"} <= problems) == bool(route.scope)
        assert ({"408", "413", "415"} <= problems) == bool(route.takes)


def test_operations_can_be_told_apart(described: Any) -> None:
    ids = [each["operationId"] for methods in described["paths"].values() for each in methods.values()]
    assert len(set(ids)) == len(ids)


def test_every_schema_that_is_named_is_there_and_is_one(described: Any) -> None:
    schemas = described["components"]["schemas"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)

    def named(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            for each in value.values():
                yield from named(each)
        elif isinstance(value, list):
            for each in value:
                yield from named(each)

    assert {name.removeprefix("#/components/schemas/") for name in named(described)} <= set(schemas)


def test_a_running_server_serves_the_description(server: Server, described: Any) -> None:
    assert server.get("/openapi.json").json == described


def test_no_request_that_can_be_made_from_the_description_breaks_a_running_server(
    server: Server, tmp_path: Path
) -> None:
    checks = (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "response_headers_conformance",
        "negative_data_rejection",
        "unsupported_method",
        "allow_header_conformance",
    )
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"),
            *("--phases", "coverage,fuzzing", "--max-examples", "3", "--seed", "1", "--warnings", "off"),
            *("--checks", ",".join(checks)),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "No issues found" in ran.stdout, ran.stdout
