"""JSON Schemas: their faults in our words, and where."""

from __future__ import annotations

from typing import Any

import pytest

from bylaw.catalog import Schema, pointer
from bylaw.catalog.schemas import backstage_schema
from bylaw.errors import ConfigError


def told(schema: dict[str, Any], value: Any) -> list[tuple[str, str, Any]]:
    return list(Schema(schema, "it").faults(value))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [((), ""), (("spec", "dependsOn", 0), "/spec/dependsOn/0"), (("a/b", "c~d", "~1"), "/a~1b/c~0d/~01"), (("",), "/")],
)
def test_a_pointer_is_written_as_rfc_6901_says(steps: tuple[str | int, ...], expected: str) -> None:
    assert pointer(*steps) == expected


@pytest.mark.parametrize(
    ("schema", "value", "fault"),
    [
        ({"type": "string"}, 5, ("", "must be string", 5)),
        ({"type": ["string", "null"]}, 5, ("", "must be one of null, string", 5)),
        ({"enum": ["b", "a"]}, "c", ("", "must be one of a, b", "c")),
        ({"enum": ["a"]}, "c", ("", "must be a", "c")),
        ({"const": 1}, 2, ("", "must be 1", 2)),
        ({"minLength": 1}, "", ("", "must not be empty", "")),
        ({"minItems": 2}, [1], ("", "must have at least 2 items", [1])),
        ({"pattern": "^a$"}, "b", ("", "must match ^a$", "b")),
        ({"required": ["a/b"]}, {}, ("/a~1b", "is required", None)),
        (
            {"properties": {"a": {}}, "additionalProperties": False},
            {"a": 1, "x": 1},
            ("/x", "is not a field of an entity", None),
        ),
        (
            {"properties": {"a": {"patternProperties": {"^y": {}}, "additionalProperties": False}}},
            {"a": {"x": 1}},
            ("/a/x", "is not a field of /a", None),
        ),
        ({"oneOf": [{"type": "string"}, {"type": "array"}]}, 5, ("", "must be one of array, string", 5)),
        ({"anyOf": [{"type": "string"}, {"type": "array"}]}, 5, ("", "must be one of array, string", 5)),
        ({"maximum": 3}, 5, ("", "must satisfy maximum: the value is greater than the maximum of 3", 5)),
        ({"items": {"type": "string"}}, ["a", 1], ("/1", "must be string", 1)),
    ],
    ids=str,
)
def test_a_fault_is_told_in_our_words(schema: dict[str, Any], value: Any, fault: tuple[str, str, Any]) -> None:
    assert told(schema, value) == [fault]


def test_branches_that_ask_for_more_than_a_type_are_told_as_they_are() -> None:
    ((place, expected, found),) = told({"oneOf": [{"type": "string"}, {"required": ["a"]}]}, {})

    assert (place, found) == ("", {})
    assert expected.startswith("must satisfy oneOf: ")


def test_a_secret_value_is_not_repeated_by_the_words_of_the_library() -> None:
    ((_, expected, _),) = told({"maxLength": 3}, "hunter2-is-secret")

    assert "hunter2" not in expected


def test_a_schema_may_refer_to_those_of_backstage() -> None:
    assert [place for place, _, _ in told({"$ref": "Entity"}, {"metadata": {"name": ""}})] == [
        "/apiVersion",
        "/kind",
        "/metadata/name",
    ]
    assert told({"$ref": "common#reference"}, {"kind": "a", "namespace": "b"}) == [("/name", "is required", None)]


def test_a_costly_pattern_costs_nothing() -> None:
    assert told({"pattern": "(a+)+$"}, "a" * 50_000 + "b") == [("", "must match (a+)+$", "a" * 50_000 + "b")]


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ({"pattern": "("}, 'it is not a JSON Schema: /pattern: the value is not a "regex"'),
        ({"required": "a"}, 'it is not a JSON Schema: /required: the value is not of type "array"'),
        ({"$ref": "#/definitions/x"}, "it is not a JSON Schema: the schema: Pointer '/definitions/x' does not exist"),
    ],
)
def test_what_is_no_schema_is_refused_with_its_place(schema: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Schema(schema, "it")

    assert str(refused.value) == fault


def test_backstages_schemas_are_all_there_and_compile() -> None:
    names = [
        "ApiV1alpha1",
        "ComponentV1alpha1",
        "DomainV1alpha1",
        "Entity",
        "EntityEnvelope",
        "EntityMeta",
        "GroupV1alpha1",
        "LocationV1alpha1",
        "ResourceV1alpha1",
        "SystemV1alpha1",
        "TemplateV1beta3",
        "UserV1alpha1",
    ]

    assert [backstage_schema(name)["$id"] for name in names] == names
    for name in names:
        assert told(dict(backstage_schema(name)), None) != []
