"""Gatekeeper's match; `fixtures/gatekeeper/match` has the matrix, and gator's answers to it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.admission.gatekeeper import match
from bylaw.admission.gatekeeper.match import MatchError, Subject, globbed
from bylaw.errors import ConfigError

NAMES = st.text("ab-", max_size=6)


def fits(said: dict[str, Any], value: dict[str, Any], namespace: dict[str, Any] | None = None) -> bool:
    return match.read(said, "c").fits(Subject.of(value, namespace))


@given(NAMES, NAMES)
def test_a_name_with_a_star_in_front_is_an_end_of_a_name(end: str, start: str) -> None:
    assert globbed(f"*{end}", start + end)
    assert globbed(f"*{end}", start) == start.endswith(end)


@given(NAMES, NAMES)
def test_a_name_with_a_star_behind_is_a_start_of_a_name(start: str, end: str) -> None:
    assert globbed(f"{start}*", start + end)
    assert globbed(f"{start}*", end) == end.startswith(start)


@given(NAMES, NAMES)
def test_a_name_between_stars_stands_anywhere_in_a_name(inner: str, text: str) -> None:
    assert globbed(f"*{inner}*", text) == (inner in text)


@given(NAMES, NAMES)
def test_a_name_without_stars_is_that_name(name: str, other: str) -> None:
    assert globbed(name, other) == (name == other)


def test_the_namespace_that_the_cluster_names_counts_before_that_of_the_object() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}

    assert fits({"namespaces": ["shop"]}, pod, {"metadata": {"name": "shop"}})
    assert not fits({"namespaces": ["shop"]}, pod, {"metadata": {"name": "stall"}})
    assert fits({"scope": "Namespaced"}, pod, {"metadata": {"name": "shop"}})


def test_labels_of_which_one_is_no_text_are_none() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"app": "cart", "level": 1}}}

    assert not fits({"labelSelector": {"matchLabels": {"app": "cart"}}}, pod)


def test_labels_of_a_namespace_that_nobody_knows_are_not_guessed() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop"}}

    with pytest.raises(MatchError, match="labels of namespace shop, which is not known here: add it to the inventory"):
        fits({"namespaceSelector": {"matchLabels": {"a": "b"}}}, pod)


@pytest.mark.parametrize("value", [{}, {"apiVersion": 7, "kind": ["Pod"], "metadata": "x"}, {"apiVersion": "a/b/c"}])
def test_an_object_of_a_strange_shape_matches_what_asks_for_nothing(value: dict[str, Any]) -> None:
    assert fits({}, value)
    assert not fits({"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}, value)
    assert not fits({"name": "a"}, value)


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        (
            {"matchExpressions": [{"key": "a", "operator": "Is"}]},
            "operator Is, expected In, NotIn, Exists, DoesNotExist",
        ),
        ({"matchExpressions": [{"key": "a", "operator": "In"}]}, "operator In needs values"),
        (
            {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]},
            "operator Exists needs no values",
        ),
        ({"matchLabels": {"a b": "c"}}, "'a b' is no name of a label"),
        ({"matchLabels": {"a": "-"}}, "'-' is no value of a label"),
    ],
)
def test_a_selector_that_is_none_is_refused(selector: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        match.read({"labelSelector": selector}, "f.yaml:1: K c")

    assert str(refused.value) == f"f.yaml:1: K c: spec.match.labelSelector: {said}"
