"""The rules that come with bylaw: each finds exactly what its fixtures say, however it is run."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import bylaw
from bylaw import engine, pipeline
from bylaw.catalog import Catalog, build
from bylaw.config import CatalogSettings, Settings
from bylaw.engine import data
from bylaw.engine.parts import Parts, Ready
from bylaw.policy_tests import expected
from bylaw.policy_tests.marks import marks
from bylaw.rules import load
from tests.shared import ROOT

if TYPE_CHECKING:
    from bylaw.model import Document

FIXTURES = ROOT / "fixtures" / "rules"
FOLDERS = sorted(each.parent for each in FIXTURES.rglob("expected.yaml"))
POLICIES = load(Settings())
REGO = [each for each in POLICIES.rules if each.package]

LONGEST = 60  # lines of code
LONGER: dict[str, str] = {}
"""Rules that are longer, with the reason."""


def rule_of(folder: Path) -> str:
    """``category/rule-name`` of a fixture folder."""
    return "/".join(folder.relative_to(FIXTURES).parts[:2])


@pytest.fixture(scope="session")
def results() -> dict[str, Any]:
    """What the real command says of all our tests and fixtures, and of the mutants of our rules."""
    command = [sys.executable, "-m", "bylaw", "test", "--mutate", "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300, check=False)
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(FIXTURES).as_posix())
def test_a_rule_finds_exactly_what_its_fixture_expects(folder: Path, results: dict[str, Any]) -> None:
    trials = {trial["place"]: trial for each in results["subjects"] for trial in each["fixtures"]}
    trial = trials[folder.relative_to(ROOT).as_posix()]
    assert (trial["details"], trial["outcome"]) == ([], "pass")


@pytest.mark.parametrize("rule", REGO, ids=lambda rule: rule.id)
def test_every_test_of_a_rego_rule_is_true(rule: Any, results: dict[str, Any]) -> None:
    tests = next(each["tests"] for each in results["subjects"] if each["id"] == rule.id)
    assert tests, f"{rule.source} has no tests beside it"
    assert [each for each in tests if each["outcome"] != "pass"] == []


def test_every_line_of_our_rego_is_reached(results: dict[str, Any]) -> None:
    coverage = [each["coverage"] for each in results["subjects"] if each["coverage"]]
    assert {each["path"]: each["uncovered"] for each in coverage if each["uncovered"]} == {}
    assert {each["path"] for each in coverage} == {each.path for each in POLICIES.modules}


@pytest.mark.parametrize("rule", REGO, ids=lambda rule: rule.id)
def test_a_fixture_fails_on_every_mutant_of_a_rule_or_there_is_a_reason(rule: Any, results: dict[str, Any]) -> None:
    mutants = next(each["mutants"] for each in results["subjects"] if each["id"] == rule.id)
    assert mutants, "its fixtures fail, so no mutants were run"
    assert [each["name"] for each in mutants["survivors"] if each["reason"] is None] == []
    assert mutants["stale_reasons"] == []
    assert mutants["killed"] > 0


@pytest.mark.parametrize("rule", POLICIES.rules, ids=lambda rule: rule.id)
def test_a_rule_has_a_fixture_in_which_it_fails_and_one_in_which_it_does_not(rule: Any) -> None:
    folders = [each for each in FOLDERS if rule_of(each) == rule.id]
    outcomes = {
        finding["outcome"] for folder in folders for finding in expected.read(folder / "expected.yaml").findings
    }
    said = {
        mark
        for folder in folders
        for catalog in folder.rglob("catalog.yaml")
        for mark in marks(catalog.read_text("utf-8", errors="replace"))
    }
    assert "fail" in outcomes
    assert said >= ({True} if rule.subject == "catalog" else {True, False})  # of a catalog no document is wrong


def test_every_fixture_is_of_a_rule() -> None:
    assert {rule_of(each) for each in FOLDERS} == {each.id for each in POLICIES.rules}
    assert {each.relative_to(FIXTURES).parts[:2] for each in FIXTURES.glob("*/*")} == {
        tuple(each.id.split("/")) for each in POLICIES.rules
    }


def test_the_last_part_of_every_id_is_unique() -> None:
    names = Counter(each.id.partition("/")[2] for each in POLICIES.rules)
    assert {name: count for name, count in names.items() if count > 1} == {}


@pytest.mark.parametrize("rule", REGO, ids=lambda rule: rule.id)
def test_a_rego_rule_stands_in_the_folder_of_its_name_with_its_test(rule: Any) -> None:
    category, name = rule.id.replace("-", "_").split("/")
    folder = ROOT / "policies" / category / name
    assert sorted(each.name for each in folder.iterdir()) == [f"{name}.rego", f"{name}_test.rego"]
    assert rule.source == f"policies/{category}/{name}/{name}.rego"


def lines_of_code(rule: Any) -> int:
    """The lines of a rule that are neither blank nor comments, without what it says of itself."""
    if rule.package:
        text = (ROOT / rule.source).read_text("utf-8").partition("\npackage ")[2]
    else:
        text = Path(rule.source).read_text("utf-8").partition("\nRULE = ")[0]
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in text.splitlines())


def test_no_rule_is_longer_than_sixty_lines_without_a_reason() -> None:
    assert {
        each.id: lines_of_code(each) for each in POLICIES.rules if lines_of_code(each) > LONGEST
    }.keys() == LONGER.keys()


def test_our_rego_is_what_the_lint_asks_for() -> None:
    engine.check((*POLICIES.modules, *POLICIES.tests))  # raises with every fault


@pytest.fixture(scope="module")
def everything() -> Catalog:
    """All fixture catalogs as one, each folder's entities in a namespace of their own."""
    settings = Settings(catalog=CatalogSettings(paths=("**/catalog.yaml",)))
    catalog = bylaw.read([FIXTURES], settings=settings, root=FIXTURES)
    documents = [replace(each, data=in_namespace_of_its_folder(each)) for each in catalog.documents]
    return build(documents, catalog.kinds, catalog.complete, root=catalog.root)


