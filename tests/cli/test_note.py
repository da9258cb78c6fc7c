"""``bylaw note``: the real command against a server that speaks GitLab's API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.command import TEAM_A, run, write
from tests.notes.server import HEAD, TOKEN, GitLab, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BROKEN = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: orders, description: Takes orders}
spec:
  type: service
  owner: team-a
  lifecycle: prodction  # soon
"""
LINE = 7


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    with running(GitLab(added_lines={("catalog-info.yaml", LINE)})) as server:
        yield server


def job(gitlab: GitLab, **more: str) -> dict[str, str]:
    """The environment of a merge request's job."""
    return {
        "CI_SERVER_URL": gitlab.url,
        "CI_PROJECT_ID": "12",
        "CI_PROJECT_URL": f"{gitlab.url}/shop/orders",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_COMMIT_SHA": HEAD,
        "BYLAW_GITLAB_TOKEN": TOKEN,
        **more,
    }


def first_lines(gitlab: GitLab) -> list[str]:
    return [each["body"].split("\n")[-2] for each in gitlab.notes]


def test_the_file_becomes_the_note_and_the_next_one_takes_its_place(gitlab: GitLab, tmp_path: Path) -> None:
    write(tmp_path, {"one.md": "# Denied\n", "two.md": "# Allowed\n"})
    for name in ("one.md", "two.md"):
        ran = run("note", name, cwd=tmp_path, environment=job(gitlab))
        url = f"{gitlab.url}/shop/orders/-/merge_requests/7#note_101"
        assert (ran.code, ran.out, ran.err) == (0, "", f"note: {url}\n")
    assert first_lines(gitlab) == ["# Allowed"]


def test_a_finding_with_a_fix_of_one_line_becomes_a_suggestion(gitlab: GitLab, tmp_path: Path) -> None:
    write(tmp_path, {"catalog-info.yaml": BROKEN, "team.yaml": TEAM_A, "note.md": "# Denied\n"})
    run("check", "catalog-info.yaml", "team.yaml", "--output", "json=report.json", cwd=tmp_path)
    ran = run("note", "note.md", "--report", "report.json", cwd=tmp_path, environment=job(gitlab))
    assert ran.code == 0
    (body,) = [each["notes"][0]["body"] for each in gitlab.discussions]
    assert body.endswith("```suggestion:-0+0\n  lifecycle: production  # soon\n```\n")
    assert [each["notes"][0]["position"]["new_line"] for each in gitlab.discussions] == [LINE]


def test_a_report_that_a_run_did_not_get_to_changes_no_suggestion(gitlab: GitLab, tmp_path: Path) -> None:
    write(tmp_path, {"note.md": "# No report\n"})
    ran = run("note", "note.md", "--report", "report.json", cwd=tmp_path, environment=job(gitlab))
    assert ran.code == 0
    assert first_lines(gitlab) == ["# No report"]
    assert [each for each in gitlab.asked if "discussions" in each] == []


@pytest.mark.parametrize("link", ["/etc/passwd", "../outside.yaml"])
def test_no_line_of_a_file_outside_the_checkout_is_suggested(gitlab: GitLab, tmp_path: Path, link: str) -> None:
    """The file was there when it was judged, and is a link when it is read again."""
    folder = tmp_path / "checkout"
    write(tmp_path, {"outside.yaml": BROKEN})
    write(folder, {"catalog-info.yaml": BROKEN, "team.yaml": TEAM_A, "note.md": "x\n", ".git/HEAD": ""})
    run("check", "catalog-info.yaml", "team.yaml", "--output", "json=report.json", cwd=folder)
    (folder / "catalog-info.yaml").unlink()
    (folder / "catalog-info.yaml").symlink_to(link)
    ran = run("note", "note.md", "--report", "report.json", cwd=folder, environment=job(gitlab))
    assert (ran.code, gitlab.discussions) == (0, [])


@pytest.mark.parametrize(
    ("environment", "warning"),
    [
        (
            {"BYLAW_GITLAB_TOKEN": "glpat-wrong"},
            "GitLab does not accept the token: it is wrong, has expired or was revoked",
        ),
        (
            {"CI_MERGE_REQUEST_IID": ""},
            "CI_MERGE_REQUEST_IID is not set, which GitLab CI sets in a merge request's pipeline",
        ),
        (
            {"CI_SERVER_URL": "http://127.0.0.1:1"},
            "GitLab cannot be reached, or says something unexpected (ConnectionError)",
        ),
    ],
)
def test_what_keeps_gitlab_from_taking_it_is_a_warning(
    gitlab: GitLab, tmp_path: Path, environment: dict[str, str], warning: str
) -> None:
    write(tmp_path, {"note.md": "# Denied\n"})
    ran = run("note", "note.md", cwd=tmp_path, environment=job(gitlab, **environment))
    assert (ran.code, ran.out, ran.err) == (0, "", f"bylaw: no note: {warning}\n")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_the_token_is_never_printed(gitlab: GitLab, tmp_path: Path, status: int) -> None:
    """The server cites it in its answer."""
    gitlab.faults = {"GET notes": [status] * 9}
    write(tmp_path, {"note.md": "# Denied\n"})
    ran = run("note", "note.md", cwd=tmp_path, environment=job(gitlab))
    assert ran.code == 0
    assert ran.err.startswith("bylaw: no note: ")
    assert TOKEN not in ran.out + ran.err


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    ran = run("note", "note.md", cwd=tmp_path)
    assert (ran.code, ran.err) == (2, "bylaw: note.md: cannot be read (No such file or directory)\n")


@pytest.mark.parametrize("report", ["", "[]", "{}", '{"version": 2}', "{"])
def test_a_report_that_is_none_is_wrong_usage(tmp_path: Path, report: str) -> None:
    write(tmp_path, {"note.md": "x", "report.json": report})
    ran = run("note", "note.md", "--report", "report.json", cwd=tmp_path)
    expected = "expected a JSON report of version 1, as `bylaw gate --output json=report.json` writes it"
    assert (ran.code, ran.err) == (2, f"bylaw: report.json: {expected}\n")
