"""OPA, and the tests and fixtures that bylaw runs: the same files, the same answers.

go install github.com/open-policy-agent/opa@v1.22.0
make test-real
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bylaw.config import Settings
from bylaw.engine.rego import Rego
from bylaw.policy_tests import fixtures
from bylaw.policy_tests.layout import Fixture
from bylaw.rules import load
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

FIXTURES = ROOT / "fixtures" / "rules"
POLICIES = load(Settings())
FOLDERS = sorted(each.parent for each in FIXTURES.rglob("expected.yaml"))


@pytest.fixture(scope="session")
def opa() -> str:
    found = shutil.which("opa")
    if found is None:
        pytest.skip("opa is not on PATH; `make test-real` installs it")
    return found


def said(command: list[str]) -> Any:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=False)
    assert done.returncode == 0, done.stderr or done.stdout
    return json.loads(done.stdout)


def test_opa_passes_the_tests_that_bylaw_passes(opa: str) -> None:
    by_opa = said([opa, "test", str(ROOT / "policies"), "--format", "json"])
    done = said([sys.executable, "-m", "bylaw", "test", str(ROOT / "policies"), "--format", "json"])
    by_bylaw = [test for each in done["subjects"] for test in each["tests"]]
    assert {each["name"] for each in by_opa if each.get("fail") or each.get("error")} == set()
    assert sorted(each["name"] for each in by_opa) == sorted(each["name"] for each in by_bylaw)
    assert {each["outcome"] for each in by_bylaw} == {"pass"}


def test_opa_accepts_our_policies_in_its_strict_mode(opa: str) -> None:
    done = subprocess.run(
        [opa, "check", "--strict", str(ROOT / "policies")], capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_opa_passes_the_tests_of_a_new_rule(opa: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bylaw", "new", "rule", "docs/summary-missing"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    tests = said([opa, "test", str(tmp_path / "policies"), "--format", "json"])
    assert {each["name"]: each.get("fail", False) for each in tests} == {
        "test_fail_without_a_description": False,
        "test_fail_with_a_blank_description": False,
        "test_success_with_a_description": False,
    }
    subprocess.run([opa, "check", "--strict", str(tmp_path / "policies")], check=True, capture_output=True)


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(FIXTURES).as_posix())
def test_embedded_and_opa_agree(opa: str, folder: Path, complete: bool, tmp_path: Path) -> None:
    """Every Rego rule over every entity or change of a fixture: the whole findings, not only whether there are any."""
    judged = fixtures.judge(
        Fixture(POLICIES.find("/".join(folder.relative_to(FIXTURES).parts[:2])), folder), Settings()
    )
    judged = replace(judged, catalog=replace(judged.catalog, complete=complete))
    rules = [each for each in judged.policies.rules if each.package and (each.subject == "entity" or judged.change_set)]
    cases = [
        {"package": rule.package, "input": json.loads(document)}
        for rule in rules
        for _, document in judged.inputs(rule)
    ]
    whole = judged.data()
    (tmp_path / "data.json").write_text(json.dumps({**json.loads(whole), "cases": cases}))
    (tmp_path / "agree.rego").write_text(agree({str(each.package) for each in rules}))
    files = ["--data", str(ROOT / "policies"), "--data", str(tmp_path)]
    answer = said([opa, "eval", *files, "--format", "values", "data.agree.answers"])
    embedded = Rego(judged.policies.modules, whole)
    for case, by_opa in zip(cases, answer[0], strict=True):
        embedded.set_input(json.dumps(case["input"]).encode())
        by_bylaw = embedded.findings(str(case["package"]))
        assert sorted(map(as_text, by_opa)) == sorted(map(as_text, by_bylaw)), case["package"]


def agree(packages: set[str]) -> str:
    """A module whose ``answers`` are the findings of each of ``data.cases``."""
    rules = [
        f"found(case) := answer if {{\n"
        f'\tcase["package"] == "{package}"\n\tanswer := data.{package}.findings with input as case.input\n}}\n'
        for package in sorted(packages)
    ]
    head = "package agree\n\nimport rego.v1\n\nanswers := [found(case) | some case in data.cases]\n"
    return "\n".join([head, *rules])


def as_text(finding: Any) -> str:
    return json.dumps(finding, sort_keys=True)
