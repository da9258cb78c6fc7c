"""What is to be changed: what findings bring with them, and whose entities become somebody else's."""

from __future__ import annotations

from typing import Any

import pytest

from bylaw.catalog import Catalog, Kinds, build
from bylaw.config import CatalogSettings, KindSetting, RelationSetting
from bylaw.errors import UsageError
from bylaw.fixes.ask import of_findings, of_owners
from bylaw.model import Document, Finding, Outcome
from tests.engine.world import catalog, entity

PIPELINE = KindSetting(
    "Pipeline",
    ("acme.example.com/v1",),
    {"$ref": "Entity"},
    (
        RelationSetting("spec.run/by", "ownedBy", "ownerOf", "User", ("User", "Group")),
        RelationSetting("spec.stewards", "ownedBy", "ownerOf", None, ()),
        RelationSetting("spec.watchers", "watchedBy", "watcherOf", "Group", ("Group",)),
    ),
)

FIX = ({"op": "remove", "path": "/spec/x"},)
DOCUMENT = Document("a.yaml", 0, {})

TEAMS = (
    entity("team-a", "Group", type="team", children=[]),
    entity("Team-B", "Group", type="team", children=[]),
    entity("team-c", "Group", "shop", type="team", children=[]),
    entity("jane", "User", memberOf=[]),
)


def moved(owners: list[str], *entities: Any, made: Catalog | None = None) -> dict[str, list[tuple[str, str]]]:
    """The new values of each file, by place."""
    fixes = of_owners(made or catalog(*TEAMS, *entities), owners)
    for fix in fixes:
        assert (fix.reason, fix.finding) == ("--owner", None)
        assert all(each.keys() == {"op", "path", "value"} and each["op"] == "replace" for each in fix.operations)
    return {fix.document.path or "": [(each["path"], each["value"]) for each in fix.operations] for fix in fixes}


def refusal(*owners: str) -> str:
    with pytest.raises(UsageError) as caught:
        of_owners(catalog(*TEAMS), owners)
    return str(caught.value)


def test_a_finding_brings_its_fix_if_it_is_a_fault_for_certain_and_stands_in_a_document() -> None:
    findings = [
        Finding("/spec/x", "certain", fix=FIX, document=DOCUMENT, rule="a/b", entity="component:default/x"),
        Finding("/spec/x", "no fix", document=DOCUMENT),
        Finding("/spec/x", "nowhere", fix=FIX),
        Finding("/spec/x", "not certain", fix=FIX, document=DOCUMENT, outcome=Outcome.UNKNOWN),
        Finding("/spec/x", "no answer", fix=FIX, document=DOCUMENT, outcome=Outcome.ERROR),
    ]
    (fix,) = of_findings(findings)
    assert (fix.document, fix.operations, fix.entity) == (DOCUMENT, FIX, "component:default/x")
    assert (fix.reason, fix.finding, fix.places) == ("a/b", findings[0], ["/spec/x"])


@pytest.mark.parametrize(
    ("owner", "becomes"),
    [
        ("team-a", "Team-B"),
        ("Team-A", "Team-B"),
        ("default/team-a", "default/Team-B"),
        ("group:team-a", "group:Team-B"),
        ("GROUP:Default/TEAM-A", "group:default/Team-B"),
        ("team-a2", None),
        ("user:team-a", None),
        ("shop/team-a", None),
        ("", None),
        (None, None),
        (["team-a"], "Team-B"),
        ({"team": "team-a"}, None),
    ],
)
def test_an_owner_is_moved_however_it_is_written_and_keeps_its_style(owner: Any, becomes: str | None) -> None:
    path = "/spec/owner/0" if isinstance(owner, list) else "/spec/owner"
    assert moved(["team-a=team-b"], entity("x", owner=owner)) == ({"004.yaml": [(path, becomes)]} if becomes else {})


def test_what_a_short_reference_leaves_out_is_written_where_it_would_mean_another() -> None:
    shelf = entity("shelf", "Component", "Shop", owner="default/team-a")
    assert moved(["team-a=group:shop/team-c"], shelf) == {"004.yaml": [("/spec/owner", "shop/team-c")]}
    assert moved(["team-a=shop/team-c"], entity("x", owner="team-a")) == {"004.yaml": [("/spec/owner", "shop/team-c")]}
    assert moved(["team-a=user:jane"], entity("x", owner="team-a")) == {"004.yaml": [("/spec/owner", "user:jane")]}
    assert moved(["shop/team-c=team-a"], entity("x", "Component", "shop", owner="team-c")) == {
        "004.yaml": [("/spec/owner", "default/team-a")]
    }


