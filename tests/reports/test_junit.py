"""JUnit XML, read by libxml2 as GitLab does, and held against the schema of Jenkins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given
from lxml import etree

from bylaw.model import Location, Outcome, Status
from bylaw.reports import render
from bylaw.reports.words import blocks
from tests.reports.anything import crowded, reports, turned
from tests.reports.making import TECHDOCS, make_finding, make_proposal, make_report

if TYPE_CHECKING:
    from bylaw.model import Report

XSD = (Path(__file__).parent / "schemas" / "junit-10.xsd").read_text(encoding="utf-8")
CLASSNAME = '<xs:attribute name="classname" type="xs:string"/>'
FILE = (
    '<xs:attribute name="file" type="xs:string"/>'  # which GitLab reads as well (docs/ci/testing/unit_test_reports.md)
)
# In a testcase, where Jenkins' schema has none; and any length of time.
SCHEMA = etree.XMLSchema(etree.fromstring(XSD.replace(CLASSNAME, CLASSNAME + FILE).encode()))
GITLAB_BYTES = 30_000_000


def suite_of(report: Report) -> Any:
    """The one suite, out of a document that satisfies the schema and counts right."""
    document = etree.fromstring(render(report, "junit").encode())
    SCHEMA.assertValid(document)
    (suite,) = document
    for node in (document, suite):
        assert node.get("name") == "bylaw"
        assert int(node.get("tests")) == len(suite.findall("testcase"))
        assert int(node.get("failures")) == len(suite.findall("testcase/failure"))
        assert int(node.get("errors")) == len(suite.findall("testcase/error"))
    assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped"))
    return suite


def cases_of(report: Report) -> list[Any]:
    cases: list[Any] = suite_of(report).findall("testcase")
    names = [(each.get("classname"), each.get("name")) for each in cases]
    assert len(set(names)) == len(names)
    return cases


def became(case: Any) -> str:
    return case[0].tag if len(case) else "passed"


@given(reports())
def test_any_report_is_a_suite_with_a_test_for_each_finding_whose_name_is_its_own(report: Report) -> None:
    cases = cases_of(report)
    without = set(report.rules) - {each.rule for each in report.findings}
    assert [each.get("classname") for each in cases] == [*(each.rule for each in report.findings), *sorted(without)]
    for finding, case in zip(report.findings, cases, strict=False):
        assert (became(case) in ("failure", "error")) == blocks(report, finding)
        assert (became(case) == "passed") == (finding.status is Status.FIXED)
        assert not len(case) or "§" in case[0].text
    assert render(turned(report), "junit") == render(report, "junit")


def test_every_report_satisfies_the_schema(case: str, reports: dict[str, Report]) -> None:
    cases_of(reports[case])


def test_nothing_found_is_a_test_passed_for_each_rule(reports: dict[str, Report]) -> None:
    assert [(each.get("classname"), each.get("name"), became(each)) for each in cases_of(reports["all_well"])][:2] == [
        ("catalog/reference-dangling", "reference-dangling", "passed"),
        ("catalog/yaml-invalid", "yaml-invalid", "passed"),
    ]


def test_only_what_is_in_the_way_has_failed(reports: dict[str, Report]) -> None:
    assert [(became(each), each[0].get("type") if len(each) else None) for each in cases_of(reports["gate"])] == [
        ("skipped", "existing"),
        ("skipped", "waived"),
        ("skipped", "unknown"),
        ("error", "undecided"),
        ("skipped", "warning"),
        ("failure", "unknown"),
        ("failure", "error"),
        ("skipped", "existing"),
        ("passed", None),
        ("passed", None),
    ]


def test_a_failure_says_where_and_what_to_do(reports: dict[str, Report]) -> None:
    case = cases_of(reports["gate"])[6]
    assert dict(case.attrib) == {
        "classname": "ownership/owner-unknown",
        "name": "component:default/orders /spec/owner",
        "file": "services/orders/catalog-info.yaml",
        "time": "0",
    }
    assert case[0].text == (
        "owner team-paymnts of component:default/orders is not in the catalog "
        "(did you mean group:default/team-payments?)\n"
        "services/orders/catalog-info.yaml:12:10\n"
        "help: Name a Group or User that is in the catalog, or add the team to it."
    )


def test_a_waived_finding_is_skipped_and_says_by_what(reports: dict[str, Report]) -> None:
    assert cases_of(reports["gate"])[1][0].get("message") == (
        "waived: api:default/payments-api is not in the catalog "
        "(by W-2026-07 until 2026-12-01, 10 days left: the team is renamed in December)"
    )


def test_a_fixed_finding_has_the_name_that_it_failed_by() -> None:
    place = Location("a", 3, 1, 3, 2)
    before = make_report(make_finding(TECHDOCS, "x", place))
    after = make_report(
        make_finding(TECHDOCS, "y", status=Status.FIXED), gate="merge", proposal=make_proposal(), decision="allowed"
    )
    (failed,), (passed,) = (
        [each for each in cases_of(report) if each.get("classname") == TECHDOCS] for report in (before, after)
    )
    assert (failed.get("name"), became(passed)) == (passed.get("name"), "passed")


def test_alike_names_are_numbered_since_gitlab_takes_one_of_each() -> None:
    alike = [make_finding(TECHDOCS, f"{number}", key=str(number), pointer="") for number in range(3)]
    taken = make_finding(TECHDOCS, "4", pointer="", entity="component:default/orders (2)")
    names = [each.get("name") for each in cases_of(make_report(*alike, taken)) if each.get("classname") == TECHDOCS]
    assert names == [
        "component:default/orders",
        "component:default/orders (2)",
        "component:default/orders (3)",
        "component:default/orders (2) (2)",
    ]


def test_what_still_fails_keeps_its_name_beside_what_is_fixed() -> None:
    fixed = make_finding(TECHDOCS, "a", status=Status.FIXED, outcome=Outcome.UNKNOWN)
    report = make_report(fixed, make_finding(TECHDOCS, "b"), proposal=make_proposal())
    found = [(each.get("name"), became(each)) for each in cases_of(report) if each.get("classname") == TECHDOCS]
    assert found == [
        ("component:default/orders /spec/owner (2)", "passed"),
        ("component:default/orders /spec/owner", "skipped"),
    ]


def test_markup_and_what_xml_cannot_hold_are_text() -> None:
    message = "]]><failure/> & \x00\x1b\ufffe\ud800 \"'"
    (case,) = [each for each in cases_of(make_report(make_finding(TECHDOCS, message))) if len(each)]
    said = r"]]><failure/> & \x00\x1b\ufffe\ud800 " + "\"'"
    assert case[0].get("message") == f"warning: {said}"
    assert case[0].text.splitlines()[0] == f"warning: {said}"


def test_a_file_is_no_larger_than_gitlab_reads_and_it_says_what_is_missing() -> None:
    report = crowded(15_000, lambda each: {"message": f"{each:05}{'&' * 900}", "waiver": "W-1" if each else None})
    assert len(render(report, "junit").encode()) <= GITLAB_BYTES
    cases = [each for each in cases_of(report) if len(each)]
    assert (became(cases[0]), cases[0].get("name")) == ("failure", "component:default/s000000 /spec/owner")
    assert cases[-1].get("name") == "findings not shown"
    assert cases[-1][0].text == f"not shown, since a file holds 30 MB: {15_001 - len(cases):,} waived"
