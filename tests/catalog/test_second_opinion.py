"""jsonschema, another implementation, on the same schemas: the same faults at the same places."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import referencing
from hypothesis import given, settings
from hypothesis import strategies as st

import bylaw.catalog
from bylaw.catalog import Kinds, Schema, pointer
from bylaw.catalog.schemas import backstage_schema
from bylaw.config import CatalogSettings
from tests.shared import oracle

FILE = Path(bylaw.catalog.__file__).with_name("schemas") / "backstage.json"
SCHEMAS: dict[str, dict[str, Any]] = json.loads(FILE.read_text())["schemas"]
REGISTRY: referencing.Registry[Any] = referencing.Registry().with_resources(
    (name, referencing.jsonschema.DRAFT7.create_resource(schema)) for name, schema in SCHEMAS.items()
)
OTHER = {name: jsonschema.Draft7Validator(schema, registry=REGISTRY) for name, schema in SCHEMAS.items()}
OURS = {name: Schema(backstage_schema(name), name) for name in SCHEMAS}
KINDS = Kinds.of(CatalogSettings())

META = {
    "name": "it",
    "namespace": "ns",
    "title": "It",
    "labels": {"a": "b"},
    "annotations": {"a": "b"},
    "tags": ["a"],
    "links": [{"url": "https://a.b", "title": "t"}],
}
SPECS: dict[str, dict[str, Any]] = {
    "ComponentV1alpha1": {"type": "service", "lifecycle": "production", "owner": "a", "dependsOn": ["api:x"]},
    "ApiV1alpha1": {"type": "openapi", "lifecycle": "production", "owner": "a", "definition": "x"},
    "ApiV1alpha1McpServer": {
        "type": "mcp-server",
        "lifecycle": "production",
        "owner": "a",
        "remotes": [{"type": "sse", "url": "https://a.b"}],
    },
    "ResourceV1alpha1": {"type": "database", "owner": "a", "system": "s"},
    "SystemV1alpha1": {"owner": "a", "domain": "d"},
    "DomainV1alpha1": {"owner": "a", "subdomainOf": "d"},
    "GroupV1alpha1": {"type": "team", "children": ["a"], "profile": {"email": "a@b.c"}},
    "UserV1alpha1": {"memberOf": ["a"], "profile": {"displayName": "A"}},
    "LocationV1alpha1": {"targets": ["./a.yaml"], "presence": "optional"},
    "TemplateV1beta3": {
        "type": "service",
        "parameters": [{"title": "t", "properties": {}}],
        "steps": [{"id": "a", "action": "debug:log", "if": True, "input": {"x": 1}}],
        "output": {"links": [{"title": "t", "url": "u"}], "text": [{"content": "c"}]},
    },
    "AiResourceV1alpha1Skill": {"type": "skill", "lifecycle": "production", "owner": "a", "dependsOn": ["b"]},
}


def valid(name: str) -> dict[str, Any]:
    """An entity that satisfies the schema of this name."""
    kind = name.partition("V1")[0]
    return {
        "apiVersion": "scaffolder.backstage.io/v1beta3" if kind == "Template" else "backstage.io/v1alpha1",
        "kind": "API" if kind == "Api" else kind,
        "metadata": copy.deepcopy(META),
        "spec": copy.deepcopy(SPECS[name]),
    }


def of_the_other(name: str, value: Any) -> set[str]:
    """The places of jsonschema's errors, a missing and an additional field at its own place, as ours."""
    found: set[str] = set()
    for error in OTHER[name].iter_errors(value):
        place, said, instance = list(error.absolute_path), error.schema, error.instance
        assert isinstance(said, dict)
        if error.validator == "required":
            missing = [field for field in said["required"] if field not in instance]
            found.update(pointer(*place, field) for field in missing)
        elif error.validator == "additionalProperties":
            found.update(pointer(*place, field) for field in instance if field not in said["properties"])
        else:
            found.add(pointer(*place))
    return found


def of_ours(name: str, value: Any) -> set[str]:
    return {place for place, _, _ in OURS[name].faults(value)}


@pytest.mark.parametrize("name", SPECS)
def test_both_find_nothing_wrong_with_what_is_right(name: str) -> None:
    assert of_ours(name, valid(name)) == of_the_other(name, valid(name)) == set()


def test_both_find_the_same_faults_in_every_recorded_entity() -> None:
    wrong = {}
    for case in oracle("backstage-validate.json"):
        entity = case["entity"]
        spec = entity.get("spec")
        kind = KINDS.find(
            entity.get("kind"), entity.get("apiVersion"), spec.get("type") if isinstance(spec, dict) else 0
        )
        name = kind.schema["$id"] if kind else "Entity"
        if of_ours(name, entity) != of_the_other(name, entity):
            wrong[case["case"]] = (of_ours(name, entity), of_the_other(name, entity))

    assert wrong == {}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", " ", "a", "it", "Component"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "type", "name"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, Any]:
    """A valid entity of some kind, with up to three fields replaced, taken away or put in anywhere."""
    name = draw(st.sampled_from(sorted(SPECS)))
    value = valid(name)
    for _ in range(draw(st.integers(0, 3))):
        node: Any = value
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if not isinstance(node[key], dict | list) or draw(st.booleans()):
                _damage(draw, node, key)
                break
            node = node[key]
    return name, value


def _damage(draw: st.DrawFn, node: Any, key: Any) -> None:
    what = draw(st.sampled_from(["replace", "take away", "put in"]))
    if what == "take away":
        del node[key]
    elif what == "put in" and isinstance(node, dict):
        node[draw(st.sampled_from(["more", "relations", "status", "title", "presence"]))] = draw(ANYTHING)
    else:
        node[key] = draw(ANYTHING)


@settings(deadline=None)
@given(damaged())
def test_both_find_the_same_faults_in_whatever_is_wrong(case: tuple[str, Any]) -> None:
    name, value = case

    assert of_ours(name, value) == of_the_other(name, value)
