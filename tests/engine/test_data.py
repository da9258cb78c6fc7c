"""``input`` and ``data``: what a Rego rule sees."""

from __future__ import annotations

import json
import time
from typing import Any, Literal

import pytest

from bylaw import rules
from bylaw.config import Settings
from bylaw.engine import data
from tests.engine.world import TODAY, catalog, entity, graph

POLICIES = rules.load(Settings(parameters={"lifecycle/lifecycle-unknown": {"allowed": ["live"]}}))
CATALOG = catalog(
    entity("acme", "Group", type="organisation", children=[]),
    entity("team-a", "Group", type="team", parent="acme", children=[]),
    entity("jane", "User", memberOf=["team-a"]),
    entity("orders", owner="team-a", dependsOn=["resource:db", "component:lost"]),
    entity("db", "Resource", owner="team-a"),
    entity("far", owner="team-b"),
    entity("odd", "group", namespace="x"),
)
GRAPH = graph(CATALOG)


def around(key: str, reads: Literal["entity", "relations", "graph"]) -> Any:
    return json.loads(data.around(CATALOG.entities[key], reads, CATALOG, GRAPH, POLICIES, TODAY))


WHOLE = json.loads(data.whole(CATALOG, GRAPH, POLICIES, TODAY))


def test_input_is_the_entity_with_its_namespace() -> None:
    assert json.loads(data.document(CATALOG.entities["resource:default/db"])) == entity(
        "db", "Resource", "default", owner="team-a"
    )


def test_data_holds_the_catalog_its_relations_and_its_groups() -> None:
    whole = WHOLE["catalog"]

    assert whole["complete"] is True
    assert whole["entities"]["component:default/orders"] == CATALOG.entities["component:default/orders"].data
    assert whole["relations"]["component:default/orders"] == {
        "dependsOn": ["component:default/lost", "resource:default/db"],
        "ownedBy": ["group:default/team-a"],
    }
    assert whole["relations"]["resource:default/db"] == {
        "dependencyOf": ["component:default/orders"],
        "ownedBy": ["group:default/team-a"],
    }
    assert "component:default/lost" not in whole["relations"]
    assert whole["groups"]["group:default/team-a"] == {
        "parent": "group:default/acme",
        "children": [],
        "members": ["user:default/jane"],
        "ancestors": ["group:default/acme"],
    }


def test_data_holds_the_parameters_the_kinds_and_the_day() -> None:
    bylaw = WHOLE["bylaw"]

    assert bylaw["parameters"]["lifecycle/lifecycle-unknown"] == {"allowed": ["live"]}
    assert bylaw["parameters"]["lifecycle/depends-on-less-mature"]["mature"] == ["production"]
    assert bylaw["kinds"] == CATALOG.kinds.as_data()
    assert bylaw["today"] == "2026-06-15"
    assert bylaw["now_ns"] == 1781481600 * 10**9


def test_the_day_begins_in_utc_wherever_this_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert json.loads(data.whole(CATALOG, GRAPH, POLICIES, TODAY)) == WHOLE
    finally:
        monkeypatch.undo()
        time.tzset()


def test_data_says_whether_the_catalog_is_complete() -> None:
    part = catalog(entity("orders"))

    assert json.loads(data.whole(part, graph(part), POLICIES, TODAY))["catalog"]["complete"] is False


@pytest.mark.parametrize("key", sorted(CATALOG.entities))
def test_the_data_around_an_entity_is_a_part_of_the_whole(key: str) -> None:
    for reads in ("entity", "relations", "graph"):
        near = around(key, reads)
        assert near["bylaw"] == WHOLE["bylaw"]
        for part in ("entities", "relations", "groups"):
            assert near["catalog"][part].items() <= WHOLE["catalog"][part].items()
        assert set(near["catalog"]["groups"]) == {
            key for key in near["catalog"]["entities"] if key.startswith("group:")
        }
        assert near["catalog"]["complete"] == WHOLE["catalog"]["complete"]


@pytest.mark.parametrize(
    ("reads", "seen"),
    [
        ("entity", ["component:default/orders"]),
        ("relations", ["component:default/orders", "group:default/team-a", "resource:default/db"]),
        ("graph", sorted(CATALOG.entities)),
    ],
)
def test_a_rule_sees_as_far_as_it_says_it_reads(
    reads: Literal["entity", "relations", "graph"], seen: list[str]
) -> None:
    near = around("component:default/orders", reads)["catalog"]

    assert sorted(near["entities"]) == seen
    assert sorted(near["groups"]) == [key for key in seen if key.startswith("group:")]
    assert near["relations"]["component:default/orders"] == WHOLE["catalog"]["relations"]["component:default/orders"]
