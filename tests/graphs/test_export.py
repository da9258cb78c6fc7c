"""The graph as GraphML, DOT and JSON."""

from __future__ import annotations

import json
import re

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bylaw.errors import UsageError
from bylaw.graphs import Graph
from bylaw.graphs.export import render

CART = "component:default/cart"
ORDERS = "component:default/orders"
TEAM = "group:default/team"
FORWARD = ("dependsOn", "ownedBy")
SHOP = Graph.build(
    [ORDERS, CART],
    [
        (ORDERS, "ownedBy", TEAM),
        (TEAM, "ownerOf", ORDERS),
        (ORDERS, "dependsOn", CART),
        (CART, "dependencyOf", ORDERS),
    ],
)


def test_graphml_is_written_like_this() -> None:
    assert render(SHOP, "graphml", FORWARD) == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
        '  <key id="kind" for="node" attr.name="kind" attr.type="string"/>\n'
        '  <key id="exists" for="node" attr.name="exists" attr.type="boolean"/>\n'
        '  <key id="type" for="edge" attr.name="type" attr.type="string"/>\n'
        '  <graph id="catalog" edgedefault="directed">\n'
        '    <node id="component:default/cart">'
        '<data key="kind">component</data><data key="exists">true</data></node>\n'
        '    <node id="component:default/orders">'
        '<data key="kind">component</data><data key="exists">true</data></node>\n'
        '    <node id="group:default/team">'
        '<data key="kind">group</data><data key="exists">false</data></node>\n'
        '    <edge source="component:default/orders" target="component:default/cart">'
        '<data key="type">dependsOn</data></edge>\n'
        '    <edge source="component:default/orders" target="group:default/team">'
        '<data key="type">ownedBy</data></edge>\n'
        "  </graph>\n"
        "</graphml>\n"
    )


def test_dot_is_written_like_this_and_dashes_what_does_not_exist() -> None:
    assert render(SHOP, "dot", FORWARD) == (
        "digraph catalog {\n"
        '  "component:default/cart" [kind="component", exists=true];\n'
        '  "component:default/orders" [kind="component", exists=true];\n'
        '  "group:default/team" [kind="group", exists=false, style=dashed];\n'
        '  "component:default/orders" -> "component:default/cart" [label="dependsOn"];\n'
        '  "component:default/orders" -> "group:default/team" [label="ownedBy"];\n'
        "}\n"
    )


def test_json_has_a_version_nodes_and_edges() -> None:
    assert json.loads(render(SHOP, "json", FORWARD)) == {
        "version": 1,
        "nodes": [
            {"ref": CART, "kind": "component", "exists": True},
            {"ref": ORDERS, "kind": "component", "exists": True},
            {"ref": TEAM, "kind": "group", "exists": False},
        ],
        "edges": [
            {"source": ORDERS, "type": "dependsOn", "target": CART},
            {"source": ORDERS, "type": "ownedBy", "target": TEAM},
        ],
    }


def test_some_refs_are_written_with_the_edges_among_them() -> None:
    assert json.loads(render(SHOP, "json", FORWARD, keys=[TEAM, ORDERS])) == {
        "version": 1,
        "nodes": [
            {"ref": ORDERS, "kind": "component", "exists": True},
            {"ref": TEAM, "kind": "group", "exists": False},
        ],
        "edges": [{"source": ORDERS, "type": "ownedBy", "target": TEAM}],
    }


def test_no_forward_types_means_no_edges() -> None:
    assert json.loads(render(SHOP, "json", ()))["edges"] == []


def test_a_ref_that_is_not_in_the_graph_cannot_be_written() -> None:
    with pytest.raises(KeyError) as caught:
        render(SHOP, "json", FORWARD, keys=[CART, "api:default/none"])
    assert caught.value.args == ("api:default/none",)


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        render(SHOP, "gexf", FORWARD)
    assert str(caught.value) == 'unknown graph format "gexf"; it is one of dot, graphml, json'


HOSTILE = "component:default/\"><\\&'\n\x00\x1b[31m\u202e\ud800{}];--//#"
SHOWN = "component:default/%22><%5c&'%0a%00%1b[31m%u202e%ud800{}];--//#"


def test_a_name_with_every_special_character_stays_one_name_in_graphml() -> None:
    text = render(Graph.build([HOSTILE], [(HOSTILE, "dependsOn", HOSTILE)]), "graphml", ["dependsOn"])
    read = nx.parse_graphml(text)
    assert list(read.edges) == [(SHOWN, SHOWN)]


def test_a_name_with_every_special_character_stays_one_name_in_dot() -> None:
    text = render(Graph.build([HOSTILE], [(HOSTILE, "dependsOn", HOSTILE)]), "dot", ["dependsOn"])
    assert text == (
        "digraph catalog {\n"
        f'  "{SHOWN}" [kind="component", exists=true];\n'
        f'  "{SHOWN}" -> "{SHOWN}" [label="dependsOn"];\n'
        "}\n"
    )


anything = st.text(st.characters(exclude_categories=()), min_size=1, max_size=8)
edge_lists = st.lists(st.tuples(anything, anything, anything), min_size=1, max_size=6)


def unescape(text: str) -> str:
    """What JavaScript's function of that name does."""
    return re.sub("%u([0-9a-f]{4})|%([0-9a-f]{2})", lambda match: chr(int(match[1] or match[2], 16)), text)


def written(edges: list[tuple[str, str, str]], format: str) -> str:
    return render(Graph.build([], edges), format, {kind for _, kind, _ in edges})


def ends(edges: list[tuple[str, str, str]]) -> list[str]:
    return sorted({end for source, _, target in edges for end in (source, target)})


@settings(deadline=None)
@given(edge_lists)
def test_whatever_the_names_json_gives_them_back(edges: list[tuple[str, str, str]]) -> None:
    read = json.loads(written(edges, "json"))
    assert [node["ref"] for node in read["nodes"]] == ends(edges)
    assert {(edge["source"], edge["type"], edge["target"]) for edge in read["edges"]} == set(edges)


@settings(deadline=None)
@given(edge_lists)
def test_whatever_the_names_graphml_gives_them_back_escaped(edges: list[tuple[str, str, str]]) -> None:
    read = nx.parse_graphml(written(edges, "graphml"), force_multigraph=True)
    assert sorted(map(unescape, read.nodes)) == ends(edges)
    assert {
        (unescape(source), unescape(kind), unescape(target)) for source, target, kind in read.edges(data="type")
    } == set(edges)


@settings(deadline=None)
@given(edge_lists)
def test_whatever_the_names_dot_gives_them_back_escaped(edges: list[tuple[str, str, str]]) -> None:
    # No backslash is ever written, so a quoted name ends at the next quote for every reader of DOT.
    first, *body, last = written(edges, "dot").removesuffix("\n").split("\n")
    assert (first, last) == ("digraph catalog {", "}")
    nodes = [re.fullmatch(r'  "([^"\\]*)" \[kind="[^"\\]*", exists=false, style=dashed\];', line) for line in body]
    arrows = [re.fullmatch(r'  "([^"\\]*)" -> "([^"\\]*)" \[label="([^"\\]*)"\];', line) for line in body]
    assert sorted(unescape(node[1]) for node in nodes if node) == ends(edges)
    read = {(unescape(arrow[1]), unescape(arrow[3]), unescape(arrow[2])) for arrow in arrows if arrow}
    assert read == set(edges)
    assert all(node or arrow for node, arrow in zip(nodes, arrows, strict=True))
