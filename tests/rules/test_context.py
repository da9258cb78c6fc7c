"""What a rule may look at besides the entity."""

from __future__ import annotations

from datetime import date
from typing import Any

from bylaw.catalog import Kinds, build
from bylaw.config import CatalogSettings
from bylaw.graphs import Graph
from bylaw.rules import Context


def context(**parameters: Any) -> Context:
    catalog = build((), Kinds.of(CatalogSettings()))
    return Context(catalog, Graph.build((), ()), parameters, date(2026, 1, 1))


def test_what_is_made_once_is_made_of_the_context_and_kept() -> None:
    asked = []

    def double(given: Context) -> list[int]:
        asked.append(given)
        return [given.parameters["days"] * 2]

    one, other = context(days=1), context(days=2)

    assert one.once(double) == [2]
    assert one.once(double) is one.once(double)
    assert other.once(double) == [4]
    assert asked == [one, other]


def test_two_functions_make_two_things() -> None:
    one = context()

    assert one.once(lambda given: "a") == "a"
    assert one.once(lambda given: "b") == "b"
