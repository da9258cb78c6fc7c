"""Edits as a unified diff."""

from __future__ import annotations

import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bylaw.fixes import Edit, Fixes
from bylaw.reports import diff
from tests.command import scrubbed
from tests.shared import examples

TOOLS = [("git", "apply", "--whitespace=nowarn", "-"), ("patch", "-p1", "-s", "-i", "-")]

lines = st.lists(
    st.sampled_from(["a\n", "b\n", "c\n", "- a\n", "-- a\n", "@@ -1 +1 @@\n", "\n", "é\r\n", "x" * 80 + "\n"])
)
texts = st.builds(lambda some, end: "".join(some) + end, lines, st.sampled_from(["", "end", " "]))


def edit(before: str, after: str, path: str = "a/b.yaml") -> Edit:
    return Edit(path, before.encode(), after.encode(), ())


def shown(*edits: Edit, safe: bool = False, color: bool = False) -> str:
    text, left_out = diff.render(Fixes(Path(), edits), color=color, safe=safe)
    assert left_out == []
    return text


def applied(tool: tuple[str, ...], edits: list[Edit]) -> list[bytes]:
    """The files after a tool has applied the diff."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for each in edits:
            path = folder / each.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(each.before)
        text = shown(*edits).encode()
        done = subprocess.run(tool, cwd=folder, input=text, env=scrubbed(), capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b""), text
        return [(folder / each.path).read_bytes() for each in edits]


def numbered(*others: tuple[int, str]) -> str:
    """Twenty lines of which some are others."""
    said = dict(others)
    return "".join(said.get(number, f"{number}\n") for number in range(1, 21))


def test_a_change_is_shown_with_three_lines_around_it() -> None:
    assert shown(edit(numbered(), numbered((10, "ten\n")))) == (
        "--- a/a/b.yaml\n+++ b/a/b.yaml\n@@ -7,7 +7,7 @@\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n"
    )


def test_changes_of_which_the_lines_around_touch_are_shown_together() -> None:
    assert shown(edit(numbered(), numbered((1, ""), (7, "7\nnew\n"), (20, "")))) == (
        "--- a/a/b.yaml\n+++ b/a/b.yaml\n"
        "@@ -1,10 +1,10 @@\n-1\n 2\n 3\n 4\n 5\n 6\n 7\n+new\n 8\n 9\n 10\n"
        "@@ -17,4 +17,3 @@\n 17\n 18\n 19\n-20\n"
    )


def test_a_last_line_without_an_end_is_said_to_have_none() -> None:
    assert shown(edit("a: 1", "a: 1\nb: 2")) == (
        "--- a/a/b.yaml\n+++ b/a/b.yaml\n@@ -1,1 +1,2 @@\n-a: 1\n\\ No newline at end of file\n"
        "+a: 1\n+b: 2\n\\ No newline at end of file\n"
    )


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool[0])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1", "a: 2"),
        ("a: 1\n", "a: 2"),
        ("a: 1", "a: 1\n"),
        ("a: 1\nb: 2\n", "b: 2\n"),
        ("b: 2\n", "a: 1\nb: 2\n"),
        ("a: 1\r\nb: 2\r\n", "a: 1\r\nb: 3\r\nc: 4\r\n"),
        ("\ufeffa: é\u2028\n", "\ufeffa: 😀\x85\n"),
        ("- a\n-- b\n--- c\n+++ d\n@@ -1 @@\n", "- a\n-- x\n--- y\n+++ z\n@@ -1 @@\n"),
        (numbered(), numbered((2, ""), (9, "9\n9\n9\n"), (19, "x\n"))),
    ],
)
def test_git_and_patch_take_it(tool: tuple[str, ...], before: str, after: str) -> None:
    assert shutil.which(tool[0]), f"{tool[0]} is not on PATH"
    assert applied(tool, [edit(before, after), edit("a: 1\n", "a: 2\n", "z.yaml")]) == [after.encode(), b"a: 2\n"]


NAMES = ["a b.yaml", "é名😀.yaml", 'a"b.yaml', "a\\b.yaml", "a\nb.yaml", "a\tb.yaml", "-", "b/a.yaml", "a\x1b[31m.yaml"]


@pytest.mark.parametrize("path", NAMES)
def test_the_name_of_a_file_may_be_any(path: str) -> None:
    for tool in TOOLS:
        if tool[0] == "git" or "\n" not in path:  # patch takes no name with a line break
            assert applied(tool, [edit("a: 1\n", "a: 2\n", path)]) == [b"a: 2\n"]


def test_nothing_in_the_name_of_a_file_acts() -> None:
    text = shown(edit("a: 1\n", "a: 2\n", "a\x1b[31m\u202e\n--- b\x7f.yaml"))
    name = "\\033[31m\\342\\200\\256\\n--- b\\177.yaml"
    assert text.split("\n")[:2] == [f'--- "a/a{name}"', f'+++ "b/a{name}"']


def test_on_a_terminal_nothing_in_the_text_acts_either() -> None:
    text = shown(edit("a: \u202e1\n", "a: \u202e2\n"), safe=True)
    assert text.split("\n")[3:5] == ["-a: \\u202e1", "+a: \\u202e2"]


def test_colours_are_for_signs() -> None:
    text = shown(edit("a: 1\nb: 2\n", "a: 1\nb: 3\n"), color=True)
    assert text == (
        "\x1b[1m--- a/a/b.yaml\x1b[0m\n\x1b[1m+++ b/a/b.yaml\x1b[0m\n\x1b[2m@@ -1,2 +1,2 @@\x1b[0m\n"
        " a: 1\n\x1b[1;31m-b: 2\x1b[0m\n\x1b[1;32m+b: 3\x1b[0m\n"
    )


def test_a_file_of_which_the_diff_would_show_a_secret_is_left_out() -> None:
    secret = f"ghp_{sha256(b'').hexdigest()[:36]}"
    far = "".join(f"line: {number}\n" for number in range(10))
    near, distant = f"a: 1\ntoken: {secret}\n", f"a: 1\n{far}token: {secret}\n"
    edits = (
        edit(near, near.replace("1", "2"), "near.yaml"),
        edit(distant, distant.replace("a: 1", "a: 2"), "far.yaml"),
        edit("a: 1\n", f"a: {secret}\n", "new.yaml"),
    )
    text, left_out = diff.render(Fixes(Path(), edits), color=False, safe=False)
    assert left_out == ["near.yaml", "new.yaml"]
    assert secret not in text
    assert text.startswith("--- a/far.yaml\n")


@settings(max_examples=examples(10))
@given(texts, texts, st.sampled_from(TOOLS))
@example("a\n" * 200, "b\n" * 200, TOOLS[0])
@example("a\nb\n" * 100, "b\na\n" * 100, TOOLS[1])
def test_any_two_texts_have_a_diff_that_leads_from_one_to_the_other(
    before: str, after: str, tool: tuple[str, ...]
) -> None:
    if before != after and before and after:  # an edit neither makes a file nor removes one
        assert applied(tool, [edit(before, after)]) == [after.encode()]


def test_a_file_of_many_changes_takes_no_more_time_for_each() -> None:
    document = "name: e{}\nspec:\n  type: service\n  owner: {}\n---\n"
    before = "".join(document.format(number, "old") for number in range(20_000))
    text = shown(edit(before, before.replace("owner: old", "owner: new")))
    assert text.count("\n+  owner: new\n") == 20_000
