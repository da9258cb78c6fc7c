"""Documents into a catalog: which entities there are, and that nothing depends on how they were found."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bylaw.catalog import Catalog, Kinds, address, is_skeleton
from bylaw.catalog import build as build_catalog
from bylaw.config import CatalogSettings
from bylaw.model import Document

KINDS = Kinds.of(CatalogSettings())


def build(*documents: Document, complete: Any = "auto") -> Catalog:
    return build_catalog(documents, KINDS, complete)


def entity(name: Any, kind: Any = "Component", **more: Any) -> dict[str, Any]:
    metadata = {"name": name, **more.pop("metadata", {})}
    return {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": more}


def doc(path: str | None, data: Any, index: int = 0, url: str | None = None) -> Document:
    return Document(path, index, data, url=url)


def test_an_entity_is_addressed_by_kind_namespace_and_name_in_lower_case() -> None:
    catalog = build(doc("a.yaml", entity("Orders", metadata={"namespace": "Shop"})), doc("b.yaml", entity("cart")))

    assert list(catalog.entities) == ["component:shop/orders", "component:default/cart"]


def test_the_namespace_is_filled_in_and_the_document_left_as_it_was() -> None:
    document = doc("a.yaml", entity("orders", owner="a"))

    made = build(document).entities["component:default/orders"]

    assert made.data == entity("orders", owner="a", metadata={"namespace": "default"})
    assert document.data == entity("orders", owner="a")
    assert made.document is document


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "text",
        {},
        {"kind": "Component"},
        {"kind": "Component", "metadata": None},
        {"kind": "Component", "metadata": {"name": ""}},
        {"kind": "Component", "metadata": {"name": 5}},
        {"kind": "", "metadata": {"name": "a"}},
        {"kind": ["Component"], "metadata": {"name": "a"}},
        {"kind": "Component", "metadata": {"name": "a", "namespace": None}},
        {"kind": "Component", "metadata": {"name": "a", "namespace": ""}},
        {"kind": "Component", "metadata": {"name": "a" * 254}},  # it would stand wherever the entity is named
    ],
)
def test_what_cannot_be_addressed_stays_a_document(data: Any) -> None:
    catalog = build(doc("a.yaml", data))

    assert address(data) is None
    assert dict(catalog.entities) == {}
    assert [document.data for document in catalog.documents] == [data]


@pytest.mark.parametrize("name", ["${{ values.name }}", "x-${{ values.name }}", "{{ cookiecutter.name }}"])
def test_a_skeleton_is_no_entity(name: str) -> None:
    assert is_skeleton(entity(name))
    assert dict(build(doc("skeleton/catalog-info.yaml", entity(name))).entities) == {}


@pytest.mark.parametrize("data", [None, [], {"metadata": []}, entity("orders"), entity("$x{"), entity(5)])
def test_only_a_name_that_is_an_expression_makes_a_skeleton(data: Any) -> None:
    assert not is_skeleton(data)


def test_of_two_with_one_ref_the_first_by_path_is_the_entity() -> None:
    first, second, third = (
        doc("a.yaml", entity("orders", owner="first"), 1),
        doc("a.yaml", entity("Orders", owner="second"), 2),
        doc("b.yaml", entity("orders", owner="third")),
    )

    catalog = build(third, second, first)

    assert catalog.entities["component:default/orders"].document is first
    assert dict(catalog.duplicates) == {"component:default/orders": (second, third)}
    assert catalog.documents == (first, second, third)


def test_documents_of_a_server_stand_in_the_order_of_their_urls() -> None:
    one, two = (doc(None, entity("x", owner=name), url=f"https://b.example/{name}") for name in ("one", "two"))

    assert build(one, two).documents == build(two, one).documents == (one, two)


def test_edges_lead_there_and_back_also_to_what_is_not_there() -> None:
    catalog = build(doc("a.yaml", entity("orders", owner="team-a", dependsOn=["resource:db", "nokind"])))

    assert list(catalog.edges()) == [
        ("component:default/orders", "ownedBy", "group:default/team-a"),
        ("group:default/team-a", "ownerOf", "component:default/orders"),
        ("component:default/orders", "dependsOn", "resource:default/db"),
        ("resource:default/db", "dependencyOf", "component:default/orders"),
    ]


@pytest.mark.parametrize(
    ("setting", "kinds", "expected"),
    [
        ("auto", ["Component"], (False, "it holds no Groups: one part of an organisation's catalog")),
        ("auto", ["Component", "Group"], (True, "it holds 1 Group")),
        ("auto", ["Group", "Group", "User"], (True, "it holds 2 Groups")),
        ("auto", ["group"], (False, "it holds no Groups: one part of an organisation's catalog")),
        (True, ["Component"], (True, "catalog.complete is true")),
        (False, ["Group"], (False, "catalog.complete is false")),
    ],
)
def test_a_catalog_with_groups_is_complete_unless_it_is_said(
    setting: Any, kinds: list[str], expected: tuple[bool, str]
) -> None:
    catalog = build(
        *(doc("a.yaml", entity(f"x{number}", kind), number) for number, kind in enumerate(kinds)), complete=setting
    )

    assert (catalog.complete, catalog.completeness) == expected


# Order and digest

NAMES = st.sampled_from(["a", "b", "C", "c"])
REFS = st.sampled_from(["a", "component:b", "resource:ns/c", "", ":x", 5])
DOCUMENTS = st.lists(
    st.one_of(
        st.none(),
        st.just({"kind": "Component"}),
        st.builds(
            entity,
            NAMES,
            st.sampled_from(["Component", "component", "Resource", "Group"]),
            owner=REFS,
            dependsOn=st.lists(REFS, max_size=3),
        ),
    ),
    max_size=8,
).map(lambda all_data: [doc(f"{number // 2}.yaml", data, number % 2) for number, data in enumerate(all_data)])


@settings(deadline=None)
@given(documents=DOCUMENTS, seed=st.integers())
def test_the_order_in_which_documents_are_found_does_not_matter(documents: list[Document], seed: int) -> None:
    shuffled = random.Random(seed).sample(documents, len(documents))
    one, other = build(*documents), build(*shuffled)

    assert one.digest() == other.digest()
    assert list(one.edges()) == list(other.edges())
    assert one.documents == other.documents
    assert list(one.entities) == list(other.entities)
    assert one.duplicates == other.duplicates


@settings(deadline=None)
@given(documents=DOCUMENTS)
def test_every_edge_has_its_reverse(documents: list[Document]) -> None:
    edges = set(build(*documents).edges())
    back = {"ownedBy": "ownerOf", "dependsOn": "dependencyOf"}
    back |= {there: here for here, there in back.items()}

    assert edges == {(target, back[relation], source) for source, relation, target in edges}


@settings(deadline=None)
@given(documents=DOCUMENTS, changed=DOCUMENTS)
def test_the_digest_changes_if_and_only_if_an_entity_does(documents: list[Document], changed: list[Document]) -> None:
    one, other = build(*documents), build(*changed)

    same = {key: each.data for key, each in one.entities.items()} == {
        key: each.data for key, each in other.entities.items()
    }
    assert (one.digest() == other.digest()) is same


def test_the_digest_knows_neither_files_nor_the_order_of_keys() -> None:
    here = doc("a.yaml", {"kind": "Component", "metadata": {"name": "x", "namespace": "default"}})
    there = doc("moved/b.yaml", {"metadata": {"namespace": "default", "name": "x"}, "kind": "Component"}, 4)

    assert build(here).digest() == build(there).digest()
    assert build(here).digest().startswith("sha256:")


def test_the_digest_tells_a_number_from_a_text_and_false_from_nothing() -> None:
    values: list[Any] = [1, "1", True, False, None, "", [], {}, [[]]]

    assert len({build(doc("a.yaml", entity("x", value=value))).digest() for value in values}) == len(values)
