"""Whose verdicts a change can affect, by how far a rule looks and by what changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bylaw import rules
from bylaw.affected import Laid, Touch, around
from bylaw.affected.scope import Scope, named, values
from bylaw.catalog import Change, build, differ
from bylaw.config import Settings
from bylaw.errors import ConfigError
from bylaw.model import Document, Severity
from bylaw.rules import Policies, Rule
from tests.affected.memory import MemoryBase
from tests.affected.small import catalog, entity, names, ref
from tests.affected.worlds import KINDS, drawn

if TYPE_CHECKING:
    from bylaw.catalog import Catalog

Entities = list[dict[str, Any]]


def rule(reach: tuple[str, ...] | None = (), **more: Any) -> Rule:
    said: dict[str, Any] = {"id": "x/y", "title": "T", "description": "D", "remediation": "R", "reads": "graph"}
    said |= {"severity": Severity.ERROR, "evaluate": lambda subject, context: (), "reach": reach}
    return Rule(**{**said, **more})


def policies(*some: Rule, **parameters: Any) -> Policies:
    return Policies(some, (), (), {each.id: parameters for each in some}, "")


def scope(
    before: Entities, after: Entities, *some: Rule, complete: tuple[bool, bool] = (True, True), **parameters: Any
) -> Scope:
    """The scope of a change from one catalog to another, which is the same over a base."""
    old, new = catalog(*before, complete=complete[0]), catalog(*after, complete=complete[1])
    gone = [each for each in old.documents if not any(_alike(each, other) for other in new.documents)]
    come = [each for each in new.documents if not any(_alike(each, other) for other in old.documents)]
    touch, judging = Touch.of([*gone, *come]), policies(*some, **parameters)
    found = around(drawn(old), drawn(new), touch, judging)
    over = MemoryBase(old)
    laid = [
        Laid(over, gone, build(each, KINDS, True), complete=(verdict, ""))
        for each, verdict in ((gone, complete[0]), (come, complete[1]))
    ]
    assert around(laid[0], laid[1], touch, judging) == found
    return found


def _alike(one: Document, other: Document) -> bool:
    return one.path == other.path and not differ(one.data, other.data)


def judged(before: Entities, after: Entities, *reach: str, **more: Any) -> list[str] | None:
    """Who is judged by a rule of a reach; None: everybody."""
    found = scope(before, after, rule(reach, **more)).entities["x/y"]
    return None if found is None else names(found)


def edited(world: Entities, name: str, **spec: Any) -> Entities:
    """The world in which one entity says something else."""
    return [
        {**each, "spec": entity(name, **spec)["spec"]} if each["metadata"]["name"] == name else each for each in world
    ]


def without(world: Entities, name: str) -> Entities:
    return [each for each in world if each["metadata"]["name"] != name]


WORLD = [
    entity("c1", owner="g1", system="s1", dependsOn=["c2"], type="service"),
    entity("c2", owner="g2", dependsOn=["c3"]),
    entity("c3", dependsOn=["c2"]),
    entity("c4", owner="g1"),
    entity("s1", owner="g2"),
    entity("g1", parent="g2"),
    entity("g2"),
    entity("u1", memberOf=["g1"]),
]


# -- what an entity says


@pytest.mark.parametrize(
    ("name", "reach", "expected"),
    [
        ("g2", "ownedBy", "c2 g2 s1"),
        ("g2", "ownedBy/childOf*", "c1 c2 c4 g2 s1"),
        ("g2", "names(ownedBy/childOf*)", "g2"),  # only that it exists is seen
        ("g2", "spec.type of ownedBy", "c2 g2 s1"),
        ("g2", "spec.type, kind of ownedBy/childOf*", "c1 c2 c4 g2 s1"),
        ("g2", "spec.profile of ownedBy", "g2"),
        ("g2", "kind of ownedBy", "g2"),
        ("g2", ".", "c2 g1 g2 s1"),
        ("g2", "@", "c2 g1 g2 s1"),
        ("c1", "@", "c1 c2"),  # a Component may write dependencyOf, whoever does here
        ("c1", "^ownedBy", "c1 g1"),
        ("c4", "dependsOn", "c4"),
        ("c2", "cycle(dependsOn)", ""),  # only relations are seen
        ("g2", "kind(Group)", "g2"),
        ("g2", "named(bylaw.dev/successor)", "g2"),
        ("g2", "same(backstage.io/kubernetes-id)", "g2"),
    ],
)
def test_a_change_of_what_is_said_concerns_whoever_sees_it(name: str, reach: str, expected: str) -> None:
    after = [
        {**each, "spec": {**each["spec"], "type": "other"}} if each["metadata"]["name"] == name else each
        for each in WORLD
    ]

    assert judged(WORLD, after, reach) == expected.split()


def test_one_and_true_are_not_the_same() -> None:
    one, other = (edited(WORLD, "g2", type=value) for value in (1, True))

    assert judged(one, other, "ownedBy") == ["c2", "g2", "s1"]
    assert judged(one, other, "spec.type of ownedBy") == ["c2", "g2", "s1"]


def test_the_order_of_keys_and_the_file_do_not_matter() -> None:
    turned = [dict(reversed(each.items())) for each in WORLD]

    assert judged(WORLD, turned, ".") == []


def test_a_key_with_dots_in_it_does_not_hide_the_field() -> None:
    decoy = {"spec.type": "team", "metadata.labels.a/b": "x"}
    before = [*WORLD[:-2], {**entity("g2", type="team"), **decoy}]
    after = [*WORLD[:-2], {**entity("g2", type="department"), **decoy}]

    assert judged(before, after, "spec.type of ownedBy") == ["c2", "g2", "s1"]


def test_an_annotation_is_a_field_whatever_dots_its_name_has() -> None:
    before, after = ([*without(WORLD, "g2"), entity("g2", {"a.b/c.d": value})] for value in "xy")

    assert judged(before, after, "metadata.annotations.a.b/c.d of ownedBy") == ["c2", "g2", "s1"]
    assert judged(before, after, "metadata.annotations.a.b/c of ownedBy") == ["g2"]


# -- which entities exist


@pytest.mark.parametrize(
    ("reach", "expected"),
    [
        ("names(ownedBy)", "c2 g2 s1"),
        ("ownedBy", "c2 g2 s1"),
        ("spec.type of ownedBy", "c2 g2 s1"),
        ("names(ownedBy/childOf*)", "c1 c2 c4 g2 s1"),
        ("names(partOf/ownedBy)", "c1 g2"),
        ("kind(Group)", "g2"),
        ("cycle(dependsOn)", "g2"),
    ],
)
def test_that_one_goes_or_comes_concerns_whoever_sees_that_it_is_there(reach: str, expected: str) -> None:
    assert judged(WORLD, without(WORLD, "g2"), reach) == expected.split()
    assert judged(without(WORLD, "g2"), WORLD, reach) == expected.split()


def test_a_duplicate_that_goes_changes_nothing_and_one_that_takes_the_place_does() -> None:
    twice = [*WORLD, entity("g2", type="other")]

    assert judged(twice, WORLD, "ownedBy") == []
    assert judged(twice, [*without(WORLD, "g2"), entity("c0"), entity("g2", type="other")], "ownedBy") == [
        "c0",
        "c2",
        "g2",
        "s1",
    ]


# -- which relations there are


@pytest.mark.parametrize(
    ("name", "spec", "reach", "expected"),
    [
        ("c4", {"owner": "g2"}, "names(ownedBy)", "c4"),
        ("c4", {"owner": "g2"}, "names(^ownedBy)", "c4 g1 g2"),
        ("c4", {"owner": "g2"}, "names(.)", "c4 g1 g2"),
        ("c4", {"owner": "g2"}, "names(@)", "c4"),
        ("c4", {"owner": "g2"}, "names(partOf)", "c4"),
        ("g1", {}, "names(ownedBy/childOf*)", "c1 c4 g1"),
        ("g1", {}, "names(parentOf)", "g1 g2"),
        ("s1", {}, "names(partOf/ownedBy)", "c1 s1"),
        ("s1", {}, "names(partOf*/ownedBy)", "c1 s1"),
        ("c3", {}, "names(dependsOn{2})", "c2 c3"),
        ("c3", {}, "names(dependsOn)", "c3"),
        ("c3", {}, "names((^dependsOn)*)", "c2 c3"),
        ("u1", {}, "names(hasMember)", "g1 u1"),
        ("u1", {}, "names(childOf*)", "u1"),
    ],
)
def test_a_relation_that_comes_or_goes_concerns_whoever_goes_along_it(
    name: str, spec: dict[str, Any], reach: str, expected: str
) -> None:
    after = edited(WORLD, name, **spec)

    assert judged(WORLD, after, reach) == expected.split()
    assert judged(after, WORLD, reach) == expected.split()


def test_a_relation_that_both_say_and_one_withdraws_concerns_both() -> None:
    """It stays, and who says it may be seen."""
    before = edited(WORLD, "c4", dependsOn=["c3"])
    before = edited(before, "c3", dependsOn=["c2"], dependencyOf=["c4"])
    after = edited(before, "c3", dependsOn=["c2"])

    assert judged(before, after, "names(dependsOn)") == ["c3", "c4"]


def test_a_reference_to_itself_concerns_itself() -> None:
    assert judged(
        WORLD, edited(WORLD, "c4", owner="g1", dependsOn=["c4"]), "names(^dependsOn)", "cycle(dependsOn)"
    ) == ["c4"]


# -- cycles


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"c3": {}}, "c2 c3"),  # it is no more
        ({"c3": {"dependsOn": ["c2"], "owner": "g1"}}, ""),  # its relations stay
        ({"c2": {"dependsOn": ["c3"]}}, ""),  # owners are on no cycle
        ({"c1": {}}, ""),  # it was never on one
        ({"c3": {"dependsOn": ["c1"]}}, "c1 c2 c3"),  # another member
        ({"c3": {"dependsOn": ["c2", "c1"]}}, "c1 c2 c3"),
        ({"c2": {"dependsOn": ["c3"], "dependencyOf": ["c3"]}}, "c2 c3"),  # both say it now
        ({"c2": {"dependsOn": ["c3"], "subcomponentOf": "c3"}}, "c2 c3"),  # another relation among its members
        ({"c2": {"dependsOn": ["c3", "c4"]}}, ""),  # it leads away
        ({"c4": {"dependsOn": ["c4"]}}, "c4"),
    ],
)
def test_a_cycle_concerns_its_members_where_it_gains_or_loses_one_or_a_relation(
    change: dict[str, Any], expected: str
) -> None:
    after = WORLD
    for name, spec in change.items():
        after = edited(after, name, **spec)

    assert judged(WORLD, after, "cycle(dependsOn)") == expected.split()
    assert judged(after, WORLD, "cycle(dependsOn)") == expected.split()


def test_a_member_that_goes_leaves_the_cycle_to_those_who_speak_of_it() -> None:
    circle = [entity("c1", dependsOn=["c2"], dependencyOf=["c2"]), entity("c2")]

    assert judged(circle, circle[:1], "cycle(dependsOn)") == ["c1", "c2"]


# -- annotations and kinds


def test_whoever_says_the_same_in_an_annotation_is_concerned_before_and_after() -> None:
    one, two, three = (entity(name, {"a": value}) for name, value in (("c1", "x"), ("c2", " y "), ("c3", "y")))
    before = [one, two, three, entity("c4", {"a": 1}), entity("c5")]

    assert judged(before, [entity("c1", {"a": "y"}), *before[1:]], "same(a)") == ["c1", "c2", "c3"]
    assert judged(before, [*before[:2], entity("c3", {"a": "x"}), *before[3:]], "same(a)") == ["c1", "c2", "c3"]
    assert judged(before, [*before[:3], entity("c4", {"a": 2}), *before[4:]], "same(a)") == ["c4"]
    assert judged(before, before[1:], "same(a)") == ["c1"]


@pytest.mark.parametrize("said", ["c2", " c2 ", "component:c2", "Component:Default/C2", "default/c2"])
def test_whoever_names_an_entity_in_an_annotation_is_concerned_when_that_changes(said: str) -> None:
    before = [entity("c1", {"a": said}), entity("c2"), entity("c3", {"a": "api:c2"}), entity("c4", {"b": "c2"})]

    assert judged(before, [before[0], entity("c2", type="x"), *before[2:]], "named(a)") == ["c1", "c2"]
    assert judged(before, [before[0], *before[2:]], "named(a)") == ["c1", "c2"]


@pytest.mark.parametrize(
    ("value", "holder", "meant"),
    [
        ("x", "component:default/c", {"component:default/x"}),
        ("api:x", "component:ops/c", {"api:ops/x"}),
        ("ops/x", "component:default/c", {"component:ops/x"}),
        ("API:Ops/X", "component:default/c", {"api:ops/x"}),
        (" x", "component:default/c", {"component:default/ x", "component:default/x"}),
        ("/x", "component:default/c", {"component:default/x"}),
        (":x", "component:default/c", {"component:default/x"}),
        ("a/b/c", "component:default/c", {"component:a/b/c"}),
        ("x", "component:a/b/c", {"component:a/x", "component:a/b/x"}),  # in namespace a, or in a/b
        ("x\ny", "component:default/c", {"component:default/x\ny"}),
        ("", "component:default/c", {"component:default/"}),
    ],
)
def test_what_an_annotation_means_depends_on_who_holds_it(value: str, holder: str, meant: set[str]) -> None:
    assert named(value, holder) == meant


def test_what_entities_say_in_an_annotation_are_texts() -> None:
    odd: list[Any] = [{"a": "x"}, {"a": " x"}, {"a": 1}, {"b": "y"}, ["a"], "a", {}]
    made = catalog(*(entity(f"c{number}", each) for number, each in enumerate(odd)))

    assert values(made.entities.values(), "a") == {"x", " x"}


@pytest.mark.parametrize(
    ("before", "after", "everybody"),
    [
        ([], [entity("u1")], True),
        ([entity("u1")], [], True),
        ([entity("u1")], [entity("u2")], False),
        ([entity("u1"), entity("u2")], [entity("u2")], False),
        ([entity("g1")], [], False),
        ([{**entity("u1"), "kind": "user"}], [], False),  # it is spelt otherwise
        ([{**entity("u1"), "kind": "user"}], [entity("u1")], True),
    ],
)
def test_the_first_and_the_last_of_a_kind_concern_everybody(before: Entities, after: Entities, everybody: bool) -> None:
    assert (judged([entity("c1"), *before], [entity("c1"), *after], "kind(User)") is None) is everybody


# -- rules of every sort


def test_a_rule_that_does_not_say_how_far_it_looks_concerns_everybody() -> None:
    found = scope(WORLD, without(WORLD, "c1"), rule(None))

    assert found.entities == {"x/y": None}
    assert found.is_whole


def test_a_rule_that_reads_relations_sees_its_neighbours_and_the_tree_of_groups() -> None:
    def affected(name: str, **spec: Any) -> list[str]:
        return names(scope(WORLD, edited(WORLD, name, **spec), rule(None, reads="relations")).entities["x/y"] or ())

    assert affected("c3", dependsOn=["c2"], type="x") == ["c2", "c3"]
    assert affected("g2", type="x") == ["c2", "g1", "g2", "s1"]
    assert affected("g2", parent="g1") == ["c1", "c2", "c4", "g1", "g2", "s1", "u1"]
    assert affected("u1") == ["c1", "c4", "g1", "g2", "u1"]


def test_a_rule_that_reads_an_entity_is_asked_of_those_that_differ() -> None:
    assert judged(WORLD, edited(WORLD, "g2", type="x")) == ["g2"]
    found = scope(WORLD, edited(WORLD, "g2", type="x"), rule(None, reads="entity"))
    assert names(found.entities["x/y"] or ()) == ["g2"]


def test_only_kinds_that_a_rule_is_for_are_judged_by_it() -> None:
    after = edited(WORLD, "g2", type="x")

    assert judged(WORLD, after, "ownedBy", applies_to={"kind": ("component", "System")}) == ["c2", "s1"]


@pytest.mark.parametrize("subject", ["entity", "document", "problem", "change", "catalog"])
def test_whether_a_catalog_is_complete_concerns_everybody(subject: str) -> None:
    found = scope(WORLD, WORLD, rule((), subject=subject), complete=(True, False))

    assert found.entities == {"x/y": None}


@pytest.mark.parametrize(
    ("subject", "reads", "reach", "whole"),
    [
        ("document", "graph", None, True),
        ("problem", "graph", None, True),
        ("change", "graph", None, True),
        ("catalog", "graph", None, True),
        ("document", "entity", None, False),
        ("change", "relations", None, False),
        ("change", "graph", ("ownedBy",), False),
        ("document", "graph", (), False),
        ("catalog", "entity", None, True),  # of a part there is nothing to be said, unless the rule knows better
        ("catalog", "relations", None, True),
        ("catalog", "graph", ("ownedBy",), True),
        ("catalog", "graph", (), False),
    ],
)
def test_the_whole_catalog_is_read_where_nobody_knows_how_far_a_rule_looks(
    subject: str, reads: str, reach: tuple[str, ...] | None, whole: bool
) -> None:
    assert scope(WORLD, without(WORLD, "c1"), rule(reach, subject=subject, reads=reads)).is_whole is whole


def test_a_parameter_that_makes_a_reach_unreadable_is_named() -> None:
    with pytest.raises(ConfigError) as refused:
        scope(WORLD, WORLD, rule(("($relations)",), parameters={"relations": {"default": ["a"]}}), relations=5)

    assert str(refused.value) == "parameters.x/y: $relations is 5, expected a text or a list of texts"


# -- what is judged


def document(name: str, path: str | None = None, *, of: Catalog | None = None) -> Document:
    return Document(path or f"{name}.yaml", 0, entity(name))


def test_a_touch_is_of_documents_and_of_all_their_refs() -> None:
    touch = Touch.of([document("c1", "a.yaml"), document("c1", "b.yaml"), Document("n.yaml", 2, None), document("c2")])

    assert touch == Touch(
        frozenset({("a.yaml", None, 0), ("b.yaml", None, 0), ("n.yaml", None, 2), ("c2.yaml", None, 0)}),
        frozenset({ref("c1"), ref("c2")}),
    )


def test_documents_are_judged_that_are_touched_and_those_of_the_same_refs() -> None:
    found = scope([*WORLD, entity("c1")], without(WORLD, "c1"), rule((), subject="document"))
    judging = rule((), subject="document")

    assert found.takes(judging, document("c1", "c1_2.yaml"), None)
    assert found.takes(judging, document("c1", "anywhere.yaml"), None)  # of the same ref
    assert not found.takes(judging, document("c2"), None)
    nobody = Document("c1.yaml", 0, None)
    assert found.takes(judging, nobody, None)  # in the place
    assert not found.takes(judging, Document("c1.yaml", 1, None), None)


def test_documents_are_judged_whose_entities_a_change_concerns() -> None:
    judging = rule(("ownedBy",), subject="document")
    found = scope(WORLD, edited(WORLD, "g2", type="x"), judging)

    assert [name for name in ("c1", "c2", "g2", "s1") if found.takes(judging, document(name), None)] == [
        "c2",
        "g2",
        "s1",
    ]
    assert names(found.judged) == ["c2", "g2", "s1"]


def test_changes_are_judged_all_and_so_is_the_catalog() -> None:
    changes, catalogs = rule((), id="x/changes", subject="change"), rule((), id="x/catalogs", subject="catalog")
    after = edited(WORLD, "c1")
    found = scope(WORLD, after, changes, catalogs)
    old = catalog(*WORLD)

    assert found.takes(changes, Change(old.entities[ref("c1")], None), None)
    assert found.takes(catalogs, old, None)
    assert found.concerns(old, None)
    assert not found.is_whole


def test_an_entity_is_judged_by_those_rules_that_it_concerns() -> None:
    near, far = rule(("ownedBy",), id="x/near"), rule(("ownedBy/childOf*",), id="x/far")
    found = scope(WORLD, edited(WORLD, "g2", type="x"), near, far)
    world = catalog(*WORLD)

    def takes(judging: Rule, name: str) -> bool:
        one = world.entities[ref(name)]
        return found.takes(judging, one.document, one)

    assert [name for name in ("c1", "c2", "c3") if takes(near, name)] == ["c2"]
    assert [name for name in ("c1", "c2", "c3") if takes(far, name)] == ["c1", "c2"]
    assert not found.takes(far, document("c1"), None)  # a later document of the same ref
    assert [name for name in ("c1", "c2", "c3") if found.concerns(document(name), world.entities[ref(name)])] == [
        "c1",
        "c2",
    ]


def test_all_that_is_touched_is_judged_where_all_is_wanted() -> None:
    old, new = drawn(catalog(*WORLD)), drawn(catalog(*edited(WORLD, "g2", type="x")))
    touch = Touch.of([document("g2"), document("c3")], all_of_it=True)

    assert names(around(old, new, touch, policies(rule(("names(ownedBy)",)))).entities["x/y"] or ()) == ["c3", "g2"]


# -- the rules that come with bylaw


BUNDLED = rules.load(Settings())


def affected(before: Entities, after: Entities) -> dict[str, list[str]]:
    """Whom each rule that looks beyond its entity judges besides those that differ."""
    old, new = catalog(*before), catalog(*after)
    differing = {
        key
        for key in {*old.entities, *new.entities}
        if old.entities.get(key) is None
        or new.entities.get(key) is None
        or old.entities[key].data != new.entities[key].data
    }
    touch = Touch.of([*old.documents, *new.documents])
    found = around(drawn(old), drawn(new), touch, BUNDLED).entities
    others = {
        id_: names((refs or set()) - differing) for id_, refs in found.items() if id_ != "catalog/entity-duplicate"
    }
    return {id_: each for id_, each in others.items() if each and BUNDLED.find(id_).subject == "entity"}


def test_another_description_concerns_nobody_else() -> None:
    after = [{**each, "metadata": {**each["metadata"], "description": "new"}} for each in WORLD]

    assert affected(WORLD, after) == {}


def test_another_lifecycle_concerns_those_that_depend_on_it() -> None:
    assert affected(WORLD, edited(WORLD, "c3", dependsOn=["c2"], lifecycle="deprecated")) == {
        "lifecycle/depends-on-deprecated": ["c2"],
        "lifecycle/depends-on-deprecated-indirectly": ["c1", "c2"],
        "lifecycle/depends-on-less-mature": ["c2"],
        "lifecycle/deprecated-in-use": ["c2"],  # which it depends on: had that been deprecated, it would be told
    }


def test_a_group_that_goes_concerns_what_it_owns() -> None:
    assert affected(WORLD, without(WORLD, "g2")) == {
        "catalog/reference-dangling": ["c2", "g1", "s1"],
        "catalog/reference-kind-wrong": ["c2", "g1", "s1"],
        "cost/cost-centre-missing": ["c2", "s1"],
        "lifecycle/deprecated-in-use": ["c3"],
        "ownership/group-hierarchy-inconsistent": ["g1", "u1"],
        "ownership/owner-is-a-person": ["c2", "s1"],
        "ownership/owner-kind-wrong": ["c2", "s1"],
        "ownership/owner-not-a-team": ["c2", "s1"],
        "ownership/owner-outside-system": ["c1", "c2", "c4", "s1"],
        "ownership/owner-unknown": ["c2", "s1"],
    }
