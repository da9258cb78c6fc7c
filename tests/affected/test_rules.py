"""What a change does to others, rule by rule: who is asked again, and what is found new or fixed with them.

Each entry of a rule's ``reach`` has a case here that fails without it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from bylaw import rules
from bylaw.affected import Laid, Touch
from bylaw.catalog import build, differ
from bylaw.config import Settings
from bylaw.merge import judge
from bylaw.model import Status
from tests.affected.memory import MemoryBase
from tests.affected.small import catalog, entity, names, ref
from tests.affected.worlds import KINDS, drawn

if TYPE_CHECKING:
    from bylaw.rules import Policies

TODAY = date(2026, 6, 15)
SETTINGS = Settings(parameters={"ownership/owner-too-broad": {"entities": 1}})
LIVE, OLD, YOUNG = "production", "deprecated", "experimental"


@cache
def law(rule: str) -> Policies:
    """The rule alone."""
    policies = rules.load(SETTINGS)
    return replace(policies, rules=(policies.find(rule),))


def verdict(
    rule: str, before: list[dict[str, Any]], after: list[dict[str, Any]], **more: Any
) -> tuple[list[str], list[str]]:
    """Whom the rule is asked of besides what the change edits, and what is ``new`` or ``fixed`` with whom."""
    old, new = catalog(*before), catalog(*after)
    known = {each.path: each.data for each in old.documents}
    now = {each.path: each.data for each in new.documents}
    gone = [each for each in old.documents if differ(each.data, now.get(each.path))]
    come = [each for each in new.documents if differ(each.data, known.get(each.path))]
    everything, touch = Touch.of([*old.documents, *new.documents], all_of_it=True), Touch.of([*gone, *come])
    over = MemoryBase(old)
    states = Laid(over, gone, build(gone, KINDS, True)), Laid(over, gone, build(come, KINDS, True))
    full = judge(drawn(old), drawn(new), everything, law(rule), SETTINGS, TODAY, jobs=1, **more)
    found = judge(*states, touch, law(rule), SETTINGS, TODAY, jobs=1, **more)

    def told(status: Status, judged: Any) -> list[str]:
        return sorted(f"{each.status} {names([each.entity])[0]}" for each in judged.findings if each.status is status)

    assert told(Status.NEW, found) == told(Status.NEW, full)
    assert told(Status.FIXED, found) == told(Status.FIXED, full)
    asked = found.scope.entities[rule]
    others = ["everybody"] if asked is None else names(asked - touch.refs)
    return others, [*told(Status.NEW, found), *told(Status.FIXED, found)]


def labelled(name: str, **spec: Any) -> dict[str, Any]:
    made = entity(name, **spec)
    return {**made, "metadata": {**made["metadata"], "labels": {"cost-centre": "4711"}}}


def spelt(kind: str, made: dict[str, Any]) -> dict[str, Any]:
    return {**made, "kind": kind}


USER = entity("u9")  # so that Users are known
CASES: list[tuple[str, list[dict[str, Any]], list[dict[str, Any] | None], list[dict[str, Any]], str, str]] = [
    # rule, what stays, what it was, what it is, who else is asked, what is found
    (
        "catalog/dependency-cycle",
        [entity("c1", dependsOn=["c2"])],
        [entity("c2")],
        [entity("c2", dependsOn=["c1"])],
        "c1",
        "new c1",
    ),
    (
        "catalog/dependency-cycle",
        [entity("c1", dependsOn=["c2"])],
        [entity("c2", dependsOn=["c1"])],
        [],
        "c1",
        "fixed c1",
    ),
    (  # who uses its own API is in no circle
        "catalog/dependency-cycle",
        [entity("a1")],
        [entity("c1", providesApis=["a1"])],
        [entity("c1", providesApis=["a1"], consumesApis=["a1"])],
        "a1",
        "",
    ),
    (
        "catalog/hierarchy-cycle",
        [entity("g1", parent="g2")],
        [entity("g2")],
        [entity("g2", parent="g1")],
        "g1",
        "new g1",
    ),
    (
        "catalog/hierarchy-cycle",
        [entity("c1", subcomponentOf="c2")],
        [entity("c2")],
        [entity("c2", subcomponentOf="c1")],
        "c1",
        "new c1",
    ),
    ("catalog/reference-dangling", [entity("c1", dependsOn=["c2"])], [entity("c2")], [], "c1", "new c1"),
    (
        "catalog/reference-kind-wrong",
        [entity("c2")],
        [entity("c1")],
        [entity("c1", providesApis=["c2"])],
        "",
        "new c1",
    ),
    (
        "cost/cost-centre-missing",
        [entity("c1", lifecycle=LIVE, owner="g1")],
        [labelled("g1")],
        [entity("g1")],
        "c1",
        "new c1",
    ),
    (
        "cost/cost-centre-missing",
        [entity("c1", lifecycle=LIVE, system="s1")],
        [labelled("s1")],
        [entity("s1")],
        "c1",
        "new c1",
    ),
    (
        "cost/cost-centre-missing",
        [entity("c1", lifecycle=LIVE, owner="g1")],
        [entity("g1", {"cost-centre": "4711"})],
        [entity("g1")],
        "c1",
        "new c1",
    ),
    (
        "lifecycle/api-without-provider",
        [entity("a1", lifecycle=LIVE)],
        [entity("c1", providesApis=["a1"])],
        [entity("c1")],
        "a1",
        "new a1",
    ),
    (
        "lifecycle/depends-on-deprecated",
        [entity("c1", dependsOn=["c2"])],
        [entity("c2")],
        [entity("c2", lifecycle=OLD)],
        "c1",
        "new c1",
    ),
    (  # its message names the successor
        "lifecycle/depends-on-deprecated",
        [entity("c1", dependsOn=["c2"])],
        [entity("c2", lifecycle=OLD)],
        [entity("c2", {"bylaw.dev/successor": "c3"}, lifecycle=OLD)],
        "c1",
        "",
    ),
    (
        "lifecycle/depends-on-deprecated-indirectly",
        [
            entity("c1", lifecycle=LIVE, dependsOn=["c2"]),
            entity("c2", dependsOn=["c3"]),
            entity("c3", dependsOn=["c4"]),
        ],
        [entity("c4")],
        [entity("c4", lifecycle=OLD)],
        "c1 c2 c3",
        "new c1",
    ),
    (  # too far
        "lifecycle/depends-on-deprecated-indirectly",
        [
            entity("c1", lifecycle=LIVE, dependsOn=["c2"]),
            *(entity(f"c{number}", dependsOn=[f"c{number + 1}"]) for number in (2, 3, 4)),
        ],
        [entity("c5")],
        [entity("c5", lifecycle=OLD)],
        "c2 c3 c4",
        "",
    ),
    (
        "lifecycle/depends-on-less-mature",
        [entity("c1", lifecycle=LIVE, dependsOn=["c2"])],
        [entity("c2", lifecycle=LIVE)],
        [entity("c2", lifecycle=YOUNG)],
        "c1",
        "new c1",
    ),
    (
        "lifecycle/deprecated-in-use",
        [entity("c2", lifecycle=OLD)],
        [entity("c1", lifecycle=OLD, dependsOn=["c2"])],
        [entity("c1", lifecycle=LIVE, dependsOn=["c2"])],
        "c2",
        "new c2",
    ),
    (  # its message names owners
        "lifecycle/deprecated-in-use",
        [entity("c2", lifecycle=OLD)],
        [entity("c1", dependsOn=["c2"], owner="g1")],
        [entity("c1", dependsOn=["c2"], owner="g2")],
        "c2",
        "",
    ),
    (
        "lifecycle/deprecated-without-successor",
        [entity("c1", {"bylaw.dev/successor": "c2"}, lifecycle=OLD)],
        [entity("c2")],
        [],
        "c1",
        "new c1",
    ),
    (
        "lifecycle/deprecated-without-successor",
        [entity("c1", {"bylaw.dev/successor": "c2"}, lifecycle=OLD)],
        [entity("c2")],
        [entity("c2", lifecycle=OLD)],
        "c1",
        "new c1 new c2",
    ),
    (
        "operations/kubernetes-id-shared",
        [entity("c1", {"backstage.io/kubernetes-id": "a"})],
        [entity("c2", {"backstage.io/kubernetes-id": "b"})],
        [entity("c2", {"backstage.io/kubernetes-id": "a"})],
        "c1",
        "new c1 new c2",
    ),
    (
        "operations/kubernetes-id-shared",
        [entity("c1", {"backstage.io/kubernetes-id": "a"})],
        [entity("c2", {"backstage.io/kubernetes-id": "a", "backstage.io/kubernetes-label-selector": "x"})],
        [entity("c2", {"backstage.io/kubernetes-id": "a"})],
        "c1",
        "new c1 new c2",
    ),
    (
        "ownership/group-hierarchy-inconsistent",
        [entity("g1", parent="g2"), entity("g2")],
        [entity("g3")],
        [entity("g3", children=["g1"])],
        "g1",
        "new g1",
    ),
    (
        "ownership/group-hierarchy-inconsistent",
        [entity("u1", memberOf=["g1"]), entity("g1")],
        [entity("g2", type="guild", members=["u1"])],
        [entity("g2", type="team", members=["u1"])],
        "u1",
        "new u1",
    ),
    (
        "ownership/group-hierarchy-inconsistent",
        [entity("u1", memberOf=["g1"]), entity("g2", type="team", members=["u1"])],
        [entity("g1", parent="g3"), entity("g3", parent="g2")],
        [entity("g1", parent="g3"), entity("g3")],
        "u1",
        "new u1",
    ),
    ("ownership/owner-group-empty", [entity("g1"), USER], [entity("c1")], [entity("c1", owner="g1")], "g1", "new g1"),
    (
        "ownership/owner-group-empty",
        [entity("g1"), entity("g2", parent="g1"), entity("c1", owner="g1"), USER],
        [entity("u1", memberOf=["g2"])],
        [entity("u1")],
        "g1 g2",
        "new g1",
    ),
    ("ownership/owner-group-empty", [entity("g1"), entity("c1", owner="g1")], [], [USER], "everybody", "new g1"),
    (
        "ownership/owner-group-empty",  # that others have people is no matter
        [entity("g2", members=["u9"]), USER],
        [],
        [entity("g1"), entity("c1", owner="g1")],
        "",
        "new g1",
    ),
    ("ownership/owner-is-a-person", [], [entity("c1", owner="g1")], [entity("c1", owner="u1")], "", "new c1"),
    ("ownership/owner-is-a-person", [entity("c1", owner="u1")], [entity("m1")], [entity("m1", keeps=["c1"])], "c1", ""),
    ("ownership/owner-kind-wrong", [entity("c1")], [entity("m1")], [entity("m1", keeps=["c1"])], "c1", ""),
    ("ownership/owner-kind-wrong", [entity("c2")], [entity("c1")], [entity("c1", owner="c2")], "", "new c1"),
    (  # the fix puts in the owner of what it belongs to
        "ownership/owner-missing",
        [entity("c1", system="s1"), entity("g1"), entity("g2")],
        [entity("s1", owner="g1")],
        [entity("s1", owner="g2")],
        "c1",
        "",
    ),
    (
        "ownership/owner-missing",
        [entity("c1", system="s1"), entity("g1")],
        [spelt("system", entity("s1", owner="g1"))],
        [entity("s1", owner="g1")],
        "c1",
        "",
    ),
    (
        "ownership/owner-not-a-team",
        [entity("c1", owner="g1")],
        [entity("g1", type="team")],
        [entity("g1", type="unit")],
        "c1",
        "new c1",
    ),
    (
        "ownership/owner-not-a-team",
        [entity("c1", owner="g1")],
        [spelt("group", entity("g1", type="unit"))],
        [entity("g1", type="unit")],
        "c1",
        "new c1",
    ),
    (
        "ownership/owner-outside-system",
        [entity("c1", owner="g1", system="s1"), entity("s1", owner="g2"), entity("g2")],
        [entity("g1", parent="g2")],
        [entity("g1")],
        "c1",
        "new c1",
    ),
    (
        "ownership/owner-outside-system",
        [entity("c1", owner="g1", system="s1"), entity("s1", owner="g2"), entity("g1", parent="g3"), entity("g2")],
        [entity("g3", parent="g2")],
        [entity("g3")],
        "c1",
        "new c1",
    ),
    (
        "ownership/owner-outside-system",
        [entity("c1", owner="g1", system="s1"), entity("s1", owner="g2"), entity("g2", parent="g3"), entity("g1")],
        [entity("g3", parent="g1")],
        [entity("g3")],
        "c1 s1",
        "new c1",
    ),
    (
        "ownership/owner-outside-system",
        [entity("c1", owner="g1", system="s1"), entity("g1"), entity("g2")],
        [entity("s1", owner="g1")],
        [entity("s1", owner="g2")],
        "c1",
        "new c1",
    ),
    (
        "ownership/owner-outside-system",
        [entity("c1", owner="g1", system="s1"), entity("s1", owner="g2"), entity("g1")],
        [entity("g2", parent="g1")],
        [entity("g2")],
        "c1 s1",
        "new c1",
    ),
    (
        "ownership/owner-too-broad",
        [entity("g1", members=["u9", "u8"]), entity("c1", owner="g1"), USER],
        [entity("c2")],
        [entity("c2", owner="g1")],
        "g1",
        "new g1",
    ),
    (
        "ownership/owner-too-broad",
        [entity("g1"), entity("g2", parent="g1", members=["u9"]), entity("c1", owner="g1"), USER],
        [entity("u1", memberOf=["g2"])],
        [entity("u1")],
        "g1 g2",
        "new g1",
    ),
    (
        "ownership/owner-too-broad",
        [entity("g1", members=["u1"]), entity("c1", owner="g1")],
        [],
        [USER],
        "everybody",
        "new g1",
    ),
    ("ownership/owner-unknown", [entity("c1", owner="g1")], [entity("g1")], [], "c1", "new c1"),
    ("ownership/user-without-group", [entity("u1")], [entity("g1", members=["u1"])], [entity("g1")], "u1", "new u1"),
]


@pytest.mark.parametrize(
    ("rule", "stays", "was", "is_now", "asked", "found"),
    CASES,
    ids=lambda each: each if isinstance(each, str) and "/" in each else "",
)
def test_a_change_of_one_concerns_others(
    rule: str, stays: list[Any], was: list[Any], is_now: list[Any], asked: str, found: str
) -> None:
    others, told = verdict(rule, [*stays, *was], [*stays, *is_now])

    assert " ".join(others) == asked
    assert " ".join(told) == found


@pytest.mark.parametrize(
    ("stays", "was", "is_now", "found"),
    [
        ([entity("c1", dependsOn=["c2"])], [entity("c2")], [], "removed c2"),
        ([entity("g1", members=["u1"])], [entity("u1")], [], "removed u1"),
        ([entity("c1", owner="g1")], [entity("g1")], [], "removed g1"),
        ([entity("c1", owner="g1")], [entity("g1", type="x")], [entity("g2", type="x")], "renamed g1"),
        ([entity("c1", dependsOn=["c2"])], [entity("c2", type="x")], [entity("c3", type="x")], "renamed c2"),
        ([entity("c1", dependsOn=["c2"])], [entity("c2", type="x")], [entity("c3", type="y")], "removed c2"),
        ([], [entity("c1", dependsOn=["c2"]), entity("c2")], [], ""),
        ([], [entity("c2")], [], ""),
    ],
)
def test_what_is_removed_while_others_refer_to_it_is_found(
    stays: list[Any], was: list[Any], is_now: list[Any], found: str
) -> None:
    told = [
        f"{kind} {each.partition(' ')[2]}"
        for kind in ("removed", "renamed")
        for each in verdict(f"catalog/{kind}-in-use", [*stays, *was], [*stays, *is_now])[1]
    ]

    assert " ".join(told) == found


COMPANY = [
    entity("g1"),
    entity("g2"),
    entity("g3", parent="g1"),
    entity("u1", memberOf=["g1"]),
    entity("u2", memberOf=["g2"]),
    entity("u3"),
    entity("g4", parent="g3", members=["u3"]),
]


@pytest.mark.parametrize(
    ("approvers", "found"),
    [
        (["u1"], ""),
        (["u2"], "new c1"),
        (["u3"], ""),  # of a group below the old owner
        (["g1"], ""),
        (["g4"], ""),
        (["g2"], "new c1"),
        ([], "new c1"),
        (None, "new c1"),
        (["u2", "u1"], ""),
    ],
)
def test_who_belongs_to_the_old_owner_is_known(approvers: list[str] | None, found: str) -> None:
    people = None if approvers is None else tuple(map(ref, approvers))
    before, after = [*COMPANY, entity("c1", owner="g1")], [*COMPANY, entity("c1", owner="g2")]

    assert " ".join(verdict("ownership/transfer-unapproved", before, after, approvers=people)[1]) == found


def test_an_owner_that_does_not_exist_need_not_approve() -> None:
    before, after = [entity("c1", owner="g9")], [entity("c1", owner="g1")]

    assert verdict("ownership/transfer-unapproved", before, after, approvers=())[1] == []


def test_a_group_cannot_make_its_own_approvers() -> None:
    before = [*COMPANY, entity("c1", owner="g1")]
    after = [
        *(each for each in COMPANY if each["metadata"]["name"] != "u2"),
        entity("u2", memberOf=["g1"]),
        entity("c1", owner="g2"),
    ]

    assert verdict("ownership/transfer-unapproved", before, after, approvers=(ref("u2"),))[1] == ["new c1"]


def test_every_rule_that_looks_at_others_has_a_case() -> None:
    told = {case[0] for case in CASES} | {
        "catalog/removed-in-use",
        "catalog/renamed-in-use",
        "ownership/transfer-unapproved",
    }

    assert told == {each.id for each in rules.load(SETTINGS).rules if each.reach}
