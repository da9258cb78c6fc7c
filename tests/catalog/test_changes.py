from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bylaw.catalog import Change, ChangeSet, build, compare, differ
from bylaw.model import Document
from tests.engine.world import KINDS, catalog, entity

ORDERS = entity("orders", type="service")


def refs(change_set: ChangeSet) -> list[tuple[str | None, str | None]]:
    sides = [(each.before, each.after) for each in change_set.changes]
    return [(before.key if before else None, after.key if after else None) for before, after in sides]


def test_what_is_added_edited_and_removed_in_the_order_of_the_refs() -> None:
    edited = entity("edited", type="service"), entity("edited", type="website")
    before = catalog(entity("kept"), edited[0], entity("removed"))
    after = catalog(entity("added"), entity("kept"), edited[1])
    changed = compare(before, after, "user:default/ann", ("user:default/bob",))
    assert refs(changed) == [
        (None, "component:default/added"),
        ("component:default/edited", "component:default/edited"),
        ("component:default/removed", None),
    ]
    assert (changed.added, changed.removed) == (("component:default/added",), ("component:default/removed",))
    assert (changed.actor, changed.approvers) == ("user:default/ann", ("user:default/bob",))


@pytest.mark.parametrize(
    "after",
    [
        Document("moved/catalog-info.yaml", 7, ORDERS),
        Document("000.yaml", 0, dict(reversed(ORDERS.items()))),
        Document("000.yaml", 0, ORDERS | {"metadata": {"namespace": "default", "name": "orders"}}),
    ],
    ids=["in another file", "in another order", "with the namespace it had anyway"],
)
def test_an_entity_that_says_the_same_has_not_changed(after: Document) -> None:
    assert compare(catalog(ORDERS), build([after], KINDS)).changes == ()


def test_of_two_of_one_ref_the_first_is_the_entity() -> None:
    assert compare(catalog(ORDERS), catalog(ORDERS, entity("orders", type="website"))).changes == ()


def test_a_change_is_about_the_entity_as_it_will_be_or_else_as_it_was() -> None:
    (before, after) = (next(iter(catalog(entity("a", type=each)).entities.values())) for each in "xy")
    assert Change(before, after).entity is after
    assert Change(None, after).entity is after
    assert Change(before, None).entity is before
    with pytest.raises(ValueError, match="a change of nothing"):
        _ = Change(None, None).entity


def test_a_change_set_is_frozen() -> None:
    changed: Any = compare(catalog(), catalog())
    with pytest.raises(AttributeError):
        changed.actor = "user:default/eve"
    assert replace(changed, actor="user:default/ann").actor == "user:default/ann"


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0, False), (1, 1.0), ([1], [True]), ({"a": {"b": 0}}, {"a": {"b": False}}), ("1", 1), (None, False)],
    ids=repr,
)
def test_what_python_holds_equal_and_json_does_not_has_changed(one: Any, other: Any) -> None:
    assert differ(one, other)
    assert refs(compare(catalog(entity("a", type=one)), catalog(entity("a", type=other)))) == [
        ("component:default/a", "component:default/a")
    ]


@pytest.mark.parametrize("value", [None, 0, 1, True, "x", [], {}, [1, {"a": None}]], ids=repr)
def test_what_is_the_same_does_not_differ(value: Any) -> None:
    assert not differ(value, value)
    assert not differ({"a": value, "b": 1}, {"b": 1, "a": value})
