"""What a change comes to: its findings, their status, and who answers for them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bylaw import rules
from bylaw.affected import Touch
from bylaw.config import EnforcementSettings, Level, Settings
from bylaw.merge import judge
from bylaw.model import Enforcement
from tests.affected.small import catalog, entity, names
from tests.affected.worlds import drawn

TODAY = date(2026, 6, 15)
RULE = "lifecycle/lifecycle-unknown"
OFF_FOR_ONE = EnforcementSettings(
    default="off", rules={RULE: (Level(Enforcement.DENY), Level(Enforcement.OFF, owners=("g1",)))}
)


def told(
    before: list[dict[str, Any]], after: list[dict[str, Any]], **more: Any
) -> list[tuple[str, str, list[str], str]]:
    """Status, rule, entity and enforcement of each finding."""
    settings = Settings(**more)
    old, new = catalog(*before), catalog(*after)
    touch = Touch.of([*old.documents, *new.documents])
    found = judge(drawn(old), drawn(new), touch, rules.load(settings), settings, TODAY, jobs=1).findings
    return [(each.status, each.rule, names([each.entity or ""]), each.enforcement) for each in found]


def service(owner: str, lifecycle: str = "odd") -> dict[str, Any]:
    return entity("c1", owner=owner, lifecycle=lifecycle, type="service")


GROUPS = [entity("g1"), entity("g2")]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (service("g1"), service("g2"), ("existing", "deny")),  # what others did not have to answer for is no new fault
        (service("g2"), service("g1"), None),  # and what nobody has to answer for any more is not fixed
        (service("g2"), service("g2", "production"), ("fixed", "deny")),
        (service("g1"), service("g2", "production"), None),  # enforced as it was for those who had it
        (service("g2", "production"), service("g2"), ("new", "deny")),
        (service("g2", "production"), service("g1"), None),
    ],
)
def test_whether_a_fault_is_new_does_not_depend_on_who_has_to_answer_for_it(
    before: dict[str, Any], after: dict[str, Any], expected: tuple[str, str] | None
) -> None:
    found = told([*GROUPS, before], [*GROUPS, after], enforcement=OFF_FOR_ONE)

    assert found == ([] if expected is None else [(expected[0], RULE, ["c1"], expected[1])])


def test_a_group_that_moves_makes_no_fault_of_others_a_new_one() -> None:
    """What it owns is neither edited nor judged again."""
    settings = EnforcementSettings(
        default="off", rules={RULE: (Level(Enforcement.OFF), Level(Enforcement.DENY, owners=("g1",)))}
    )
    world = [entity("g1"), service("g2")]
    moved = [*world, entity("g2", parent="g1")]

    assert told([*world, entity("g2")], moved, enforcement=settings) == []
