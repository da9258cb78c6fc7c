"""What a waiver is worth: who approved it, until when, of what."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bylaw.config import WaiverSettings
from bylaw.gates.waivers import Waived, judge
from bylaw.model import Enforcement, Finding, Location, Outcome, Standing, Status, Waiver, WaiverStatus
from bylaw.sources.waiver_files import Broken

ACTIVE, EXPIRED, INVALID, UNUSED, OVER_BROAD = WaiverStatus
TODAY = date(2026, 11, 21)
ORDERS, CART, JANE, JOE = "component:default/orders", "component:default/cart", "user:default/jane", "user:default/joe"
RULE, OTHER = "ownership/owner-unknown", "docs/techdocs-missing"
SETTINGS = WaiverSettings(max_days=90, approvers=("group:default/platform",))
# jane is in platform; joe in team-a, below platform; ann in team-b; bob in a team whose group nobody has read
GROUPS = {
    JANE: ("group:default/platform",),
    JOE: ("group:default/team-a", "group:default/platform"),
    "user:default/ann": ("group:default/team-b",),
    "user:default/bob": ("group:default/team-x",),
    "group:default/team-a": ("group:default/platform",),
}
ENTITIES = (
    *(ORDERS, CART, "component:shop/orders", "api:default/orders", JANE, JOE, "user:default/ann", "user:default/bob"),
    *("group:default/platform", "group:default/team-a", "group:default/team-b"),
)


def waiver(**fields: Any) -> Waiver:
    """One that holds on that day for the owner of orders."""
    said: dict[str, Any] = {
        "id": "W-1",
        "rule": RULE,
        "entities": (ORDERS,),
        "reason": "the team is being founded",
        "requested_by": "ann",
        "approved_by": "jane",
        "expires": date(2027, 1, 10),
    }
    return Waiver(**{**said, **fields})


def finding(entity: str | None = ORDERS, **fields: Any) -> Finding:
    return Finding(**{"pointer": "/spec/owner", "message": "wrong", "rule": RULE, "entity": entity, **fields})


def judged(*waivers: Waiver | Broken, findings: Any = None, whole: bool = True, **more: Any) -> Waived:
    given: dict[str, Any] = {"settings": SETTINGS, "today": TODAY, "rules": (RULE, OTHER), **more}
    return judge(
        waivers,
        [finding()] if findings is None else findings,
        given["settings"],
        given["today"],
        rules=given["rules"],
        judged=given["rules"] if whole else (),
        entities=ENTITIES,
        groups_of=lambda key: GROUPS.get(key, ()),
    )


def standing(*waivers: Waiver | Broken, **more: Any) -> Standing:
    (found,) = judged(*waivers, **more).standings
    return found


def worth(*waivers: Waiver | Broken, **more: Any) -> tuple[WaiverStatus, str]:
    found = standing(*waivers, **more)
    return found.status, found.why


# -- what a waiver that holds does


def test_a_finding_that_is_waived_keeps_all_else() -> None:
    before = finding(outcome=Outcome.UNKNOWN, enforcement=Enforcement.WARN, status=Status.EXISTING, observed="x")

    assert judged(waiver(), findings=[before]).findings == (replace(before, waiver="W-1"),)


def test_only_what_fails_or_is_unknown_is_waived_and_never_an_error() -> None:
    findings = [finding(outcome=each) for each in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR)]

    assert [each.waiver for each in judged(waiver(), findings=findings).findings] == ["W-1", "W-1", None]


def test_a_waiver_is_for_its_rule_and_its_entities() -> None:
    findings = [finding(), finding(CART), finding(rule=OTHER), finding("component:shop/orders"), finding(None)]

    assert [each.waiver for each in judged(waiver(), findings=findings).findings] == ["W-1", None, None, None, None]


def test_a_waiver_with_fingerprints_is_for_these_findings_alone() -> None:
    first, second = finding(), finding(pointer="/spec/system")
    narrow = waiver(fingerprints=(first.fingerprint,))

    assert [each.waiver for each in judged(narrow, findings=[first, second]).findings] == ["W-1", None]


def test_a_fingerprint_on_another_entity_waives_nothing() -> None:
    narrow = waiver(entities=(CART,), fingerprints=(finding().fingerprint,))

    assert [each.waiver for each in judged(narrow).findings] == [None]


def test_what_has_no_entity_is_waived_by_its_fingerprint() -> None:
    unread = finding(None, pointer="")
    narrow = waiver(entities=(), fingerprints=(unread.fingerprint,))

    assert [each.waiver for each in judged(narrow, findings=[unread, finding()]).findings] == ["W-1", None]


def test_of_several_waivers_the_first_by_id_counts() -> None:
    found = judged(waiver(id="W-2"), waiver(id="W-1"))

    assert [each.waiver for each in found.findings] == ["W-1"]
    assert [(each.waiver.id, each.status, each.covers) for each in found.standings] == [
        ("W-1", ACTIVE, 1),
        ("W-2", ACTIVE, 0),
    ]


def test_a_finding_that_came_in_as_waived_is_judged_anew() -> None:
    assert judged(findings=[finding(waiver="W-0")]).findings == (finding(),)


@pytest.mark.parametrize(
    ("glob", "matched"),
    [
        ("component:default/*", [ORDERS, CART]),
        ("Component:Default/O*", [ORDERS]),
        ("*/orders", [ORDERS, "component:shop/orders", "api:default/orders"]),
        ("component:*", [ORDERS, CART, "component:shop/orders"]),
        ("component:default/c?rt", [CART]),
        ("*:default/[co]*", [ORDERS, CART, "api:default/orders"]),
        ("*", [ORDERS, CART, "component:shop/orders", "api:default/orders"]),
        ("orders*", []),
        ("component:orders*", []),
        ("component:default/order", None),
        ("component:default/.rders*", []),
    ],
)
def test_a_glob_is_held_against_the_whole_ref(glob: str, matched: list[str] | None) -> None:
    findings = [finding(each) for each in (ORDERS, CART, "component:shop/orders", "api:default/orders")]
    found = judged(waiver(entities=(glob,)), findings=findings)

    assert [each.entity for each in found.findings if each.waiver] == (matched or [])


def test_an_entity_may_be_called_what_looks_like_a_glob() -> None:
    odd = finding("component:default/a[b]")
    named = waiver(entities=("component:default/A[b]",), fingerprints=(odd.fingerprint,))

    assert [each.waiver for each in judged(named, findings=[odd]).findings] == ["W-1"]


def test_a_ref_may_be_short_and_of_any_case() -> None:
    assert standing(waiver(entities=("Component:Orders",))).covers == 1


def test_a_glob_of_many_stars_takes_no_time() -> None:
    stars = waiver(entities=("*a" * 249,))
    before = time.monotonic()

    assert standing(stars, findings=[finding(f"component:default/{'a' * 10_000}b")]).covers == 0
    assert time.monotonic() - before < 5


# -- its term


@pytest.mark.parametrize(
    ("today", "status", "left"),
    [
        (date(2027, 1, 9), ACTIVE, 1),
        (date(2027, 1, 10), ACTIVE, 0),
        (date(2027, 1, 11), EXPIRED, None),
    ],
)
def test_a_waiver_holds_until_the_end_of_the_day_it_expires_on(
    today: date, status: WaiverStatus, left: int | None
) -> None:
    found = judged(waiver(approved_at=date(2026, 11, 1)), today=today)

    assert [(each.status, each.days_left) for each in found.standings] == [(status, left)]
    assert [each.waiver for each in found.findings] == ["W-1" if status is ACTIVE else None]


@pytest.mark.parametrize(("days", "holds"), [(90, True), (91, False)])
def test_a_waiver_holds_for_so_many_days_from_its_approval_on(days: int, holds: bool) -> None:
    approved = date(2026, 11, 1)
    found = standing(waiver(approved_at=approved, expires=approved + timedelta(days)))

    assert found.holds is holds
    if not holds:
        assert (found.status, found.why) == (
            INVALID,
            "expires is 2027-01-31, 91 days after its approval on 2026-11-01; the most is 90 (waivers.max_days)",
        )


@pytest.mark.parametrize(("days", "holds"), [(90, True), (91, False)])
def test_without_an_approval_date_its_term_counts_from_today(days: int, holds: bool) -> None:
    assert standing(waiver(expires=TODAY + timedelta(days))).holds is holds


def test_an_approval_that_is_yet_to_come_is_none() -> None:
    assert worth(waiver(approved_at=date(2026, 11, 22))) == (INVALID, "approved_at is 2026-11-22, which is yet to come")
    assert worth(waiver(approved_at=date(2026, 11, 21))) == (ACTIVE, "holds until 2027-01-10")


def test_a_waiver_without_an_end_is_none() -> None:
    assert worth(waiver(expires=None)) == (INVALID, "expires is missing: a waiver has an end")


def test_a_waiver_that_has_expired_is_said_to_have_whatever_else_is_wrong_with_it() -> None:
    old = waiver(expires=date(2026, 11, 20), approved_by="nobody", rule="gone/rule")

    assert worth(old) == (EXPIRED, "2026-11-20 was its last day")


@pytest.mark.parametrize(
    ("expires", "why"),
    [
        (date(2026, 12, 6), "holds until 2026-12-06"),
        (date(2026, 12, 5), "expires in 14 days: 2026-12-05 is its last day"),
        (date(2026, 11, 22), "expires in 1 day: 2026-11-22 is its last day"),
        (date(2026, 11, 21), "expires today: 2026-11-21 is its last day"),
    ],
)
def test_a_waiver_that_expires_soon_says_so(expires: date, why: str) -> None:
    assert worth(waiver(expires=expires)) == (ACTIVE, why)


# -- its approval


@pytest.mark.parametrize(
    "approver", ["jane", "user:jane", "User:Default/Jane", "joe", "group:platform", "group:team-a"]
)
def test_who_belongs_to_the_approvers_may_approve(approver: str) -> None:
    assert standing(waiver(approved_by=approver)).holds


def test_a_user_may_be_named_among_the_approvers() -> None:
    settings = replace(SETTINGS, approvers=("user:ann",))

    assert standing(waiver(approved_by="Ann", requested_by="jane"), settings=settings).holds


@pytest.mark.parametrize(
    ("approver", "why"),
    [
        ("ann", "approver user:default/ann is not a member of group:default/platform"),
        (
            "jnae",
            "whether approver user:default/jnae is a member of group:default/platform cannot be known: "
            "user:default/jnae is not in the catalog (did you mean user:default/jane?)",
        ),
        (
            "bob",
            "whether approver user:default/bob is a member of group:default/platform cannot be known: "
            "group:default/team-x is not in the catalog",
        ),
    ],
)
def test_nobody_else_may(approver: str, why: str) -> None:
    assert worth(waiver(approved_by=approver, requested_by="jane")) == (INVALID, why)


@pytest.mark.parametrize("requester", ["jane", "JANE", "user:default/jane", "default/Jane"])
def test_nobody_approves_their_own(requester: str) -> None:
    assert worth(waiver(requested_by=requester)) == (
        INVALID,
        "user:default/jane has requested it and approved it: it takes two",
    )


def test_without_approvers_no_waiver_holds() -> None:
    assert worth(waiver(), settings=WaiverSettings()) == (
        INVALID,
        "nobody may approve waivers: waivers.approvers in bylaw.yaml names nobody",
    )


def test_a_name_that_can_be_no_reference_approves_nothing() -> None:
    assert worth(waiver(approved_by="user:")) == (
        INVALID,
        'requested_by and approved_by name users or groups: entity reference "user:" is not of the form '
        "[<kind>:][<namespace>/]<name>",
    )


# -- its subject


def test_a_rule_that_is_not_there_is_named_with_the_nearest() -> None:
    assert worth(waiver(rule="ownership/owner-unknwn")) == (
        INVALID,
        f"there is no rule ownership/owner-unknwn (did you mean {RULE}?)",
    )


@pytest.mark.parametrize(
    ("entities", "why"),
    [
        ((), "entities names none: name at least one reference or glob"),
        (
            ("orders",),
            'entities: entity reference "orders" has no kind (it does not start with "component:" or similar)',
        ),
        (("a*" * 251,), f"entities: {'a*' * 20}… has 502 characters, the limit is 500"),
    ],
)
def test_entities_that_name_nothing_make_it_invalid(entities: tuple[str, ...], why: str) -> None:
    assert worth(waiver(entities=entities)) == (INVALID, why)


def test_all_that_is_wrong_is_told_at_once() -> None:
    status, why = worth(waiver(rule="x/y", entities=(), approved_by="ann"))

    assert status is INVALID
    assert why.split("; ") == [
        "there is no rule x/y",
        "entities names none: name at least one reference or glob",
        "user:default/ann has requested it and approved it: it takes two",
        "approver user:default/ann is not a member of group:default/platform",
    ]


def test_two_entries_of_one_id_are_both_invalid() -> None:
    places = [Location("waivers.yaml", line, 3, line, 9) for line in (1, 10)]
    found = judged(*(waiver(location=each) for each in places))

    assert [(each.status, each.why) for each in found.standings] == 2 * [
        (
            INVALID,
            "the id W-1 stands 2 times: waivers.yaml:1:3 and waivers.yaml:10:3; give each its own",
        )
    ]
    assert found.findings == (finding(),)


def test_an_entry_that_is_no_waiver_waives_nothing_and_says_why() -> None:
    assert standing(Broken(waiver(), ("reason is missing", "expires is missing"))) == Standing(
        waiver(), INVALID, "reason is missing; expires is missing", 0
    )


# -- its use


def test_a_waiver_of_something_that_does_not_fail_is_unused() -> None:
    assert worth(waiver(entities=(CART,))) == (UNUSED, f"nothing of {RULE} is found on what it names: take it out")


def test_a_waiver_of_something_that_is_gone_is_unused() -> None:
    assert worth(waiver(entities=("component:gone",))) == (UNUSED, "the catalog has no component:gone: take it out")
    assert worth(waiver(entities=("component:ord*",))) == (
        UNUSED,
        "the catalog has no component:ord*; a glob is held against the whole reference, "
        "such as component:default/orders",
    )


def test_a_waiver_whose_findings_are_gone_is_unused() -> None:
    assert worth(waiver(fingerprints=("0" * 64,)))[0] is UNUSED


def test_a_waiver_that_names_what_does_not_fail_is_over_broad_and_waives_all_the_same() -> None:
    found = judged(waiver(entities=(ORDERS, CART)))

    assert [(each.status, each.why, each.covers) for each in found.standings] == [
        (OVER_BROAD, f"it names 1 entity that does not fail as well: {CART}", 1)
    ]
    assert [each.waiver for each in found.findings] == ["W-1"]


def test_a_glob_that_matches_everything_is_over_broad_even_where_everything_fails() -> None:
    findings = [finding(each) for each in ENTITIES]

    assert worth(waiver(entities=("*",)), findings=findings) == (OVER_BROAD, "* names whatever comes to be")
    assert worth(waiver(entities=("component:default/*",)), findings=findings)[0] is ACTIVE


def test_a_waiver_of_one_finding_is_not_over_broad_whatever_it_names() -> None:
    assert standing(waiver(entities=("*",), fingerprints=(finding().fingerprint,))).status is ACTIVE


def test_where_a_rule_crashed_nothing_is_said_of_the_use_of_its_waiver() -> None:
    assert worth(waiver(), findings=[finding(outcome=Outcome.ERROR)]) == (ACTIVE, "holds until 2027-01-10")


@pytest.mark.parametrize("entities", [(CART,), (ORDERS, CART), ("*",), ("component:gone",)])
def test_where_not_all_was_judged_use_cannot_be_told(entities: tuple[str, ...]) -> None:
    assert worth(waiver(entities=entities), whole=False) == (ACTIVE, "holds until 2027-01-10")


def test_standings_are_in_the_order_of_the_ids() -> None:
    found = judged(waiver(id="c"), Broken(waiver(id="b"), ("x",)), waiver(id="a", entities=(CART,)))

    assert [(each.waiver.id, each.status) for each in found.standings] == [
        ("a", UNUSED),
        ("b", INVALID),
        ("c", ACTIVE),
    ]
