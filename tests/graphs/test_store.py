"""The graph as refs and typed edges, by example."""

from __future__ import annotations

import pickle
import subprocess
import sys
from itertools import pairwise

import networkx as nx
import pytest

from bylaw.graphs import Graph

ORDERS = "component:default/orders"
CART = "component:default/cart"
PRICES = "api:default/prices"
GHOST = "component:default/ghost"
TEAM = "group:default/team"

EDGES = [
    (ORDERS, "ownedBy", TEAM),
    (TEAM, "ownerOf", ORDERS),
    (ORDERS, "dependsOn", CART),
    (CART, "dependencyOf", ORDERS),
    (ORDERS, "dependsOn", GHOST),
    (GHOST, "dependencyOf", ORDERS),
    (CART, "providesApi", PRICES),
    (PRICES, "apiProvidedBy", CART),
]


@pytest.fixture
def shop() -> Graph:
    return Graph.build([TEAM, PRICES, ORDERS, CART], EDGES)


def ring(*names: str) -> list[tuple[str, str, str]]:
    return [(name, "dependsOn", after) for name, after in zip(names, (*names[1:], names[0]), strict=True)]


def test_keys_stand_in_catalog_order_and_nodes_are_sorted_with_what_is_only_spoken_of(shop: Graph) -> None:
    assert shop.keys == (TEAM, PRICES, ORDERS, CART)
    assert shop.nodes == (PRICES, CART, GHOST, ORDERS, TEAM)


def test_a_dangling_target_is_in_the_graph_and_does_not_exist(shop: Graph) -> None:
    assert GHOST in shop
    assert not shop.exists(GHOST)
    assert shop.exists(CART)
    assert shop.relations(GHOST) == {"dependencyOf": (ORDERS,)}


def test_a_ref_never_heard_of_is_not_in_the_graph_and_does_not_exist(shop: Graph) -> None:
    assert "component:default/nobody" not in shop
    assert not shop.exists("component:default/nobody")


@pytest.mark.parametrize(
    "ask",
    [
        lambda graph: graph.relations("api:default/none"),
        lambda graph: graph.targets("api:default/none", "dependsOn"),
        lambda graph: graph.sources("api:default/none"),
        lambda graph: graph.reach("api:default/none"),
        lambda graph: graph.cycle_of("api:default/none"),
        lambda graph: graph.path(ORDERS, "api:default/none"),
        lambda graph: graph.path("api:default/none", "api:default/none"),
        lambda graph: graph.neighbourhood("api:default/none"),
        lambda graph: graph.to_networkx(["api:default/none"]),
        lambda graph: graph.owners_of("api:default/none"),
        lambda graph: graph.owners_of("api:default/none", effective=True),
        lambda graph: graph.owned_by("api:default/none"),
        lambda graph: graph.owned_by("api:default/none", effective=True),
        lambda graph: graph.dependencies_of("api:default/none"),
        lambda graph: graph.dependents_of("api:default/none", transitive=True),
        lambda graph: graph.group("api:default/none"),
        lambda graph: graph.members_of("api:default/none"),
        lambda graph: graph.members_of("api:default/none", transitive=True),
    ],
)
def test_every_question_about_a_ref_never_heard_of_raises_key_error_with_that_ref(ask, shop: Graph) -> None:  # type: ignore[no-untyped-def]  # a lambda of the table above
    with pytest.raises(KeyError) as caught:
        ask(shop)
    assert caught.value.args == ("api:default/none",)


def test_types_are_those_that_occur(shop: Graph) -> None:
    assert shop.types() == (
        "apiProvidedBy",
        "dependencyOf",
        "dependsOn",
        "ownedBy",
        "ownerOf",
        "providesApi",
    )


def test_relations_of_one_entity_are_sorted(shop: Graph) -> None:
    assert shop.relations(ORDERS) == {"dependsOn": (CART, GHOST), "ownedBy": (TEAM,)}


def test_targets_and_sources_take_one_type_several_or_all(shop: Graph) -> None:
    assert shop.targets(ORDERS, "dependsOn") == (CART, GHOST)
    assert shop.targets(ORDERS, "ownedBy", "dependsOn") == (CART, GHOST, TEAM)
    assert shop.targets(ORDERS) == (CART, GHOST, TEAM)
    assert shop.targets(ORDERS, "likes") == ()
    assert shop.sources(CART, "dependsOn") == (ORDERS,)
    assert shop.sources(CART) == (PRICES, ORDERS)


