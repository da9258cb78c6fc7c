"""What breaks callers: what the fixtures do not say, and definitions of strangers."""

from __future__ import annotations

from typing import Any

import pytest

from bylaw.rules.api.changes import breaking

INFO = {"title": "it", "version": "1"}


def told(before: Any, after: Any) -> list[str]:
    return [each.message for each in breaking(before, after)]


def answering(schema: Any, **components: Any) -> dict[str, Any]:
    """A definition of which ``GET /it`` answers by a schema."""
    content = {"application/json": {"schema": schema}}
    responses = {"200": {"description": "it", "content": content}}
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "paths": {"/it": {"get": {"responses": responses}}},
        "components": {"schemas": components},
    }


def calling(**paths: Any) -> dict[str, Any]:
    """A definition of these paths."""
    return {"openapi": "3.0.3", "info": INFO, "paths": {f"/{name}": each for name, each in paths.items()}}


IT: dict[str, Any] = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
OPTIONAL = {**IT, "required": []}
OTHER = {"type": "object", "properties": {}}
GONE = "no longer has the required field id in the response 200 of GET /it"
LEFT_OPEN = "no longer promises the field id in the response 200 of GET /it"
ANSWER = {"responses": {"200": {"description": "it"}}}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (OTHER, [GONE]),
        (OPTIONAL, [LEFT_OPEN]),
        ({"type": "string"}, [GONE]),
        ({"allOf": [OTHER, IT]}, []),
        ({"allOf": [OTHER, OPTIONAL]}, [LEFT_OPEN]),
        ({"$ref": "#/components/schemas/It"}, []),
        ({"$ref": "#/components/schemas/Optional", "required": ["id"]}, []),
        ({"$ref": "#/components/schemas/Other"}, [GONE]),
        ({"$ref": "other.yaml"}, []),
        ({"$ref": "#/components/schemas/None"}, []),
        ({"allOf": [OTHER, {"$ref": "other.yaml"}]}, []),
        ({"oneOf": [IT, OTHER]}, []),
        ({"anyOf": [IT]}, []),
        ({"if": {}, "then": IT}, []),
        ({}, []),
        (True, []),
        (None, []),
    ],
    ids=str,
)
def test_a_field_that_was_promised_is_there_or_may_be(after: Any, expected: list[str]) -> None:
    components = {"It": IT, "Optional": OPTIONAL, "Other": OTHER}
    assert told(answering(IT), answering(after, **components)) == expected


def test_a_schema_that_many_share_is_told_once() -> None:
    def of(schema: Any) -> dict[str, Any]:
        pair = {"type": "object", "properties": {name: {"$ref": "#/components/schemas/It"} for name in "ab"}}
        return answering(pair, It=schema)

    assert told(of(IT), of(OTHER)) == ["no longer has the required field a.id in the response 200 of GET /it"]


def test_schemas_that_run_in_circles_end() -> None:
    tree = {**IT, "properties": {**IT["properties"], "next": {"$ref": "#/components/schemas/It"}}}
    ring = {"$ref": "#/components/schemas/Ring"}
    assert told(answering(tree, It=tree), answering(tree, It=tree | {"required": []})) == [
        "no longer promises the field next.id in the response 200 of GET /it"
    ]
    assert told(answering(ring, Ring=ring), answering(ring, Ring=ring, It=IT)) == []
    assert told(answering(IT), answering({"allOf": [ring]}, Ring={"allOf": [ring, ring]})) == []


def test_fields_are_followed_so_far_and_no_further() -> None:
    def nested(schema: Any, depth: int) -> Any:
        return schema if depth == 0 else {"type": "object", "properties": {"a": nested(schema, depth - 1)}}

    assert len(told(answering(nested(IT, 20)), answering(nested(OTHER, 20)))) == 1
    assert told(answering(nested(IT, 21)), answering(nested(OTHER, 21))) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("200", "200", []),
        ("200", "2XX", []),
        ("200", "2xx", []),
        ("200", "default", []),
        ("200", "201", ["no longer has the response 200 of GET /it"]),
        ("2XX", "200", ["no longer has the response 2XX of GET /it"]),
        ("404", "200", []),
        ("default", "200", []),
    ],
)
def test_a_success_stays_what_it_is(before: str, after: str, expected: list[str]) -> None:
    old, new = ({"get": {"responses": {each: {"description": "it"}}}} for each in (before, after))
    assert told(calling(it=old), calling(it=new)) == expected


@pytest.mark.parametrize("elsewhere", [{"$ref": "other.yaml"}, {"$ref": "#/paths/~1none"}, None, [], "text"])
def test_what_cannot_be_told_is_no_break(elsewhere: Any) -> None:
    whole = {"get": {"parameters": [], "requestBody": {"content": {}}, **ANSWER}}
    asking = {"get": {"parameters": [{"name": "a", "in": "query", "required": True}], **ANSWER}}
    sending = {"get": {"requestBody": {"required": True, "content": {}}, **ANSWER}}
    assert told(calling(it=whole), calling(it=elsewhere)) == []
    assert told(calling(it=elsewhere), calling(it=whole)) == []
    assert told(calling(it={"get": {"parameters": [elsewhere], **ANSWER}}), calling(it=asking)) == []
    assert told(calling(it={"get": {"requestBody": elsewhere, **ANSWER}}), calling(it=sending)) == []
    assert told(calling(it=whole), calling(it={"get": {"responses": {"200": elsewhere}}})) == []


def test_a_field_counts_where_it_can_stand() -> None:
    def sending(**said: Any) -> dict[str, Any]:
        schema = {**OTHER, "required": ["a"], "properties": {"a": said}}
        return calling(it={"put": {"requestBody": {"content": {"text/x": {"schema": schema}}}, **ANSWER}})

    before = calling(it={"put": {"requestBody": {"content": {"text/x": {"schema": OTHER}}}, **ANSWER}})
    assert told(before, sending(type="string")) == ["now requires the field a in the body of PUT /it"]
    assert told(before, sending(readOnly=True)) == []
    assert told(before, sending(default=1)) == []
    only_sent = {**IT, "properties": {"id": {"writeOnly": True}}}
    assert told(answering(only_sent), answering(OTHER)) == []


@pytest.mark.parametrize("value", [None, "", "TBD", "[", 5, [], {}, {"asyncapi": "3.0.0"}, {"$text": "a.yaml"}])
def test_what_is_no_openapi_is_another_rules_matter(value: Any) -> None:
    whole = calling(it={"get": ANSWER})
    assert told(whole, value) == told(value, whole) == []


@pytest.mark.parametrize(
    "wrong", [None, 5, "text", [], {}, [5], {"get": 5}, {"/it": 5}, {"/it": {"get": {"responses": 5}}}]
)
def test_values_of_other_types_are_no_matter(wrong: Any) -> None:
    whole = calling(it={"get": ANSWER})
    for field in ("paths", "servers", "components"):
        told({**whole, field: wrong}, whole)
        assert told(whole, {**whole, field: wrong}) in (
            [],
            ["no longer has GET /it"],
            ["no longer has the response 200 of GET /it"],
        )
    for field in ("parameters", "responses", "requestBody", "deprecated"):
        told(calling(it={"get": {**ANSWER, field: wrong}}), whole)
        told(whole, calling(it={"get": {**ANSWER, field: wrong}}))
    told(answering(IT), answering({"properties": wrong, "required": wrong, "allOf": wrong, "items": wrong}))
    told(answering({"properties": wrong, "required": wrong, "allOf": wrong, "items": wrong}), answering(IT))
