"""Fixes as suggestions: the line as it stands, with one value put right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.cli.note import _changed as line_changed
from bylaw.documents import load
from bylaw.notes.suggestions import MOST, Suggestion, fingerprint_of, suggestions
from tests.command import TEAM_A, run, write

if TYPE_CHECKING:
    from pathlib import Path

LINE = "  owner: team-paymnts  # since 2024"


def finding(line: str = LINE, value: Any = "team-payments", **changed: Any) -> dict[str, Any]:
    """A finding of the JSON report on the value ``team-paymnts`` in the first line."""
    column = line.index("team-paymnts") + 1
    quoted = line[column - 2 : column - 1] in ("'", '"')
    start, end = (column - 1, column + 13) if quoted else (column, column + 12)
    return {
        "rule": "ownership/owner-unknown",
        "outcome": "fail",
        "status": "new",
        "waiver": None,
        "message": "owner team-paymnts is not in the catalog",
        "pointer": "/spec/owner",
        "location": {"path": "a.yaml", "line": 1, "column": start, "end_line": 1, "end_column": end},
        "observed": "team-paymnts",
        "fix": [{"op": "replace", "path": "/spec/owner", "value": value}],
        "fingerprint": "f" * 64,
        **changed,
    }


def lines(line: str = LINE, **changed: Any) -> list[str]:
    """What is suggested in place of a line."""
    return [each.text for each in suggestions([finding(line, **changed)], lambda path: [line], line_changed)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  owner: team-paymnts", "  owner: team-payments"),
        ("  owner: team-paymnts  # since 2024", "  owner: team-payments  # since 2024"),
        ("  owner: 'team-paymnts'", "  owner: 'team-payments'"),
        ('  owner: "team-paymnts" # why', '  owner: "team-payments" # why'),
        ("spec: {owner: team-paymnts, type: x}", "spec: {owner: team-payments, type: x}"),
        ("- team-paymnts", "- team-payments"),
    ],
)
def test_the_value_is_put_right_and_all_else_stays(before: str, after: str) -> None:
    assert lines(before) == [after]


def test_a_value_that_needs_quotes_gets_them() -> None:
    assert lines("  owner: team-paymnts", value="team: payments # all") == ['  owner: "team: payments # all"']


@given(st.text(max_size=40), st.sampled_from(["owner: team-paymnts", "owner: 'team-paymnts'", "owner: [team-paymnts]"]))
def test_what_is_suggested_says_the_value_of_the_fix(value: str, line: str) -> None:
    for shown in lines(line, value=value):
        (document,) = load(shown.encode())
        (said,) = document.value.values()
        assert said in (value, [value])


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "existing"},
        {"status": "fixed"},
        {"outcome": "unknown"},
        {"waiver": "W-1"},
        {"fix": []},
        {"fix": [{"op": "remove", "path": "/spec/owner"}]},
        {"fix": [{"op": "replace", "path": "/spec/type", "value": "x"}]},
        {"fix": [{"op": "replace", "path": "/spec/owner", "value": ["x"]}]},
        {"fix": [{"op": "replace", "path": "/spec/owner", "value": "x"}] * 2},
        {"observed": 5},
        {"observed": "something else"},
        {"location": None},
        {"location": {"path": "a.yaml", "line": 1, "column": 10, "end_line": 2, "end_column": 3}},
        {"location": {"path": "a.yaml", "line": 7, "column": 10, "end_line": 7, "end_column": 22}},
    ],
    ids=str,
)
def test_nothing_else_is_suggested(changed: dict[str, Any]) -> None:
    assert lines(**changed) == []


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("/close a: team-paymnts", id="what GitLab may take for a command"),
        pytest.param("  owner: team-paymnts # \u202e", id="what does not show"),
        pytest.param("  owner: team-paymnts\r", id="another line end"),
        pytest.param(f"  owner: team-paymnts # {'x' * 2000}", id="a very long line"),
    ],
)
def test_nothing_is_suggested_for_a_line_that_a_note_cannot_show(line: str) -> None:
    assert lines(line) == []


def test_a_file_that_cannot_be_read_gets_no_suggestion() -> None:
    assert suggestions([finding()], lambda path: None, line_changed) == ()


def test_there_are_no_more_suggestions_than_a_reader_takes() -> None:
    many = [finding(fingerprint=f"{number:064x}") for number in range(MOST + 5)]
    assert [each.fingerprint for each in suggestions(many, lambda path: [LINE], line_changed)] == [
        f"{number:064x}" for number in range(MOST)
    ]


def test_a_suggestion_is_known_again_by_its_finding() -> None:
    body = Suggestion("a" * 64, "a.yaml", 1, "x: y", "docs/x", "no x").body
    assert fingerprint_of(body) == "a" * 64
    assert fingerprint_of(f"> {body}") is None


def test_the_block_shows_the_line_whatever_it_holds() -> None:
    body = Suggestion("a" * 64, "a.yaml", 1, "x: y # ```` and ``", "docs/x", "no `x`\n```\n/merge").body
    assert body == (
        f"<!-- bylaw:fix {'a' * 64} -->\n\n`docs/x`: ```` no `x` ``` /merge ````\n\n"
        "`````suggestion:-0+0\nx: y # ```` and ``\n`````\n"
    )


def test_a_suggestion_is_what_bylaw_fix_would_write(tmp_path: Path) -> None:
    """A real report of a real file: where the finding says that the value stands, there it stands."""
    text = (
        "# ü, and so not a byte a character\napiVersion: backstage.io/v1alpha1\nkind: Component\n"
        "metadata: {name: orders, description: Takes orders}\nspec:\n  type: service\n"
        '  lifecycle: "prodction" # é\n  owner: team-a\n'
    )
    files = ("catalog-info.yaml", "team.yaml")
    write(tmp_path, dict(zip(files, (text, TEAM_A), strict=True)))
    report = run("check", *files, "--format", "json", cwd=tmp_path).report
    found = suggestions(report["findings"], lambda path: (tmp_path / path).read_text().split("\n"), line_changed)
    assert [(each.line, each.text) for each in found] == [(7, '  lifecycle: "production" # é')]
    run("fix", *files, cwd=tmp_path)
    assert (tmp_path / "catalog-info.yaml").read_text() == text.replace("prodction", "production")
