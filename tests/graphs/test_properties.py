"""The graph against plain-Python and networkx answers, on graphs that Hypothesis makes up."""

from __future__ import annotations

import pickle
from itertools import pairwise
from typing import TYPE_CHECKING

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from bylaw.graphs import Graph, backend, follow
from bylaw.graphs.export import render

if TYPE_CHECKING:
    from random import Random

Edge = tuple[str, str, str]

INVERSE = {
    "ownedBy": "ownerOf",
    "partOf": "hasPart",
    "providesApi": "apiProvidedBy",
    "consumesApi": "apiConsumedBy",
    "dependsOn": "dependencyOf",
    "childOf": "parentOf",
    "memberOf": "hasMember",
    "likes": "likedBy",
}
REFS = [
    *("group:d/a", "group:d/b", "group:d/c", "user:d/u", "system:d/s"),
    *("component:d/x", "component:d/y", "component:d/z", "api:d/i"),
]
DEPENDENCY = ("dependsOn", "consumesApi", "apiProvidedBy")

ref = st.sampled_from(REFS)
flag = st.booleans()
Catalog = tuple[list[str], list[Edge]]


def both_ways(relations: list[Edge]) -> list[Edge]:
    return [*relations, *((target, INVERSE[kind], source) for source, kind, target in relations)]


def catalogs(*kinds: str) -> st.SearchStrategy[Catalog]:
    """Keys and edges of some relations, or all. Every ref is named, so that each may be asked about."""
    named = [(each, "named", each) for each in REFS]
    relation = st.tuples(ref, st.sampled_from(kinds or sorted(INVERSE)), ref)
    edges = st.lists(relation, max_size=25).map(lambda relations: [*both_ways(relations), *named])
    return st.tuples(st.lists(ref, unique=True), edges)


types = st.lists(st.sampled_from([*INVERSE, *INVERSE.values()]), min_size=1, max_size=4, unique=True)
prop = settings(deadline=None)


def nexts(edges: list[Edge], kinds: list[str] | tuple[str, ...], node: str) -> set[str]:
    return {target for source, kind, target in edges if source == node and kind in kinds}


def closure(edges: list[Edge], kinds: list[str] | tuple[str, ...], node: str) -> set[str]:
    found = nexts(edges, kinds, node)
    while more := {far for near in found for far in nexts(edges, kinds, near)} - found:
        found |= more
    return found


def digraph(edges: list[Edge], kinds: list[str]) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_nodes_from(REFS)
    graph.add_edges_from((source, target) for source, kind, target in edges if kind in kinds)
    return graph


@prop
@given(catalogs(), types, ref)
def test_reach_is_the_closure(catalog: Catalog, kinds: list[str], node: str) -> None:
    assert Graph.build(*catalog).reach(node, *kinds) == tuple(sorted(closure(catalog[1], kinds, node)))


@prop
@given(catalogs(), types, ref)
def test_reach_backward_holds_whatever_reaches_the_ref(catalog: Catalog, kinds: list[str], node: str) -> None:
    sources = sorted(other for other in REFS if node in closure(catalog[1], kinds, other))
    assert Graph.build(*catalog).reach(node, *kinds, backward=True) == tuple(sources)


@prop
@given(catalogs(), types)
def test_there_is_one_real_cycle_for_each_tangle_through_its_smallest_ref(catalog: Catalog, kinds: list[str]) -> None:
    graph, plain = Graph.build(*catalog), digraph(catalog[1], kinds)
    tangles = [
        part for part in nx.strongly_connected_components(plain) if len(part) > 1 or plain.has_edge(*part, *part)
    ]
    cycles = graph.cycles(*kinds)
    assert [cycle[0] for cycle in cycles] == sorted(min(tangle) for tangle in tangles)
    for cycle in cycles:
        assert len(set(cycle)) == len(cycle)
        assert all(plain.has_edge(*step) for step in pairwise((*cycle, cycle[0])))


@prop
@given(catalogs(), types, ref)
def test_cycle_of_is_a_shortest_real_cycle_and_none_only_where_there_is_none(
    catalog: Catalog, kinds: list[str], node: str
) -> None:
    graph, plain = Graph.build(*catalog), digraph(catalog[1], kinds)
    around = [
        nx.shortest_path_length(plain, after, node) + 1
        for after in plain.successors(node)
        if nx.has_path(plain, after, node)
    ]
    cycle = graph.cycle_of(node, *kinds)
    if cycle is None:
        assert around == []
    else:
        assert (cycle[0], len(cycle)) == (node, min(around))
        assert all(plain.has_edge(*step) for step in pairwise((*cycle, node)))


