"""Did you mean …?"""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bylaw.model import Names, did_you_mean, nearest

LIFECYCLES = ["experimental", "production", "deprecated"]
NAMES = st.lists(st.text("abc-", min_size=1, max_size=6), max_size=12)


@pytest.mark.parametrize(
    ("text", "names", "meant"),
    [
        ("team-paymnts", ["team-payments", "team-orders"], "team-payments"),
        ("Componnet", ["Component", "API", "Domain"], "Component"),  # two letters swapped are one step
        ("ORDERS_DB", ["orders-db", "orders"], "orders-db"),  # case and separators count for nothing
        ("prod", LIFECYCLES, "production"),  # the only one that begins so
        ("exp", LIFECYCLES, None),  # too short to tell
        ("prod", ["production", "product"], None),  # two begin so, neither is near
        ("orders", ["order", "orders-archive"], "order"),  # near counts before begun
        ("live", LIFECYCLES, None),
        ("", LIFECYCLES, None),
        ("---", LIFECYCLES, None),
        ("production", [], None),
        ("cart", ["bart", "card"], "card"),  # equally near: what begins alike
        ("cart", ["card", "carb"], "carb"),  # equally near: the first in the alphabet
    ],
)
def test_a_suggestion_is_what_was_meant_or_nothing(text: str, names: list[str], meant: str | None) -> None:
    assert nearest(text, names) == meant


@pytest.mark.parametrize(
    ("text", "name", "others"),
    [
        ("team-paymnts", "team-payments", ["team-orders", "payments-api"]),
        ("team-payements", "team-payments", []),  # a letter more
        ("team-paymenst", "team-payments", []),  # two swapped
        ("team-paymemts", "team-payments", []),  # another one
        ("Componnet", "Component", ["API", "Domain"]),
        ("Sytem", "System", ["Template"]),
        ("Api", "API", ["AiResource"]),
        ("ORDERS_DB", "orders-db", ["order-db"]),  # signs and case alone: an equal is nearer than the next
        ("recomendatons-api", "recommendations-api", []),  # two letters in a long word
        ("orders-api-v2", "ordres-api-v2", []),
    ],
)
def test_a_slip_is_known_for_one(text: str, name: str, others: list[str]) -> None:
    assert Names([name, *others]).misspelt(text, name)


@pytest.mark.parametrize(
    ("text", "name", "others"),
    [
        ("foo", "food", []),
        ("cart", "card", []),
        ("team-a", "team-b", []),
        ("orders-eu", "orders-us", []),
        ("stock", "stack", []),
        ("tracking", "cracking", []),  # nobody mistypes the first letter
        ("orders-api-v1", "orders-api-v2", []),
        ("orders-api", "orders-api-2", []),
        ("orders-1-2", "orders-12", []),
        ("node10", "node1", []),
        ("teampayments", "team-payments", []),  # words joined or parted may be others
        ("paymnts-gatway", "payments-gateway", []),  # two words at once
        ("paymnets-gatewayy", "payments-gateway", []),
        ("paments", "payments-old", []),
        ("ordrs", "orders", ["orders-x", "ordars"]),  # another is as near
        ("order-service", "orders-service", ["orders_service"]),  # two names for one
        ("orderz-service", "orders-service", ["order-service"]),  # another is nearly as near
        ("contact-service", "contract-service", ["contact-list"]),  # contact is a word here
        ("production", "production", []),  # it is right
        ("--", "-", []),
        ("", "orders", []),
    ],
)
def test_what_may_be_another_word_is_no_slip(text: str, name: str, others: list[str]) -> None:
    assert not Names([name, *others]).misspelt(text, name)


@given(text=st.text("abc-1", min_size=1, max_size=12), names=st.lists(st.text("abc-1", max_size=12), min_size=1))
def test_what_is_a_slip_has_its_digits_and_one_name_alone(text: str, names: list[str]) -> None:
    known = Names(names)
    slips = [name for name in set(names) if known.misspelt(text, name)]
    assert len(slips) <= 1
    assert [re.findall(r"\d+", name) for name in slips] == [re.findall(r"\d+", text)] * len(slips)


@settings(deadline=None)
@given(text=st.text("abc-", min_size=1, max_size=6), names=NAMES)
def test_the_order_of_the_names_does_not_matter(text: str, names: list[str]) -> None:
    assert nearest(text, names) == nearest(text, reversed(names)) == nearest(text, names + names)


@settings(deadline=None)
@given(names=NAMES, text=st.text("abc", min_size=1, max_size=6))
def test_what_is_there_is_nearest_to_itself(names: list[str], text: str) -> None:
    assert nearest(text, [*names, text]) == text


def test_a_hint_is_a_clause_or_nothing() -> None:
    assert did_you_mean("polices", ["policies", "catalog"]) == " (did you mean policies?)"
    assert did_you_mean("xyz", ["policies", "catalog"]) == ""
