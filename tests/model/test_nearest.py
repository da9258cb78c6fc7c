"""Did you mean …?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bylaw.model import did_you_mean, nearest

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
