"""The words that findings of several rules share."""

from __future__ import annotations

import pytest

from bylaw.catalog import Kinds, build
from bylaw.config import CatalogSettings
from bylaw.model import Document
from bylaw.rules.phrases import chained, counted, listed, pointer_of

NAMES = [f"c{number}" for number in range(1, 21)]


@pytest.mark.parametrize(
    ("names", "said"),
    [([], ""), (["a"], "a"), (["a", "b", "c"], "a, b, c"), (["a", "b", "c", "d"], "a, b, c and 1 more")],
)
def test_of_many_names_the_first_three_are_listed(names: list[str], said: str) -> None:
    assert listed(names) == said


def test_one_is_counted_without_an_s() -> None:
    assert [counted(number, "member") for number in (0, 1, 2)] == ["0 members", "1 member", "2 members"]
    assert [counted(number, "entity", "entities") for number in (1, 2)] == ["1 entity", "2 entities"]


def test_a_chain_shows_its_first_twelve_and_its_last() -> None:
    twelve = "c1 -> c2 -> c3 -> c4 -> c5 -> c6 -> c7 -> c8 -> c9 -> c10 -> c11 -> c12"
    assert chained(NAMES[:2]) == "c1 -> c2"
    assert chained(NAMES[:13]) == f"{twelve} -> c13"
    assert chained(NAMES[:14]) == f"{twelve} -> (1 more) -> c14"
    assert chained(NAMES) == f"{twelve} -> (7 more) -> c20"


@pytest.mark.parametrize(
    ("relations", "after", "before", "pointer"),
    [
        ({"dependsOn"}, "component:default/b", None, "/spec/dependsOn/1"),
        ({"dependsOn"}, "component:default/z", None, None),
        ({"consumesApi"}, "component:default/b", None, None),
        # written the other way round: c depends on this one, and an API is provided by it
        ({"dependsOn"}, "component:default/z", "component:default/c", "/spec/dependencyOf/0"),
        ({"apiProvidedBy"}, "component:default/z", "api:default/own", "/spec/providesApis/0"),
        ({"dependsOn"}, "component:default/c", None, None),
        # what is no reference leads nowhere
        ({"dependencyOf"}, "component:default/z", None, None),
    ],
)
def test_a_relation_is_pointed_to_where_the_entity_writes_it(
    relations: set[str], after: str, before: str | None, pointer: str | None
) -> None:
    spec = {"dependsOn": ["x", "component:b"], "dependencyOf": ["component:c", 7], "providesApis": ["own"]}
    data = {"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "a"}, "spec": spec}
    catalog = build([Document("a.yaml", 0, data)], Kinds.of(CatalogSettings()))

    assert pointer_of(catalog.entities["component:default/a"], catalog, relations, after, before) == pointer
