"""GitHub's workflow commands, read as its runner reads them."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import given

from bylaw.model import Enforcement, Location
from bylaw.reports import render
from tests.reports.anything import crowded, reports, turned
from tests.reports.making import DESCRIPTION, TECHDOCS, make_finding, make_proposal, make_report

if TYPE_CHECKING:
    from typing import Any

    from bylaw.model import Report

ANNOTATIONS = ("error", "warning", "notice")
PROPERTIES = {"file", "line", "endLine", "col", "endColumn", "title"}
LAST = re.compile(r"bylaw: (allowed|denied|undecided): [0-9a-z, ]+")


def commands(report: Report) -> list[tuple[str, dict[str, str], str]]:
    """The commands, as actions/runner (ActionCommand.TryParseV2) takes them apart; nothing else but the last line."""
    *lines, last, end = render(report, "github").split("\n")
    assert end == ""
    assert LAST.fullmatch(last)
    return list(map(command, lines))


def command(line: str) -> tuple[str, dict[str, str], str]:
    assert line.startswith("::")
    assert line.isprintable()
    information, separator, data = line[2:].partition("::")
    assert separator
    name, _, written = information.partition(" ")
    assert name in ANNOTATIONS
    properties = {}
    for each in written.strip().split(","):
        key, equals, value = each.partition("=")
        assert equals
        assert key not in properties
        properties[key] = unescaped(unescaped(value, {"%3A": ":", "%2C": ","}))
    assert set(properties) <= PROPERTIES
    assert re.fullmatch("(?:[^%]|%25|%0A)*", data)
    return name, properties, unescaped(data)


def unescaped(text: str, tokens: dict[str, str] | None = None) -> str:
    for written, token in (tokens or {"%0D": "\r", "%0A": "\n", "%25": "%"}).items():
        text = text.replace(written, token)
    return text


@given(reports())
def test_any_report_is_commands_of_annotations_one_for_each_finding(report: Report) -> None:
    found = commands(report)
    assert Counter(properties["title"].partition("[")[2] for _, properties, _ in found) == Counter(
        f"{each.rule}]" for each in report.findings
    )
    assert render(turned(report), "github") == render(report, "github")


def test_every_report_is_commands_of_annotations(case: str, reports: dict[str, Report]) -> None:
    found = commands(reports[case])
    assert all(number <= 10 for number in Counter(name for name, _, _ in found).values())


def test_nothing_found_annotates_nothing(reports: dict[str, Report]) -> None:
    assert render(reports["all_well"], "github") == "bylaw: allowed: nothing found\n"


def test_an_annotation_says_where_and_what_to_do(reports: dict[str, Report]) -> None:
    assert commands(reports["gate"])[0] == (
        "error",
        {
            "file": "services/orders/catalog-info.yaml",
            "line": "12",
            "endLine": "12",
            "col": "10",
            "endColumn": "21",
            "title": "error[ownership/owner-unknown]",
        },
        "owner team-paymnts of component:default/orders is not in the catalog "
        "(did you mean group:default/team-payments?)\n"
        "Name a Group or User that is in the catalog, or add the team to it.",
    )


def test_a_level_is_what_the_finding_does_to_the_decision(reports: dict[str, Report]) -> None:
    found = [(name, properties["title"].partition("[")[0]) for name, properties, _ in commands(reports["gate"])]
    assert found == [
        ("error", "error"),
        ("error", "undecided"),
        ("error", "unknown"),
        ("warning", "warning"),
        ("warning", "unknown"),
        ("notice", "waived"),
        ("notice", "existing"),
        ("notice", "existing"),
        ("notice", "fixed"),
    ]


def test_a_waived_finding_says_by_what(reports: dict[str, Report]) -> None:
    (said,) = [message for _, properties, message in commands(reports["gate"]) if "waived" in properties["title"]]
    assert said.endswith("(by W-2026-07 until 2026-12-01, 10 days left: the team is renamed in December)")


def test_ten_of_a_level_are_all_shown_and_of_eleven_nine_and_what_is_not() -> None:
    ten, eleven = (commands(crowded(number, lambda _: {})) for number in (10, 11))
    assert [properties["title"] for _, properties, _ in ten] == ["error[ownership/owner-unknown]"] * 10
    assert [properties["title"] for _, properties, _ in eleven] == ["error[ownership/owner-unknown]"] * 9 + ["bylaw"]
    assert eleven[-1][2] == (
        "not annotated, since GitHub shows 10 of a level: 2 errors; the other formats have them all"
    )


def test_what_matters_most_of_a_level_is_shown() -> None:
    def change(each: int) -> dict[str, Any]:
        return {"enforcement": Enforcement.OBSERVE} if each == 29 else {"waiver": "W-1"}

    found = commands(crowded(30, change, proposal=make_proposal()))
    assert [properties["title"].partition("[")[0] for _, properties, _ in found] == ["info"] + ["waived"] * 8 + [
        "bylaw"
    ]


def test_a_file_name_cannot_end_its_property() -> None:
    place = Location("a,line=7::error::x%2C\n.yaml", 1, 1, 1, 2)
    ((_, properties, _),) = commands(make_report(make_finding(TECHDOCS, "x", place)))
    assert properties["file"] == "a,line=7::error::x%2C\\n.yaml"
    assert properties["line"] == "1"


def test_what_has_no_file_names_none() -> None:
    ((_, properties, _),) = commands(make_report(make_finding(DESCRIPTION, "x", entity_url="https://x.example")))
    assert properties == {"title": "info[docs/description-missing]"}
