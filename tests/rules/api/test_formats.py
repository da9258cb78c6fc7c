"""Definitions of strangers: what no fixture can say of them (hostile ones, and that none is ever followed)."""

from __future__ import annotations

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from bylaw.model import Outcome
from bylaw.rules.api import formats
from tests.command import entity, run, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARAMETERS = {"graphql_types": ["Money"]}


def told(format: str, definition: Any) -> list[tuple[int | None, str]]:
    """``(line, message)`` of each fault."""
    return [(each.line, each.message) for each in formats.faults(format, definition, PARAMETERS)]


def openapi(schema: str, version: str = "3.0.3") -> str:
    """A definition of one line with one schema, as JSON."""
    head = f'"openapi": "{version}", "info": {{"title": "it", "version": "1"}}, "paths": {{}}'
    return f'{{{head}, "components": {{"schemas": {{"It": {schema}}}}}}}'


def asyncapi(schema: str) -> str:
    """The same of AsyncAPI."""
    head = '"asyncapi": "3.0.0", "info": {"title": "it", "version": "1"}'
    return f'{{{head}, "components": {{"schemas": {{"It": {schema}}}}}}}'


# -- nothing is followed


class Listener:
    """A server that counts who asks it anything, and a pipe that nobody can open without waiting for ever."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.pipe = folder / "pipe.json"
        os.mkfifo(self.pipe)

    @property
    def targets(self) -> list[str]:
        """What a reference may name to reach it."""
        url = f"http://127.0.0.1:{self.server.server_port}/it.json"
        return [url, f"{url}#/definitions/It", f"file://{self.pipe}", str(self.pipe), os.path.relpath(self.pipe)]


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    found = Listener(tmp_path)
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        found.server.shutdown()
        thread.join()
        found.server.server_close()


def definitions(target: str) -> Iterator[tuple[str, Any]]:
    """``(format, definition)``: the target at every place at which some tool would follow it."""
    info = {"title": "it", "version": "1"}
    ref = {"$ref": target}
    responses = {"200": ref}
    paths = {"/a": ref, "/b": {"get": {"parameters": [ref], "requestBody": ref, "responses": responses}}}
    schemas = {
        "A": ref,
        "B": {"$schema": target, "$id": target, "properties": {"b": ref}, "allOf": [ref]},
        "C": {"$dynamicRef": target, "discriminator": {"propertyName": "x", "mapping": {"x": target}}},
    }
    for version in ("3.0.3", "3.1.0", "3.2.0"):
        head = {"openapi": version, "info": info, "$schema": target, "$id": target}
        yield "openapi", json.dumps({**head, "paths": paths, "components": {"schemas": schemas}})
    for dialect in (target, "https://json-schema.org/draft/2020-12/schema"):
        yield "openapi", json.dumps({"openapi": "3.1.0", "info": info, "jsonSchemaDialect": dialect, "paths": paths})
    yield "openapi", json.dumps({"swagger": "2.0", "info": info, "paths": paths, "definitions": schemas, "id": target})
    yield "openapi", f"$ref: {target}"
    payload = {"schemaFormat": "application/vnd.apache.avro;version=1.9.0", "schema": ref}
    components = {"schemas": schemas, "messages": {"M": {"payload": payload}, "N": ref}}
    yield "asyncapi", json.dumps({"asyncapi": "3.0.0", "info": info, "channels": {"c": ref}, "components": components})
    yield "asyncapi", json.dumps({"asyncapi": "2.6.0", "info": info, "channels": {"c": ref}, "components": components})
    yield "graphql", f'extend schema @link(url: "{target}", import: ["@key"])\ntype Query {{ a: Int }}'
    yield "protobuf", f'syntax = "proto3";\nimport "{target}";\nimport public "{target}";\n'


def test_no_reference_of_a_definition_is_followed(listener: Listener) -> None:
    for target in listener.targets:
        for format, definition in definitions(target):
            formats.faults(format, definition, PARAMETERS)  # it would wait at the pipe
            if format in {"asyncapi", "openapi"}:
                formats.faults(format, json.loads(definition) if definition[0] == "{" else {}, PARAMETERS)
    assert listener.asked == []


# -- what is made to harm


@pytest.mark.parametrize("definition", [openapi, asyncapi])
@pytest.mark.parametrize("depth", [96, 97, 1_000, 100_000])
def test_a_schema_that_is_too_deep_is_refused_before_any_schema_judges_it(definition: Any, depth: int) -> None:
    format = definition.__name__
    found = told(format, definition('{"items": ' * depth + "{}" + "}" * depth))
    fits = depth == 96  # and three collections around it, and the schema at its bottom
    assert found == ([] if fits else [(1, "is not YAML: more than 100 collections in one another")])


@pytest.mark.parametrize(
    ("format", "definition", "line", "said"),
    [
        ("graphql", "type A { a: " + "[" * 3_000, 1, "Document is nested too deeply. Parsing aborted"),
        ("graphql", "\0", 1, "Unexpected character: U+0000"),
        ("protobuf", "message A {" * 5_000, None, "it is nested too deep"),
        ("protobuf", "\0", 1, "a character that cannot stand there"),
        ("protobuf", "a" * 100, 1, f"unexpected {'a' * 60}…"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_text_that_is_made_to_harm_its_parser_has_a_fault(
    format: str, definition: str, line: int | None, said: str
) -> None:
    assert told(format, definition) == [(line, f"is not valid {formats.FORMATS[format]}: {said}")]


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ("\0", "the control character U+0000 cannot stand in YAML: remove it"),
        ("a: &a [*a]", "the alias *a is inside of what it stands for"),
        ("[" * 1_000, "more than 100 collections in one another"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_yaml_that_is_made_to_harm_is_refused(definition: str, said: str) -> None:
    assert told("openapi", definition) == told("asyncapi", definition) == [(1, f"is not YAML: {said}")]


@pytest.mark.parametrize(
    ("format", "definition", "most"),
    [("graphql", "type A { a: Int }" * 100_000, "1,600,000"), ("protobuf", "message A {}" * 50_000, "400,000")],
    ids=["graphql", "protobuf"],
)
def test_what_is_too_long_to_be_parsed_in_time_is_unknown(format: str, definition: str, most: str) -> None:
    (found,) = formats.faults(format, definition, PARAMETERS)
    said = f"has {len(definition):,} characters, more than the {most} that are read: it was not judged"
    assert (found.message, found.outcome) == (said, Outcome.UNKNOWN)


def test_merge_keys_are_bounded_as_aliases_are() -> None:
    lines = ["openapi: 3.0.3", "a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {{k{n}: *a{n - 1}, <<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 9)]
    assert told("openapi", "\n".join(lines)) == [
        (4, "is not YAML: the alias *a1 multiplies to more than 100 uses, which Backstage takes for an attack")
    ]


def test_merge_keys_give_what_their_own_mapping_does_not_say_and_the_first_source_wins() -> None:
    text = """
