"""OPA, and the policy tests that bylaw runs: the same files, the same answers.

go install github.com/open-policy-agent/opa@v1.22.0
make test-real
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.real import components
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

POLICIES = str(ROOT / "policies")
RULES_ALONE = ("--ignore", "kubernetes")
"""OPA would take the templates for Kubernetes, which are YAML, for data."""


@pytest.fixture(scope="session")
def opa() -> str:
    return components.program("opa")


def said(command: list[str]) -> Any:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=False)
    assert done.returncode == 0, done.stderr or done.stdout
    return json.loads(done.stdout)


def test_opa_passes_the_tests_that_bylaw_passes(opa: str) -> None:
    by_opa = said([opa, "test", POLICIES, *RULES_ALONE, "--format", "json"])
    done = said([sys.executable, "-m", "bylaw", "test", POLICIES, "--format", "json"])
    by_bylaw = [test for each in done["subjects"] for test in each["tests"]]
    assert {each["name"] for each in by_opa if each.get("fail") or each.get("error")} == set()
    assert sorted(each["name"] for each in by_opa) == sorted(each["name"] for each in by_bylaw)
    assert {each["outcome"] for each in by_bylaw} == {"pass"}


def test_opa_accepts_our_policies_in_its_strict_mode(opa: str) -> None:
    done = subprocess.run(
        [opa, "check", "--strict", POLICIES, *RULES_ALONE], capture_output=True, encoding="utf-8", check=False
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