def walks(edges: list[Edge], start: str, end: str, length: int) -> list[tuple[Edge, ...]]:
    if length == 0:
        return [()] if start == end else []
    steps = [edge for edge in edges if edge[0] == start]
    return [(step, *rest) for step in steps for rest in walks(edges, step[2], end, length - 1)]


@prop
@given(catalogs(), types, ref, ref)
def test_a_path_is_the_first_of_the_shortest(catalog: Catalog, kinds: list[str], start: str, end: str) -> None:
    edges = sorted({edge for edge in catalog[1] if edge[1] in kinds})
    plain = digraph(edges, kinds)
    path = Graph.build(*catalog).path(start, end, *kinds)
    if path is None:
        assert not nx.has_path(plain, start, end)
    else:
        shortest = walks(edges, start, end, nx.shortest_path_length(plain, start, end))
        assert path == min(shortest, key=lambda walk: [(kind, target) for _, kind, target in walk])


@prop
@given(catalogs(), ref, st.integers(0, 3))
def test_a_neighbourhood_is_what_networkx_calls_the_ego_graph(catalog: Catalog, node: str, hops: int) -> None:
    plain = nx.Graph((source, target) for source, _, target in catalog[1])
    assert Graph.build(*catalog).neighbourhood(node, hops) == set(nx.ego_graph(plain, node, radius=hops))


@prop
@given(catalogs())
def test_as_data_holds_the_sorted_edges_of_what_exists(catalog: Catalog) -> None:
    keys, edges = catalog
    assert Graph.build(keys, edges).as_data() == {
        key: {kind: sorted(nexts(edges, [kind], key)) for kind in {kind for source, kind, _ in edges if source == key}}
        for key in keys
    }


@prop
@given(catalogs())
def test_relations_of_each_ref_are_its_part_of_as_data(catalog: Catalog) -> None:
    graph = Graph.build(*catalog)
    for key, relations in graph.as_data().items():
        assert {kind: list(targets) for kind, targets in graph.relations(key).items()} == relations


@prop
@given(catalogs("dependsOn", "consumesApi", "providesApi"), flag)
def test_dependents_are_the_inverse_of_dependencies(catalog: Catalog, transitive: bool) -> None:
    graph = Graph.build(*catalog)
    depends = {(b, a) for b in REFS for a in graph.dependencies_of(b, transitive)}
    assert {(b, a) for a in REFS for b in graph.dependents_of(a, transitive)} == depends


@prop
@given(catalogs("dependsOn", "consumesApi", "providesApi"), ref)
def test_transitive_dependencies_are_the_closure_that_goes_on_from_an_api_to_its_providers(
    catalog: Catalog, node: str
) -> None:
    graph = Graph.build(*catalog)
    assert graph.dependencies_of(node, transitive=True) == tuple(sorted(closure(catalog[1], DEPENDENCY, node)))
    assert set(graph.dependencies_of(node)) <= set(graph.dependencies_of(node, transitive=True))


@prop
@given(catalogs("dependsOn", "consumesApi", "providesApi"), st.lists(ref, unique=True), st.integers(0, 6))
def test_ways_are_as_long_as_a_search_step_by_step_finds_and_can_be_followed(
    catalog: Catalog, ends: list[str], most: int
) -> None:
    edges = catalog[1]
    ways = Graph.build(*catalog).ways_to(ends, most, *DEPENDENCY)
    steps = dict.fromkeys(ends, 0)
    for step in range(1, most + 1):
        nearer = {
            node: [near in steps for near in nexts(edges, DEPENDENCY, node)] for node in REFS if node not in steps
        }
        ready = {node for node, near in nearer.items() if near and (all if node[:4] == "api:" else any)(near)}
        steps.update(dict.fromkeys(ready, step))
    assert {node: way.steps for node, way in ways.items()} == steps
    for node, way in ways.items():
        path = list(follow(ways, node))
        assert (path[-1], len(path)) == (way.end, way.steps + 1)
        assert way.end in ends
        if way.steps and node[:4] != "api:":
            assert way.next == min(near for near in nexts(edges, DEPENDENCY, node) if steps.get(near) == way.steps - 1)
        assert all(after in nexts(edges, DEPENDENCY, before) for before, after in pairwise(path))


