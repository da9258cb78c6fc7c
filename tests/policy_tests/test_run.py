from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from bylaw.config import Settings
from bylaw.model import Outcome
from bylaw.policy_tests import Coverage, Results, Subject, Trial, as_json, as_text, run

if TYPE_CHECKING:
    from tests.policy_tests.conftest import Policies

PASSED = Trial("test_x", "x_test.rego:3", Outcome.PASS)
FAILED = Trial("test_y", "x_test.rego:6", Outcome.FAIL, ("it is not true",))
BROKEN = Trial("test_z", "x_test.rego:9", Outcome.ERROR, ("no answer within 5 s",))
FIXTURE = Trial("late", "fixtures/rules/docs/late", Outcome.FAIL, ("missing     a /b: c", "unexpected  d /e: f"))


def results(*trials: Trial, uncovered: tuple[int, ...] = (), threshold: float | None = None) -> Results:
    return Results((Subject("docs/late", trials, (), Coverage("late.rego", 4, uncovered), True),), threshold)


def test_a_rule_is_tested_by_its_tests_and_its_fixtures(policies: Policies) -> None:
    (subject,) = run(Settings()).subjects
    assert subject == Subject(
        "docs/summary-missing",
        (
            Trial("test_fail_without", f"{policies.test}:7", Outcome.PASS),
            Trial("test_success_with", f"{policies.test}:14", Outcome.PASS),
        ),
        (Trial("summary-missing", policies.fixture, Outcome.PASS),),
        Coverage(policies.rego, 3, ()),
        True,
    )


def test_fixtures_alone_reach_lines_too(policies: Policies) -> None:
    (policies.root / policies.test).unlink()
    (subject,) = run(Settings()).subjects
    assert subject.coverage == Coverage(policies.rego, 3, ())


def test_lines_that_nothing_reaches_are_told(policies: Policies) -> None:
    more = "\nfindings contains finding if {\n\tinput.never\n\tfinding := 1\n}\n"
    policies.change(policies.rego, "input.metadata.name])\n}\n", "input.metadata.name])\n}\n" + more)
    (subject,) = run(Settings()).subjects
    assert subject.coverage == Coverage(policies.rego, 6, (19, 21))


def test_a_rule_of_which_no_fixture_expects_anything_is_told(policies: Policies) -> None:
    policies.change(f"{policies.fixture}/catalog.yaml", "# NOT OK: no description", "# OK")
    policies.change(f"{policies.fixture}/catalog.yaml", "name: orders", "name: orders\n  description: x")
    policies.write(f"{policies.fixture}/expected.yaml", "findings: []\n")
    found = run(Settings())
    assert found.without_failing_case == ("docs/summary-missing",)
    assert found.exit_code == 0


def test_libraries_and_stray_tests_are_listed_by_their_package(policies: Policies) -> None:
    policies.write("policies/lib/words.rego", "package bylaw.lib.words\nimport rego.v1\nyes := true\n")
    policies.write("policies/lib/words_test.rego", "package bylaw.lib.words_test\nimport rego.v1\ntest_a := true\n")
    policies.write("policies/stray_test.rego", "package stray_test\nimport rego.v1\ntest_b := true\n")
    found = {each.id: (len(each.tests), each.may_fail) for each in run(Settings()).subjects}
    assert found == {"docs/summary-missing": (2, True), "bylaw.lib.words": (1, None), "stray": (1, None)}


def test_a_rule_without_tests_and_fixtures_is_neither_good_nor_bad(policies: Policies) -> None:
    (policies.root / policies.test).unlink()
    for name in ("catalog.yaml", "expected.yaml"):
        (policies.root / policies.fixture / name).unlink()
    (policies.root / policies.fixture).rmdir()
    (subject,) = run(Settings()).subjects
    assert subject.outcome is Outcome.NOT_APPLICABLE


def test_progress_is_told_of_fixtures(policies: Policies) -> None:
    told: list[tuple[str, int, int]] = []
    run(Settings(), [Path("policies")], progress=lambda step, done, total: told.append((step, done, total)))
    assert told == [("testing", 1, 1)]