def test_edges_come_by_type_then_source_then_target(shop: Graph) -> None:
    assert list(shop.edges("ownedBy", "dependsOn")) == [
        (ORDERS, "dependsOn", CART),
        (ORDERS, "dependsOn", GHOST),
        (ORDERS, "ownedBy", TEAM),
    ]


def test_as_data_holds_every_entity_that_exists_and_no_other(shop: Graph) -> None:
    assert shop.as_data() == {
        TEAM: {"ownerOf": [ORDERS]},
        PRICES: {"apiProvidedBy": [CART]},
        ORDERS: {"dependsOn": [CART, GHOST], "ownedBy": [TEAM]},
        CART: {"dependencyOf": [ORDERS], "providesApi": [PRICES]},
    }
    assert list(shop.as_data()) == [TEAM, PRICES, ORDERS, CART]


def test_an_entity_without_relations_has_an_empty_mapping() -> None:
    assert Graph.build([CART], []).as_data() == {CART: {}}


def test_a_graph_of_nothing_answers() -> None:
    empty = Graph.build([], [])
    assert (empty.keys, empty.nodes, empty.types()) == ((), (), ())
    assert empty.as_data() == {}
    assert empty.groups_as_data() == {}
    assert empty.cycles() == ()


def test_reach_leaves_the_ref_itself_out_unless_it_is_on_a_cycle() -> None:
    graph = Graph.build([], [("a:d/a", "t", "a:d/b"), ("a:d/b", "t", "a:d/c"), ("a:d/c", "t", "a:d/b")])
    assert graph.reach("a:d/a", "t") == ("a:d/b", "a:d/c")
    assert graph.reach("a:d/b", "t") == ("a:d/b", "a:d/c")
    assert graph.reach("a:d/a", "t", backward=True) == ()
    assert graph.reach("a:d/c", "t", backward=True) == ("a:d/a", "a:d/b", "a:d/c")


def test_a_ref_that_points_to_itself_is_a_cycle_of_one() -> None:
    graph = Graph.build([CART], [(CART, "dependsOn", CART)])
    assert graph.cycles("dependsOn") == ((CART,),)
    assert graph.cycle_of(CART, "dependsOn") == (CART,)
    assert graph.reach(CART, "dependsOn") == (CART,)


def test_each_tangle_gives_its_shortest_cycle_through_its_smallest_ref() -> None:
    edges = [*ring("a:d/5", "a:d/4"), *ring("a:d/3", "a:d/1", "a:d/2"), ("a:d/1", "dependsOn", "a:d/3")]
    graph = Graph.build([], [*edges, ("a:d/3", "dependsOn", "a:d/4")])
    assert graph.cycles("dependsOn") == (("a:d/1", "a:d/3"), ("a:d/4", "a:d/5"))


def test_cycle_of_begins_with_the_ref_asked_about_and_follows_the_edges() -> None:
    graph = Graph.build([], [*ring("a:d/3", "a:d/1", "a:d/2"), ("a:d/3", "dependsOn", "a:d/4")])
    assert graph.cycle_of("a:d/3", "dependsOn") == ("a:d/3", "a:d/1", "a:d/2")
    assert graph.cycle_of("a:d/1", "dependsOn") == ("a:d/1", "a:d/2", "a:d/3")
    assert graph.cycle_of("a:d/4", "dependsOn") is None


def test_a_cycle_may_go_over_several_types_and_is_none_over_one_of_them() -> None:
    graph = Graph.build([], [(ORDERS, "consumesApi", PRICES), (PRICES, "apiProvidedBy", ORDERS)])
    assert graph.cycles("consumesApi", "apiProvidedBy") == ((PRICES, ORDERS),)
    assert graph.cycles("consumesApi") == ()
    assert graph.cycles("nothing", "of", "the", "sort") == ()


def test_a_path_names_the_edges_on_the_way(shop: Graph) -> None:
    assert shop.path(ORDERS, PRICES) == ((ORDERS, "dependsOn", CART), (CART, "providesApi", PRICES))
    assert shop.path(PRICES, TEAM) == (
        (PRICES, "apiProvidedBy", CART),
        (CART, "dependencyOf", ORDERS),
        (ORDERS, "ownedBy", TEAM),
    )


