"""Owners, dependencies and groups, by example."""

from __future__ import annotations

import pytest

from bylaw.errors import UndecidedError
from bylaw.graphs import Graph, Group, Way, follow

INVERSE = {
    "ownedBy": "ownerOf",
    "partOf": "hasPart",
    "providesApi": "apiProvidedBy",
    "consumesApi": "apiConsumedBy",
    "dependsOn": "dependencyOf",
    "childOf": "parentOf",
    "memberOf": "hasMember",
}


def catalog(text: str) -> Graph:
    """A graph from lines such as ``component:orders dependsOn component:cart``; all refs exist but ghosts."""
    edges = []
    for line in text.strip().splitlines():
        source, kind, target = line.split()
        source, target = source.replace(":", ":default/"), target.replace(":", ":default/")
        edges += [(source, kind, target), (target, INVERSE[kind], source)]
    refs = sorted({source for source, _, _ in edges})
    return Graph.build([ref for ref in refs if not ref.endswith("/ghost")], edges)


def ref(text: str) -> str:
    return text.replace(":", ":default/")


def refs(text: str) -> tuple[str, ...]:
    return tuple(map(ref, text.split()))


ACME = """
group:payments   childOf    group:commerce
group:commerce   childOf    group:acme
group:search     childOf    group:acme
component:orders ownedBy    group:payments
component:lib    partOf     component:orders
component:lib    partOf     system:shop
component:web    partOf     system:shop
system:shop      partOf     domain:retail
domain:retail    partOf     domain:business
domain:business  ownedBy    group:search
component:tool   ownedBy    user:ada
user:ada         memberOf   group:payments
component:lost   ownedBy    group:ghost
component:alone  partOf     system:nowhere
component:api    partOf     domain:business
component:api    ownedBy    group:payments
"""


@pytest.mark.parametrize(
    ("entity", "direct", "effective"),
    [
        # its own owner, then the groups above that
        ("component:orders", "group:payments", "group:payments group:commerce group:acme"),
        # the parent component has an owner, one step up; the system at the same step has none
        ("component:lib", "", "group:payments group:commerce group:acme"),
        # what has an owner of its own inherits none
        ("component:api", "group:payments", "group:payments group:commerce group:acme"),
        # system and domain have none: the parent domain, three steps up
        ("component:web", "", "group:search group:acme"),
        # a user has nothing above, not even the groups it is a member of
        ("component:tool", "user:ada", "user:ada"),
        # an owner that is not in the catalog is an owner: nothing is inherited past it
        ("component:lost", "group:ghost", "group:ghost"),
        ("component:alone", "", ""),
    ],
)
def test_effective_owners_are_the_nearest_declared_ones_and_the_groups_above_them(
    entity: str, direct: str, effective: str
) -> None:
    graph = catalog(ACME)
    assert graph.owners_of(ref(entity)) == refs(direct)
    assert graph.owners_of(ref(entity), effective=True) == refs(effective)


def test_owners_at_the_same_distance_are_sorted_and_named_once() -> None:
    graph = catalog(
        """
        component:lib partOf  system:b
        component:lib partOf  system:a
        system:b      ownedBy group:x
        system:a      ownedBy group:y
        system:a      ownedBy group:x
        group:x       childOf group:top
        group:y       childOf group:x
        """
    )
    assert graph.owners_of(ref("component:lib"), effective=True) == refs("group:x group:y group:top")


def test_owners_are_found_where_containers_and_groups_go_round_in_circles() -> None:
    graph = catalog(
        """
        domain:a   partOf  domain:b
        domain:b   partOf  domain:a
        domain:b   ownedBy group:x
        group:x    childOf group:y
        group:y    childOf group:x
        domain:c   partOf  domain:d
        domain:d   partOf  domain:c
        """
    )
    assert graph.owners_of(ref("domain:a"), effective=True) == refs("group:x group:y")
    assert graph.owners_of(ref("domain:c"), effective=True) == ()


def test_a_user_named_among_a_groups_children_does_not_pass_ownership_up() -> None:
    graph = catalog("component:tool ownedBy user:ada\nuser:ada childOf group:board")
    assert graph.owners_of(ref("component:tool"), effective=True) == refs("user:ada")
    assert graph.owned_by(ref("group:board"), effective=True) == ()
    assert graph.group(ref("group:board")).children == ()


