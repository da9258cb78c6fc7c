"""The level at which a finding counts: by severity, by rule, by date, by owner."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bylaw.config import EnforcementSettings, Level
from bylaw.gates import enforce
from bylaw.graphs import Graph
from bylaw.model import Enforcement, Finding, Outcome, Severity

OFF, OBSERVE, WARN, DENY = Enforcement
TODAY = date(2026, 6, 15)
# orders is owned by team-a, which belongs to dept, which belongs to acme; cart is owned by team-b
GRAPH = Graph.build(
    ["component:default/orders", "component:default/cart", "component:default/lost"],
    [
        ("component:default/orders", "ownedBy", "group:default/team-a"),
        ("component:default/cart", "ownedBy", "group:default/team-b"),
        ("group:default/team-a", "childOf", "group:default/dept"),
        ("group:default/dept", "childOf", "group:default/acme"),
    ],
)


def levels(
    settings: EnforcementSettings,
    *entities: str | None,
    severity: Severity = Severity.ERROR,
    outcome: Outcome = Outcome.FAIL,
) -> list[Enforcement]:
    findings = [
        Finding(
            "",
            "wrong",
            rule="a/b",
            severity=severity,
            outcome=outcome,
            entity=f"component:default/{name}" if name else None,
        )
        for name in entities or ("orders",)
    ]
    enforced = enforce(findings, settings, TODAY, lambda key: GRAPH.owners_of(key, effective=True))
    return [each.enforcement for each in enforced]


@pytest.mark.parametrize(
    ("severity", "level"), [(Severity.ERROR, DENY), (Severity.WARNING, WARN), (Severity.INFO, OBSERVE)]
)
def test_by_default_the_severity_decides(severity: Severity, level: Enforcement) -> None:
    assert levels(EnforcementSettings(), severity=severity) == [level]


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize(
    ("default", "found"), [("observe", [OBSERVE]), ("warn", [WARN]), ("deny", [DENY]), ("off", [])]
)
def test_another_default_holds_whatever_the_severity(
    severity: Severity, default: Any, found: list[Enforcement]
) -> None:
    assert levels(EnforcementSettings(default=default), severity=severity) == found


@pytest.mark.parametrize(("said", "found"), [(OBSERVE, [OBSERVE]), (WARN, [WARN]), (DENY, [DENY]), (OFF, [])])
def test_what_is_said_of_a_rule_counts_before_the_default(said: Enforcement, found: list[Enforcement]) -> None:
    settings = EnforcementSettings(default="warn", rules={"a/b": said, "a/c": DENY})

    assert levels(settings) == found


def test_a_rule_that_is_off_has_no_errors_either() -> None:
    assert levels(EnforcementSettings(rules={"a/b": OFF}), outcome=Outcome.ERROR) == []


def staged(*stages: Level) -> EnforcementSettings:
    return EnforcementSettings(rules={"a/b": stages})


def test_a_stage_holds_from_its_day_on() -> None:
    yesterday, today, tomorrow = date(2026, 6, 14), date(2026, 6, 15), date(2026, 6, 16)

    assert levels(staged(Level(OBSERVE), Level(WARN, yesterday))) == [WARN]
    assert levels(staged(Level(OBSERVE), Level(WARN, today))) == [WARN]
    assert levels(staged(Level(OBSERVE), Level(WARN, tomorrow))) == [OBSERVE]


def test_of_the_stages_that_hold_the_last_one_counts() -> None:
    assert levels(staged(Level(OBSERVE), Level(WARN, date(2026, 1, 1)), Level(DENY, date(2026, 2, 1)))) == [DENY]
    assert levels(staged(Level(DENY), Level(OBSERVE))) == [OBSERVE]


def test_where_no_stage_holds_yet_the_default_does() -> None:
    later = Level(OBSERVE, date(2027, 1, 1))

    assert levels(staged(later)) == [DENY]
    assert levels(staged()) == [DENY]
    assert levels(EnforcementSettings(default="warn", rules={"a/b": (later,)})) == [WARN]


@pytest.mark.parametrize(
    "owner",
    ["group:default/team-a", "team-a", "default/team-a", "Group:Default/Team-A", "group:default/dept", "group:acme"],
)
def test_a_stage_holds_for_what_its_owners_own_through_the_group_tree(owner: str) -> None:
    stages = staged(Level(WARN), Level(DENY, None, (owner,)))

    assert levels(stages, "orders", "cart", "lost", None) == [DENY, WARN, WARN, WARN]


def test_a_stage_may_name_several_owners() -> None:
    stages = staged(Level(WARN), Level(DENY, None, ("team-x", "team-b", "user:jane")))

    assert levels(stages, "orders", "cart") == [WARN, DENY]


def test_day_and_owner_must_both_hold() -> None:
    stages = staged(Level(WARN), Level(DENY, date(2026, 6, 16), ("team-a",)))

    assert levels(stages, "orders") == [WARN]


def test_a_finding_off_one_owner_is_told_for_the_others() -> None:
    assert levels(staged(Level(OFF), Level(DENY, None, ("team-b",))), "orders", "cart") == [DENY]


def test_nothing_else_of_a_finding_changes() -> None:
    finding = Finding("/spec", "wrong", observed=1, rule="a/b", severity=Severity.INFO, entity="component:default/cart")

    (enforced,) = enforce([finding], EnforcementSettings(), TODAY, lambda key: ())

    assert enforced == Finding(
        "/spec",
        "wrong",
        observed=1,
        rule="a/b",
        severity=Severity.INFO,
        entity="component:default/cart",
        enforcement=OBSERVE,
    )
