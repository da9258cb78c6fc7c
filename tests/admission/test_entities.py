"""The catalog entities that an object of a cluster holds."""

from __future__ import annotations

from typing import Any

import pytest

from bylaw import rules
from bylaw.admission.entities import Held, held, needing_dropped
from bylaw.admission.review import read
from bylaw.config import PolicySettings, Settings
from bylaw.documents import DEFAULT
from bylaw.model import Document, Problem
from tests.admission.test_review import body

PLACE = "kubernetes:backstage.io/v1alpha1/Component/shop/orders"
SPEC = {"type": "service", "lifecycle": "production", "owner": "team-orders"}
ENTITY = {"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "orders"}, "spec": SPEC}
RESOURCE = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {
        "name": "orders",
        "namespace": "shop",
        "uid": "1",
        "resourceVersion": "7",
        "managedFields": [{}],
        "labels": {"a": "b"},
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "example.com/kept": "yes"},
    },
    "spec": SPEC,
    "status": {"phase": "Ready"},
}
AS_WRITTEN = {
    **ENTITY,
    "metadata": {
        "name": "orders",
        "namespace": "shop",
        "labels": {"a": "b"},
        "annotations": {"example.com/kept": "yes"},
    },
}


def both(old: dict[str, Any] | None, new: dict[str, Any] | None, **more: Any) -> tuple[Held | None, Held | None]:
    data = new or old or {}
    group, _, version = data["apiVersion"].rpartition("/")
    operation = "DELETE" if new is None else "UPDATE" if old else "CREATE"
    kind = {"group": group, "version": version, "kind": data["kind"]}
    return held(read(body(kind=kind, object=new, oldObject=old, operation=operation, **more)), DEFAULT)


def config_map(data: dict[str, str], marked: str | None = "labels", **more: Any) -> dict[str, Any]:
    metadata = {"name": "orders", "namespace": "shop", **({marked: {"bylaw.dev/holds": "entities"}} if marked else {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data, **more}


def values(found: Held | None) -> list[Any]:
    assert found
    return [each.data for each in found.documents]


def test_a_bare_resource_is_the_entity_without_what_the_cluster_adds() -> None:
    assert both(None, RESOURCE) == (None, Held((Document(None, 0, AS_WRITTEN, (), PLACE),), is_bare=True))


def test_what_stands_in_spec_entity_is_the_entity_whole() -> None:
    whole = {**ENTITY, "metadata": {"name": "orders", "title": "Orders", "tags": ["a"]}}
    wrapper = {**RESOURCE, "kind": "Entity", "spec": {"entity": whole}}
    place = "kubernetes:backstage.io/v1alpha1/Entity/shop/orders#/spec/entity"
    assert both(None, wrapper) == (None, Held((Document(None, 0, whole, (), place),)))


def test_a_spec_that_says_two_things_is_a_problem() -> None:
    _, after = both(None, {**RESOURCE, "spec": {"entity": ENTITY, "owner": "team-evil"}})
    assert after and values(after) == [ENTITY, None]
    said = "spec has owner beside entity, and nobody can tell which of them is the entity: keep one"
    assert after.documents[1].problems == (Problem("catalog/yaml-invalid", said, expected="spec.entity alone"),)


@pytest.mark.parametrize("marked", ["labels", "annotations"])
def test_a_config_map_that_says_so_holds_files(marked: str) -> None:
    text = "kind: Component\nmetadata: {name: a}\n---\nkind: API\nmetadata: {name: b}\n"
    _, after = both(None, config_map({"catalog-info.yaml": text}, marked))
    assert after and after.is_bare is False
    assert values(after) == [
        {"kind": "Component", "metadata": {"name": "a"}},
        {"kind": "API", "metadata": {"name": "b"}},
    ]
    assert [each.url for each in after.documents] == ["kubernetes:v1/ConfigMap/shop/orders#catalog-info.yaml"] * 2


def test_what_is_no_entity_holds_none() -> None:
    assert both(None, config_map({"a.yaml": "kind: Component"}, None)) == (None, None)
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "orders"}}
    assert both(None, deployment) == (None, None)
    foreign = {**RESOURCE, "apiVersion": "notbackstage.io/v1"}
    assert both(None, foreign) == (None, None)


