"""A part of a catalog is judged: who of it, and by what is known of the whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bylaw import engine
from bylaw.catalog import Catalog, Change, ChangeSet, build
from bylaw.config import PolicySettings, Settings
from bylaw.engine import Case, Part
from bylaw.engine.suggest import Suggestions
from bylaw.model import Document, Entity, EntityRef, Finding, Outcome
from bylaw.rules import load
from tests.engine.world import KINDS, TODAY, catalog, entity, graph, python_rule, rego_rule

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bylaw.rules import Rule

FAILING = 'yield Finding("/metadata/name", f"{subject.key} is wrong")'
OF_DOCUMENT = 'yield Finding("", f"{subject.path} is wrong")'


@dataclass(frozen=True)
class Chosen:
    """A scope of some documents by their paths, and of some rules."""

    paths: frozenset[str]
    rules: frozenset[str] | None = None

    def takes(self, rule: Rule, subject: Document | Change | Catalog, entity: Entity | None) -> bool:
        return (self.rules is None or rule.id in self.rules) and self.concerns(subject, entity)

    def concerns(self, subject: Document | Change | Catalog, entity: Entity | None) -> bool:
        if isinstance(subject, Change):
            return subject.entity.document.path in self.paths
        return isinstance(subject, Catalog) or subject.path in self.paths


def chosen(*paths: str, rules: Iterable[str] | None = None) -> Chosen:
    return Chosen(frozenset(paths), None if rules is None else frozenset(rules))


def settings(folder: Path) -> Settings:
    return Settings(policies=PolicySettings((str(folder),), bundled=False))


def judged(made: Catalog, folder: Path, part: Part | None, **more: Any) -> list[tuple[str, str]]:
    """``(rule, message)`` of each finding."""
    law = settings(folder)
    found = engine.evaluate(made, graph(made), load(law), law, TODAY, part=part, **more)
    return [(each.rule, each.message) for each in found]


# -- who is judged


THREE = catalog(entity("a"), entity("b"), entity("c"))


def test_those_are_judged_that_the_scope_takes(tmp_path: Path) -> None:
    python_rule(tmp_path, "x/entities", FAILING)
    python_rule(tmp_path, "x/documents", OF_DOCUMENT, more='subject="document"')
    python_rule(tmp_path, "x/catalogs", 'yield Finding("", "it is wrong")', more='subject="catalog"')

    assert judged(THREE, tmp_path, Part(chosen("001.yaml"))) == [
        ("x/catalogs", "it is wrong"),
        ("x/documents", "001.yaml is wrong"),
        ("x/entities", "component:default/b is wrong"),
    ]
    assert judged(THREE, tmp_path, Part(chosen())) == [("x/catalogs", "it is wrong")]


def test_each_rule_has_its_own(tmp_path: Path) -> None:
    python_rule(tmp_path, "x/one", FAILING)
    rego_rule(tmp_path, "x/other", 'findings contains {"pointer": "", "message": input.metadata.name}')

    assert judged(THREE, tmp_path, Part(chosen("000.yaml", "002.yaml", rules=["x/other"]))) == [
        ("x/other", "a"),
        ("x/other", "c"),
    ]


def test_whoever_is_not_judged_is_seen_by_those_who_are(tmp_path: Path) -> None:
    python_rule(tmp_path, "x/seen", 'yield Finding("", " ".join(context.catalog.entities))')

    assert judged(THREE, tmp_path, Part(chosen("000.yaml"))) == [
        ("x/seen", "component:default/a component:default/b component:default/c")
    ]


def test_without_a_part_everybody_is_judged(tmp_path: Path) -> None:
    python_rule(tmp_path, "x/entities", FAILING)

    assert [message for _, message in judged(THREE, tmp_path, None)] == [
        "component:default/a is wrong",
        "component:default/b is wrong",
        "component:default/c is wrong",
    ]


def test_a_rule_that_loses_its_worker_is_asked_of_nobody_else(tmp_path: Path) -> None:
    python_rule(tmp_path, "x/crashes", 'os._exit(1) if subject.key.endswith("/a") else None\n' + FAILING)

    assert judged(THREE, tmp_path, Part(chosen("001.yaml"))) == [("x/crashes", "component:default/b is wrong")]


def test_each_case_has_findings_of_its_own(tmp_path: Path) -> None:
    python_rule(tmp_path, "x/entities", FAILING)
    law = settings(tmp_path)
    cases = [Case(THREE, graph(THREE), None, Part(chosen(path))) for path in ("002.yaml", "000.yaml", "none.yaml")]
    found = engine.evaluate_each(cases, load(law), law, TODAY)

    assert [[each.entity for each in some] for some in found] == [["component:default/c"], ["component:default/a"], []]


# -- what is shown to Rego


SHOWN = "\n".join(
    [
        'findings contains {"pointer": "", "message": concat(" ", seen)} if input.metadata.name == "a"',
        "seen := array.concat(",
        "\tsort([ref | some ref, _ in data.catalog.entities]),",
        '\tsort([concat(">", [ref, target]) |',
        "\t\tsome ref, relations in data.catalog.relations",
        "\t\tsome target in relations.dependsOn",
        "\t]),",
        ")",
    ]
)


def test_rego_is_told_of_what_it_may_look_at_alone(tmp_path: Path) -> None:
    rego_rule(tmp_path, "x/seen", SHOWN)
    made = catalog(entity("a", dependsOn=["component:b"]), entity("b", dependsOn=["component:c"]), entity("c"))
    a, b, c = (f"component:default/{name}" for name in "abc")

    def seen(shown: frozenset[str] | None) -> str:
        ((_, message),) = judged(made, tmp_path, Part(chosen("000.yaml"), shown=shown))
        return message

    assert seen(None) == f"{a} {b} {c} {a}>{b} {b}>{c}"
    assert seen(frozenset({a, b})) == f"{a} {b} {a}>{b} {b}>{c}"
    assert seen(frozenset({a})) == f"{a} {a}>{b}"


# -- what is known of the state before


def test_a_rule_about_changes_goes_by_the_graph_of_the_whole_that_was(tmp_path: Path) -> None:
    rego_rule(
        tmp_path,
        "x/owner",
        'findings contains {"pointer": "", "message": concat(" ", data.base.relations["component:default/a"].ownedBy)}',
    )
    path = tmp_path / "x_owner.rego"
    path.write_text(path.read_text().replace("#   reads: graph", "#   reads: graph\n#   applies_to_change: true"))
    old, new = catalog(entity("a", owner="team")), catalog(entity("a", owner="other"))
    change_set = ChangeSet(old, new, (Change(*(each.entities["component:default/a"] for each in (old, new))),))
    elsewhere = catalog(entity("a", owner="team"), entity("x", "Group"), entity("a", owner="team"))
    before = replace_edges(elsewhere, ("component:default/a", "ownedBy", "group:default/said-elsewhere"))

    assert judged(new, tmp_path, Part(chosen("000.yaml"), before), change_set=change_set) == [
        ("x/owner", "group:default/said-elsewhere group:default/team")
    ]
    assert judged(new, tmp_path, Part(chosen("000.yaml")), change_set=change_set) == [("x/owner", "group:default/team")]
    assert judged(new, tmp_path, Part(chosen("none.yaml"), before), change_set=change_set) == []


def replace_edges(made: Catalog, *more: tuple[str, str, str]) -> Any:
    from bylaw.graphs import Graph

    return Graph.build(made.entities, [*made.edges(), *more])


# -- who bears names in the whole


PART = catalog(entity("cart", owner="team-paymnts", system="chekout", dependsOn=["component:gone"]))
WHOLE = {
    "group": [EntityRef("Group", "default", "Team-Payments"), EntityRef("Group", "ops", "team-orders")],
    "user": [EntityRef("User", "default", "jane")],
    "system": [EntityRef("System", "default", "checkout")],
    "component": [EntityRef("Component", "default", "cart")],
}
ASKED: list[frozenset[str]] = []


def bearers(kinds: frozenset[str]) -> list[EntityRef]:
    ASKED.append(kinds)
    return [ref for kind in sorted(kinds) for ref in WHOLE.get(kind, [])]


def suggested(observed: str, pointer: str, *kinds: str, **more: Any) -> Finding:
    nearest = {"kinds": list(kinds)} if kinds else None
    finding = Finding(pointer, "wrong", observed=observed, nearest_of=nearest, entity="component:default/cart", **more)
    return Suggestions(PART, bearers).add(finding)


def put(value: str, path: str = "/spec/owner") -> tuple[dict[str, Any], ...]:
    return ({"op": "replace", "path": path, "value": value},)


def test_a_name_is_looked_for_among_all_that_bear_one() -> None:
    found = suggested("team-paymnts", "/spec/owner", "Group", "User")

    assert (found.suggestion, found.fix) == ("group:default/team-payments", put("Team-Payments"))
    assert suggested("chekout", "/spec/system", "System").suggestion == "system:default/checkout"
    assert Suggestions(PART).add(replace(found, suggestion=None, fix=())).suggestion is None  # it is in no file read


def test_of_a_kind_all_are_asked_for_once() -> None:
    ASKED.clear()
    suggestions = Suggestions(PART, bearers)
    for text in ("team-paymnts", "team-order", "team-paymnts"):
        suggestions.add(
            Finding(
                "/spec/owner", "wrong", observed=text, nearest_of={"kinds": ["Group"]}, entity="component:default/cart"
            )
        )

    assert [frozenset({"group"})] == ASKED


def test_a_fix_that_leads_to_what_is_elsewhere_in_the_whole_stays_and_one_that_leads_nowhere_goes() -> None:
    for value in ("team-payments", "Team-Payments", "group:default/team-payments", "Group:Team-Payments", "user:jane"):
        assert suggested("x", "/spec/owner", fix=put(value)).fix == put(value), value
    for value in ("team-orders", "user:team-payments", "ops/team-payments", "nobody", "system:nobody"):
        assert suggested("x", "/spec/owner", fix=put(value)).fix == (), value
    assert suggested("x", "/spec/type", fix=put("nobody", "/spec/type")).fix == put("nobody", "/spec/type")
    assert suggested("x", "/spec/dependsOn/0", fix=put("component:cart", "/spec/dependsOn/0")).fix != ()
    assert suggested("x", "/spec/dependsOn/0", fix=put("component:gone", "/spec/dependsOn/0")).fix == ()


def test_the_engine_hands_them_on(tmp_path: Path) -> None:
    python_rule(
        tmp_path,
        "x/owner",
        'yield Finding("/spec/owner", "m", observed=subject.spec["owner"], nearest_of={"kinds": ["Group"]})',
    )
    law = settings(tmp_path)
    (found,) = engine.evaluate(PART, graph(PART), load(law), law, TODAY, part=Part(chosen("000.yaml"), None, bearers))

    assert (found.outcome, found.suggestion, found.fix) == (
        Outcome.FAIL,
        "group:default/team-payments",
        put("Team-Payments"),
    )


def test_documents_of_one_file_are_told_apart_in_a_part_as_in_the_whole(tmp_path: Path) -> None:
    python_rule(tmp_path, "x/documents", OF_DOCUMENT, more='subject="document"')
    nobody = [Document("a.yaml", index, {"kind": "API"}) for index in range(3)]
    made = build([*nobody, Document("b.yaml", 0, {"kind": "API"})], KINDS, True)
    law = settings(tmp_path)

    def fingerprints(part: Part | None) -> list[str]:
        found = engine.evaluate(made, graph(made), load(law), law, TODAY, part=part)
        return [each.fingerprint for each in found if each.document and each.document.path == "a.yaml"]

    assert len(set(fingerprints(None))) == 3
    assert fingerprints(Part(chosen("a.yaml"))) == fingerprints(None)
