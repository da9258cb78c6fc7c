"""SARIF: what the standard's schema takes, and what GitHub and viewers make of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import jsonschema_rs
import pytest
from hypothesis import given

from bylaw.model import Decision, Document, Enforcement, Location, Outcome, Status
from bylaw.reports import render
from tests.reports.anything import crowded, reports, turned
from tests.reports.making import DESCRIPTION, TECHDOCS, make_finding, make_proposal, make_report

if TYPE_CHECKING:
    from bylaw.model import Finding, Report

SCHEMA = jsonschema_rs.Draft4Validator(
    json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0.json").read_text(encoding="utf-8")),
    validate_formats=True,
)
GITHUB_BYTES = 10_000_000


def run_of(report: Report) -> Any:
    """The one run, out of a document that satisfies the schema."""
    document = json.loads(render(report, "sarif"))
    assert [error.message for error in SCHEMA.iter_errors(document)] == []
    assert len(document["runs"]) == 1
    return document["runs"][0]


def result_of(finding: Finding, **more: Any) -> Any:
    (result,) = run_of(make_report(finding, **more))["results"]
    return result


def uri_of(result: Any) -> str:
    return str(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])


@given(reports())
def test_any_report_satisfies_the_schema_and_shows_every_finding(report: Report) -> None:
    run = run_of(report)
    assert [(each["ruleId"], each["properties"]["outcome"]) for each in run["results"]] == [
        (each.rule, each.outcome) for each in report.findings
    ]
    assert render(turned(report), "sarif") == render(report, "sarif")
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert "](" not in result["message"]["text"]
        assert result["message"]["text"].isprintable()
        found = urlsplit(uri_of(result))
        assert (found.scheme, found.netloc, found.query, found.fragment) == ("", "", "", "")
        assert not found.path.startswith("/")


def test_every_report_satisfies_the_schema(case: str, reports: dict[str, Report]) -> None:
    run_of(reports[case])


def test_the_schema_refuses_what_is_none() -> None:
    document = json.loads(render(make_report(make_finding(TECHDOCS, "x")), "sarif"))
    document["runs"][0]["results"][0]["level"] = "fatal"
    assert not SCHEMA.is_valid(document)


def test_nothing_found_is_a_run_without_results(reports: dict[str, Report]) -> None:
    run = run_of(reports["all_well"])
    assert run["results"] == []
    assert run["invocations"] == [
        {
            "executionSuccessful": True,
            "exitCode": 0,
            "exitCodeDescription": "allowed",
            "toolExecutionNotifications": [],
        }
    ]


def test_a_level_is_what_the_finding_does_to_the_decision(reports: dict[str, Report]) -> None:
    found = [
        (each["properties"]["outcome"], each["kind"], each["level"], each["baselineState"], "suppressions" in each)
        for each in run_of(reports["gate"])["results"]
    ]
    assert found == [
        ("fail", "fail", "note", "unchanged", False),
        ("fail", "fail", "note", "new", True),
        ("unknown", "fail", "warning", "new", False),
        ("error", "fail", "error", "new", False),
        ("fail", "fail", "warning", "new", False),
        ("unknown", "fail", "error", "new", False),
        ("fail", "fail", "error", "new", False),
        ("fail", "fail", "note", "unchanged", False),
        ("fail", "pass", "none", "absent", False),
    ]


def test_what_lacks_a_fact_in_check_is_open(reports: dict[str, Report]) -> None:
    results = run_of(reports["partial"])["results"]
    assert {(each["kind"], each["level"]) for each in results} == {("open", "none")}
    assert not any("baselineState" in each for each in results)


def test_a_run_without_an_answer_is_not_successful(reports: dict[str, Report]) -> None:
    (invocation,) = run_of(reports["undecided"])["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 3)


def test_a_waived_finding_is_suppressed_and_says_by_what(reports: dict[str, Report]) -> None:
    (suppressed,) = [each for each in run_of(reports["gate"])["results"] if "suppressions" in each]
    assert suppressed["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "W-2026-07 until 2026-12-01, 10 days left: the team is renamed in December",
        }
    ]
    assert suppressed["message"]["text"] == (
        "waived: api:default/payments-api is not in the catalog "
        "(by W-2026-07 until 2026-12-01, 10 days left: the team is renamed in December)"
    )


@pytest.mark.parametrize(
    "path",
    ["a b/ü.yaml", "a?b#c.yaml", "100%.yaml", "http://evil.example/x", "new\nline.yaml", "component:x", 'q".yaml'],
)
def test_any_path_is_a_relative_uri_that_leads_back_to_it(path: str) -> None:
    uri = uri_of(result_of(make_finding(TECHDOCS, "x", Location(path, 1, 1, 1, 2))))
    assert uri.isascii()
    assert urlsplit(uri).scheme == ""
    assert unquote(uri) == path


def test_a_region_has_the_columns_of_characters() -> None:
    report = make_report(make_finding(TECHDOCS, "x", Location("a", 2, 3, 4, 5)))
    run = run_of(report)
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 2,
        "startColumn": 3,
        "endLine": 4,
        "endColumn": 5,
    }


def test_what_has_no_file_stands_where_its_ref_would_be_and_names_its_entity() -> None:
    result = result_of(make_finding(TECHDOCS, "x", entity_url="https://portal.example.com/x"))
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "component%3Adefault/orders"},
                "region": {"startLine": 1},
            },
            "logicalLocations": [{"fullyQualifiedName": "component:default/orders", "kind": "entity"}],
        }
    ]
    assert result["properties"]["entityUrl"] == "https://portal.example.com/x"


def test_what_is_about_nothing_in_particular_is_about_the_catalog() -> None:
    assert uri_of(result_of(make_finding(TECHDOCS, "x", entity=None))) == "catalog"


def test_what_could_not_be_read_stands_in_its_file() -> None:
    found = make_finding(TECHDOCS, "x", entity=None, document=Document("a/b.yaml", 0, None))
    assert uri_of(result_of(found)) == "a/b.yaml"


def test_fingerprints_are_those_of_the_findings_and_alike_ones_are_told_apart() -> None:
    alike = [make_finding(TECHDOCS, "x", Location("a", line, 1, line, 2)) for line in (1, 2, 3)]
    found = [each["partialFingerprints"]["bylaw/v1"] for each in run_of(make_report(*alike))["results"]]
    assert found[0] == alike[0].fingerprint
    assert len(set(found)) == 3


def test_no_more_results_than_github_takes_and_it_says_so() -> None:
    report = crowded(25_010, lambda each: {"message": "m"})
    run = run_of(report)
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert len(render(report, "sarif").encode()) <= GITHUB_BYTES
    missing = 25_010 - len(run["results"])
    assert note == {
        "level": "warning",
        "message": {"text": f"not shown, since a run holds 25,000 results and 10 MB: {missing:,} errors"},
    }


def test_what_matters_least_is_left_out() -> None:
    def change(each: int) -> dict[str, Any]:
        worst = {"enforcement": Enforcement.DENY} if each % 1000 == 0 else {"enforcement": Enforcement.OBSERVE}
        return {"message": "m" * 900, **worst}

    results = run_of(crowded(9_000, change))["results"]
    assert len(results) < 9_000
    assert [each["level"] for each in results].count("error") == 9


def test_a_message_of_any_length_is_cut() -> None:
    assert len(result_of(make_finding(DESCRIPTION, "x" * 100_000))["message"]["text"]) == 1_000


def test_a_link_in_a_message_is_none() -> None:
    result = result_of(make_finding(TECHDOCS, "[here](http://evil.example) [[1]](2)"))
    assert result["message"]["text"] == "[here] (http://evil.example) [[1]] (2)"


def test_older_findings_count_where_all_do() -> None:
    older = make_finding(TECHDOCS, "x", enforcement=Enforcement.DENY, status=Status.EXISTING)
    for only_new, level in ((True, "note"), (False, "error")):
        result = result_of(older, proposal=make_proposal(only_new=only_new), decision=Decision.DENIED)
        assert (result["level"], result["baselineState"]) == (level, "unchanged")


def test_an_error_that_only_warns_by_configuration_is_a_warning() -> None:
    found = make_finding(TECHDOCS, "x", outcome=Outcome.ERROR, enforcement=Enforcement.WARN)
    assert result_of(found, proposal=make_proposal())["level"] == "warning"
