"""TAP, read by tap.py, and its diagnostics by a parser of YAML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import given
from tap.parser import Parser

from bylaw.model import Enforcement
from bylaw.reports import render
from bylaw.reports.words import blocks
from tests.reports.anything import reports, turned
from tests.reports.making import TECHDOCS, make_finding, make_proposal, make_report

if TYPE_CHECKING:
    from bylaw.model import Report

RESULT = re.compile(r"(?:not )?ok \d+ - (?:[^#]*[^# ])(?: # (?:TODO|SKIP) [a-z]+)?")


def stream_of(report: Report) -> list[Any]:
    """The tests, out of a stream with one plan that says how many there are."""
    text = render(report, "tap")
    tests: list[Any]
    version, plan, *tests = Parser().parse_text(text)
    assert (version.category, version.version, plan.category) == ("version", 14, "plan")
    assert [each.category for each in tests] == ["test"] * plan.expected_tests
    assert [each.number for each in tests] == list(range(1, plan.expected_tests + 1))
    for line in text.splitlines()[2:]:
        assert line.startswith("  ") or RESULT.fullmatch(line), line
    return tests


def outcome(test: Any) -> str:
    return f"{'ok' if test.ok else 'not ok'}{' TODO' if test.todo else ''}{' SKIP' if test.skip else ''}"


@given(reports())
def test_any_report_is_a_stream_with_a_test_for_each_finding(report: Report) -> None:
    found = stream_of(report)
    assert len(found) == len(report.findings) + len(set(report.rules) - {each.rule for each in report.findings})
    for finding, test in zip(report.findings, found, strict=False):
        diagnosis = test.yaml_block
        assert diagnosis["fingerprint"] == finding.fingerprint
        assert diagnosis["message"][:1] == "§"
        assert (outcome(test) == "not ok") == blocks(report, finding)
    assert render(turned(report), "tap") == render(report, "tap")


def test_every_report_is_a_stream(case: str, reports: dict[str, Report]) -> None:
    stream_of(reports[case])


def test_nothing_found_is_a_test_passed_for_each_rule(reports: dict[str, Report]) -> None:
    assert [(outcome(each), each.description) for each in stream_of(reports["all_well"])] == [
        ("ok", "- catalog/reference-dangling: reference-dangling"),
        ("ok", "- catalog/yaml-invalid: yaml-invalid"),
        ("ok", "- docs/description-missing: description-missing"),
        ("ok", "- docs/techdocs-missing: techdocs-missing"),
        ("ok", "- lifecycle/lifecycle-unknown: lifecycle-unknown"),
        ("ok", "- ownership/owner-unknown: owner-unknown"),
    ]


def test_without_a_rule_the_plan_is_skipped() -> None:
    assert render(make_report(rules={}), "tap") == "TAP version 14\n1..0 # SKIP there is no rule\n"


def test_only_what_is_in_the_way_is_not_ok(reports: dict[str, Report]) -> None:
    assert [outcome(each) for each in stream_of(reports["gate"])] == [
        "not ok TODO",  # existing
        "not ok TODO",  # waived
        "ok SKIP",  # unknown, which only warns
        "not ok",
        "not ok TODO",  # a warning
        "not ok",  # unknown, which denies
        "not ok",
        "not ok TODO",
        "ok",  # fixed
        "ok",  # a rule that found nothing
    ]


def test_a_waived_finding_is_to_do_and_says_by_what(reports: dict[str, Report]) -> None:
    waived = stream_of(reports["gate"])[1]
    assert waived.directive.text == "TODO waived"
    diagnosis = yaml.safe_load(render(reports["gate"], "tap").split("  ---\n")[2].split("  ...\n")[0])
    assert diagnosis["waiver"] == "W-2026-07 until 2026-12-01, 10 days left: the team is renamed in December"


def test_a_directive_in_a_message_is_none() -> None:
    report = make_report(
        make_finding(TECHDOCS, "x # TODO later", enforcement=Enforcement.DENY),
        proposal=make_proposal(),
    )
    found = stream_of(report)[0]
    assert outcome(found) == "not ok"
    assert found.description == r"- docs/techdocs-missing: x \x23 TODO later (component:default/orders)"


def test_a_brace_at_the_end_of_a_message_begins_no_subtest() -> None:
    text = render(make_report(make_finding(TECHDOCS, "x {", waiver="W {")), "tap")
    assert not any(line.rstrip().endswith("{") for line in text.splitlines() if not line.startswith("  "))
