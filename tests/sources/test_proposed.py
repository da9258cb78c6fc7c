"""What a change is: from git as people and CI have it, and from folders."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from bylaw.errors import UndecidedError, UsageError
from bylaw.model import FileChange
from bylaw.sources import proposed
from tests.command import git, without_privileges, write
from tests.sources.trees import hermetic

if TYPE_CHECKING:
    from pathlib import Path

    from bylaw.sources.proposed import Proposed

GITLAB = {"CI": "true", "GITLAB_CI": "true"}
IN_CI = " (in GitLab CI set GIT_DEPTH: 0, in GitHub Actions give actions/checkout fetch-depth: 0)"


@pytest.fixture(autouse=True)
def _hermetic(monkeypatch: pytest.MonkeyPatch) -> None:
    hermetic(monkeypatch)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A repository with a commit on main."""
    folder = tmp_path / "here"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    save(folder, {"a": "a\n", "b": "b\n"})
    return folder


def save(folder: Path, files: dict[str, str | bytes] | None = None) -> str:
    """Commit, and give the id."""
    write(folder, files or {})
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "x")
    return said(folder, "rev-parse", "HEAD")


def said(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode().strip()


def pairs(change: Proposed) -> list[tuple[str | None, str | None]]:
    return [(each.before, each.after) for each in change.files]


def changed(folder: Path, base: str = "main") -> list[tuple[str | None, str | None]]:
    return pairs(proposed.from_git(base, folder, {}))


def refusal(error: type[Exception], base: str | None, folder: Path, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(error) as raised:
        proposed.from_git(base, folder, environment or {})
    return str(raised.value)


# -- which files


def test_without_a_change_there_is_none(here: Path) -> None:
    assert changed(here) == []


def test_commits_of_the_branch_the_index_edits_and_new_files_are_one_change(here: Path) -> None:
    git(here, "switch", "-q", "-c", "feature")
    save(here, {"committed": "1", "a": "A\n"})
    write(here, {".gitignore": "*.log\n", "staged": "1", "untracked/x": "1", "x.log": "1"})
    git(here, "add", "staged")
    (here / "b").unlink()
    change = proposed.from_git("main", here / "untracked", {})
    assert pairs(change) == [
        (None, ".gitignore"),
        ("a", "a"),
        ("b", None),
        (None, "committed"),
        (None, "staged"),
        (None, "untracked/x"),
    ]
    assert (change.before.root, change.after.root) == (here, here)
    assert change.before.read("a", 9) == b"a\n"
    assert change.after.read("a", 9) == b"A\n"


def test_what_happened_on_the_target_branch_since_is_no_part_of_the_change(here: Path) -> None:
    start = said(here, "rev-parse", "HEAD")
    git(here, "switch", "-q", "-c", "feature")
    save(here, {"mine": "1"})
    git(here, "switch", "-q", "main")
    save(here, {"theirs": "1", "a": "theirs\n"})
    git(here, "switch", "-q", "feature")
    change = proposed.from_git("main", here, {})
    assert pairs(change) == [(None, "mine")]
    assert (change.name, change.commit, change.branch) == (f"main (merge base {start[:12]})", start, "main")


def test_an_edit_that_was_undone_is_none(here: Path) -> None:
    save(here, {"a": "x"})
    write(here, {"a": "a\n"})
    assert changed(here, "main~1") == []


def test_a_file_whose_times_alone_differ_is_the_same(here: Path) -> None:
    os.utime(here / "a", (0, 0))
    assert changed(here) == []


def test_moves_are_told_with_and_without_git_knowing_of_them(here: Path) -> None:
    long = "".join(f"{number}\n" for number in range(50))
    save(here, {"one": long, "two": "2" * 50, "three": "3" * 50, "empty": ""})
    git(here, "mv", "one", "staged")
    write(here, {"staged": long + "more\n"})
    (here / "two").rename(here / "by hand")
    (here / "three").unlink()
    (here / "empty").unlink()
    write(here, {"else": "4" * 50, "nothing": ""})
    assert changed(here) == [
        ("two", "by hand"),
        (None, "else"),
        ("empty", None),
        (None, "nothing"),
        ("one", "staged"),
        ("three", None),
    ]


def test_a_file_that_was_taken_out_of_the_index_alone_is_still_there(here: Path) -> None:
    git(here, "rm", "-q", "--cached", "a", "b")
    write(here, {"b": "B\n"})
    assert changed(here) == [("b", "b")]


def test_a_file_that_was_copied_and_taken_out_of_the_index_has_not_moved(here: Path) -> None:
    long = "".join(f"{number}\n" for number in range(50))
    save(here, {"one": long})
    write(here, {"two": long})
    git(here, "add", "two")
    git(here, "rm", "-q", "--cached", "one")
    assert changed(here) == [(None, "two")]


def test_modes_types_links_and_submodules_are_differences(here: Path) -> None:
    save(here, {"file": "x", "folder/x": "x", "script": "x", "other": "x"})
    (here / "link").symlink_to("a")
    head = save(here)
    git(here, "update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    git(here, "commit", "-q", "-m", "x")
    (here / "script").chmod(0o755)
    for name in ("file", "folder/x", "link", "other"):
        (here / name).unlink()
    (here / "folder").rmdir()
    (here / "sub").mkdir()
    (here / "file").symlink_to("a")
    write(here, {"folder": "now a file", "other/x": "now a folder"})
    (here / "link").symlink_to("b")
    git(here, "update-index", "--cacheinfo", f"160000,{said(here, 'rev-parse', 'HEAD')},sub")
    expected = [
        ("file", "file"),
        (None, "folder"),
        ("folder/x", None),
        ("link", "link"),
        ("other", None),
        (None, "other/x"),
        ("script", "script"),
        ("sub", "sub"),
    ]
    assert changed(here) == expected


def test_a_conflict_is_a_difference(here: Path) -> None:
    git(here, "switch", "-q", "-c", "feature")
    save(here, {"a": "mine\n"})
    (here / "b").unlink()
    save(here)
    git(here, "switch", "-q", "main")
    save(here, {"a": "theirs\n", "b": "theirs\n"})
    git(here, "switch", "-q", "feature")
    with pytest.raises(subprocess.CalledProcessError):
        git(here, "merge", "main")
    assert changed(here) == [("a", "a"), ("b", "b")]


def test_names_of_any_bytes_are_told(here: Path) -> None:
    odd = ["\x1b[31mred\n", '"', ":(exclude)*", "-x", " ", "\\", "..x", "R100\tx", "名"]
    save(here, {f"old/{name}": "x" * 99 for name in odd})
    for name in odd:
        (here / "old" / name).unlink()
    write(here, {f"new/{name}": name for name in odd})
    with open(os.fsencode(here) + b"/\xff", "w"):
        pass
    expected = [*((None, f"new/{name}") for name in odd), *((f"old/{name}", None) for name in odd), (None, "\udcff")]
    assert changed(here) == sorted(expected, key=lambda each: each[1] or each[0] or "")


def test_a_repository_inside_is_no_part_of_the_change(here: Path) -> None:
    (here / "inner").mkdir()
    git(here / "inner", "init", "-q")
    save(here / "inner", {"x": "x"})
    assert changed(here) == []


def test_ten_thousand_changed_files_are_told_in_no_time(here: Path) -> None:
    save(here, {f"{number % 100}/{number}": f"{number}\n" * 20 for number in range(10_000)})
    (here / "moved").mkdir()
    for number in range(100):
        (here / str(number)).rename(here / "moved" / str(number))
    started = time.process_time()
    children = os.times().children_user
    assert len(changed(here)) == 10_000
    assert time.process_time() - started + os.times().children_user - children < 5


# -- nothing that a repository configures


def test_no_filter_hook_or_program_of_a_repository_runs(here: Path, tmp_path: Path) -> None:
    touch = f"touch {tmp_path}/pwned"
    save(here, {".gitattributes": "* filter=x diff=x merge=x text\nc.y filter=x.y=z\n", "c.y": "c"})
    for name in ("clean", "smudge", "process"):
        git(here, "config", f"filter.x.{name}", touch)
        git(here, "config", f"filter.x.y=z.{name}", touch)
    git(here, "config", "filter.x.required", "true")
    for name in ("diff.x.textconv", "diff.x.command", "diff.external", "core.fsmonitor", "core.pager", "core.editor"):
        git(here, "config", name, touch)
    for hook in ("post-index-change", "reference-transaction"):
        (here / ".git" / "hooks" / hook).write_text(f"#!/bin/sh\n{touch}\n")
        (here / ".git" / "hooks" / hook).chmod(0o755)
    write(here, {"a": "edited\n", "c.y": "edited", "new": "n"})
    os.utime(here / "b", (0, 0))
    assert changed(here) == [("a", "a"), ("c.y", "c.y"), (None, "new")]
    assert not (tmp_path / "pwned").exists()


def test_line_endings_that_git_makes_are_no_difference(here: Path) -> None:
    save(here, {".gitattributes": "*.txt text eol=crlf\n", "x.txt": "x\r\n"})
    os.utime(here / "x.txt", (0, 0))
    assert changed(here) == []


def test_settings_of_git_that_change_its_words_change_nothing(here: Path) -> None:
    for name, value in {
        "diff.noprefix": "true",
        "diff.renames": "copies",
        "diff.relative": "true",
        "diff.submodule": "log",
        "diff.orderFile": ".git/description",
        "color.ui": "always",
        "core.quotePath": "true",
        "status.showUntrackedFiles": "no",
    }.items():
        git(here, "config", name, value)
    write(here, {"a": "A\n", "x/é": "x"})
    assert pairs(proposed.from_git("main", here / "x", {})) == [("a", "a"), (None, "x/é")]


def test_the_index_is_as_it_was(here: Path) -> None:
    os.utime(here / "a", (0, 0))
    index = (here / ".git" / "index").read_bytes()
    changed(here)
    assert (here / ".git" / "index").read_bytes() == index


def test_a_work_tree_that_is_configured_to_be_elsewhere_is_not_looked_at(here: Path, tmp_path: Path) -> None:
    write(tmp_path / "other", {"secret": "x"})
    git(here, "config", "core.worktree", str(tmp_path / "other"))
    assert changed(here) == []


# -- which base


@pytest.fixture
def clone(here: Path, tmp_path: Path) -> Path:
    """As CI has it: detached, and only branches of origin. Its HEAD is one commit after main."""
    git(here, "switch", "-q", "-c", "feature")
    save(here, {"mine": "1"})
    git(tmp_path, "clone", "-q", f"file://{here}", "clone")
    folder = tmp_path / "clone"
    git(folder, "switch", "-q", "--detach", "origin/feature")
    git(folder, "branch", "-q", "-D", "feature")
    git(folder, "remote", "set-head", "origin", "-d")
    return folder


@pytest.mark.parametrize("base", ["main", "origin/main", "refs/remotes/origin/main"])
def test_in_a_clone_a_branch_is_that_of_origin(base: str, clone: Path) -> None:
    start = said(clone, "rev-parse", "origin/main")
    change = proposed.from_git(base, clone, {})
    shown = "refs/remotes/origin/main" if base.startswith("refs/") else "origin/main"
    assert (change.name, change.commit, change.branch) == (f"{shown} (merge base {start[:12]})", start, "main")
    assert pairs(change) == [(None, "mine")]


def test_a_branch_of_ones_own_goes_before_that_of_origin(clone: Path) -> None:
    git(clone, "branch", "main", "HEAD")
    assert proposed.from_git("main", clone, {}).name.startswith("main (")
    assert proposed.from_git("main", clone, {}).files == ()


@pytest.mark.parametrize(
    ("base", "branch"), [("HEAD~1", None), ("v1", None), ("HEAD", None), ("@{upstream}", "main"), (None, "main")]
)
def test_other_names_of_commits_are_good_as_well(base: str | None, branch: str | None, clone: Path) -> None:
    git(clone, "tag", "-a", "v1", "-m", "x", "origin/main")
    git(clone, "switch", "-q", "-c", "feature", "--track", "origin/main")
    git(clone, "merge", "-q", "origin/feature")
    found = proposed.from_git(base or said(clone, "rev-parse", "origin/main"), clone, {})
    assert found.branch == (branch if base else None)
    assert pairs(found) == ([] if base == "HEAD" else [(None, "mine")])


def test_a_tag_does_not_pass_for_a_branch(clone: Path) -> None:
    git(clone, "tag", "main", "HEAD")
    told = "--base main: is a tag and a branch; say refs/tags/main or refs/remotes/origin/main"
    assert refusal(UsageError, "main", clone) == told
    for name in ("refs/remotes/origin/main", None):
        change = proposed.from_git(name, clone, {} if name else {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"})
        assert pairs(change) == [(None, "mine")]
    git(clone, "tag", "-f", "main", "origin/main")
    assert pairs(proposed.from_git("main", clone, {})) == [(None, "mine")]


@pytest.mark.parametrize("name", ["origin/main", "refs/heads/main", "HEAD", "FETCH_HEAD", "a" * 40])
def test_a_branch_of_a_misleading_name_passes_for_no_other(name: str, here: Path, clone: Path) -> None:
    # What a stranger pushes as a branch stands below refs/remotes/origin/.
    git(clone, "update-ref", f"refs/remotes/origin/{name}", "HEAD")
    git(clone, "update-ref", "refs/heads/main", "origin/main")
    if name == "a" * 40:
        assert "has no such branch" in refusal(UsageError, name, clone)
    elif name == "FETCH_HEAD":
        git(clone, "fetch", "-q", "origin", "main")
        assert pairs(proposed.from_git(name, clone, {})) == [(None, "mine")]
    elif name == "HEAD":
        assert proposed.from_git(name, clone, {}).commit == said(clone, "rev-parse", "HEAD")
    else:
        assert pairs(proposed.from_git(name, clone, {})) == [(None, "mine")]


def test_an_edit_in_the_same_moment_as_the_index_is_seen(here: Path) -> None:
    for number in range(20):
        write(here, {"a": f"{number:02}"})
        git(here, "add", "a")
        git(here, "commit", "-q", "-m", "x")
        write(here, {"a": f"{number + 1:02}"})
        assert changed(here) == [("a", "a")]


@pytest.mark.parametrize("name", ["--upload-pack=touch pwned", "-x", "", "a\nb", "a\x1b[31m"])
def test_what_git_could_take_for_something_else_is_refused(name: str, clone: Path) -> None:
    assert refusal(UsageError, name, clone) == f'--base "{name}": expected a branch, a tag or a commit'


@pytest.mark.parametrize("name", ["main:a", "mian", "'main'", "$(touch pwned)", "ma*n", ":/x^{tree}", "main..HEAD"])
def test_what_names_no_commit_is_wrong_usage(name: str, clone: Path) -> None:
    assert "has no such branch, tag or commit" in refusal(UsageError, name, clone)
    assert not (clone / "pwned").exists()


@pytest.mark.parametrize("name", ["--upload-pack=x", "-x", "it's", '"', "a;b", "$(pwned)", "日本"])
def test_a_target_branch_of_any_name_is_found(name: str, clone: Path) -> None:
    git(clone, "update-ref", f"refs/remotes/origin/{name}", "origin/main")
    for variable in ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "GITHUB_BASE_REF"):
        change = proposed.from_git(None, clone, {variable: name})
        assert (pairs(change), change.branch) == ([(None, "mine")], name)
        assert change.name.startswith(f"origin/{name} (merge base ")


@pytest.mark.parametrize("variable", ["CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "GITHUB_BASE_REF"])
@pytest.mark.parametrize("name", ["nowhere", "main~1", "main:a", "HEAD", "@", "a\nb"])
def test_a_target_branch_that_the_clone_does_not_have_is_undecided(name: str, variable: str, clone: Path) -> None:
    told = refusal(UndecidedError, None, clone, {variable: name})
    assert told.startswith(
        f"{variable} says that this goes to {name}, and this clone does not have that; to fetch it: "
    )
    if name == "nowhere":
        assert told.endswith("git fetch origin +refs/heads/nowhere:refs/remotes/origin/nowhere")


def test_gitlab_may_say_the_commit_where_it_fetched_no_branch(clone: Path) -> None:
    start = said(clone, "rev-parse", "origin/main")
    for each in said(clone, "for-each-ref", "--format=%(refname)").split():
        git(clone, "update-ref", "-d", each)
    told = {**GITLAB, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_MERGE_REQUEST_DIFF_BASE_SHA": start}
    change = proposed.from_git(None, clone, told)
    assert (change.name, change.commit, change.branch) == (f"main (merge base {start[:12]})", start, "main")
    assert pairs(change) == [(None, "mine")]
    for wrong in ("f" * 40, "HEAD", "--all", ""):
        refusal(UndecidedError, None, clone, {**told, "CI_MERGE_REQUEST_DIFF_BASE_SHA": wrong})


def test_an_old_state_of_the_target_branch_does_not_make_more_of_the_change(clone: Path) -> None:
    # A runner that uses its clone again has origin/main as it was at the last job.
    later = save(clone, {"theirs": "1"})
    save(clone, {"more": "1"})
    told = {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_MERGE_REQUEST_DIFF_BASE_SHA": later}
    assert pairs(proposed.from_git(None, clone, told)) == [(None, "more")]


def test_without_a_name_it_is_what_origin_has_by_default(clone: Path) -> None:
    git(clone, "update-ref", "refs/remotes/origin/trunk", "origin/main")
    git(clone, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    change = proposed.from_git(None, clone, {})
    assert (change.name.split(" ")[0], change.branch) == ("origin/trunk", "trunk")


def test_without_a_default_it_is_main_or_master_if_one_of_them_is_there(clone: Path) -> None:
    assert proposed.from_git(None, clone, {}).name.startswith("origin/main (")
    git(clone, "update-ref", "refs/heads/master", "origin/main")
    told = "which branch does this change go to? {}: name it, such as --base main"
    assert refusal(UsageError, None, clone) == told.format("both main and master are there")
    git(clone, "update-ref", "-d", "refs/remotes/origin/main")
    assert proposed.from_git(None, clone, {}).name.startswith("master (")
    git(clone, "update-ref", "-d", "refs/heads/master")
    assert refusal(UsageError, None, clone) == told.format("there is neither origin/HEAD nor main nor master")


def test_a_base_that_is_missing_in_ci_is_undecided(clone: Path) -> None:
    assert "did you mean main" not in refusal(UndecidedError, "mian", clone, GITLAB)


# -- clones that hold too little


def test_a_shallow_clone_tells_what_to_fetch(here: Path, tmp_path: Path) -> None:
    git(here, "switch", "-q", "-c", "feature")
    for number in range(3):
        save(here, {"mine": str(number)})
    git(here, "switch", "-q", "main")
    save(here, {"theirs": "1"})
    git(tmp_path, "clone", "-q", "--depth=1", "--branch=feature", f"file://{here}", "clone")
    folder = tmp_path / "clone"
    fetch = "; to fetch it: git fetch --unshallow origin +refs/heads/main:refs/remotes/origin/main"
    assert refusal(UndecidedError, None, folder, {"GITHUB_BASE_REF": "main"}) == (
        f"GITHUB_BASE_REF says that this goes to main, and this clone does not have that{fetch}{IN_CI}"
    )
    assert refusal(UndecidedError, "main", folder) == (
        "--base main: this clone, which is shallow, has no such branch, tag or commit; "
        f"to fetch it: git fetch --depth=1 origin main, and then --base FETCH_HEAD{IN_CI}"
    )
    git(folder, "fetch", "-q", "--depth=1", "origin", "+refs/heads/main:refs/remotes/origin/main")
    told = f"origin/main and HEAD have no commit in common in this clone, which is shallow{fetch}{IN_CI}"
    assert refusal(UndecidedError, "main", folder) == told
    command = told.split("to fetch it: git ")[1].split(" (")[0]
    git(folder, *command.split(" "))
    assert pairs(proposed.from_git("main", folder, {})) == [(None, "mine")]


def test_unrelated_histories_are_told(here: Path) -> None:
    git(here, "switch", "-q", "--orphan", "other")
    save(here, {"x": "x"})
    assert refusal(UsageError, "main", here) == (
        "main and HEAD have no commit in common: their histories are unrelated; name another --base"
    )


def test_a_repository_without_a_commit_has_no_change(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert refusal(UsageError, None, tmp_path) == (
        "HEAD is no commit yet: commit something, so that there is a change to judge"
    )


def test_where_there_is_no_work_tree_there_is_no_change(tmp_path: Path) -> None:
    told = f"{tmp_path} is in no git work tree: a change is one against a branch"
    assert refusal(UsageError, "main", tmp_path) == told
    git(tmp_path, "init", "-q", "--bare", ".")
    assert refusal(UsageError, "main", tmp_path) == told


def test_a_second_work_tree_and_a_submodule_have_changes_of_their_own(here: Path, tmp_path: Path) -> None:
    git(here, "worktree", "add", "-q", str(tmp_path / "second"), "-b", "feature")
    write(tmp_path / "second", {"x": "x"})
    assert changed(tmp_path / "second") == [(None, "x")]
    outer = tmp_path / "outer"
    git(tmp_path, "init", "-q", "outer")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", "-q", f"file://{here}", "sub")
    write(outer / "sub", {"y": "y"})
    assert changed(outer / "sub") == [(None, "y")]


def test_a_repository_of_somebody_else_is_undecided_and_the_way_out_is_told(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert refusal(UndecidedError, "main", here) == (
        f"fatal: detected dubious ownership in repository at '{here}'; if you trust it: "
        f"git config --global --add safe.directory {here}"
    )


def test_a_machine_without_git_is_undecided(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert refusal(UndecidedError, "main", here) == "git does not run (No such file or directory)"


def test_a_sparse_work_tree_is_undecided(here: Path) -> None:
    save(here, {"in/x": "x", "out/y": "y"})
    git(here, "sparse-checkout", "set", "in")
    assert refusal(UndecidedError, "main", here) == (
        f"the work tree {here} is sparse, so what the change leaves out cannot be told from what it removes; "
        "run git sparse-checkout disable"
    )
    git(here, "sparse-checkout", "disable")
    assert changed(here) == []


def test_a_clone_without_the_files_of_the_base_is_undecided(here: Path, tmp_path: Path) -> None:
    save(here, {"a": "later\n"})
    git(here, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{here}", "clone")
    assert "this clone is partial: fetch without --filter" in refusal(UndecidedError, "HEAD~1", tmp_path / "clone")


# -- folders


def folders(path: Path, before: dict[str, str | bytes], after: dict[str, str | bytes]) -> Proposed:
    return proposed.from_folders(write(path / "before", before), write(path / "after", after))


def test_two_folders_differ_by_what_their_files_hold(tmp_path: Path) -> None:
    before: dict[str, str | bytes] = {
        "same": "x",
        "edited": "one",
        "longer": "1",
        "gone/x": "gone",
        "old": "moved here",
    }
    after: dict[str, str | bytes] = {
        "same": "x",
        "edited": "two",
        "longer": "12",
        "new": "new",
        "deep/er": "moved here",
    }
    ignored: dict[str, str | bytes] = {".git/config": "x"}
    change = folders(tmp_path, {**before, ".hidden": "1"}, {**after, **ignored, ".hidden": "2"})
    assert change.files == (
        FileChange(".hidden", ".hidden"),
        FileChange("old", "deep/er"),
        FileChange("edited", "edited"),
        FileChange("gone/x", None),
        FileChange("longer", "longer"),
        FileChange(None, "new"),
    )
    assert (change.commit, change.branch, change.name) == (None, None, f"the folder {tmp_path / 'before'}")
    assert (change.before.root, change.after.root) == (tmp_path / "before", tmp_path / "after")


def test_links_and_odd_files_differ_by_what_they_are_and_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"before/file": "x", "after/x": "", "before/x": ""})
    for name, one, other in (("link", "a", "b"), ("same", "/etc/passwd", "/etc/passwd"), ("circle", ".", ".")):
        (tmp_path / "before" / name).symlink_to(one)
        (tmp_path / "after" / name).symlink_to(other)
    (tmp_path / "after/file").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "before/pipe")
    os.mkfifo(tmp_path / "after/pipe")
    os.mkfifo(tmp_path / "after/other")
    change = proposed.from_folders(tmp_path / "before", tmp_path / "after")
    assert pairs(change) == [("file", "file"), ("link", "link"), (None, "other")]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for before, after, name in (("a", "b", "after"), ("b", "a", "before")):
        with pytest.raises(UsageError) as raised:
            proposed.from_folders(tmp_path / before, tmp_path / after)
        assert str(raised.value) == f"--{name} {tmp_path / 'b'}: no such folder"


def test_a_folder_that_cannot_be_looked_into_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"a/x": "", "b/closed/x": ""})
    (tmp_path / "b/closed").chmod(0)
    program = (
        "import sys; from pathlib import Path; from bylaw.sources import proposed\n"
        "try: proposed.from_folders(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "a"), str(tmp_path / "b")],
            capture_output=True,
            text=True,
            check=True,
            preexec_fn=without_privileges,
        )
    finally:
        (tmp_path / "b/closed").chmod(0o700)
    assert done.stdout == f"UsageError {tmp_path}/b/closed: cannot be looked into (Permission denied)\n"
