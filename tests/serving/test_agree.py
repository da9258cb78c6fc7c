"""One verdict at every door: the server says of an entity what `bylaw check` says of a catalog with it in it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from bylaw import pipeline
from bylaw.serving import generation, proposed
from bylaw.serving.answers import check, entities
from bylaw.serving.frames import Question
from bylaw.serving.recipe import Recipe
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from bylaw.model import Document, Finding, Report
    from bylaw.serving.generation import Generation

TODAY = date(2026, 6, 15)
CATALOGS = ROOT / "fixtures" / "catalogs"
ABOUT_FILES = {
    "catalog/location-target-missing",
    "catalog/placeholder-unresolved",
    "docs/techdocs-source-missing",
}
"""Rules whose facts are files beside the catalog file: whoever sends an entity sends none of these."""


def loaded(folder: Path, *paths: Path) -> Generation:
    """What a server would hold of some catalog files, which stand for themselves."""
    config = folder / "bylaw.yaml"
    config.write_text("version: 1\nadmission: {bundled: false}\n")
    root = paths[0] if paths[0].is_dir() else paths[0].parent
    made = generation.load(Recipe(str(folder), config=str(config), paths=tuple(map(str, paths)), root=str(root)))
    assert not isinstance(made, generation.Same)
    return made[0]


def assert_agreement(made: Generation, some: int = 1) -> None:
    """What the server says of entities is what ``pipeline.check`` says of their catalog: of all in which that finds
    something, and of one in so many of the others."""
    whole = pipeline.check(made.catalog, settings=made.settings, now=TODAY)
    at_fault = {each.entity for each in whole.findings}
    for number, (ref, entity) in enumerate(made.catalog.entities.items()):
        if ref not in at_fault and number % some:
            continue
        own = [entity.document, *made.catalog.duplicates.get(ref, ())]
        expected = _of(whole, own)
        assert _told(proposed.judge_standing(made, ref, TODAY).findings) == _told(expected), ref

        given = proposed.documents([each.data for each in own], made.settings.catalog.limits)
        found = proposed.judge_given(made, given, TODAY).findings
        comparable = [each for each in expected if each.rule not in ABOUT_FILES]
        assert _told(each for each in found if each.rule not in ABOUT_FILES) == _told(comparable), ref


def _told(findings: Any) -> list[tuple[object, ...]]:
    """What a finding says but for its place, which needs the file."""
    return sorted(
        (
            each.rule,
            each.entity or "",
            each.pointer,
            each.message,
            str(each.outcome),
            str(each.severity),
            str(each.enforcement),
            each.fingerprint,
            repr(each.observed),
            each.suggestion or "",
            repr(each.fix),
        )
        for each in findings
    )


def _of(report: Report, documents: list[Document]) -> list[Finding]:
    known = set(map(id, documents))
    return [each for each in report.findings if id(each.document) in known]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    """What a server would hold of a catalog in which nothing is wrong."""
    return loaded(tmp_path_factory.mktemp("held"), CATALOGS / "all_right")


@pytest.mark.parametrize("name", ["acme", "all_right", "all_wrong"])
def test_cli_and_api_agree(tmp_path: Path, name: str) -> None:
    """Every rule finds something in all_wrong. tests/real has the same of every fixture of every rule."""
    assert_agreement(loaded(tmp_path, CATALOGS / name), some=10)


def test_all_entities_of_a_catalog_at_once_are_judged_as_one_by_one(tmp_path: Path) -> None:
    made = loaded(tmp_path, CATALOGS / "all_wrong")
    whole = pipeline.check(made.catalog, settings=made.settings, now=TODAY)
    addressed = [each for each in made.catalog.documents if each.data is not None]
    given = proposed.documents([each.data for each in addressed], made.settings.catalog.limits)
    report = proposed.judge_given(made, given, TODAY)
    entities = set(made.catalog.entities)
    expected = [each for each in whole.findings if each.entity in entities and each.rule not in ABOUT_FILES]
    found = [each for each in report.findings if each.entity in entities and each.rule not in ABOUT_FILES]
    assert _told(found) == _told(expected)
    assert report.decision == whole.decision


def test_an_entity_that_is_not_there_yet_is_judged_with_those_that_are(made: Generation) -> None:
    owner = next(ref for ref in made.catalog.entities if ref.startswith("group:"))
    named = {"owner": owner, "type": "service", "lifecycle": "production"}
    new = {"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "brand-new"}, "spec": named}
    right = proposed.judge_given(made, proposed.documents([new], made.settings.catalog.limits), TODAY)
    assert "ownership/owner-unknown" not in {each.rule for each in right.findings}
    assert right.entities == len(made.catalog.entities) + 1
    new["spec"] = {**named, "owner": f"{owner}x"}
    wrong = proposed.judge_given(made, proposed.documents([new], made.settings.catalog.limits), TODAY)
    (finding,) = [each for each in wrong.findings if each.rule == "ownership/owner-unknown"]
    assert finding.suggestion == owner


def test_entities_that_come_together_are_there_for_one_another(made: Generation) -> None:

    def rules(*given: Any) -> set[str]:
        found = proposed.documents(given, made.settings.catalog.limits)
        return {each.rule for each in proposed.judge_given(made, found, TODAY).findings}

    group = {"apiVersion": "backstage.io/v1alpha1", "kind": "Group", "metadata": {"name": "fresh"}}
    spec = {"owner": "fresh", "type": "service", "lifecycle": "production"}
    owned = {"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "x"}, "spec": spec}
    assert "ownership/owner-unknown" in rules(owned)
    assert "ownership/owner-unknown" not in rules(owned, {**group, "spec": {"type": "team", "children": []}})


def test_a_placeholder_of_an_entity_that_is_sent_is_unknown_and_not_wrong(made: Generation) -> None:
    spec = {"type": "openapi", "lifecycle": "production", "owner": "x", "definition": {"$text": "./openapi.yaml"}}
    api = {"apiVersion": "backstage.io/v1alpha1", "kind": "API", "metadata": {"name": "x"}, "spec": spec}
    report = proposed.judge_given(made, proposed.documents([api], made.settings.catalog.limits), TODAY)
    (finding,) = [each for each in report.findings if each.rule == "catalog/placeholder-unresolved"]
    assert (finding.outcome, "which is not at hand" in finding.message) == ("unknown", True)


def test_a_rule_that_may_look_at_everything_sees_the_proposed_whole(tmp_path: Path) -> None:
    rule = (
        "from bylaw.model import Finding, Severity\n"
        "from bylaw.rules import Rule\n"
        "def evaluate(entity, context):\n"
        "    return [Finding('/kind', f'one of {len(context.catalog.entities)}')]\n"
        "RULE = Rule(id='tests/counting', title='t', description='d', remediation='r', severity=Severity.INFO,\n"
        "            reads='graph', evaluate=evaluate)\n"
    )
    (tmp_path / "counting.py").write_text(rule)
    (tmp_path / "bylaw.yaml").write_text(
        "version: 1\nadmission: {bundled: false}\npolicies: {bundled: false, paths: [counting.py]}\n"
    )
    catalog = CATALOGS / "all_right"
    recipe = Recipe(str(tmp_path), config=str(tmp_path / "bylaw.yaml"), paths=(str(catalog),), root=str(catalog))
    made = generation.load(recipe)
    assert not isinstance(made, generation.Same)
    count = len(made[0].catalog.entities)
    new = {"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "brand-new"}}
    report = proposed.judge_given(made[0], proposed.documents([new], made[0].settings.catalog.limits), TODAY)
    assert [each.message for each in report.findings] == [f"one of {count + 1}"]


def test_what_is_asked_is_what_the_log_is_told(made: Generation) -> None:
    body = {"entities": [{"kind": "Component", "metadata": {"name": "x"}}], "now": "2026-06-15"}
    reply = check.answer(made, Question("check", orjson.dumps(body)))
    assert reply.decided is not None
    assert reply.decided["subject"] == "component:default/x"
    assert reply.decided["decision"] == "denied" == orjson.loads(reply.body)["decision"]
    assert "catalog/entity-invalid" in reply.decided["rules"]
    assert reply.decided["input"] == body


def test_what_is_asked_is_kept_only_while_it_is_small(made: Generation) -> None:
    large = {"kind": "Component", "metadata": {"name": "x", "description": "x" * check.KEPT}}
    reply = check.answer(made, Question("check", orjson.dumps({"entities": [large]})))
    assert reply.decided is not None
    assert (reply.decided["subject"], reply.decided["input"]) == ("component:default/x", None)


def test_what_many_questions_are_about_is_told_of_the_first(made: Generation) -> None:
    many = [{"kind": "Component", "metadata": {"name": f"x{number}"}} for number in range(5)]
    reply = check.answer(made, Question("check", orjson.dumps({"entities": many})))
    assert reply.decided is not None
    named = "component:default/x0, component:default/x1, component:default/x2 and 2 more"
    assert reply.decided["subject"] == named


def test_nothing_is_decided_by_a_catalog_that_is_too_old(made: Generation) -> None:
    body = orjson.dumps({"entities": [{"kind": "Component", "metadata": {"name": "x"}}]})
    reply = check.answer(made, Question("check", body, stale="the catalog is of long ago"))
    report = orjson.loads(reply.body)
    assert (report["decision"], report["notes"][0]) == ("undecided", "the catalog is of long ago")
    assert reply.decided is not None
    assert (reply.decided["decision"], reply.decided["reason"]) == ("undecided", "the catalog is of long ago")
    ref = next(iter(made.catalog.entities))
    about = {"ref": ref, "about": "findings"}
    standing = entities.answer(made, Question("entities", arguments=about, stale="the catalog is of long ago"))
    assert orjson.loads(standing.body)["decision"] == "undecided"
