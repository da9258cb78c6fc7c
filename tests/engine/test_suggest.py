"""Did you mean …? What is nearest in the catalog, written as its author would."""

from __future__ import annotations

from typing import Any

import pytest

from bylaw.engine import suggest
from bylaw.engine.suggest import Suggestions
from bylaw.model import Finding, Outcome
from tests.engine.world import catalog, entity

CATALOG = catalog(
    entity("team-payments", "Group", type="team", children=[]),
    entity("team-orders", "Group", "shop", type="team", children=[]),
    entity("jane.doe", "User", memberOf=[]),
    entity("Orders-Gateway", "API", "shop", owner="x"),
    entity("gateway-v1", "API", owner="x"),
    entity("Carts", "Group", type="team", children=[]),
    entity("twin", "Group", "aaa", type="team", parent="twinn", children=[]),
    entity("twin", "Group", "shop", type="team", children=[]),
    entity("twin", "User", "shop", memberOf=[]),
    entity("cart", owner="team-paymnts", system="chekout", dependsOn=["api:orders-gatewya", "x"]),
    entity("shelf", "Component", "shop", owner="team-ordrs", consumesApis=["orders-gatewya"]),
    entity("checkout", "System", owner="team-payments"),
)
OWNERS = {"kinds": ["Group", "User"]}


def added(
    observed: Any,
    nearest_of: dict[str, list[str]] | None,
    *,
    at: str = "/spec/owner",
    of: str | None = "component:default/cart",
    **more: Any,
) -> tuple[str | None, str | None]:
    """The suggestion, and the value that the fix puts in."""
    finding = Finding(at, "wrong", observed=observed, nearest_of=nearest_of, entity=of, **more)
    found = Suggestions(CATALOG).add(finding)
    if found.fix:
        (fix,) = found.fix
        assert fix == {"op": "replace", "path": at, "value": fix["value"]}
        return found.suggestion, fix["value"]
    return found.suggestion, None


@pytest.mark.parametrize(
    ("written", "meant", "fixed"),
    [
        ("team-paymnts", "group:default/team-payments", "team-payments"),
        ("default/team-paymnts", "group:default/team-payments", "default/team-payments"),
        ("group:team-paymnts", "group:default/team-payments", "group:team-payments"),
        ("group:default/team-paymnts", "group:default/team-payments", "group:default/team-payments"),
        ("Group:Default/Team-Paymnts", "group:default/team-payments", "group:default/team-payments"),
        ("Team Payments", "group:default/team-payments", "team-payments"),
        ("jane.doe", "user:default/jane.doe", "user:jane.doe"),  # a Group is meant where no kind is named
        ("nobody-like-it", None, None),
        ("", None, None),
        ("group:", None, None),
    ],
)
def test_a_reference_is_mended_in_its_authors_style(written: str, meant: str | None, fixed: str | None) -> None:
    assert added(written, OWNERS) == (meant, fixed)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("team-ordrs", "group:shop/team-orders"),  # misspelt, and in another namespace as well
        ("default/team-orders", "group:shop/team-orders"),  # the namespace was named
        ("team-orders", "group:shop/team-orders"),  # it was not, and perhaps the other one lacks its own
        ("user:team-paymnts", "group:default/team-payments"),  # the kind was wrong too
        ("user:team-payments", "group:default/team-payments"),  # the kind was named
        ("jane.do", "user:default/jane.doe"),  # people have names that differ by a letter
        ("user:jane_doe", "user:default/jane.doe"),
        ("cartz", "group:default/carts"),  # in a short word a letter makes another word
        ("team-payments-2", "group:default/team-payments"),  # digits are no slips
    ],
)
def test_where_something_else_may_be_meant_there_is_a_hint_and_no_fix(written: str, meant: str) -> None:
    assert added(written, OWNERS) == (meant, None)


def test_a_version_is_never_put_in_the_place_of_another() -> None:
    apis = {"kinds": ["API"]}

    assert added("gateway-v2", apis, at="/spec/consumesApis/0") == ("api:default/gateway-v1", None)


@pytest.mark.parametrize(
    ("written", "of", "meant"),
    [
        ("twinn", "component:default/cart", "group:aaa/twin"),  # the first in the alphabet
        ("twinn", "component:shop/shelf", "group:shop/twin"),  # its own namespace
        ("shop/twinn", "component:default/cart", "group:shop/twin"),  # the one that was written
        ("user:twinn", "component:default/cart", "user:shop/twin"),  # the kind that was written
        ("user:aaa/twinn", "component:default/cart", "user:shop/twin"),
    ],
)
def test_of_several_of_one_name_the_nearest_to_what_was_written_is_meant_and_none_for_certain(
    written: str, of: str, meant: str
) -> None:
    assert added(written, OWNERS, of=of) == (meant, None)


def test_the_default_kind_is_that_of_the_field() -> None:
    apis = {"kinds": ["API"]}

    assert added("orders-gatewya", apis, at="/spec/consumesApis/0", of="component:shop/shelf") == (
        "api:shop/orders-gateway",
        "Orders-Gateway",
    )
    assert added("orders-gatewya", apis, at="/spec/dependsOn/1") == ("api:shop/orders-gateway", None)
    assert added("chekout", {"kinds": ["System"]}, at="/spec/system") == ("system:default/checkout", "checkout")


