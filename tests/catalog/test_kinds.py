"""The kinds that a catalog knows, and the relations that their fields make."""

from __future__ import annotations

from typing import Any

import pytest

from bylaw.catalog import Kinds, build, faults
from bylaw.config import CatalogSettings, KindSetting, RelationSetting
from bylaw.errors import ConfigError
from bylaw.model import Document

KINDS = Kinds.of(CatalogSettings())

# kind, spec.type, field, the kind that a reference means by default, the relation there, the relation back
RELATIONS = [
    ("Component", None, "owner", "group", "ownedBy", "ownerOf"),
    ("Component", None, "system", "system", "partOf", "hasPart"),
    ("Component", None, "subcomponentOf", "component", "partOf", "hasPart"),
    ("Component", None, "providesApis", "api", "providesApi", "apiProvidedBy"),
    ("Component", None, "consumesApis", "api", "consumesApi", "apiConsumedBy"),
    ("Component", None, "dependsOn", None, "dependsOn", "dependencyOf"),
    ("Component", None, "dependencyOf", None, "dependencyOf", "dependsOn"),
    ("API", None, "owner", "group", "ownedBy", "ownerOf"),
    ("API", None, "system", "system", "partOf", "hasPart"),
    ("API", "mcp-server", "owner", "group", "ownedBy", "ownerOf"),
    ("API", "mcp-server", "system", "system", "partOf", "hasPart"),
    ("Resource", None, "owner", "group", "ownedBy", "ownerOf"),
    ("Resource", None, "system", "system", "partOf", "hasPart"),
    ("Resource", None, "dependsOn", None, "dependsOn", "dependencyOf"),
    ("Resource", None, "dependencyOf", None, "dependencyOf", "dependsOn"),
    ("System", None, "owner", "group", "ownedBy", "ownerOf"),
    ("System", None, "domain", "domain", "partOf", "hasPart"),
    ("Domain", None, "owner", "group", "ownedBy", "ownerOf"),
    ("Domain", None, "subdomainOf", "domain", "partOf", "hasPart"),
    ("Group", None, "parent", "group", "childOf", "parentOf"),
    ("Group", None, "children", "group", "parentOf", "childOf"),
    ("Group", None, "members", "user", "hasMember", "memberOf"),
    ("User", None, "memberOf", "group", "memberOf", "hasMember"),
    ("Template", None, "owner", "group", "ownedBy", "ownerOf"),
    ("AiResource", "skill", "owner", "group", "ownedBy", "ownerOf"),
    ("AiResource", "skill", "system", "system", "partOf", "hasPart"),
    ("AiResource", "skill", "dependsOn", "airesource", "dependsOn", "dependencyOf"),
    ("AiResource", "rule", "owner", "group", "ownedBy", "ownerOf"),
    ("AiResource", "rule", "system", "system", "partOf", "hasPart"),
    ("AiResource", "plugin", "owner", "group", "ownedBy", "ownerOf"),
    ("AiResource", "plugin", "system", "system", "partOf", "hasPart"),
    ("AiResource", "plugin", "skills", "airesource", "hasPart", "partOf"),
    ("AiResource", "marketplace", "owner", "group", "ownedBy", "ownerOf"),
    ("AiResource", "marketplace", "system", "system", "partOf", "hasPart"),
    ("AiResource", "marketplace", "plugins", "airesource", "hasPart", "partOf"),
    ("AiResource", "anything else", "owner", "group", "ownedBy", "ownerOf"),
    ("AiResource", "anything else", "system", "system", "partOf", "hasPart"),
]


def entity(
    kind: str, spec: dict[str, Any], *, version: str = "backstage.io/v1alpha1", **metadata: Any
) -> dict[str, Any]:
    version = "scaffolder.backstage.io/v1beta3" if kind == "Template" else version
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "it", **metadata}, "spec": spec}


def edges(data: dict[str, Any], kinds: Kinds = KINDS) -> set[tuple[str, str, str]]:
    return set(build([Document("a.yaml", 0, data)], kinds).edges())


@pytest.mark.parametrize(("kind", "spec_type", "field", "default", "there", "back"), RELATIONS)
@pytest.mark.parametrize("many", [False, True], ids=["one", "list"])
def test_a_field_makes_its_relation_in_both_directions(
    kind: str, spec_type: str | None, field: str, default: str | None, there: str, back: str, many: bool
) -> None:
    target = f"{default or 'resource'}:ns/other"
    written = "other" if default else "resource:other"

    data = entity(kind, {"type": spec_type or "service", field: [written] if many else written}, namespace="ns")

    assert edges(data) == {(f"{kind.lower()}:ns/it", there, target), (target, back, f"{kind.lower()}:ns/it")}


