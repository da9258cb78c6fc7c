"""What a person at a terminal gets to read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.model import Decision, Document, Finding, Location, Outcome, Report
from bylaw.reports import render
from bylaw.reports.terminal import columns

if TYPE_CHECKING:
    from collections.abc import Callable

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), min_size=1)
COLOUR = re.compile(r"\x1b\[(?:0|1|2|1;3[1-6])m")
HELP = "  = help: Add the annotation backstage.io/techdocs-ref: dir:. and an mkdocs.yml beside the descriptor."


def of_services(finding: Callable[..., Finding], number: int, *, files: int = 1) -> list[Finding]:
    return [
        finding(
            "docs/techdocs-missing",
            f"component:default/s{each} has no documentation",
            Location(f"{each % files}/catalog-info.yaml", 1 + each, 3, 1 + each, 7),
            entity=f"component:default/s{each}",
        )
        for each in range(number)
    ]


def test_a_remedy_is_told_once_for_each_rule(finding: Callable[..., Finding], report: Callable[..., Report]) -> None:
    shown = render(report(*of_services(finding, 300, files=300)), "text", width=120).splitlines()
    assert [line for line in shown if "= help" in line] == [HELP]
    assert sum(line.startswith("warning[docs/techdocs-missing]: component:default/s") for line in shown) == 300


def test_what_is_expected_is_told_once_for_each_rule_and_not_where_the_message_says_it(
    finding: Callable[..., Finding], report: Callable[..., Report]
) -> None:
    def fails(path: str, message: str, expected: str) -> Finding:
        return finding("ownership/owner-unknown", message, Location(path, 1, 1, 1, 2), expected=expected)

    shown = render(
        report(
            fails("1", "owner x is unknown", "a Group"),
            fails("2", "owner y is unknown", "a Group"),
            fails("3", "owner z is unknown", "a User"),
            fails("4", "owner z is unknown, expected a person", "a person"),
        ),
        "text",
    )
    assert re.findall(r"--> (.*)|= (expected .*)", shown) == [
        ("1:1:1", ""),
        ("", "expected a Group"),
        ("2:1:1", ""),
        ("3:1:1", ""),
        ("", "expected a User"),
        ("4:1:1", ""),
    ]


def test_a_table_by_rule_stands_only_where_rules_come_up_again(
    finding: Callable[..., Finding], report: Callable[..., Report]
) -> None:
    def of(rules: int, each: int) -> str:
        found = [finding(f"a/b{rule}", "x", key=str(key)) for rule in range(rules) for key in range(each)]
        return render(report(*found), "text")

    assert "\nrule  errors\n" not in of(rules=8, each=1)
    assert "\nrule  errors\n" not in of(rules=1, each=8)
    assert "\nrule  errors\na/b0       4\na/b1       4\n" in of(rules=2, each=4)


def test_nothing_found_where_nothing_was_judged_does_not_sound_like_praise(report: Callable[..., Report]) -> None:
    shown = render(report(decision=Decision.ALLOWED, entities=0), "text")
    assert shown.endswith("\nallowed: nothing found, for there was no entity to judge\n")


def test_many_findings_of_one_rule_in_one_file_take_a_line_each(
    finding: Callable[..., Finding], report: Callable[..., Report]
) -> None:
    shown = render(report(*of_services(finding, 300)), "text", width=120).splitlines()
    start = shown.index("warning[docs/techdocs-missing]: 300 findings")
    assert shown[start + 1] == " --> 0/catalog-info.yaml"
    assert shown[start + 2 : start + 302] == [
        f"   {f'{1 + each}:3':>5}  component:default/s{each} has no documentation" for each in range(300)
    ]
    assert shown[start + 302] == HELP


def test_findings_of_one_file_stand_in_the_order_of_their_lines(reports: dict[str, Report]) -> None:
    shown = render(reports["denied"], "text")
    assert re.findall(r"--> (\S+)", shown) == [
        "services/orders/catalog-info.yaml:11:14",
        "services/orders/catalog-info.yaml:12:10",
        "services/payments/catalog-info.yaml:3:1",
        "services/payments/catalog-info.yaml:4:9",
        "services/payments/catalog-info.yaml:9:10",
    ]


def test_what_could_not_be_judged_is_counted_by_rule_and_not_listed(
    finding: Callable[..., Finding], report: Callable[..., Report]
) -> None:
    rules = [f"catalog/rule-{number:02}" for number in range(20)]
    unknown = [finding(rule, "leads outside", outcome=Outcome.UNKNOWN) for rule in rules]
    shown = render(report(*unknown, decision=Decision.ALLOWED), "text")
    assert "leads outside" not in shown
    assert re.findall(r"^(\S+) +1$", shown, re.M) == rules
    assert shown.endswith("\nallowed: 20 unknown\n")


def test_owners_stand_by_errors_then_warnings_then_name(
    finding: Callable[..., Finding], report: Callable[..., Report]
) -> None:
    def fails(rule: str, name: str, times: int) -> list[Finding]:
        return [finding(rule, f"{n}", entity=f"component:default/{name}", key=f"{n}") for n in range(times)]

    shown = render(
        report(
            *fails("docs/techdocs-missing", "a", 1),
            *fails("docs/techdocs-missing", "b", 3),
            *fails("ownership/owner-unknown", "c", 2),
            *fails("ownership/owner-unknown", "d", 2),
            *fails("docs/techdocs-missing", "ownerless", 2),
            owners={f"component:default/{name}": (f"group:default/{name}",) for name in "abcd"},
        ),
        "text",
    )
    assert shown.split("\n\n")[-3].splitlines() == [
        "owner            errors  warnings",
        "group:default/c       2         -",
        "group:default/d       2         -",
        "group:default/b       -         3",
        "(nobody)              -         2",
        "group:default/a       -         1",
    ]


def test_a_finding_of_an_entity_with_two_owners_counts_for_both(
    finding: Callable[..., Finding], report: Callable[..., Report]
) -> None:
    both = ("group:default/a", "user:default/b")
    owners = {f"component:default/s{each}": both for each in range(6)}
    shown = render(report(*of_services(finding, 6), owners=owners), "text")
    assert shown.split("\n\n")[-2].splitlines() == [
        "owner            warnings",
        "group:default/a         6",
        "user:default/b          6",
    ]


@pytest.mark.parametrize(
    ("decision", "last"),
    [
        (Decision.ALLOWED, "allowed: 1 warning"),
        (Decision.DENIED, "denied: 1 warning (exit code 1)"),
        (Decision.UNDECIDED, "undecided: 1 warning (exit code 3)"),
    ],
)
def test_the_last_line_is_the_decision(
    decision: Decision, last: str, finding: Callable[..., Finding], report: Callable[..., Report]
) -> None:
    shown = render(report(*of_services(finding, 1), decision=decision), "text")
    assert shown.splitlines()[-1] == last


def test_colours_change_nothing_but_colours(case: str, reports: dict[str, Report]) -> None:
    coloured = render(reports[case], "text", color=True)
    assert COLOUR.sub("", coloured) == render(reports[case], "text")
    assert coloured != render(reports[case], "text")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_source_line_is_never_wider_than_the_screen(width: int, reports: dict[str, Report]) -> None:
    shown = render(reports["spans"], "text", width=width).splitlines()
    quoted = [line for line in shown if re.match(r"\s*\d* \|", line)]
    assert len(quoted) == 36  # twelve lines that can be shown: a bar, the source, the carets
    assert max(map(columns, quoted)) <= width


def test_a_screen_of_no_width_is_written_on_all_the_same(reports: dict[str, Report]) -> None:
    assert render(reports["spans"], "text", width=0) == render(reports["spans"], "text", width=40)


@given(
    text=ANY_TEXT,
    path=ANY_TEXT,
    line=ANY_TEXT,
    column=st.integers(1, 30),
    colour=st.booleans(),
    times=st.integers(1, 5),
)
def test_nothing_of_a_catalog_reaches_the_terminal_raw(
    text: str,
    path: str,
    line: str,
    column: int,
    colour: bool,
    times: int,
    finding: Callable[..., Finding],
    report: Callable[..., Report],
) -> None:
    place = Location(path, 1, column, 1, column + 3)
    found = [
        finding(rule, text, location, key=str(number), **more)
        for number in range(times)
        for rule, location, more in (
            ("ownership/owner-unknown", place, {"suggestion": text, "observed": text, "entity": text}),
            ("catalog/yaml-invalid", place, {"expected": text, "entity": None}),
            ("catalog/reference-dangling", place, {"waiver": text}),
            ("docs/techdocs-missing", None, {"entity_url": text}),
            ("docs/description-missing", None, {"document": Document(path, 0, None), "outcome": Outcome.ERROR}),
        )
    ]
    made = report(
        *found,
        owners={text: (text,), "component:default/orders": ("group:default/a", path)},
        lines={(path, 1): line},
        completeness=text,
        notes=(text,),
        gate=text,
    )
    shown = render(made, "text", color=colour)
    assert all(each.isprintable() for each in COLOUR.sub("", shown).split("\n"))
