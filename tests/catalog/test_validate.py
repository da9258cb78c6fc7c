"""The form of an entity: every fault of it is told, each at its place."""

from __future__ import annotations

from typing import Any

import pytest

from bylaw.catalog import Kinds, faults
from bylaw.config import CatalogSettings

KINDS = Kinds.of(CatalogSettings())
CORE = "backstage.io/v1alpha1 or backstage.io/v1beta1"


def told(data: dict[str, Any]) -> list[tuple[str, str, Any]]:
    return list(faults(data, KINDS))


def component(**changes: Any) -> dict[str, Any]:
    """A component that is right, but for what is changed; None takes a field of spec away."""
    spec = {"type": "service", "lifecycle": "production", "owner": "team-a", **changes.pop("spec", {})}
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "it"},
        "spec": {key: value for key, value in spec.items() if value is not None},
        **changes,
    }


def test_every_fault_is_told_and_not_only_the_first() -> None:
    data = component(
        metadata={
            "name": "_it",
            "namespace": "Default",
            "title": 5,
            "labels": {"a/b/c": "v", "ok": "not ok"},
            "annotations": {"x": None},
            "tags": ["Good", ""],
            "links": [{"title": " "}],
        },
        spec={"type": "", "owner": None, "dependsOn": [1, "", "component:a"]},
        status={},
        more=1,
    )

    assert sorted(place for place, _, _ in told(data)) == [
        "/metadata/annotations/x",
        "/metadata/labels/a~1b~1c",
        "/metadata/labels/ok",
        "/metadata/links/0/title",
        "/metadata/links/0/url",
        "/metadata/name",
        "/metadata/namespace",
        "/metadata/tags/0",
        "/metadata/tags/1",
        "/metadata/title",
        "/more",
        "/spec/dependsOn/0",
        "/spec/dependsOn/1",
        "/spec/owner",
        "/spec/type",
        "/status",
    ]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"spec": {"owner": None}}, ("/spec/owner", "is required", None)),
        ({"spec": {"owner": ""}}, ("/spec/owner", "must not be empty", "")),
        ({"spec": {"owner": 5}}, ("/spec/owner", "must be string", 5)),
        ({"spec": {"dependsOn": "component:a"}}, ("/spec/dependsOn", "must be array", "component:a")),
        ({"spec": {"dependsOn": [None]}}, ("/spec/dependsOn/0", "must be string", None)),
        ({"more": 1}, ("/more", "is not a field of an entity", None)),
        ({"relations": []}, ("/relations", "is set by the server and not allowed in a file", None)),
        ({"status": {}}, ("/status", "is set by the server and not allowed in a file", None)),
        ({"metadata": {"name": ""}}, ("/metadata/name", "must not be empty", "")),
        ({"metadata": {"name": "it", "namespace": None}}, ("/metadata/namespace", "must be string", None)),
        ({"metadata": {}}, ("/metadata/name", "is required", None)),
        ({"metadata": []}, ("/metadata", "must be object", [])),
        ({"apiVersion": ""}, ("/apiVersion", "must not be empty", "")),
        ({"apiVersion": "backstage.io/v1"}, ("/apiVersion", f"must be {CORE} for kind Component", "backstage.io/v1")),
    ],
    ids=str,
)
def test_a_fault_says_what_is_expected_and_what_was_found(changes: dict[str, Any], fault: tuple[str, str, Any]) -> None:
    assert fault in told(component(**changes))


def test_what_is_right_has_no_fault() -> None:
    assert told(component()) == []
    assert told(component(spec={"team": {"any": ["thing"]}}, metadata={"name": "it", "more": 1})) == []


def test_an_unknown_kind_is_judged_by_its_envelope_alone() -> None:
    assert told({"apiVersion": "v1", "kind": "Widget", "metadata": {"name": "it"}, "spec": {"any": 1}}) == []
    assert told({"apiVersion": "v1", "kind": "Widget", "metadata": {}}) == [("/metadata/name", "is required", None)]


def test_an_entity_of_a_mistyped_version_is_judged_by_its_kind_all_the_same() -> None:
    data = component(apiVersion="backstage.io/v1", spec={"owner": None})

    assert [place for place, _, _ in told(data)] == ["/apiVersion", "/spec/owner"]


@pytest.mark.parametrize("version", ["backstage.io/v1alpha1", "backstage.io/v1beta1"])
def test_a_template_has_a_version_of_its_own(version: str) -> None:
    data = component(apiVersion=version, kind="Template", spec={"steps": []})

    expected = "must be scaffolder.backstage.io/v1beta3 for kind Template"
    assert told(data) == [("/apiVersion", expected, version)]


@pytest.mark.parametrize(
    ("spec", "places"),
    [
        ({"if": 1}, ["/spec/steps/0/if"]),
        ({"if": True}, []),
        ({"if": "${{ parameters.x }}"}, []),
        ({"action": None}, ["/spec/steps/0/action"]),
        ({"each": [1]}, []),  # the runner reads it, the schema does not know it
    ],
)
def test_a_step_of_a_template_is_looked_at(spec: dict[str, Any], places: list[str]) -> None:
    step = {key: value for key, value in {"action": "debug:log", **spec}.items() if value is not None}
    data = component(apiVersion="scaffolder.backstage.io/v1beta3", kind="Template", spec={"steps": [step]})

    assert [place for place, _, _ in told(data)] == places


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", []),
        ("kind", {}),
        ("kind", 1),
        ("kind", None),
        ("apiVersion", []),
        ("apiVersion", {"a": 1}),
        ("metadata", "text"),
        ("spec", []),
        ("spec", {"type": []}),
        ("spec", {"type": {}}),
    ],
)
def test_a_field_of_any_type_is_a_fault_and_no_crash(field: str, value: Any) -> None:
    place = "/spec/type" if isinstance(value, dict) and field == "spec" else f"/{field}"

    assert place in [place for place, _, _ in told({**component(), field: value})]


@pytest.mark.parametrize(
    ("spec_type", "required"),
    [
        ("skill", ["/spec/lifecycle", "/spec/owner"]),
        ("rule", ["/spec/category", "/spec/lifecycle", "/spec/owner", "/spec/rationale"]),
        ("plugin", ["/spec/lifecycle", "/spec/owner", "/spec/skills"]),
        ("marketplace", ["/spec/lifecycle", "/spec/owner", "/spec/plugins"]),
        ("else", ["/spec/lifecycle", "/spec/owner"]),
    ],
)
def test_each_type_of_ai_resource_has_its_schema(spec_type: str, required: list[str]) -> None:
    data = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "AiResource",
        "metadata": {"name": "it"},
        "spec": {"type": spec_type},
    }

    assert sorted(place for place, _, _ in told(data)) == required


def test_an_mcp_server_has_remotes_in_place_of_a_definition() -> None:
    spec = {"type": "mcp-server", "remotes": [{"type": "streamable-http", "url": "https://mcp.example.com"}]}

    assert told(component(kind="API", spec=spec)) == []
    assert told(component(kind="API", spec={**spec, "remotes": []})) == [
        ("/spec/remotes", "must have at least 1 items", [])
    ]
    assert told(component(kind="API", spec={**spec, "type": "openapi"})) == [("/spec/definition", "is required", None)]
