"""The catalog that a server holds answers as a snapshot of it does."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bylaw.serving.base import Base
from tests.affected.memory import MemoryBase
from tests.engine.world import catalog, entity, graph

NAMES = ["a", "b", "c", "d"]
KINDS = ["Component", "API", "Group", "System"]
REFS = [f"{kind.lower()}:default/{name}" for kind in KINDS for name in NAMES]
references = st.lists(st.sampled_from(REFS), max_size=3)


@st.composite
def entities(draw: st.DrawFn) -> Any:
    kind, name = draw(st.sampled_from(KINDS)), draw(st.sampled_from(NAMES))
    spec: dict[str, Any] = {
        field: draw(references)
        for field in draw(st.sets(st.sampled_from(["dependsOn", "dependencyOf", "providesApis", "children"])))
    }
    for field in draw(st.sets(st.sampled_from(["owner", "system", "parent"]))):
        spec[field] = draw(st.sampled_from(REFS))
    made = entity(name, kind, **spec)
    if draw(st.booleans()):
        made["metadata"]["annotations"] = {"a.example.com/x": draw(st.sampled_from(["1", "2"]))}
    return made


@given(st.lists(entities(), max_size=12))
def test_it_answers_as_a_catalog_whose_every_edge_was_written_down(given: list[Any]) -> None:
    made = catalog(*given)
    base, plain = Base(made, graph(made)), MemoryBase(made)
    asked = [*REFS, "component:default/nobody"]
    for relations in (None, {"ownedBy", "dependsOn"}, {"ownerOf"}, set()):
        assert set(base.edges(asked, relations)) == set(plain.edges(asked, relations))
    assert base.entities(asked) == plain.entities(asked)
    assert base.borne(asked) == plain.borne(asked)
    assert base.duplicates(asked) == plain.duplicates(asked)
    assert list(base.annotated("a.example.com/x")) == list(plain.annotated("a.example.com/x"))
    assert list(base.refs({"group", "api"})) == list(plain.refs({"group", "api"}))
    assert list(base.refs()) == list(plain.refs())
    assert (base.bearing, base.complete, base.completeness) == (plain.bearing, plain.complete, plain.completeness)
