"""References, as Backstage parses and writes them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bylaw.model import DEFAULT_NAMESPACE, EntityRef, RefError
from tests.shared import oracle

PART = st.text("abcXYZ09-_.é", min_size=1, max_size=8)


def test_each_recorded_reference_is_read_as_backstage_reads_it() -> None:
    wrong = {}
    for case in oracle("backstage-entityref.json"):
        context = case["context"] or {}
        try:
            ref = EntityRef.parse(
                case["ref"], context.get("defaultKind"), context.get("defaultNamespace") or DEFAULT_NAMESPACE
            )
            ours: Any = (asdict(ref), str(ref))
        except RefError as error:
            ours = str(error)
        theirs = (case["parsed"], case["string"]) if "parsed" in case else _in_our_words(case["error"], case["ref"])
        if ours != theirs:
            wrong[case["ref"], str(context)] = (ours, theirs)

    assert wrong == {}


def _in_our_words(error: str, ref: str) -> str:
    words = {
        "must not be empty": "must not be empty",
        "was not on the form": f'"{ref}" is not of the form [<kind>:][<namespace>/]<name>',
        "missing or empty kind": f'"{ref}" has no kind (it does not start with "component:" or similar)',
    }
    return "entity reference " + next(ours for theirs, ours in words.items() if theirs in error)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("orders", "component:shop/orders"),
        ("api:orders", "api:shop/orders"),
        ("other/orders", "component:other/orders"),
        ("API:Other/Orders", "api:other/orders"),
        ("a:b:c", "a:shop/b:c"),  # the first colon ends the kind
        ("a/b/c", "component:a/b/c"),  # the first slash ends the namespace
        ("a:b/c/d", "a:b/c/d"),
        ("ns/a:b", "component:ns/a:b"),  # a colon behind the slash is part of the name
        ("team a, team b", "component:shop/team a, team b"),  # names are not checked
    ],
)
def test_the_first_colon_and_the_first_slash_part_a_reference(text: str, expected: str) -> None:
    assert str(EntityRef.parse(text, "Component", "shop")) == expected


@pytest.mark.parametrize("text", [":a", "a:", "/a", "a/", "a:/b", "a:b/", ":", "/", ":/"])
def test_an_empty_part_makes_no_reference(text: str) -> None:
    with pytest.raises(RefError) as refused:
        EntityRef.parse(text, "Component")

    assert str(refused.value) == f'entity reference "{text}" is not of the form [<kind>:][<namespace>/]<name>'


def test_an_empty_text_makes_no_reference() -> None:
    with pytest.raises(RefError, match=r"^entity reference must not be empty$"):
        EntityRef.parse("")


def test_a_name_alone_needs_a_default_kind() -> None:
    with pytest.raises(RefError) as refused:
        EntityRef.parse("orders")

    assert str(refused.value) == (
        'entity reference "orders" has no kind (it does not start with "component:" or similar)'
    )


@settings(deadline=None)
@given(kind=PART, namespace=PART, name=PART)
def test_a_whole_reference_is_read_back_as_it_was_written(kind: str, namespace: str, name: str) -> None:
    assert EntityRef.parse(f"{kind}:{namespace}/{name}") == EntityRef(kind, namespace, name)


@settings(deadline=None)
@given(kind=PART, namespace=PART, name=PART)
def test_upper_and_lower_case_make_no_other_entity(kind: str, namespace: str, name: str) -> None:
    assert str(EntityRef(kind.upper(), namespace.upper(), name.upper())) == str(EntityRef(kind, namespace, name))


@pytest.mark.parametrize(
    ("like", "kind", "namespace", "written"),
    [
        ("team-b", "Group", "default", "team-a"),
        ("team-b", "User", "default", "group:team-a"),
        ("team-b", "Group", "shop", "default/team-a"),
        ("team-b", "User", "shop", "group:default/team-a"),
        ("team-b", "", "Default", "group:team-a"),
        ("group:team-b", "group", "default", "group:team-a"),
        ("other/team-b", "Group", "default", "default/team-a"),
        ("User:other/team-b", "Group", "default", "group:default/team-a"),
    ],
)
def test_a_reference_is_written_like_another_and_means_the_same(
    like: str, kind: str, namespace: str, written: str
) -> None:
    ref = EntityRef("Group", "default", "team-a")
    assert ref.written_like(like, kind, namespace) == written
    assert str(EntityRef.parse(written, kind, namespace)) == str(ref)