def test_the_table_above_holds_every_relation_field_of_every_kind() -> None:
    told = {(kind, field, there, default) for kind, _, field, default, there, _ in RELATIONS}

    shown = {
        (kind, field["field"][1], field["relation"], (field["default_kind"] or "").lower() or None)
        for kind, fields in KINDS.as_data().items()
        for field in fields
    }

    assert shown == told
    assert KINDS.names - {kind for kind, *_ in told} == {"Location"}  # it has targets, and they are no entities


def test_an_owner_is_a_group_or_a_user_and_any_other_field_is_for_the_kind_that_it_means_by_default() -> None:
    for fields in KINDS.as_data().values():
        for field in fields:
            by_default = [field["default_kind"]] if field["default_kind"] else []
            assert field["kinds"] == (["Group", "User"] if field["relation"] == "ownedBy" else by_default)


def test_data_bylaw_kinds_says_where_the_references_of_a_kind_stand() -> None:
    assert KINDS.as_data()["System"] == [
        {"field": ["spec", "owner"], "relation": "ownedBy", "default_kind": "Group", "kinds": ["Group", "User"]},
        {"field": ["spec", "domain"], "relation": "partOf", "default_kind": "Domain", "kinds": ["Domain"]},
    ]
    assert KINDS.as_data()["Location"] == []
    assert [field["field"][1] for field in KINDS.as_data()["AiResource"]] == [
        "owner",
        "system",
        "dependsOn",
        "skills",
        "plugins",
    ]


def test_only_the_field_of_its_own_type_is_a_relation_of_an_ai_resource() -> None:
    data = entity("AiResource", {"type": "rule", "skills": ["a"], "plugins": ["b"], "dependsOn": ["c"]})

    assert edges(data) == set()


@pytest.mark.parametrize("written", ["component", "Api", "COMPONENT", "Widget"])
def test_a_kind_in_another_spelling_makes_no_relations(written: str) -> None:
    assert edges(entity(written, {"owner": "team-a"})) == set()


def test_an_entity_of_a_mistyped_version_still_has_its_relations() -> None:
    data = entity("System", {"owner": "team-a"}, version="backstage.io/v1")

    assert edges(data) == {
        ("system:default/it", "ownedBy", "group:default/team-a"),
        ("group:default/team-a", "ownerOf", "system:default/it"),
    }


def test_without_the_ai_module_its_kinds_are_not_there() -> None:
    without = Kinds.of(CatalogSettings(ai_model=False))

    assert KINDS.names - without.names == {"AiResource"}
    mcp = entity("API", {"type": "mcp-server", "lifecycle": "production", "owner": "a", "remotes": [{}]})
    assert [place for place, _, _ in faults(mcp, without)] == ["/spec/definition"]
    assert [place for place, _, _ in faults(mcp, KINDS)] == ["/spec/remotes/0/type", "/spec/remotes/0/url"]


def test_one_relation_of_each_pair_leads_forward() -> None:
    assert KINDS.forward == {
        "ownedBy",
        "partOf",
        "providesApi",
        "consumesApi",
        "dependsOn",
        "memberOf",
        "childOf",
    }


# Kinds of bylaw.yaml


WIDGET = KindSetting(
    "Widget",
    ("acme.example/v1",),
    {"allOf": [{"$ref": "Entity"}, {"properties": {"spec": {"required": ["colour"]}}}]},
    (
        RelationSetting("spec.maker.team", "madeBy", "makerOf", "Group", ("Group",)),
        RelationSetting("spec.fits", "fits", "fittedBy"),
    ),
)