@pytest.mark.parametrize(
    ("owner", "direct", "effective"),
    [
        ("group:payments", "component:api component:orders", "component:api component:lib component:orders"),
        ("group:commerce", "", "component:api component:lib component:orders"),
        ("group:search", "domain:business", "component:web domain:business domain:retail system:shop"),
        (
            "group:acme",
            "",
            "component:api component:lib component:orders component:web domain:business domain:retail system:shop",
        ),
        ("user:ada", "component:tool", "component:tool"),
        ("group:ghost", "component:lost", "component:lost"),
    ],
)
def test_what_an_owner_owns_is_what_names_it_as_owner(owner: str, direct: str, effective: str) -> None:
    graph = catalog(ACME)
    assert graph.owned_by(ref(owner)) == refs(direct)
    assert graph.owned_by(ref(owner), effective=True) == refs(effective)


SHOP = """
component:web    consumesApi api:prices
component:web    dependsOn   resource:cache
component:prices providesApi api:prices
component:prices dependsOn   resource:db
"""


def test_dependencies_are_what_it_depends_on_and_the_apis_it_consumes() -> None:
    assert catalog(SHOP).dependencies_of(ref("component:web")) == refs("api:prices resource:cache")


def test_transitive_dependencies_go_through_an_api_to_what_provides_it() -> None:
    graph = catalog(SHOP)
    everything = refs("api:prices component:prices resource:cache resource:db")
    assert graph.dependencies_of(ref("component:web"), transitive=True) == everything
    assert graph.dependencies_of(ref("api:prices"), transitive=True) == refs("component:prices resource:db")


def test_dependents_of_a_database_are_all_that_stops_when_it_stops() -> None:
    graph = catalog(SHOP)
    assert graph.dependents_of(ref("resource:db")) == refs("component:prices")
    everything = refs("api:prices component:prices component:web")
    assert graph.dependents_of(ref("resource:db"), transitive=True) == everything
    assert graph.dependents_of(ref("api:prices")) == refs("component:web")


def test_a_component_that_consumes_its_own_api_depends_on_itself_in_the_end() -> None:
    graph = catalog("component:a providesApi api:a\ncomponent:a consumesApi api:a")
    assert graph.dependencies_of(ref("component:a"), transitive=True) == refs("api:a component:a")


def test_dependency_cycles_go_through_the_apis_that_two_components_use_of_each_other() -> None:
    graph = catalog(
        """
        component:a providesApi api:a
        component:b providesApi api:b
        component:a consumesApi api:b
        component:b consumesApi api:a
        """
    )
    whole = refs("api:a component:a api:b component:b")
    assert graph.dependency_cycles("dependsOn", "consumesApi", "apiProvidedBy") == (whole,)
    assert graph.dependency_cycles("dependsOn", "consumesApi") == ()


def test_who_uses_its_own_api_is_in_no_dependency_cycle_but_in_those_that_there_are_besides() -> None:
    graph = catalog(
        """
        component:a providesApi api:own
        component:a consumesApi api:own
        component:a dependsOn   api:own
        component:b providesApi api:own
        component:b consumesApi api:own
        component:a dependsOn   component:c
        component:c dependsOn   component:a
        """
    )
    assert graph.dependency_cycles("dependsOn", "consumesApi", "apiProvidedBy") == (refs("component:a component:c"),)


def test_what_depends_on_itself_is_a_dependency_cycle_of_one() -> None:
    assert catalog("component:a dependsOn component:a").dependency_cycles("dependsOn") == (refs("component:a"),)


CHAIN = """
component:a consumesApi api:b
component:b providesApi api:b
component:b dependsOn   component:c
component:d dependsOn   component:b
component:d dependsOn   component:a
component:e dependsOn   resource:x
"""


def test_ways_lead_from_each_ref_to_the_nearest_end_and_from_an_end_nowhere() -> None:
    ways = catalog(CHAIN).ways_to(refs("component:c resource:x"), 9, "dependsOn", "consumesApi", "apiProvidedBy")
    c, b, a, api, x = refs("component:c component:b component:a api:b resource:x")
    assert ways == {
        c: Way(0, c, c),
        b: Way(1, c, c),
        api: Way(2, b, c),
        a: Way(3, api, c),
        ref("component:d"): Way(2, b, c),
        x: Way(0, x, x),
        ref("component:e"): Way(1, x, x),
    }
    assert list(follow(ways, a)) == [a, api, b, c]
    assert list(follow(ways, c)) == [c]