def test_exit_codes_tell_failures_from_errors_and_a_failure_is_certain() -> None:
    assert results(PASSED).exit_code == 0
    assert results(PASSED, FAILED).exit_code == 1
    assert results(PASSED, BROKEN).exit_code == 3
    assert results(PASSED, BROKEN, FAILED).exit_code == 1


def test_fewer_lines_than_the_threshold_fail() -> None:
    assert results(PASSED, uncovered=(1,), threshold=75).exit_code == 0
    assert results(PASSED, uncovered=(1,), threshold=75.1).exit_code == 1
    assert results(PASSED, BROKEN, uncovered=(1,), threshold=80).exit_code == 3


def test_as_text_success_is_one_line_for_each_rule() -> None:
    found = Results(
        (
            Subject("docs/late", (PASSED, PASSED), (PASSED,), Coverage("late.rego", 4, ()), True),
            Subject("docs/later-than-late", (), (PASSED,), None, True),
        )
    )
    assert as_text(found) == (
        "ok     docs/late             2 tests, 1 fixture, 100 % of 4 lines\n"
        "ok     docs/later-than-late  1 fixture\n"
        "\n"
        "2 rules: 4 passed, 0 failed, 100 % of 4 lines of Rego reached\n"
    )


def test_as_text_failures_errors_gaps_and_the_threshold_are_told() -> None:
    found = Results(
        (
            Subject("docs/late", (PASSED, FAILED, BROKEN), (FIXTURE,), Coverage("late.rego", 9, (2, 5, 6, 7)), True),
            Subject("docs/other", (BROKEN,), (), Coverage("other.rego", 1, (3,)), False),
            Subject("docs/nothing", (), (), None, False),
        ),
        threshold=99.5,
    )
    assert as_text(found) == (
        "FAIL   docs/late     3 tests, 1 fixture, 55 % of 9 lines\n"
        "       x_test.rego:6: test_y failed:\n"
        "         it is not true\n"
        "       x_test.rego:9: test_z could not be run to its end:\n"
        "         no answer within 5 s\n"
        "       fixtures/rules/docs/late failed:\n"
        "         missing     a /b: c\n"
        "         unexpected  d /e: f\n"
        "ERROR  docs/other    1 test, no fixtures, 0 % of 1 lines\n"
        "       x_test.rego:9: test_z could not be run to its end:\n"
        "         no answer within 5 s\n"
        "none   docs/nothing  no fixtures\n"
        "\n"
        "lines that no test and no fixture reached:\n"
        "  late.rego: 2, 5-7\n"
        "  other.rego: 3\n"
        "\n"
        "rules that no fixture shows to find anything:\n"
        "  docs/other\n"
        "  docs/nothing\n"
        "\n"
        "3 rules: 1 passed, 2 failed, 2 could not be run, 50 % of 10 lines of Rego reached\n"
        "fewer lines are reached than the 99.5 % asked for (--coverage-threshold)\n"
    )


def test_as_json_is_version_1() -> None:
    found = Results(
        (
            Subject("docs/late", (FAILED,), (FIXTURE,), Coverage("late.rego", 9, (2, 5)), True),
            Subject("docs/nothing", (), (), None, False),
        ),
        threshold=50,
    )
    assert json.loads(as_json(found)) == {
        "version": 1,
        "summary": {
            "pass": 0,
            "fail": 2,
            "error": 0,
            "lines": 9,
            "covered": 7,
            "threshold": 50,
            "below_threshold": False,
            "without_failing_case": ["docs/nothing"],
            "mutants": None,
        },
        "subjects": [
            {
                "id": "docs/late",
                "outcome": "fail",
                "tests": [
                    {"name": "test_y", "place": "x_test.rego:6", "outcome": "fail", "details": ["it is not true"]}
                ],
                "fixtures": [
                    {
                        "name": "late",
                        "place": "fixtures/rules/docs/late",
                        "outcome": "fail",
                        "details": ["missing     a /b: c", "unexpected  d /e: f"],
                    }
                ],
                "coverage": {"path": "late.rego", "lines": 9, "covered": 7, "uncovered": [2, 5]},
                "mutants": None,
            },
            {
                "id": "docs/nothing",
                "outcome": "not_applicable",
                "tests": [],
                "fixtures": [],
                "coverage": None,
                "mutants": None,
            },
        ],
    }
