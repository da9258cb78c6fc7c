"""What a person at a terminal gets to read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.model import (
    Blast,
    Decision,
    Document,
    Enforcement,
    Finding,
    LawChange,
    Location,
    Outcome,
    Report,
    Status,
    WaiverStatus,
)
from bylaw.reports import render
from bylaw.reports.terminal import columns
from tests.reports.anything import reports as any_reports
from tests.reports.anything import turned
from tests.reports.making import (
    LIFECYCLE,
    OWNER_UNKNOWN,
    TECHDOCS,
    make_finding,
    make_proposal,
    make_report,
    make_waiver,
)

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


def of_change(*findings: Finding, **more: Any) -> list[str]:
    """The blocks of the report of a change; ``more`` is of the report, or of the proposal where it has such a field."""
    proposal = make_proposal(**{key: more.pop(key) for key in ("alone", "blast", "law", "only_new") if key in more})
    shown = render(make_report(*findings, gate="merge", proposal=proposal, **more), "text", width=200)
    return shown.rstrip("\n").split("\n\n")


def test_the_head_of_a_change_says_what_it_touches_and_over_what(reports: dict[str, Report]) -> None:
    assert render(reports["gate"], "text").splitlines()[:3] == [
        "merge: 3 files changed, 2 entities edited, 1 removed, over main (merge base 1a2b3c4d5e6f)",
        "judged 14 of 100,000 entities by 8 rules, laid over snapshot base.db of 2026-11-20, 100,000 entities",
        "the catalog counts as complete: it holds 31 Groups",
    ]


def test_a_change_judged_alone_says_why() -> None:
    assert of_change(alone="it does not answer")[0].splitlines()[1] == (
        "judged 14 of 512 entities by 6 rules, alone, without snapshot base.db of 2026-11-20, 100,000 entities: "
        "it does not answer"
    )


def test_a_change_ends_with_what_is_in_the_way_and_what_to_do(reports: dict[str, Report]) -> None:
    assert render(reports["gate"], "text", width=200).splitlines()[-2:] == [
        "in the way: 1 error, 1 without an answer, 1 unknown; correct them (bylaw fix corrects 1), "
        "or ask for a waiver (bylaw waivers request)",
        "denied: 1 error, 1 without an answer, 1 warning, 1 waived, 2 unknown, 2 existing, 1 fixed (exit code 1)",
    ]


def test_what_came_to_no_answer_can_neither_be_corrected_nor_waived() -> None:
    error = make_finding(TECHDOCS, "crashed", outcome=Outcome.ERROR, enforcement=Enforcement.DENY)
    assert of_change(error)[-1].splitlines()[0] == "in the way: 1 without an answer"


def test_a_law_that_cannot_be_used_is_in_the_way_of_an_open_decision() -> None:
    law = LawChange(("bylaw.yaml",), fault="gatez is not a setting")
    last = of_change(law=law, decision=Decision.UNDECIDED)[-1]
    assert last.splitlines()[0] == "in the way: the law of this change, which cannot be used; correct it"
    assert of_change(law=law, decision=Decision.ALLOWED)[-1] == "allowed: nothing found, all is well"


def test_a_change_that_is_allowed_ends_with_that() -> None:
    assert of_change(decision=Decision.ALLOWED)[-1] == "allowed: nothing found, all is well"


def test_older_faults_are_counted_by_rule_and_not_listed(reports: dict[str, Report]) -> None:
    shown = render(reports["gate"], "text")
    assert "rule                         unknown  existing\n" in shown
    assert "lifecycle/lifecycle-unknown        -         2\n" in shown
    assert "component:default/stock" not in shown


def test_where_older_faults_count_they_stand_behind_the_new_ones_and_say_so() -> None:
    older = make_finding(LIFECYCLE, "old", Location("a", 1, 1, 1, 2), status=Status.EXISTING)
    new = make_finding(OWNER_UNKNOWN, "new", Location("b", 1, 1, 1, 2))
    first, second = of_change(older, new, only_new=False)[1:3]
    assert first.splitlines()[0] == "error[ownership/owner-unknown]: new"
    assert second.splitlines() == [
        "error[lifecycle/lifecycle-unknown]: old",
        " --> a:1:1",
        "  = older than this change",
        "  = help: Use experimental, production or deprecated.",
    ]


def test_what_cannot_be_told_is_shown_in_full_where_it_is_in_the_way_and_counted_where_it_is_not() -> None:
    def unknown(enforcement: Enforcement) -> Finding:
        return make_finding(TECHDOCS, f"{enforcement}?", outcome=Outcome.UNKNOWN, enforcement=enforcement)

    assert of_change(unknown(Enforcement.DENY), unknown(Enforcement.WARN))[1:3] == [
        "unknown[docs/techdocs-missing]: deny?\n"
        " --> component:default/orders\n"
        "  = this gate passes nothing that cannot be told\n"
        "  = help: Add the annotation backstage.io/techdocs-ref: dir:. and an mkdocs.yml beside the descriptor.",
        "rule                   unknown\ndocs/techdocs-missing        1",
    ]


def test_a_waived_finding_says_by_what_until_when_and_why() -> None:
    finding = make_finding(OWNER_UNKNOWN, "ghosts", waiver="W-1")
    waiver = make_waiver("W-1", WaiverStatus.ACTIVE, "holds for 40 more days", covers=1, days_left=40)
    assert of_change(finding, waivers=(waiver,))[1:3] == [
        "waived[ownership/owner-unknown]: ghosts\n"
        " --> component:default/orders\n"
        "  = waived by W-1 until 2026-12-01, 40 days left: the team is renamed in December",
        "blast radius: nothing else refers to what changes",
    ]


def test_what_a_change_puts_right_has_a_line_each_and_a_good_word() -> None:
    fixed = [make_finding(TECHDOCS, f"{name} has none", status=Status.FIXED, key=name) for name in ("a", "b")]
    assert of_change(*fixed, decision=Decision.ALLOWED)[1] == (
        "well done: this change puts 2 faults right\n"
        "  docs/techdocs-missing: a has none\n"
        "  docs/techdocs-missing: b has none"
    )
    many = [make_finding(TECHDOCS, "none", status=Status.FIXED, key=str(each)) for each in range(60)]
    assert of_change(*many)[1].splitlines()[-1] == "  and 10 more"


def test_a_change_of_the_law_is_shown_with_what_it_would_flip() -> None:
    flip = ("component:default/a", "denied", "allowed", ("a/b", "a/c", "a/d", "a/e"))
    law = LawChange(("bylaw.yaml",), ("a/b: deny -> off",), (flip,) * 12)
    assert of_change(law=law)[1].splitlines() == [
        "law: this change edits the law (bylaw.yaml): it was judged by the law as it was",
        "  a/b: deny -> off",
        *["  component:default/a would be allowed, now denied, because of a/b, a/c, a/d and 1 more"] * 10,
        "  and 2 more decisions",
    ]


def test_a_law_that_cannot_be_used_says_why() -> None:
    assert of_change(law=LawChange(("bylaw.yaml",), fault="bylaw.yaml: gatez is not a setting"))[1].splitlines()[
        1:
    ] == ["  the law of the change cannot be used: bylaw.yaml: gatez is not a setting"]


def test_waivers_are_told_that_hold_no_more_or_not_for_long_and_are_of_rules_at_hand() -> None:
    waivers = (
        make_waiver("W-1", WaiverStatus.ACTIVE, "expires soon, in 14 days", days_left=14, is_soon=True),
        make_waiver("W-2", WaiverStatus.ACTIVE, "holds for 15 more days", days_left=15),
        make_waiver("W-3", WaiverStatus.EXPIRED, "2026-11-01 was its last day", location=None),
        make_waiver("W-4", WaiverStatus.EXPIRED, "2026-11-01 was its last day", rule=LIFECYCLE),
        make_waiver(
            "W-5", WaiverStatus.OVER_BROAD, "it names 1 entity that does not fail as well: x", days_left=1, is_soon=True
        ),
    )
    finding = make_finding(OWNER_UNKNOWN, "ghosts")
    assert of_change(finding, waivers=waivers)[2].splitlines() == [
        "waiver W-3 of ownership/owner-unknown is expired: 2026-11-01 was its last day",
        "waiver W-5 of ownership/owner-unknown is over-broad: it names 1 entity that does not fail as well: x; "
        "1 day left (waivers.yaml:3)",
        "waiver W-1 of ownership/owner-unknown is active: expires soon, in 14 days (waivers.yaml:3)",
    ]


def test_check_tells_of_every_waiver_that_needs_a_hand() -> None:
    waivers = tuple(
        make_waiver(f"W-{each:02}", WaiverStatus.UNUSED, "take it out", location=None, days_left=90)
        for each in range(12)
    )
    shown = render(make_report(waivers=waivers, decision=Decision.ALLOWED), "text").split("\n\n")
    assert shown[1].splitlines() == [
        *(f"waiver W-{each:02} of ownership/owner-unknown is unused: take it out" for each in range(10)),
        "and 2 more waivers",
    ]


def test_the_blast_radius_stands_before_the_verdict_and_names_ten_of_a_kind() -> None:
    names = tuple(f"component:default/s{each:02}" for each in range(12))
    blast = Blast(names, names[:1], ("group:default/a",), (), uncounted=True)
    assert of_change(blast=blast)[-2].splitlines() == [
        "blast radius: at least 12 entities directly, 1 through others",
        f"  directly: {', '.join(names[:8])},",
        f"    {', '.join(names[8:10])} and 2 more",
        "  through others: component:default/s00",
        "  their owners: group:default/a",
    ]


@given(any_reports(), st.booleans())
def test_of_any_report_nothing_reaches_the_terminal_raw(report: Report, colour: bool) -> None:
    shown = render(report, "text", color=colour)
    assert all(each.isprintable() for each in COLOUR.sub("", shown).split("\n"))
    assert render(turned(report), "text", color=colour) == shown