def test_a_path_keeps_to_the_types_asked_for(shop: Graph) -> None:
    assert shop.path(ORDERS, CART, "dependsOn") == ((ORDERS, "dependsOn", CART),)
    assert shop.path(ORDERS, PRICES, "dependsOn") is None


def test_the_path_from_a_ref_to_itself_has_no_edge(shop: Graph) -> None:
    assert shop.path(CART, CART) == ()


def test_of_equally_short_paths_the_first_type_wins_then_the_first_ref() -> None:
    edges = [
        ("a:d/a", "uses", "a:d/1"),
        ("a:d/1", "uses", "a:d/z"),
        ("a:d/a", "needs", "a:d/3"),
        ("a:d/3", "uses", "a:d/z"),
        ("a:d/a", "needs", "a:d/2"),
        ("a:d/2", "uses", "a:d/z"),
        ("a:d/2", "needs", "a:d/z"),
    ]
    assert Graph.build([], edges).path("a:d/a", "a:d/z") == (
        ("a:d/a", "needs", "a:d/2"),
        ("a:d/2", "needs", "a:d/z"),
    )


def test_a_neighbourhood_holds_the_ref_and_what_lies_within_the_hops_in_any_direction(shop: Graph) -> None:
    assert shop.neighbourhood(PRICES, hops=0) == {PRICES}
    assert shop.neighbourhood(PRICES) == {PRICES, CART}
    assert shop.neighbourhood(PRICES, hops=2) == {PRICES, CART, ORDERS}
    one_way = Graph.build([], [(ORDERS, "dependsOn", CART)])
    assert one_way.neighbourhood(CART) == {CART, ORDERS}


def test_edges_that_repeat_count_once() -> None:
    graph = Graph.build([ORDERS, CART, ORDERS], [(ORDERS, "dependsOn", CART)] * 3)
    assert graph.keys == (ORDERS, CART)
    assert list(graph.edges()) == [(ORDERS, "dependsOn", CART)]


def test_a_pickled_graph_is_the_same_graph(shop: Graph) -> None:
    copy = pickle.loads(pickle.dumps(shop))
    assert type(copy) is Graph
    assert (copy.keys, copy.nodes, list(copy.edges())) == (shop.keys, shop.nodes, list(shop.edges()))


def test_to_networkx_keys_each_edge_by_its_type(shop: Graph) -> None:
    copy = shop.to_networkx()
    assert isinstance(copy, nx.MultiDiGraph)
    assert dict(copy.nodes(data=True)) == {
        PRICES: {"exists": True, "kind": "api"},
        CART: {"exists": True, "kind": "component"},
        GHOST: {"exists": False, "kind": "component"},
        ORDERS: {"exists": True, "kind": "component"},
        TEAM: {"exists": True, "kind": "group"},
    }
    assert sorted(copy.edges(keys=True)) == sorted((source, to, kind) for source, kind, to in EDGES)


def test_to_networkx_of_some_refs_has_the_edges_among_them(shop: Graph) -> None:
    copy = shop.to_networkx({ORDERS, CART})
    assert list(copy.nodes) == [CART, ORDERS]
    assert sorted(copy.edges(keys=True)) == [(CART, ORDERS, "dependencyOf"), (ORDERS, CART, "dependsOn")]


def test_a_chain_of_fifty_thousand_is_followed_to_its_end() -> None:
    names = [f"group:default/g{number:05}" for number in range(50_000)]
    edges = [(name, "childOf", after) for name, after in pairwise(names)]
    graph = Graph.build(names, edges)
    assert graph.reach(names[0], "childOf") == tuple(names[1:])
    assert graph.group(names[0]).ancestors == tuple(names[1:])
    assert graph.cycles("childOf") == ()
    assert graph.path(names[0], names[-1]) == tuple(edges)
    closed = Graph.build(names, [*edges, (names[-1], "childOf", names[0])])
    assert closed.cycles("childOf") == (tuple(names),)


def test_importing_and_using_the_graph_imports_neither_networkx_nor_numpy() -> None:
    program = (
        "import sys\n"
        "from bylaw.graphs import Graph\n"
        "graph = Graph.build(['a:d/a'], [('a:d/a', 't', 'a:d/b')])\n"
        "graph.cycles('t'), graph.reach('a:d/a'), graph.path('a:d/a', 'a:d/b'), graph.as_data()\n"
        "print(sorted({'networkx', 'numpy'} & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