def test_a_kind_of_bylaw_yaml_has_its_schema_and_its_relations() -> None:
    kinds = Kinds.of(CatalogSettings(kinds=(WIDGET,)))
    data = entity("Widget", {"maker": {"team": "a"}, "fits": ["api:x", "nokind"]}, version="acme.example/v1")

    assert list(faults(data, kinds)) == [("/spec/colour", "is required", None)]
    assert edges(data, kinds) == {
        ("widget:default/it", "madeBy", "group:default/a"),
        ("group:default/a", "makerOf", "widget:default/it"),
        ("widget:default/it", "fits", "api:default/x"),
        ("api:default/x", "fittedBy", "widget:default/it"),
    }
    assert {"madeBy", "fits"} <= kinds.forward
    assert kinds.as_data()["Widget"] == [
        {"field": ["spec", "maker", "team"], "relation": "madeBy", "default_kind": "Group", "kinds": ["Group"]},
        {"field": ["spec", "fits"], "relation": "fits", "default_kind": None, "kinds": []},
    ]


def test_a_kind_of_bylaw_yaml_replaces_the_one_of_backstage_in_its_versions_only() -> None:
    mine = KindSetting("System", ("acme.example/v1",), {"required": ["metadata"]})
    kinds = Kinds.of(CatalogSettings(kinds=(mine,)))

    assert edges(entity("System", {"owner": "a"}, version="acme.example/v1"), kinds) == set()
    assert edges(entity("System", {"owner": "a"}), kinds) == edges(entity("System", {"owner": "a"}))
    assert list(faults(entity("System", {}, version="acme.example/v1"), kinds)) == []
    assert list(faults(entity("System", {}), kinds)) == [("/spec/owner", "is required", None)]


def test_an_entity_of_a_version_that_nobody_knows_is_judged_as_backstages_own() -> None:
    mine = KindSetting("System", ("acme.example/v1",), {"required": ["nothing"]})
    kinds = Kinds.of(CatalogSettings(kinds=(mine,)))

    versions = "acme.example/v1 or backstage.io/v1alpha1 or backstage.io/v1beta1"
    assert list(faults(entity("System", {}, version="acme.example/v2"), kinds)) == [
        ("/apiVersion", f"must be {versions} for kind System", "acme.example/v2"),
        ("/spec/owner", "is required", None),
    ]


def test_an_ai_resource_has_one_version() -> None:
    spec = {"type": "skill", "lifecycle": "production", "owner": "a"}

    assert list(faults(entity("AiResource", spec, version="backstage.io/v1beta1"), KINDS)) == [
        ("/apiVersion", "must be backstage.io/v1alpha1 for kind AiResource", "backstage.io/v1beta1")
    ]


def test_a_kind_told_apart_by_type_judges_that_type_alone() -> None:
    strict = KindSetting(
        "Component", ("backstage.io/v1alpha1",), {"properties": {"spec": {"required": ["tier"]}}}, (), "service"
    )
    kinds = Kinds.of(CatalogSettings(kinds=(strict,)))
    spec = {"lifecycle": "production", "owner": "a"}

    assert list(faults(entity("Component", {"type": "website", **spec}), kinds)) == []
    assert list(faults(entity("Component", {"type": "service", **spec}), kinds)) == [
        ("/spec/tier", "is required", None)
    ]


def test_a_type_that_no_kind_is_for_is_a_fault() -> None:
    kinds = Kinds.of(CatalogSettings(kinds=(KindSetting("Widget", ("acme.example/v1",), {}, (), "round"),)))
    data = entity("Widget", {"type": "square"}, version="acme.example/v1")

    assert list(faults(data, kinds)) == [("/spec/type", "must be round for kind Widget", "square")]


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ({"type": "strng"}, "/type: the value is not valid under any of the schemas listed in the 'anyOf' keyword"),
        ({"properties": 5}, '/properties: the value is not of type "object"'),
        ({"$ref": "Enttiy"}, "the schema: Resource 'Enttiy' is not present in a registry"),
        ({"$ref": "file:///etc/passwd"}, "a schema cannot refer to anything outside"),
        ({"$ref": "http://127.0.0.1:9/"}, "a schema cannot refer to anything outside"),
    ],
)
def test_a_schema_that_is_none_is_a_fault_of_bylaw_yaml(schema: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Kinds.of(CatalogSettings(kinds=(KindSetting("Widget", ("acme.example/v1",), schema),)))

    assert str(refused.value).startswith("catalog.kinds: the schema of Widget is not a JSON Schema: ")
    assert fault in str(refused.value)


def test_of_two_kinds_that_differ_in_case_the_spelling_does_not_depend_on_chance() -> None:
    kinds = Kinds.of(CatalogSettings(kinds=(KindSetting("component", ("acme.example/v1",)),)))

    assert kinds.spelling["component"] == "component"  # the last in the alphabet: capitals come first