openapi: 3.0.3
info: {title: it, version: "1"}
x-one: &one {description: 1, headers: {}}
x-two: &two {description: text}
paths:
  /a: {get: {responses: {"200": {<<: *two}}}}
  /b: {get: {responses: {"200": {<<: [*one, *two]}}}}
  /c: {get: {responses: {"200": {<<: *one, description: own}}}}
  /d: {get: {responses: {"200": {<<: 5}}}}
"""
    assert told("openapi", text) == [
        (8, "is not valid OpenAPI 3.0: /paths/~1b/get/responses/200/description must be string, found 1"),
        (10, "is not valid OpenAPI 3.0: /paths/~1d/get/responses/200/description is required"),
    ]


# -- the words for what a schema says


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ('{"type": "strng"}', 'type must be one of array, boolean, integer, number, object, string, found "strng"'),
        ('{"properties": {"a": {"typ": "string"}}}', "properties/a/typ is not allowed there"),
        ('{"properties": {"a": 5}}', "properties/a must be object, found 5"),
        ('{"required": []}', "required must not be empty"),
        ('{"minLength": -1}', "minLength must satisfy minimum: the value is less than the minimum of 0, found -1"),
        ('{"$ref": "#/components/schemas/That"}', "$ref leads nowhere: #/components/schemas/That"),
        ('{"$ref": "#/components/schemas/It~1a"}', "$ref leads nowhere: #/components/schemas/It~1a"),
        ('{"items": {"$ref": 5}}', "items/$ref must be string, found 5"),
        (
            '{"allOf": [{}], "$ref": "#/components/schemas/It/allOf/1"}',
            "$ref leads nowhere: #/components/schemas/It/allOf/1",
        ),
        (
            f'{{"allOf": [{{}}], "$ref": "#/components/schemas/It/allOf/{"9" * 5_000}"}}',
            f"$ref leads nowhere: #/components/schemas/It/allOf/{'9' * 30}…",
        ),
    ],
    ids=lambda value: value[:40],
)
def test_a_fault_of_a_schema_is_told_where_it_is(schema: str, fault: str) -> None:
    assert told("openapi", openapi(schema)) == [(1, f"is not valid OpenAPI 3.0: /components/schemas/It/{fault}")]


@pytest.mark.parametrize(
    "schema",
    [
        '{"$ref": "#/components/schemas/It"}',
        '{"$ref": "#/components/schemas/It/properties/a/b", "properties": {"a": {"$ref": "other.yaml"}}}',
        '{"$ref": "#anchor"}',
        '{"example": {"$ref": "#/no"}, "enum": [{"$ref": "#/no"}], "x-a": {"$ref": "#/no"}}',
        '{"allOf": [{"$ref": "other.yaml#/It"}, {"$ref": "#/components/schemas/It/allOf/0"}]}',
    ],
)
def test_a_reference_is_no_fault_while_it_may_lead_somewhere(schema: str) -> None:
    assert told("openapi", openapi(schema)) == []


def test_what_stands_in_place_of_what_is_elsewhere_is_not_judged() -> None:
    value = {"openapi": "3.0.3", "info": {"$ref": "info.yaml"}, "paths": {"/a": {"get": {"$ref": "get.yaml"}}}}
    assert told("openapi", value) == []


def test_schemas_are_those_of_json_schema_from_3_1_on_unless_another_dialect_is_named() -> None:
    schema = '{"exclusiveMinimum": true}'
    assert told("openapi", openapi(schema)) == []
    fault = (1, "is not valid OpenAPI 3.1: /components/schemas/It/exclusiveMinimum must be number, found true")
    assert told("openapi", openapi(schema, "3.1.0")) == [fault]
    other = json.loads(openapi(schema, "3.1.0")) | {"jsonSchemaDialect": "https://example.com/dialect"}
    assert told("openapi", other) == []


def test_faults_are_told_in_the_order_of_the_text() -> None:
    text = "openapi: 3.0.3\nzebra: 1\npaths: {}\ninfo: {title: it, version: '1'}\nant: 1\n"
    assert told("openapi", text) == [
        (2, "is not valid OpenAPI 3.0: /zebra is not allowed there"),
        (5, "is not valid OpenAPI 3.0: /ant is not allowed there"),
    ]


def test_empty_documents_before_a_definition_do_not_count() -> None:
    text = "# Generated.\n---\n---\nopenapi: 3.0.3\npaths: {}\ninfo: {title: it}\n"
    assert told("openapi", text) == [(6, "is not valid OpenAPI 3.0: /info/version is required")]


def test_a_pointer_of_many_steps_is_cut_at_its_beginning() -> None:
    schema = '{"properties": {"some-field": ' * 10 + '{"typ": 1}' + "}}" * 10
    ((line, message),) = told("openapi", openapi(schema))
    end = "/properties/some-field" * 10 + "/typ"
    assert (line, message) == (1, f"is not valid OpenAPI 3.0: …{end[-120:]} is not allowed there")


# -- the real command


def test_a_definition_that_takes_too_long_is_an_error_of_the_rule_and_the_rest_is_judged(tmp_path: Path) -> None:
    slow = "".join(f"type T{n} {{ a: U{n} }}\n" for n in range(8_000))  # a suggestion for each of them
    write(
        tmp_path,
        {
            "a/catalog-info.yaml": entity("slow", "API", type="graphql", lifecycle="x", owner="a", definition=slow),
            "b/catalog-info.yaml": entity("wrong", "API", type="graphql", lifecycle="x", owner="a", definition="TBD"),
            "bylaw.yaml": "version: 1\npolicies: {deadline: 1}\n",
        },
    )
    ran = run("check", "--rule", "api/definition-invalid", "--format", "json", cwd=tmp_path)
    assert [(each["entity"], each["outcome"]) for each in ran.report["findings"]] == [
        ("api:default/slow", "error"),
        ("api:default/wrong", "fail"),
    ]