@prop
@given(catalogs("dependsOn", "consumesApi", "providesApi"))
def test_dependency_cycles_are_the_cycles_without_the_use_of_what_one_provides_itself(catalog: Catalog) -> None:
    keys, edges = catalog
    own = {(source, target) for source, kind, target in edges if kind == "providesApi"}
    others = [(source, kind, target) for source, kind, target in edges if (source, target) not in own]
    assert Graph.build(keys, edges).dependency_cycles(*DEPENDENCY) == Graph.build(keys, others).cycles(*DEPENDENCY)


ORGANISATION = [f"{kind}:d/{number}" for kind in ("group", "user") for number in range(4)]
membership = st.tuples(
    st.sampled_from(ORGANISATION), st.sampled_from(["childOf", "memberOf"]), st.sampled_from(ORGANISATION)
)


@prop
@given(st.lists(membership, max_size=20), st.integers(1, 5))
def test_the_people_of_a_group_are_its_transitive_members_or_so_many_of_them(relations: list[Edge], most: int) -> None:
    graph = Graph.build(ORGANISATION, both_ways(relations))
    people = graph.people(most)
    for node in ORGANISATION[:4]:
        members = {each for each in graph.members_of(node, transitive=True) if each.startswith("user:")}
        found = people.get(node, ())
        assert list(found) == sorted(set(found) & members)
        assert len(found) == min(most, len(members))


@prop
@given(catalogs("childOf", "memberOf"), st.lists(ref, max_size=3), st.lists(ref, max_size=3))
def test_strangers_are_those_of_whom_neither_is_an_ancestor_of_the_other(
    catalog: Catalog, some: list[str], others: list[str]
) -> None:
    graph = Graph.build(*catalog)
    line = {node: {node, *graph.group(node).ancestors} for node in REFS}
    expected = [node for node in some if not any(node in line[other] or other in line[node] for other in others)]
    assert graph.strangers(some, others) == tuple(sorted(expected))


def distances(edges: list[Edge], kind: str, starts: set[str]) -> dict[str, int]:
    """How many edges of a type away each ref is from the nearest start. Users have no group above."""
    found = dict.fromkeys(starts, 0)
    for far in range(len(REFS)):
        for source, other, target in edges:
            climbs = kind != "childOf" or not source.startswith("user:")
            if other == kind and climbs and found.get(source) == far:
                found.setdefault(target, far + 1)
    return found


@prop
@given(catalogs("ownedBy", "partOf", "childOf"), ref)
def test_effective_owners_are_those_a_plain_search_finds(catalog: Catalog, node: str) -> None:
    edges = catalog[1]
    containers = distances(edges, "partOf", {node})
    owned = {far for ref, far in containers.items() if nexts(edges, ["ownedBy"], ref)}
    nearest = [ref for ref, far in containers.items() if owned and far == min(owned)]
    owners = distances(edges, "childOf", {owner for ref in nearest for owner in nexts(edges, ["ownedBy"], ref)})
    expected = tuple(sorted(owners, key=lambda owner: (owners[owner], owner)))
    assert Graph.build(*catalog).owners_of(node, effective=True) == expected


@prop
@given(catalogs("ownedBy", "partOf", "childOf"), flag)
def test_owned_by_is_the_inverse_of_owners_of(catalog: Catalog, effective: bool) -> None:
    graph = Graph.build(*catalog)
    owned = {(entity, owner) for entity in REFS for owner in graph.owners_of(entity, effective)}
    assert {(entity, owner) for owner in REFS for entity in graph.owned_by(owner, effective)} == owned


@prop
@given(catalogs("childOf", "memberOf"), ref)
def test_ancestors_are_the_closure_of_parents_the_nearest_first(catalog: Catalog, node: str) -> None:
    above = distances(catalog[1], "childOf", {node})
    expected = sorted(above.keys() - {node}, key=lambda group: (above[group], group))
    assert Graph.build(*catalog).group(node).ancestors == tuple(expected)


