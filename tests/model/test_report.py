"""Reports and decisions."""

from __future__ import annotations

from typing import Any

import pytest

from bylaw.model import Decision, Finding, Outcome, Report, RuleInfo, Severity

RULE = RuleInfo("a/b", "T", "D", Severity.ERROR, "R", "entity", "rego", "policies/a/b.rego")


def report(**said: Any) -> Report:
    return Report(
        **{
            "gate": "check",
            "decision": Decision.ALLOWED,
            "findings": (),
            "rules": {"a/b": RULE},
            "engine": "regorus",
            "entities": 1,
            "files": 1,
            "catalog_digest": "sha256:1",
            "policies_digest": "sha256:2",
            "waivers_digest": "sha256:3",
            "complete": True,
            "completeness": "it holds 1 Group",
            "owners": {},
            "lines": {},
            **said,
        }
    )


@pytest.mark.parametrize(("decision", "code"), [("allowed", 0), ("denied", 1), ("undecided", 3)])
def test_each_decision_has_its_exit_code_and_no_other(decision: str, code: int) -> None:
    assert Decision(decision).exit_code == code


def test_a_finding_of_a_rule_that_the_report_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^a finding of an unknown rule 'a/c': wrong$"):
        report(findings=(Finding("", "wrong", rule="a/c"),))


def test_outcomes_are_counted_apart() -> None:
    said = [Outcome.FAIL, Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR]
    made = report(findings=tuple(Finding("", "wrong", rule="a/b", outcome=each) for each in said))

    assert {each: made.count(each) for each in Outcome} == {
        Outcome.PASS: 0,
        Outcome.FAIL: 2,
        Outcome.NOT_APPLICABLE: 0,
        Outcome.UNKNOWN: 1,
        Outcome.ERROR: 1,
    }


def test_the_category_of_a_rule_is_the_first_part_of_its_id() -> None:
    assert RULE.category == "a"
