"""Small catalogs, written as who says what of whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bylaw.affected import Whole
from bylaw.catalog import build
from bylaw.graphs import Graph
from bylaw.model import Document
from tests.affected.worlds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bylaw.catalog import Catalog

KIND_OF = {
    "c": "Component",
    "a": "API",
    "r": "Resource",
    "s": "System",
    "d": "Domain",
    "g": "Group",
    "u": "User",
    "m": "Machine",
}


def ref(name: str) -> str:
    """``component:default/c1`` of ``c1``: the first letter tells the kind."""
    return f"{KIND_OF[name[0]].lower()}:default/{name}"


def names(refs: Iterable[str]) -> list[str]:
    """The other way round, sorted."""
    return sorted(each.partition("/")[2] for each in refs)


def entity(name: str, annotations: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """``owner="g1", dependsOn=["c2"]``: all references are names as ``ref`` takes them."""
    written = {field: _refs(value) if field in _REFERENCES else value for field, value in spec.items()}
    return {
        "apiVersion": "example.com/v1" if name[0] == "m" else "backstage.io/v1alpha1",
        "kind": KIND_OF[name[0]],
        "metadata": {"name": name, **({"annotations": annotations} if annotations else {})},
        "spec": written,
    }


_REFERENCES = frozenset(
    field.path[1]
    for kind in KINDS.names
    for kind_ in [KINDS.find(kind, None, None)]
    if kind_
    for field in kind_.relations
)


def _refs(value: Any) -> Any:
    return [ref(each) for each in value] if isinstance(value, list) else ref(value)


def catalog(*entities: dict[str, Any], complete: bool = True) -> Catalog:
    """Each in a file of its own, ``c1.yaml``; what has a name that was there before in ``c1_2.yaml``."""
    documents: list[Document] = []
    for data in entities:
        name = data["metadata"]["name"]
        again = sum(each.data["metadata"]["name"] == name for each in documents)
        documents.append(Document(f"{name}_{again + 1}.yaml" if again else f"{name}.yaml", 0, data))
    return build(documents, KINDS, complete)


def whole(*entities: dict[str, Any], complete: bool = True) -> Whole:
    made = catalog(*entities, complete=complete)
    return Whole(made, Graph.build(made.entities, made.edges()))
