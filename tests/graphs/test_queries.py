"""Owners, dependencies and groups, by example."""

from __future__ import annotations

import pytest

from bylaw.errors import UndecidedError
from bylaw.graphs import Graph, Group

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