def test_where_nobody_knows_what_a_text_means_all_of_it_is_written() -> None:
    elsewhere = "/metadata/annotations/acme.example~1successor"

    assert added("checkout", {"kinds": ["System"]}, at=elsewhere) == ("system:default/checkout", "system:checkout")
    assert added("chekout", {"kinds": ["System"]}, at=elsewhere) == ("system:default/checkout", None)
    assert added("team-ordrs", OWNERS, at="/x", of=None) == ("group:shop/team-orders", None)


def test_where_a_namespace_was_forgotten_it_may_have_been_on_the_other_side() -> None:
    assert added("team-payments", OWNERS, of="component:shop/shelf") == ("group:default/team-payments", None)


def test_kinds_are_named_in_any_case() -> None:
    assert added("chekout", {"kinds": ["SYSTEM"]}, at="/spec/system")[0] == "system:default/checkout"


def test_nothing_is_suggested_to_refer_to_itself() -> None:
    assert added("component:carrt", {"kinds": ["Component"]}, at="/spec/dependsOn/0") == (None, None)
    groups = {"kinds": ["Group"]}
    assert added("twinn", groups, at="/spec/parent", of="group:aaa/twin") == ("group:shop/twin", None)


@pytest.mark.parametrize(
    ("written", "meant", "fixed"),
    [
        ("Production", "production", "production"),
        ("depreciated", "deprecated", "deprecated"),
        ("experimentell", "experimental", "experimental"),
        ("prod", "production", None),
        ("x", None, None),
    ],
)
def test_a_word_of_a_closed_list_is_mended(written: str, meant: str | None, fixed: str | None) -> None:
    words = {"values": ["experimental", "production", "deprecated"]}

    assert added(written, words, at="/spec/lifecycle") == (meant, fixed)


def test_what_may_be_right_after_all_gets_a_hint_and_no_fix() -> None:
    assert added("team-paymnts", OWNERS, outcome=Outcome.UNKNOWN) == ("group:default/team-payments", None)


def test_what_a_rule_suggests_itself_stays() -> None:
    assert added("team-paymnts", OWNERS, suggestion="ask the platform team") == ("ask the platform team", None)


@pytest.mark.parametrize("observed", [None, 5, ["team-paymnts"]])
def test_only_a_text_can_be_mended(observed: Any) -> None:
    assert added(observed, OWNERS) == (None, None)


def test_without_a_question_there_is_no_answer() -> None:
    assert added("team-paymnts", None) == (None, None)


def test_what_has_been_looked_up_costs_nothing_and_the_rest_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {each.ref.name for each in CATALOG.entities.values() if each.kind in OWNERS["kinds"]}
    monkeypatch.setattr(suggest, "_MOST", 2 * len(names))
    suggestions = Suggestions(CATALOG)
    asked = ["team-paymnts", "team-paymnts", "team-ordrs", "team-paymnts", "jane.do", "team-ordrs"]

    answers = [
        suggestions.add(
            Finding("/spec/owner", "wrong", observed=text, nearest_of=OWNERS, entity="component:default/cart")
        ).suggestion
        for text in asked
    ]

    payments, orders = "group:default/team-payments", "group:shop/team-orders"
    assert answers == [payments, payments, orders, payments, None, orders]


def owned(fix: list[dict[str, Any]], of: str = "component:shop/shelf") -> list[dict[str, Any]]:
    """What is left of the fix that a rule gives itself."""
    return list(Suggestions(CATALOG).add(Finding("/spec/owner", "wrong", entity=of, fix=tuple(fix))).fix)


@pytest.mark.parametrize(
    ("path", "value", "stays"),
    [
        ("/spec/owner", "team-orders", True),
        ("/spec/owner", "default/team-payments", True),
        ("/spec/owner", "team-payments", False),  # of its own namespace, there is none
        ("/spec/owner", "", False),
        ("/spec/consumesApis/0", "orders-gateway", True),
        ("/spec/consumesApis/0", "orders", False),
        ("/spec/dependsOn/-", "system:default/checkout", True),
        ("/spec/dependsOn/-", "checkout", False),
        ("/spec/lifecycle", "nowhere", True),  # no field for references
        ("/spec/owner", None, True),
    ],
)
def test_no_fix_puts_in_a_reference_that_leads_nowhere(path: str, value: Any, stays: bool) -> None:
    fix = [{"op": "replace", "path": path, "value": value}]
    assert owned(fix) == (fix if stays else [])
    assert owned([{"op": "add", "path": "/spec/x", "value": 1}, *fix]) == (
        [{"op": "add", "path": "/spec/x", "value": 1}, *fix] if stays else []
    )
    assert owned(fix, of="component:default/unheard-of") == fix


def test_other_operations_of_a_fix_are_left_alone() -> None:
    fix = [{"op": "remove", "path": "/spec/owner"}, {"op": "move", "from": "/spec/owner", "path": "/spec/x"}]
    assert owned(fix) == fix