def test_a_template_of_the_scaffolder_is_an_entity() -> None:
    template = {**RESOURCE, "apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template"}
    _, after = both(None, template)
    assert values(after)[0]["kind"] == "Template"


def test_an_update_that_takes_the_mark_away_takes_the_entities_away() -> None:
    text = {"catalog-info.yaml": "kind: Component\nmetadata: {name: a}\n"}
    before, after = both(config_map(text), config_map(text, None))
    assert values(before) == [{"kind": "Component", "metadata": {"name": "a"}}] and after is None


def test_what_is_deleted_was_held_before() -> None:
    before, after = both(RESOURCE, None)
    assert values(before) == [AS_WRITTEN] and after is None


def test_a_subresource_says_nothing_of_the_entity() -> None:
    assert both(RESOURCE, RESOURCE, subResource="status") == (None, None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: [", "expected a value"),
        ("- a", "expected a mapping, found ['a']"),
        ("", "kubernetes:v1/ConfigMap/shop/orders#a.yaml holds no entity"),
        ("&a [*a]", "the alias *a is inside of what it stands for"),
    ],
)
def test_what_cannot_be_read_is_a_problem_and_no_silence(text: str, fault: str) -> None:
    _, after = both(None, config_map({"a.yaml": text}))
    assert after and [each.data for each in after.documents] == [None]
    assert after.documents[0].problems == (Problem("catalog/yaml-invalid", fault),)


def test_binary_data_is_read_as_well() -> None:
    _, after = both(None, config_map({}, binaryData={"a.yaml": "a2luZDogQVBJCg=="}))
    assert values(after) == [{"kind": "API"}]


def test_a_placeholder_names_a_file_that_is_not_there() -> None:
    api = {**ENTITY, "kind": "API", "spec": {"definition": {"$text": "./openapi.yaml"}}}
    _, after = both(None, {**RESOURCE, "spec": {"entity": api}})
    assert after and [each.rule for each in after.documents[0].problems] == ["catalog/placeholder-unresolved"]


def test_the_rules_that_name_a_field_that_the_api_server_drops_are_known() -> None:
    policies = rules.load(Settings())
    assert needing_dropped(policies) == {
        "docs/description-missing": ("title", "description"),
        "docs/runbook-missing": ("title", "links"),
        "operations/dashboard-missing": ("title", "links"),
        "security/link-not-https": ("links",),
        "security/link-scheme-unsafe": ("links",),
    }


def test_a_rule_of_ones_own_is_looked_through_with_its_libraries(tmp_path: Any) -> None:
    (tmp_path / "lib.rego").write_text(
        "package bylaw.lib.mine\n\nimport rego.v1\n\nnone if not input.metadata.tags[0]\n", "utf-8"
    )
    (tmp_path / "mine.rego").write_text(
        "# METADATA\n# title: No tags\n# description: They are for links and titles.\n# custom:\n#   severity: error\n"
        "#   remediation: Add tags.\npackage bylaw.docs.tags_missing\n\nimport rego.v1\nimport future.keywords.not\n\n"
        'findings contains {"pointer": "", "message": "no tags"} if data.bylaw.lib.mine.none\n',
        "utf-8",
    )
    (tmp_path / "links.py").write_text(
        "from bylaw.rules import Rule\nfrom bylaw.model import Severity\n\n\n"
        "def links(entity, context):\n    return [] if entity.data['metadata'].get('links') else []\n\n\n"
        "RULE = Rule(id='docs/links-missing', title='t', description='d', remediation='r', severity=Severity.INFO,"
        " evaluate=links, source=__file__)\n",
        "utf-8",
    )
    settings = Settings(policies=PolicySettings(paths=(str(tmp_path),), bundled=False))
    assert needing_dropped(rules.load(settings)) == {"docs/links-missing": ("links",), "docs/tags-missing": ("tags",)}
