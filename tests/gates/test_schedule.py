"""What becomes stricter or laxer when, and for whom."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from bylaw.config import EnforcementSettings, Level
from bylaw.gates import Turn, schedule
from bylaw.model import Enforcement, Severity

if TYPE_CHECKING:
    from typing import Any

OFF, OBSERVE, WARN, DENY = Enforcement
TODAY, DECEMBER, FEBRUARY = date(2026, 11, 21), date(2026, 12, 1), date(2027, 2, 1)
PAYMENTS, SEARCH = "group:default/payments", "group:default/search"


def turns(*stages: Level, today: date = TODAY, severity: Severity = Severity.ERROR, **more: Any) -> tuple[Turn, ...]:
    return schedule({"a/b": severity}, EnforcementSettings(rules={"a/b": stages}, **more), today)


def test_without_stages_nothing_is_scheduled() -> None:
    assert schedule({"a/b": Severity.ERROR}, EnforcementSettings(rules={"a/b": WARN}), TODAY) == ()
    assert turns() == ()


def test_each_day_on_which_the_level_changes_is_a_turn_after_what_holds_today() -> None:
    assert turns(Level(OBSERVE), Level(WARN, DECEMBER), Level(DENY, FEBRUARY)) == (
        Turn(TODAY, "a/b", None, OBSERVE),
        Turn(DECEMBER, "a/b", OBSERVE, WARN),
        Turn(FEBRUARY, "a/b", WARN, DENY),
    )


def test_stages_that_hold_already_are_what_holds_today() -> None:
    stages = (Level(OBSERVE), Level(WARN, DECEMBER), Level(DENY, FEBRUARY))

    assert turns(*stages, today=DECEMBER) == (
        Turn(DECEMBER, "a/b", None, WARN),
        Turn(FEBRUARY, "a/b", WARN, DENY),
    )
    assert turns(*stages, today=FEBRUARY) == ()


@pytest.mark.parametrize(
    ("severity", "level"), [(Severity.ERROR, DENY), (Severity.WARNING, WARN), (Severity.INFO, OBSERVE)]
)
def test_before_the_first_stage_the_severity_decides(severity: Severity, level: Enforcement) -> None:
    assert turns(Level(OFF, DECEMBER), severity=severity) == (
        Turn(TODAY, "a/b", None, level),
        Turn(DECEMBER, "a/b", level, OFF),
    )


def test_before_the_first_stage_another_default_holds() -> None:
    assert turns(Level(DENY, DECEMBER), default="off") == (
        Turn(TODAY, "a/b", None, OFF),
        Turn(DECEMBER, "a/b", OFF, DENY),
    )


def test_a_stage_that_changes_nothing_is_no_turn() -> None:
    assert turns(Level(WARN), Level(WARN, DECEMBER)) == ()


def test_a_stage_of_some_owners_is_a_turn_for_them_alone() -> None:
    assert turns(Level(OBSERVE), Level(WARN, DECEMBER), Level(DENY, FEBRUARY, ("Payments", "group:search"))) == (
        Turn(TODAY, "a/b", None, OBSERVE),
        Turn(DECEMBER, "a/b", OBSERVE, WARN),
        Turn(FEBRUARY, "a/b", WARN, DENY, (PAYMENTS, SEARCH)),
    )


def test_what_one_owner_has_already_comes_to_the_others_later() -> None:
    assert turns(Level(WARN), Level(DENY, None, ("payments",)), Level(DENY, DECEMBER)) == (
        Turn(TODAY, "a/b", None, WARN, but=(PAYMENTS,)),
        Turn(TODAY, "a/b", None, DENY, (PAYMENTS,)),
        Turn(DECEMBER, "a/b", WARN, DENY, but=(PAYMENTS,)),
    )


def test_an_earlier_stage_of_an_owner_keeps_holding_where_it_stands_last() -> None:
    stages = (Level(OBSERVE), Level(WARN, DECEMBER), Level(DENY, date(2026, 11, 1), ("payments",)))

    assert turns(*stages) == (
        Turn(TODAY, "a/b", None, OBSERVE, but=(PAYMENTS,)),
        Turn(TODAY, "a/b", None, DENY, (PAYMENTS,)),
        Turn(DECEMBER, "a/b", OBSERVE, WARN, but=(PAYMENTS,)),
    )


def test_a_later_stage_for_everyone_that_stands_last_makes_it_laxer_for_an_owner() -> None:
    found = turns(Level(OBSERVE), Level(DENY, None, ("payments",)), Level(WARN, DECEMBER))

    assert found == (
        Turn(TODAY, "a/b", None, OBSERVE, but=(PAYMENTS,)),
        Turn(TODAY, "a/b", None, DENY, (PAYMENTS,)),
        Turn(DECEMBER, "a/b", OBSERVE, WARN, but=(PAYMENTS,)),
        Turn(DECEMBER, "a/b", DENY, WARN, (PAYMENTS,)),
    )
    assert [each.is_stricter for each in found] == [False, False, True, False]


def test_two_owners_go_through_their_own_stages() -> None:
    stages = (Level(WARN), Level(DENY, DECEMBER, ("payments",)), Level(DENY, FEBRUARY, ("search",)))

    assert turns(*stages) == (
        Turn(TODAY, "a/b", None, WARN),
        Turn(DECEMBER, "a/b", WARN, DENY, (PAYMENTS,)),
        Turn(FEBRUARY, "a/b", WARN, DENY, (SEARCH,)),
    )


def test_turns_are_in_the_order_of_their_days_and_then_of_the_rules() -> None:
    settings = EnforcementSettings(
        rules={"c/d": (Level(WARN, DECEMBER),), "a/b": (Level(WARN, FEBRUARY),), "a/c": (Level(OFF, DECEMBER),)}
    )
    found = schedule({"c/d": Severity.ERROR, "a/b": Severity.ERROR, "a/c": Severity.INFO}, settings, TODAY)

    assert [(each.day, each.rule) for each in found] == [
        (TODAY, "a/b"),
        (TODAY, "a/c"),
        (TODAY, "c/d"),
        (DECEMBER, "a/c"),
        (DECEMBER, "c/d"),
        (FEBRUARY, "a/b"),
    ]
