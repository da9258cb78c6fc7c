"""The Markdown of a note and of a job's summary, read by a parser of CommonMark with GitHub's tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hypothesis import given
from markdown_it import MarkdownIt

from bylaw.model import Blast, Enforcement, LawChange, Location
from bylaw.reports import render
from tests.reports.anything import MARK, crowded, reports, turned
from tests.reports.making import OWNER_UNKNOWN, TECHDOCS, make_finding, make_proposal, make_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

    from bylaw.model import Report

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = {
    *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "fence", "code_inline", "text"),
    *("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"),
    *("strong_open", "strong_close", "hardbreak", "softbreak"),
}
PLAIN = re.compile(r"[A-Za-z0-9 ,.;:()?-]*")
GITHUB_CHARACTERS = 65_536


def tokens(markdown: str) -> Iterator[Token]:
    for block in PARSER.parse(markdown):
        yield block
        yield from block.children or ()


def is_harmless(markdown: str) -> bool:
    """Whether strangers' texts are in code alone, and what is not code is plain words of ours.

    So there is no mention, reference, link, image, HTML, cell or quick action, whatever a server adds to CommonMark.
    """
    for token in tokens(markdown):
        assert token.type in OURS, token
        if token.type == "text":
            assert PLAIN.fullmatch(token.content), token.content
            assert MARK not in token.content
    return True


def headings(report: Report) -> list[str]:
    return re.findall("^#### (.*)$", render(report, "markdown"), re.M)


@given(reports())
def test_nothing_in_any_report_becomes_markup(report: Report) -> None:
    shown = render(report, "markdown")
    assert is_harmless(shown)
    assert all(line.isprintable() for line in shown.split("\n"))
    assert not re.search(r"^\s*/", shown, re.M)
    assert len(shown.encode()) <= 60_000
    assert render(turned(report), "markdown") == shown


def test_nothing_in_any_case_becomes_markup(case: str, reports: dict[str, Report]) -> None:
    assert is_harmless(render(reports[case], "markdown"))


def test_what_is_in_the_way_comes_first_and_existing_faults_are_counted(reports: dict[str, Report]) -> None:
    assert headings(reports["gate"]) == [
        "To correct",
        "Warnings",
        "Waived",
        "Put right by this change",
        "Could not be told",
        "Older than this change",
    ]
    shown = render(reports["gate"], "markdown")
    assert "\n#### Older than this change\n\n- 2 x `lifecycle/lifecycle-unknown`\n" in shown
    assert "component:default/stock" not in shown


def test_a_newcomer_reads_at_once_why_and_what_to_do(reports: dict[str, Report]) -> None:
    assert render(reports["gate"], "markdown").splitlines()[:5] == [
        "### bylaw `merge`: denied",
        "",
        "**In the way: 1 error, 1 without an answer, 1 unknown; correct them (bylaw fix corrects 1), "
        "or ask for a waiver (bylaw waivers request).**",
        "",
        "3 files changed, 2 entities edited, 1 removed, over `main (merge base 1a2b3c4d5e6f)`.",
    ]


def test_a_fix_of_one_line_is_shown_as_a_difference_and_never_as_a_suggestion(reports: dict[str, Report]) -> None:
    shown = render(reports["gate"], "markdown")
    fences = [(token.info, token.content) for token in tokens(shown) if token.type == "fence"]
    assert fences == [("diff", "-  owner: team-paymnts # for now\n+  owner: team-payments # for now\n")]
    assert "```suggestion" not in shown


def test_a_fence_is_longer_than_any_in_it() -> None:
    line = "  owner: x # ````` /approve"
    found = make_finding(
        OWNER_UNKNOWN,
        "x",
        Location("a", 1, 10, 1, 11),
        fix=({"op": "replace", "path": "/spec/owner", "value": "y"},),
    )
    shown = render(make_report(found, lines={("a", 1): line}), "markdown")
    assert [token.content for token in tokens(shown) if token.type == "fence"] == [
        f"-{line}\n+  owner: y # ````` /approve\n"
    ]
    assert is_harmless(shown)


def test_what_is_allowed_says_so_and_little_else(reports: dict[str, Report]) -> None:
    assert render(reports["all_well"], "markdown") == (
        "### bylaw `check`: allowed\n\n"
        "Nothing found.\n\n"
        "judged 512 entities in 184 files by 6 rules. The catalog counts as complete: `it holds 31 Groups`.\n"
    )


def test_of_many_findings_fifty_are_shown_those_that_matter_most_and_the_rest_is_counted() -> None:
    def change(each: int) -> dict[str, Any]:
        return {"enforcement": Enforcement.DENY if each >= 60 else Enforcement.WARN}

    shown = render(crowded(70, change), "markdown")
    assert shown.count("- **error** ") == 10
    assert shown.count("- **warning** ") == 40
    assert "**Not shown, to keep this short:** 20 warnings. The other formats have them." in shown
    assert shown.count("help: ") == 1


def test_the_longest_note_fits_a_comment() -> None:
    def long(each: int) -> str:
        return f"{each:04}{'注' * 2000}"

    names = tuple(map(long, range(200)))
    proposal = make_proposal(
        base=long(0),
        surroundings=long(1),
        alone=long(2),
        blast=Blast(names, names, names, names, True),
        law=LawChange(names, names, tuple((each, "denied", "allowed", names) for each in names), long(3)),
    )
    report = crowded(
        200,
        lambda each: {"message": long(each), "suggestion": long(each), "entity": long(each)},
        proposal=proposal,
        notes=names,
        gate=long(4),
        completeness=long(5),
    )
    shown = render(report, "markdown")
    assert 30_000 < len(shown.encode()) <= 60_000 < GITHUB_CHARACTERS
    assert re.search(r"\*\*Not shown, to keep this short:\*\* \d+ errors\.", shown)
    assert is_harmless(shown)


def test_a_change_judged_alone_says_so_at_the_top(reports: dict[str, Report]) -> None:
    assert render(reports["gate_all"], "markdown").splitlines()[6] == (
        "**judged 14 of 100,000 entities by 8 rules, alone, "
        "without `snapshot base.db of 2026-11-20, 100,000 entities`: "
        "`portal.example.com does not answer (gates.merge.on_base_missing: judge_alone)`**"
    )


def test_an_entity_on_a_server_is_shown_by_its_url_and_not_linked() -> None:
    shown = render(make_report(make_finding(TECHDOCS, "x", entity_url="https://portal.example.com")), "markdown")
    assert "at `https://portal.example.com`" in shown
    assert is_harmless(shown)