def test_the_old_owner_need_not_be_there() -> None:
    assert moved(["gone=team-b"], entity("x", owner="gone")) == {"004.yaml": [("/spec/owner", "Team-B")]}


def test_only_owners_are_moved() -> None:
    group = entity("team-d", "Group", type="team", parent="team-a", children=["team-a"])
    user = entity("joe", "User", memberOf=["team-a"])
    component = entity("x", owner="team-c", dependsOn=["group:team-a"])
    component["metadata"]["annotations"] = {"owner": "team-a"}
    assert moved(["team-a=team-b"], group, user, component) == {}


def test_every_kind_has_its_owner_moved_extra_ones_and_duplicates_included() -> None:
    kinds = Kinds.of(CatalogSettings(kinds=(PIPELINE,)))
    pipeline = entity("nightly", "Pipeline", watchers=["team-a"])
    pipeline["apiVersion"] = "acme.example.com/v1"
    pipeline["spec"]["run/by"] = "group:team-a"
    pipeline["spec"]["stewards"] = ["user:jane", "group:default/team-a", "team-a"]
    data = [*TEAMS, pipeline, entity("x", "API", owner="team-a"), entity("x", "API", owner="team-a")]
    made = build([Document(f"{number:03}.yaml", 0, each) for number, each in enumerate(data)], kinds)
    assert moved(["team-a=team-b"], made=made) == {
        "004.yaml": [("/spec/run~1by", "group:Team-B"), ("/spec/stewards/1", "group:default/Team-B")],
        "005.yaml": [("/spec/owner", "Team-B")],
        "006.yaml": [("/spec/owner", "Team-B")],
    }


def test_what_a_scaffolder_will_make_an_entity_of_is_moved_too() -> None:
    assert moved(["team-a=team-b"], entity("${{ values.name }}", owner="team-a")) == {
        "004.yaml": [("/spec/owner", "Team-B")]
    }


def test_what_cannot_be_addressed_has_no_owner() -> None:
    assert moved(["team-a=team-b"], {"kind": "Component", "spec": {"owner": "team-a"}}, [], "x", None) == {}


def test_several_moves_are_about_the_catalog_as_it_is_and_may_swap_owners() -> None:
    entities = entity("x", owner="team-a"), entity("y", owner="team-b")
    assert moved(["team-a=team-b", "team-b=team-a"], *entities) == {
        "004.yaml": [("/spec/owner", "Team-B")],
        "005.yaml": [("/spec/owner", "team-a")],
    }


EXPECTED = "expected OLD=NEW such as group:default/team-a=group:default/team-b"


@pytest.mark.parametrize(
    ("owners", "reason"),
    [
        (["team-a"], f"--owner team-a: {EXPECTED}; there is no = in it"),
        (["=team-a"], f"--owner =team-a: {EXPECTED}; entity reference must not be empty"),
        (["team-a="], f"--owner team-a=: {EXPECTED}; entity reference must not be empty"),
        (["a=b=c"], "--owner a=b=c: group:default/b=c is not in the catalog"),
        (["team-a=group:Default/TEAM-A"], "--owner team-a=group:Default/TEAM-A: both are group:default/team-a"),
        (
            ["team-x=team-aa"],
            "--owner team-x=team-aa: group:default/team-aa is not in the catalog (did you mean group:default/team-a?)",
        ),
        (
            ["x=user:jan"],
            "--owner x=user:jan: user:default/jan is not in the catalog (did you mean user:default/jane?)",
        ),
        (
            ["x=team-c"],
            "--owner x=team-c: group:default/team-c is not in the catalog (did you mean group:shop/team-c?)",
        ),
        (["x=component:y"], "--owner x=component:y: a component owns nothing, expected a Group or User"),
        (
            ["x=team-a", "group:default/X=team-b"],
            "--owner group:default/X=team-b: group:default/x already goes to group:default/team-a",
        ),
    ],
)
def test_a_move_that_cannot_be_is_wrong_usage(owners: list[str], reason: str) -> None:
    assert refusal(*owners) == reason