@pytest.mark.parametrize(("most", "found"), [(0, "c"), (1, "b c"), (2, "b c d"), (3, "a b c d"), (10**9, "a b c d")])
def test_ways_have_at_most_so_many_steps(most: int, found: str) -> None:
    ways = catalog(CHAIN).ways_to([ref("component:c")], most, "dependsOn", "consumesApi", "apiProvidedBy")
    components = tuple(sorted(each for each in ways if each.startswith("component:")))
    assert components == refs(" ".join(f"component:{each}" for each in found.split()))


def test_of_equally_short_ways_the_one_with_the_first_next_ref_is_taken() -> None:
    graph = catalog(
        """
        component:a dependsOn component:y
        component:a dependsOn component:x
        component:x dependsOn component:old-2
        component:y dependsOn component:old-1
        """
    )
    ways = graph.ways_to(refs("component:old-2 component:old-1"), 2, "dependsOn")
    assert ways[ref("component:a")] == Way(2, ref("component:x"), ref("component:old-2"))


def test_an_api_goes_on_as_long_as_one_of_its_providers_does() -> None:
    kinds = ("dependsOn", "consumesApi", "apiProvidedBy")
    lines = """
        component:a   consumesApi api:x
        component:old providesApi api:x
        component:new providesApi api:x
        component:new dependsOn   component:gone
        """
    assert ref("api:x") not in catalog(lines).ways_to([ref("component:old")], 9, *kinds)
    ways = catalog(lines).ways_to(refs("component:old component:gone"), 9, *kinds)
    assert ways[ref("api:x")] == Way(2, ref("component:new"), ref("component:gone"))
    assert ways[ref("component:a")] == Way(3, ref("api:x"), ref("component:gone"))


def test_ways_in_a_circle_end() -> None:
    graph = catalog("component:a dependsOn component:b\ncomponent:b dependsOn component:a")
    a, b = refs("component:a component:b")
    assert graph.ways_to([a], 9, "dependsOn") == {a: Way(0, a, a), b: Way(1, a, a)}


def test_a_group_knows_its_parent_children_members_and_ancestors() -> None:
    graph = catalog(ACME)
    assert graph.group(ref("group:commerce")) == Group(
        parents=refs("group:acme"), children=refs("group:payments"), members=(), ancestors=refs("group:acme")
    )
    payments = graph.group(ref("group:payments"))
    assert payments.parent == ref("group:commerce")
    assert payments.members == refs("user:ada")
    assert payments.ancestors == refs("group:commerce group:acme")
    assert graph.group(ref("group:acme")).parent is None


def test_a_group_that_several_claim_as_child_has_the_first_of_them_as_parent() -> None:
    group = catalog("group:x childOf group:b\ngroup:x childOf group:a").group(ref("group:x"))
    assert (group.parent, group.parents) == (ref("group:a"), refs("group:a group:b"))


def test_ancestors_in_a_circle_end_before_the_group_itself() -> None:
    graph = catalog("group:a childOf group:b\ngroup:b childOf group:c\ngroup:c childOf group:a")
    assert graph.group(ref("group:a")).ancestors == refs("group:b group:c")
    assert catalog("group:a childOf group:a").group(ref("group:a")).ancestors == ()


def test_ancestors_at_the_same_distance_are_sorted_in_a_large_catalog_too() -> None:
    groups = [f"group:default/{number:03}" for number in range(200)]
    above = [groups[number] for number in (7, 64, 120, 199)]
    graph = Graph.build(groups, [(groups[3], "childOf", parent) for parent in reversed(above)])
    assert graph.group(groups[3]).ancestors == tuple(above)


def test_members_of_a_group_include_those_of_the_groups_below_when_asked() -> None:
    graph = catalog(
        """
        group:a    childOf  group:top
        user:ada   memberOf group:a
        user:grace memberOf group:top
        user:ada   memberOf group:top
        group:top  childOf  group:a
        """
    )
    assert graph.members_of(ref("group:a")) == refs("user:ada")
    assert graph.members_of(ref("group:a"), transitive=True) == refs("user:ada user:grace")


PEOPLE = """
user:ada     memberOf group:a
user:grace   memberOf group:b
user:edsger  memberOf group:b
user:ghost   memberOf group:c
group:a      childOf  group:top
group:b      childOf  group:top
group:c      childOf  group:top
group:bare   childOf  group:top
system:shop  memberOf group:bare
"""


