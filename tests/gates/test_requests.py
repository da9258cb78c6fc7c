"""The waiver that someone asks for."""

from __future__ import annotations

from datetime import date

import pytest

from bylaw.config import WaiverSettings
from bylaw.errors import UsageError
from bylaw.gates.requests import choose, draw
from bylaw.model import Document, Finding, Outcome, Waiver

TODAY = date(2026, 11, 21)
RULE, ORDERS, CART = "ownership/owner-unknown", "component:default/orders", "component:default/cart"


def finding(entity: str | None = ORDERS, rule: str = RULE, **more: object) -> Finding:
    return Finding(**{"pointer": "/spec/owner", "message": "wrong", "rule": rule, "entity": entity, **more})  # type: ignore[arg-type]


def name(each: Finding, *taken: str) -> str:
    return draw([each], WaiverSettings(), TODAY, taken).id


def test_a_request_is_for_all_that_a_rule_finds_on_an_entity() -> None:
    wanted = [finding(), finding(pointer="/spec/system"), finding(outcome=Outcome.UNKNOWN, key="x")]
    others = [finding(CART), finding(rule="a/b"), finding(None)]

    assert choose([*others, *wanted], rule=RULE, entity=ORDERS) == wanted


def test_an_error_cannot_be_waived_so_it_cannot_be_asked_for() -> None:
    with pytest.raises(UsageError, match=r"^nothing to waive: ownership/owner-unknown finds nothing on "):
        choose([finding(outcome=Outcome.ERROR)], rule=RULE, entity=ORDERS)


def test_of_other_findings_one_is_named_where_nothing_is_near() -> None:
    others = [finding(f"component:default/{letter}", rule=f"a/{letter}") for letter in "cb"]
    with pytest.raises(UsageError) as told:
        choose(others, rule=RULE, entity=ORDERS)

    assert str(told.value) == (
        f"nothing to waive: {RULE} finds nothing on {ORDERS}; "
        "there are findings of others, such as a/b on component:default/b"
    )


def test_the_waiver_names_what_it_is_for_and_nothing_else() -> None:
    findings = [finding(), finding(pointer="/spec/system")]

    assert draw(findings, WaiverSettings(), TODAY, (), days=30, reason="why", requested_by="joe") == Waiver(
        id="orders-owner-unknown",
        rule=RULE,
        entities=(ORDERS,),
        reason="why",
        requested_by="joe",
        approved_by="",
        expires=date(2026, 12, 21),
        fingerprints=tuple(sorted(each.fingerprint for each in findings)),
    )


def test_who_approves_it_does_so_today() -> None:
    drawn = draw([finding()], WaiverSettings(), TODAY, (), approved_by="jane")

    assert (drawn.approved_by, drawn.approved_at, drawn.expires) == ("jane", TODAY, date(2027, 2, 19))


def test_it_holds_as_long_as_any_may_and_no_longer_than_the_calendar() -> None:
    assert draw([finding()], WaiverSettings(max_days=1), TODAY, ()).expires == date(2026, 11, 22)
    assert draw([finding()], WaiverSettings(max_days=10**9), TODAY, ()).expires == date.max
    with pytest.raises(UsageError, match=r"^--days 91 is more than a waiver may hold: 90 \(waivers\.max_days\)$"):
        draw([finding()], WaiverSettings(), TODAY, (), days=91)


@pytest.mark.parametrize(
    ("each", "expected"),
    [
        (finding(), "orders-owner-unknown"),
        (finding("component:shop/v1.2_x"), "v1.2-x-owner-unknown"),
        (finding("component:default/\n- evil: ✓\x1b["), "evil-owner-unknown"),
        (finding("component:default/../.."), "owner-unknown"),
        (finding(None, document=Document("a/b.yaml", 0, None)), "b.yaml-owner-unknown"),
        (finding(None), "owner-unknown"),
        (finding(f"component:default/{'x' * 100}"), "x" * 60),
    ],
)
def test_its_id_is_readable_whatever_the_entity_is_called(each: Finding, expected: str) -> None:
    assert name(each) == expected


def test_its_id_is_its_own() -> None:
    assert name(finding(), "orders-owner-unknown", "orders-owner-unknown-2") == "orders-owner-unknown-3"