@prop
@given(catalogs("childOf", "memberOf"))
def test_parents_and_children_are_inverse_of_each_other(catalog: Catalog) -> None:
    graph = Graph.build(*catalog)
    below = {(child, parent) for child in REFS for parent in graph.group(child).parents}
    assert {(child, parent) for parent in REFS for child in graph.group(parent).children} == below


@prop
@given(catalogs("childOf", "memberOf"), ref)
def test_transitive_members_are_the_members_of_the_group_and_of_all_groups_it_is_an_ancestor_of(
    catalog: Catalog, node: str
) -> None:
    graph = Graph.build(*catalog)
    groups = [
        node,
        *(other for other in REFS if node in graph.group(other).ancestors and other[:4] != "user"),
    ]
    members = {member for group in groups for member in graph.members_of(group)}
    assert graph.members_of(node, transitive=True) == tuple(sorted(members))


def answers(graph: Graph) -> list[object]:
    return [
        graph.nodes,
        graph.types(),
        graph.as_data(),
        graph.groups_as_data(),
        list(graph.edges()),
        graph.cycles(),
        graph.cycles(*DEPENDENCY),
        graph.dependency_cycles(*DEPENDENCY),
        graph.ways_to(REFS[-2:], 9, *DEPENDENCY),
        graph.people(2),
        *(graph.owners_of(node, effective=True) for node in REFS),
        *(graph.owned_by(node, effective=True) for node in REFS),
        *(graph.group(node) for node in REFS),
        *(graph.path(REFS[0], node) for node in REFS),
        *(render(graph, format, INVERSE) for format in ("dot", "graphml", "json")),
    ]


@prop
@given(catalogs(), st.randoms(use_true_random=False), st.data())
def test_order_and_duplicates_of_the_input_do_not_matter(catalog: Catalog, random: Random, data: st.DataObject) -> None:
    keys, edges = catalog
    again = [*edges, *data.draw(st.lists(st.sampled_from(edges)))]
    random.shuffle(again)
    other_keys = [*keys, *keys]
    random.shuffle(other_keys)
    assert answers(Graph.build(other_keys, again)) == answers(Graph.build(keys, edges))


@prop
@given(catalogs())
def test_a_pickled_graph_gives_the_same_answers(catalog: Catalog) -> None:
    graph = Graph.build(*catalog)
    copy = pickle.loads(pickle.dumps(graph))
    assert (copy.keys, answers(copy)) == (graph.keys, answers(graph))


@prop
@given(catalogs(), types, ref, ref)
def test_functions_of_the_backend_answer_as_networkx_does(catalog: Catalog, kinds: list[str], a: str, b: str) -> None:
    view, plain = Graph.build(*catalog).view(*kinds), digraph(catalog[1], kinds)
    assert backend.ancestors(view, a) == nx.ancestors(plain, a)
    assert backend.descendants(view, a) == nx.descendants(plain, a)
    assert backend.has_path(view, a, b) == nx.has_path(plain, a, b)
    assert backend.is_directed_acyclic_graph(view) == nx.is_directed_acyclic_graph(plain)
    for name in ("strongly_connected_components", "weakly_connected_components"):
        ours, theirs = getattr(backend, name)(view), getattr(nx, name)(plain)
        assert sorted(map(sorted, ours)) == sorted(map(sorted, theirs))
    number = backend.number_strongly_connected_components(view)
    assert number == nx.number_strongly_connected_components(plain)


@prop
@given(catalogs(), types, ref, ref)
def test_a_shortest_path_of_the_backend_is_one_of_those_networkx_finds(
    catalog: Catalog, kinds: list[str], a: str, b: str
) -> None:
    view, plain = Graph.build(*catalog).view(*kinds), digraph(catalog[1], kinds)
    if nx.has_path(plain, a, b):
        assert backend.shortest_path(view, a, b) == min(nx.all_shortest_paths(plain, a, b))


@prop
@given(catalogs(), types)
def test_converting_a_view_to_networkx_keeps_its_nodes_and_edges(catalog: Catalog, kinds: list[str]) -> None:
    converted = backend.convert_to_nx(Graph.build(*catalog).view(*kinds))
    plain = digraph(catalog[1], kinds)
    assert (set(converted.nodes), set(converted.edges)) == (set(plain.nodes), set(plain.edges))
