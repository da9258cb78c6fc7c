"""Field formats: each tricky value on its own, with the verdict of Backstage's validators."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bylaw.catalog import Kinds, faults
from bylaw.config import CatalogSettings

KINDS = Kinds.of(CatalogSettings())
NAME = "letters and digits, separated by any of - _ . (at most 63 characters)"
KEY = f"must have a key of the form [prefix/]name: the prefix a lower-case domain, the name {NAME}"


def told(**metadata: Any) -> list[tuple[str, str, Any]]:
    """The faults of a System that is right but for this metadata."""
    data = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "System",
        "metadata": {"name": "it", **metadata},
        "spec": {"owner": "team-a"},
    }
    return list(faults(data, KINDS))


@pytest.mark.parametrize("name", ["a", "A", "0", "a.b", "a..b", "a--b", "a_b", "a-._b", "a" * 63])
def test_a_name_may_hold_any_run_of_separators(name: str) -> None:
    assert told(name=name) == []


@pytest.mark.parametrize("name", ["_a", "a_", "-a", "a-", ".a", "a.", "a b", "a/b", "a:b", "ä", "a\n", "a" * 64])
def test_a_name_begins_and_ends_with_a_letter_or_digit(name: str) -> None:
    assert told(name=name) == [("/metadata/name", f"must be {NAME}", name)]


@pytest.mark.parametrize("namespace", ["a", "0", "a-b", "a--b", "a" * 63])
def test_a_namespace_is_a_dns_label(namespace: str) -> None:
    assert told(namespace=namespace) == []


@pytest.mark.parametrize("namespace", ["A", "a_b", "a.b", "-a", "a-", "a" * 64, "a\n"])
def test_a_namespace_of_another_form_is_refused(namespace: str) -> None:
    words = "must be lower-case letters and digits, separated by - (at most 63 characters)"

    assert told(namespace=namespace) == [("/metadata/namespace", words, namespace)]


@pytest.mark.parametrize("tag", ["a", "c++", "c#", "a:b", "a-b", "1", "a" * 63])
def test_a_tag_may_hold_signs_of_languages(tag: str) -> None:
    assert told(tags=[tag, tag]) == []  # twice is allowed


@pytest.mark.parametrize("tag", ["A", "a--b", "a.b", ".net", "node js", "-a", "a-", "a" * 64, "ä"])
def test_a_tag_of_another_form_is_refused_at_its_place(tag: str) -> None:
    words = "must be lower-case letters, digits and : + #, separated by - (at most 63 characters)"

    assert told(tags=["good", tag]) == [("/metadata/tags/1", words, tag)]


@pytest.mark.parametrize(
    "key", ["a", "a.b/c_d", "example.com/b", f"{'a' * 63}.{'b' * 63}/c", "x" * 63, f"{'a.' * 126}a/b"]
)
def test_a_key_may_have_a_domain_before_it(key: str) -> None:
    assert told(labels={key: "v"}, annotations={key: "v"}) == []


@pytest.mark.parametrize(
    "key",
    [
        "Example.com/b",
        "a_b/c",
        "/b",
        "a/",
        "a/b/c",
        "a..b/c",
        "my annotation",
        "",
        "x" * 64,
        f"{'a' * 64}/b",
        f"aa.{'a.' * 125}a/b",  # 254 characters before the slash
    ],
)
def test_a_key_of_another_form_is_refused_at_its_place(key: str) -> None:
    place = key.replace("/", "~1")

    assert told(labels={key: "v"}) == [(f"/metadata/labels/{place}", KEY, key)]
    assert told(annotations={key: "v"}) == [(f"/metadata/annotations/{place}", KEY, key)]


def test_a_label_may_be_empty_and_an_annotation_may_be_anything() -> None:
    assert told(labels={"a": ""}, annotations={"a": "", "b": "x " * 5000, "c": "\u0000"}) == []


@pytest.mark.parametrize("value", ["a/b", "a b", "-", "a" * 64])
def test_the_value_of_a_label_is_a_name(value: str) -> None:
    assert told(labels={"a": value}) == [("/metadata/labels/a", f"must be empty, or {NAME}", value)]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "http://a-b.example.com/x?y=1#z",
        "mailto:a@b",
        "javascript:alert(1)",
        "custom:x",
        "https:example.com",  # new URL() puts the slashes in
        "HTTPS://EXAMPLE.COM:8080",
        "http://[::1]/",
        " https://example.com ",  # and takes spaces away
        "http://1.2.3",
        "data:,x",
    ],
)
def test_a_link_is_whatever_javascript_takes_for_a_url(url: str) -> None:
    assert told(links=[{"url": url}]) == []


@pytest.mark.parametrize(
    "url",
    ["foo", "/foo", "//example.com", "https://", "http://a b", "https://a%20b", "http://[::1", "http://1.2.3.256"],
)
def test_a_link_that_is_no_url_is_refused(url: str) -> None:
    assert told(links=[{"url": "https://a.b"}, {"url": url}]) == [
        ("/metadata/links/1/url", "must be an absolute URL", url)
    ]


@pytest.mark.parametrize("blank", [" ", "\t\n", "\u00a0", "\u3000", "\ufeff"])
def test_a_title_is_blank_where_javascript_trims_all_of_it(blank: str) -> None:
    assert told(links=[{"url": "https://a.b", "title": blank, "icon": blank}]) == [
        ("/metadata/links/0/title", "must be not blank", blank),
        ("/metadata/links/0/icon", "must be not blank", blank),
    ]


@pytest.mark.parametrize("title", ["x", " x ", "\x1c", "\x85", "\u200b"])
def test_a_title_is_not_blank_where_javascript_leaves_something(title: str) -> None:
    assert told(links=[{"url": "https://a.b", "title": title}]) == []


@pytest.mark.parametrize(
    ("version", "good"),
    [
        ("v1", True),
        ("a.b/v1", True),
        ("V1", True),
        ("a_b/v1", False),
        ("a/b/v1", False),
        ("v-1", False),
        ("/v1", False),
    ],
)
def test_a_version_has_a_form_of_its_own(version: str, good: bool) -> None:
    data = {"apiVersion": version, "kind": "Widget", "metadata": {"name": "it"}}

    places = [place for place, _, _ in faults(data, KINDS)]

    assert places == ([] if good else ["/apiVersion"])


@pytest.mark.parametrize(
    ("kind", "good"), [("Widget", True), ("W1", True), ("1W", False), ("Foo-Bar", False), ("W" * 64, False)]
)
def test_a_kind_has_a_form_of_its_own(kind: str, good: bool) -> None:
    data = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "it"}}

    assert [place for place, _, _ in faults(data, KINDS)] == ([] if good else ["/kind"])


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["name", "namespace", "labels", "annotations", "tags", "links", "title", "description"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
            max_leaves=8,
        ),
    )
)
def test_no_metadata_whatever_breaks_the_judgement(metadata: dict[str, Any]) -> None:
    for place, expected, _ in told(**metadata):
        assert place == "" or place.startswith("/")
        assert expected
