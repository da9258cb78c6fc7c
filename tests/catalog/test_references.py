"""The references that stand in an entity."""

from __future__ import annotations

from typing import Any

import pytest

from bylaw.catalog import Kinds, build
from bylaw.config import CatalogSettings
from bylaw.model import Document

KINDS = Kinds.of(CatalogSettings())


def found(spec: Any, kind: str = "Component", **metadata: Any) -> list[tuple[str, Any, str | None, str | None]]:
    """``(pointer, text, target, fault)`` of each reference."""
    data = {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": {"name": "it", **metadata}, "spec": spec}
    catalog = build([Document("a.yaml", 0, data)], KINDS)
    (entity,) = catalog.entities.values()
    return [(each.pointer, each.text, each.target, each.fault) for each in catalog.references(entity)]


def test_a_reference_without_a_namespace_is_in_the_entitys_own() -> None:
    assert found({"owner": "team-a", "system": "Shop/Cart"}, namespace="ns") == [
        ("/spec/owner", "team-a", "group:ns/team-a", None),
        ("/spec/system", "Shop/Cart", "system:shop/cart", None),
    ]


def test_each_item_of_a_list_has_its_own_place() -> None:
    assert found({"dependsOn": ["resource:db", "cart", "component:other/x"]}) == [
        ("/spec/dependsOn/0", "resource:db", "resource:default/db", None),
        (
            "/spec/dependsOn/1",
            "cart",
            None,
            'entity reference "cart" has no kind (it does not start with "component:" or similar)',
        ),
        ("/spec/dependsOn/2", "component:other/x", "component:other/x", None),
    ]


@pytest.mark.parametrize("nothing", [None, "", 0, False, []])
def test_what_javascript_takes_for_nothing_makes_no_reference(nothing: Any) -> None:
    assert found({"dependencyOf": nothing, "owner": nothing}) == []


@pytest.mark.parametrize("value", [1, True, {}, {"kind": "component"}])
def test_dependency_of_has_no_schema_and_fails_here(value: Any) -> None:
    fault = "an entity reference must be a text"

    assert found({"dependencyOf": value}) == [("/spec/dependencyOf", value, None, fault)]
    assert found({"dependencyOf": ["component:a", value]}) == [
        ("/spec/dependencyOf/0", "component:a", "component:default/a", None),
        ("/spec/dependencyOf/1", value, None, fault),
    ]


def test_an_empty_text_in_dependency_of_fails_here() -> None:
    assert found({"dependencyOf": [""]}) == [("/spec/dependencyOf/0", "", None, "entity reference must not be empty")]


@pytest.mark.parametrize("value", [1, True, {"a": "b"}, [1], [None, {}]])
def test_another_type_elsewhere_is_the_schemas_to_report(value: Any) -> None:
    assert found({"owner": value, "dependsOn": value}) == []


@pytest.mark.parametrize("spec", [None, "text", [], ["owner"], 1])
def test_a_spec_of_another_type_holds_no_references(spec: Any) -> None:
    assert found(spec) == []