def test_the_people_of_a_group_are_its_users_and_those_of_the_groups_below_in_the_catalog_or_not() -> None:
    assert catalog(PEOPLE).people(9) == {
        ref("group:a"): refs("user:ada"),
        ref("group:b"): refs("user:edsger user:grace"),
        ref("group:c"): refs("user:ghost"),
        ref("group:top"): refs("user:ada user:edsger user:ghost user:grace"),
    }


@pytest.mark.parametrize("most", [1, 2, 3])
def test_of_the_people_of_a_group_no_more_are_looked_for_than_asked(most: int) -> None:
    everybody, some = catalog(PEOPLE).people(9), catalog(PEOPLE).people(most)
    assert {group: len(people) for group, people in some.items()} == {
        group: min(most, len(people)) for group, people in everybody.items()
    }
    assert all(set(people) <= set(everybody[group]) for group, people in some.items())


def test_the_people_of_groups_in_a_circle_are_the_same() -> None:
    graph = catalog("group:a childOf group:b\ngroup:b childOf group:a\nuser:ada memberOf group:a")
    assert graph.people(2) == {ref("group:a"): refs("user:ada"), ref("group:b"): refs("user:ada")}


@pytest.mark.parametrize(
    ("groups", "to", "found"),
    [
        ("group:payments group:search", "group:commerce", "group:search"),  # below, beside
        ("group:commerce group:acme", "group:payments", ""),  # above, two steps above
        ("group:payments", "group:payments", ""),
        ("group:search group:payments", "group:payments group:search", ""),
        ("group:search group:commerce", "", "group:commerce group:search"),
        ("", "group:acme", ""),
    ],
)
def test_strangers_to_a_group_are_neither_above_nor_below_it(groups: str, to: str, found: str) -> None:
    assert catalog(ACME).strangers(refs(groups), refs(to)) == refs(found)


def test_groups_in_a_circle_are_no_strangers() -> None:
    graph = catalog("group:a childOf group:b\ngroup:b childOf group:c\ngroup:c childOf group:a")
    assert graph.strangers(refs("group:a group:c"), refs("group:b")) == ()


def test_a_user_makes_no_group_known_to_another() -> None:
    graph = catalog("user:ada childOf group:board\ngroup:a childOf user:ada")
    assert graph.strangers(refs("group:a"), refs("group:board")) == refs("group:a")


def test_groups_as_data_holds_the_groups_that_exist_and_no_other_kind() -> None:
    graph = catalog(
        """
        group:a     childOf  group:ghost
        user:ada    memberOf group:a
        group:b     childOf  group:a
        component:c ownedBy  group:b
        """
    )
    assert graph.groups_as_data() == {
        ref("group:a"): {
            "parent": ref("group:ghost"),
            "children": [ref("group:b")],
            "members": [ref("user:ada")],
            "ancestors": [ref("group:ghost")],
        },
        ref("group:b"): {
            "parent": ref("group:a"),
            "children": [],
            "members": [],
            "ancestors": [ref("group:a"), ref("group:ghost")],
        },
    }


def test_a_group_as_data_is_its_entry_among_all_groups() -> None:
    graph = catalog(ACME)
    entry = graph.group(ref("group:payments")).as_data()
    assert entry == {
        "parent": ref("group:commerce"),
        "children": [],
        "members": [ref("user:ada")],
        "ancestors": [ref("group:commerce"), ref("group:acme")],
    }
    assert entry == graph.groups_as_data()[ref("group:payments")]


def test_a_group_tree_whose_closure_is_beyond_all_measure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = catalog("group:a childOf group:b\ngroup:b childOf group:c")
    monkeypatch.setattr("bylaw.graphs.queries.ANCESTORS_LIMIT", 3)
    assert graph.groups_as_data()[ref("group:a")]["ancestors"] == [ref("group:b"), ref("group:c")]
    monkeypatch.setattr("bylaw.graphs.queries.ANCESTORS_LIMIT", 2)
    with pytest.raises(UndecidedError) as caught:
        graph.groups_as_data()
    assert str(caught.value) == (
        "the groups of the catalog have more than 2 ancestors in all, group:default/b alone has 1: bylaw "
        "judges no group tree of this size; look at its parent and children for groups that should not be "
        "chained"
    )
