"""GitLab Code Quality: the rules of its documentation, and what its widget makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
from hypothesis import given

from bylaw.model import Document, Location, Status
from bylaw.reports import render
from tests.reports.anything import reports, turned
from tests.reports.making import TECHDOCS, YAML, make_finding, make_report

if TYPE_CHECKING:
    from bylaw.model import Report

SCHEMA = jsonschema.Draft202012Validator(
    json.loads((Path(__file__).parent / "schemas" / "codequality.json").read_text(encoding="utf-8"))
)


def entries_of(report: Report) -> Any:
    entries = json.loads(render(report, "codequality"))
    assert [error.message for error in SCHEMA.iter_errors(entries)] == []
    return entries


@given(reports())
def test_any_report_is_what_gitlab_takes_and_has_every_finding_that_is_there_once(report: Report) -> None:
    entries = entries_of(report)
    there = [each for each in report.findings if each.status is not Status.FIXED]
    assert [each["check_name"] for each in entries] == [each.rule for each in there]
    assert len({each["fingerprint"] for each in entries}) == len(there)
    assert all(each["description"].isprintable() for each in entries)
    assert render(turned(report), "codequality") == render(report, "codequality")


def test_every_report_is_what_gitlab_takes(case: str, reports: dict[str, Report]) -> None:
    entries_of(reports[case])


def test_nothing_found_is_an_empty_list(reports: dict[str, Report]) -> None:
    assert render(reports["all_well"], "codequality") == "[]\n"


def test_there_is_no_byte_order_mark(reports: dict[str, Report]) -> None:
    assert render(reports["denied"], "codequality").encode().startswith(b"[")


def test_a_severity_is_what_the_finding_does_to_the_decision(reports: dict[str, Report]) -> None:
    assert [(each["severity"], each["description"].partition(":")[0]) for each in entries_of(reports["gate"])] == [
        ("info", "existing"),
        ("info", "waived"),
        ("minor", "unknown"),
        ("critical", "undecided"),
        ("minor", "component"),
        ("critical", "unknown"),
        ("critical", "owner team-paymnts of component"),
        ("info", "existing"),
    ]


def test_a_fixed_finding_is_gone_which_is_how_gitlab_knows(reports: dict[str, Report]) -> None:
    assert not any("component:default/x" in each["description"] for each in entries_of(reports["gate"]))


def test_a_fingerprint_stays_when_lines_move_and_words_change() -> None:
    before = make_report(make_finding(TECHDOCS, "x", Location("a", 1, 1, 1, 2)))
    after = make_report(make_finding(TECHDOCS, "y", Location("a", 9, 1, 9, 2)))
    assert entries_of(before)[0]["fingerprint"] == entries_of(after)[0]["fingerprint"]


def test_two_documents_of_one_file_that_cannot_be_read_are_two() -> None:
    broken = [
        make_finding(
            YAML, f"{number}", Location("a", number, 1, number, 2), entity=None, document=Document("a", 0, None)
        )
        for number in (1, 2, 3)
    ]
    found = [each["fingerprint"] for each in entries_of(make_report(*broken))]
    assert found[0] == broken[0].fingerprint
    assert len(set(found)) == 3
    assert found[:2] == [each["fingerprint"] for each in entries_of(make_report(*broken[:2]))]


def test_what_has_no_file_has_a_path_all_the_same_or_gitlab_would_read_no_further() -> None:
    (entry,) = entries_of(make_report(make_finding(TECHDOCS, "x", entity_url="https://portal.example.com")))
    assert entry["location"] == {"path": "component:default/orders", "lines": {"begin": 1}}
