"""Entities and documents."""

from __future__ import annotations

from typing import Any

import pytest

from bylaw.model import Document, Entity, EntityRef

REF = EntityRef("Component", "default", "Orders")


def entity(**data: Any) -> Entity:
    return Entity(str(REF), REF, data, Document("a.yaml", 0, data))


def test_the_kind_of_an_entity_is_spelt_as_its_author_did() -> None:
    assert entity().kind == "Component"


@pytest.mark.parametrize("spec", [None, [], "text", 1])
def test_a_spec_of_another_type_counts_as_empty(spec: Any) -> None:
    assert entity(spec=spec).spec == {}


def test_a_spec_is_what_stands_there() -> None:
    assert entity(spec={"owner": "team-a"}).spec == {"owner": "team-a"}


def test_documents_stand_by_path_then_by_their_place_in_the_file() -> None:
    documents = [Document("b.yaml", 0, None), Document("a.yaml", 1, None), Document(None, 0, None)]

    assert sorted(each.order for each in documents) == [("", 0), ("a.yaml", 1), ("b.yaml", 0)]
