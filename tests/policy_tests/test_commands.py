"""``bylaw test`` and ``bylaw new rule``, from end to end: the real command in a folder of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.policy_tests.conftest import Policies


def bylaw(*arguments: str) -> tuple[int, str, str]:
    """The command's exit code, what it says to stdout, and what to stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "bylaw", *arguments], capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_new_rego_rule_passes_its_tests_and_judges(empty: Path) -> None:
    assert bylaw("new", "rule", "docs/summary-missing") == (
        0,
        "wrote policies/docs/summary_missing/summary_missing.rego\n"
        "wrote policies/docs/summary_missing/summary_missing_test.rego\n"
        "wrote fixtures/rules/docs/summary-missing/catalog.yaml\n"
        "wrote fixtures/rules/docs/summary-missing/expected.yaml\n"
        "next:\n"
        "  bylaw test policies\n"
        "  bylaw check --policies policies\n",
        "",
    )
    assert bylaw("test", "policies", "--coverage-threshold", "100") == (
        0,
        "ok     docs/summary-missing  3 tests, 1 fixture, 100 % of 7 lines\n"
        "\n"
        "1 rule: 4 passed, 0 failed, 100 % of 7 lines of Rego reached\n",
        "",
    )
    (empty / "catalog-info.yaml").write_text((empty / "fixtures/rules/docs/summary-missing/catalog.yaml").read_text())
    code, report, _ = bylaw("check", "--policies", "policies", "--rule", "summary-missing", "--format", "json")
    assert code == 0  # a warning
    assert [(each["rule"], each["entity"]) for each in json.loads(report)["findings"]] == [
        ("docs/summary-missing", "component:default/orders"),
        ("docs/summary-missing", "component:default/carts"),
        ("docs/summary-missing", "component:default/stock"),
    ]


def test_a_new_python_rule_passes_its_fixture_and_judges(empty: Path) -> None:
    (empty / "bylaw.yaml").write_text("version: 1\npolicies: {paths: [rules of mine]}\n")
    (empty / "rules of mine").mkdir()
    code, said, _ = bylaw(
        *("new", "rule", "docs/summary-missing", "--language", "python", "--severity", "error", "--reads", "graph"),
        *("--title", "Nobody can tell what it is", "--policies", "rules of mine", "--fixtures", "cases"),
    )
    assert (code, said) == (
        0,
        "wrote rules of mine/docs/summary_missing/summary_missing.py\n"
        "wrote cases/docs/summary-missing/catalog.yaml\n"
        "wrote cases/docs/summary-missing/expected.yaml\n"
        "next:\n"
        "  bylaw test 'rules of mine' --fixtures cases\n"
        "  bylaw check\n",
    )
    assert bylaw("test", "rules of mine", "--fixtures", "cases") == (
        0,
        "ok     docs/summary-missing  1 fixture\n\n1 rule: 1 passed, 0 failed\n",
        "",
    )
    (empty / "catalog-info.yaml").write_text((empty / "cases/docs/summary-missing/catalog.yaml").read_text())
    code, report, _ = bylaw("check", "--rule", "summary-missing", "--format", "json")
    assert code == 1  # an error denies
    assert [each["message"] for each in json.loads(report)["findings"]] == [
        "Component orders has no description",
        "Component carts has no description",
        "Component stock has no description",
    ]


@pytest.mark.parametrize("rule_id", ["input/data", "data/count", "test/rule", "bylaw/findings", "docs/a1-b2"])
def test_a_new_rule_may_have_the_name_of_something_else(empty: Path, rule_id: str) -> None:
    assert bylaw("new", "rule", rule_id)[0] == 0
    assert bylaw("test")[0] == 0


def test_two_new_rules_stand_side_by_side(empty: Path) -> None:
    assert bylaw("new", "rule", "docs/one")[0] == 0
    assert bylaw("new", "rule", "docs/two", "--language", "python")[0] == 0
    assert bylaw("new", "rule", "cost/one") == (
        2,
        "",
        "bylaw: cost/one: the last part of an id is unique, and docs/one (policies/docs/one/one.rego) has this one; "
        "choose another\n",
    )
    assert bylaw("test") == (
        0,
        "ok     docs/one  3 tests, 1 fixture, 100 % of 7 lines\n"
        "ok     docs/two  1 fixture\n"
        "\n"
        "2 rules: 5 passed, 0 failed, 100 % of 7 lines of Rego reached\n",
        "",
    )


def test_a_bad_id_is_wrong_usage_and_nothing_is_written(empty: Path) -> None:
    assert bylaw("new", "rule", "Summary") == (
        2,
        "",
        "bylaw: Summary: rule id 'Summary', expected category/problem-in-kebab-case\n",
    )
    assert list(empty.iterdir()) == []


def test_a_failing_test_is_named_with_its_place(policies: Policies) -> None:
    policies.change(policies.test, "orders has no description", "orders has no summary")
    assert bylaw("test") == (
        1,
        "FAIL   docs/summary-missing  2 tests, 1 fixture, 100 % of 3 lines\n"
        "       policies/docs/summary_missing/summary_missing_test.rego:7: test_fail_without failed:\n"
        "         it is not true\n"
        "\n"
        "1 rule: 2 passed, 1 failed, 100 % of 3 lines of Rego reached\n",
        "",
    )


def test_a_test_that_loops_does_not_hang_the_command(policies: Policies) -> None:
    policies.write("bylaw.yaml", "version: 1\npolicies: {deadline: 0.3}\n")
    policies.change(
        policies.test,
        "test_success_with if {",
        "test_success_with if {\n\tcount([1 | some a in numbers.range(1, 9000); some b in numbers.range(1, 9000); "
        "a == b + 9000]) == 0",
    )
    code, said, _ = bylaw("test", "--format", "json")
    assert code == 3
    assert json.loads(said)["subjects"][0]["tests"][1] == {
        "name": "test_success_with",
        "place": "policies/docs/summary_missing/summary_missing_test.rego:14",
        "outcome": "error",
        "details": ["no answer within 0.3 s"],
    }


def test_too_few_lines_fail(policies: Policies) -> None:
    more = "\nfindings contains finding if {\n\tinput.never\n\tfinding := 1\n}\n"
    policies.change(policies.rego, "input.metadata.name])\n}\n", "input.metadata.name])\n}\n" + more)
    assert bylaw("test", "--coverage-threshold", "66")[0] == 0
    code, said, _ = bylaw("test", "--coverage-threshold", "67")
    assert code == 1
    assert said.endswith("fewer lines are reached than the 67 % asked for (--coverage-threshold)\n")


@pytest.mark.parametrize("number", ["-1", "101", "many", "nan"])
def test_a_threshold_is_a_percentage(empty: Path, number: str) -> None:
    code, _, said = bylaw("test", "--coverage-threshold", number)
    assert code == 2
    assert f"argument --coverage-threshold: '{number}' is not a number from 0 to 100" in said


def test_a_policy_that_does_not_compile_is_wrong_configuration(policies: Policies) -> None:
    policies.change(policies.rego, "message := ", "message = = ")
    code, said, error = bylaw("test")
    assert (code, said) == (2, "")
    assert error.startswith(f"bylaw: {policies.rego}:16:")


def test_nothing_to_test_is_wrong_usage(empty: Path) -> None:
    assert bylaw("test")[0] == 2