def in_namespace_of_its_folder(document: Document) -> Any:
    metadata = document.data.get("metadata") if isinstance(document.data, dict) else None
    if not isinstance(metadata, dict) or "namespace" in metadata:
        return document.data
    folder = "-".join(Path(document.path or "").parts[1:-1])
    return {**document.data, "metadata": {**metadata, "namespace": folder}}


def test_findings_are_the_same_for_any_number_of_workers_and_for_spawned_ones(everything: Catalog) -> None:
    one = bylaw.check(everything, settings=Settings(), now=expected.DAY, jobs=1)
    two = bylaw.check(everything, settings=Settings(), now=expected.DAY, jobs=2)
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()  # a process with threads is not forked
    try:
        spawned = bylaw.check(everything, settings=Settings(), now=expected.DAY, jobs=2)
    finally:
        done.set()
        thread.join()
    assert len({each.rule for each in one.findings}) > len(POLICIES.rules) / 2
    assert two.findings == one.findings
    assert spawned.findings == one.findings


def test_every_finding_stands_at_a_line(everything: Catalog) -> None:
    report = bylaw.check(everything, settings=Settings(), now=expected.DAY, jobs=1)
    assert [each for each in report.findings if each.location is None and each.document] == []
    outcomes = {each.outcome for each in report.findings}
    assert outcomes <= {"fail", "unknown"}


@pytest.mark.parametrize("complete", [True, False])
def test_slice_and_whole_agree(everything: Catalog, complete: bool) -> None:
    catalog = replace(everything, complete=complete)
    graph = pipeline.graph(catalog)
    packages = [str(rule.package) for rule in REGO]
    whole = Parts(POLICIES.modules, packages, data.whole(catalog, graph, POLICIES, expected.DAY))
    ready = Ready(POLICIES, catalog.kinds)
    found = 0
    for entity in catalog.entities.values():
        document = data.document(entity)
        whole.set_input(document)
        for reads in ("entity", "relations"):
            rules = [each for each in REGO if each.reads == reads and each.applies(entity)]
            part = ready.over(data.around(entity, reads, catalog, graph, POLICIES, expected.DAY) if rules else b"{}")
            part.set_input(document)
            for rule in rules:
                findings = whole.findings(str(rule.package))
                assert part.findings(str(rule.package)) == findings, f"{rule.id} of {entity.key}"
                found += len(findings)
    assert found > 0
