from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bylaw.sources.listing import Listing
from tests.command import git, scrubbed, without_privileges, write

if TYPE_CHECKING:
    from pathlib import Path

ALL = ("**",)
FAILED = "git could not list the files of this work tree: .gitignore was not honoured"


@pytest.fixture(autouse=True)
def _hermetic(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = scrubbed()
    for name in set(os.environ) - set(environment):
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def work_tree(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    return tmp_path


# -- without git


def test_without_git_all_files_are_listed_but_those_of_git_and_node(tmp_path: Path) -> None:
    write(tmp_path, {"b/c.yaml": "", "a.yaml": "", "node_modules/x/y.yaml": "", "b/node_modules/z.yaml": ""})
    write(tmp_path, {"b/.hidden/d.yaml": "", ".gitignore": "a.yaml"})
    assert Listing(tmp_path).below("") == [".gitignore", "a.yaml", "b/.hidden/d.yaml", "b/c.yaml"]


def test_what_is_named_is_listed_even_where_it_would_be_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"node_modules/x/y.yaml": ""})
    assert Listing(tmp_path).below("node_modules/x") == ["node_modules/x/y.yaml"]


def test_links_to_folders_are_files_here_and_empty_folders_end_in_a_slash(tmp_path: Path) -> None:
    write(tmp_path, {"a/b.yaml": ""})
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "circle").symlink_to(".")
    assert Listing(tmp_path).below("") == ["a/b.yaml", "circle", "empty/", "link"]


def test_folders_nested_deeper_than_python_calls_are_listed(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("x.yaml", os.O_CREAT, dir_fd=here))
    os.close(here)
    try:
        assert Listing(tmp_path).below("") == ["d/" * 1500 + "x.yaml"]
    finally:
        subprocess.run(["rm", "-r", str(tmp_path / "d")], check=True)  # pytest itself could not


def test_a_folder_that_cannot_be_looked_into_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"a/b.yaml": "", "closed/c.yaml": ""})
    (tmp_path / "closed").chmod(0)
    program = (
        "import sys; from pathlib import Path; from bylaw.sources.listing import Listing; "
        "listing = Listing(Path(sys.argv[1])); print(listing.below(''), listing.notes)"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
            preexec_fn=without_privileges,
        )
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert done.stdout == "['a/b.yaml', 'closed/'] ['1 folder could not be looked into, such as closed/']\n"


# -- with git


def test_in_a_work_tree_what_git_ignores_is_left_out_tracked_or_not(work_tree: Path) -> None:
    write(work_tree, {".gitignore": "build/\n", "build/x.yaml": "", "build/kept.yaml": ""})
    write(work_tree, {"a.yaml": "", "b/c.yaml": ""})
    git(work_tree, "add", "-f", "a.yaml", "build/kept.yaml")
    listing = Listing(work_tree)
    assert listing.below("") == [".gitignore", "a.yaml", "b/c.yaml", "build/kept.yaml"]
    assert listing.notes == []


def test_a_file_that_was_deleted_and_not_yet_added_is_not_selected(work_tree: Path) -> None:
    write(work_tree, {"a.yaml": "", "b.yaml": ""})
    git(work_tree, "add", ".")
    (work_tree / "a.yaml").unlink()
    assert Listing(work_tree).select("", ALL) == ["b.yaml"]


def test_names_of_any_bytes_are_listed(work_tree: Path) -> None:
    write(work_tree, {"a\nb.yaml": "", "ein Name.yaml": "", "名前.yaml": "", ":(exclude)x/c.yaml": ""})
    with open(os.fsencode(work_tree) + b"/\xe9.yaml", "w"):
        pass
    expected = [":(exclude)x/c.yaml", "a\nb.yaml", "ein Name.yaml", "名前.yaml", "\udce9.yaml"]
    assert Listing(work_tree).select("", ALL) == expected
    assert Listing(work_tree).below(":(exclude)x") == [":(exclude)x/c.yaml"]


def test_a_nested_repository_is_not_looked_into_unless_it_is_named(work_tree: Path) -> None:
    write(work_tree, {"a.yaml": "", "nested/b.yaml": ""})
    git(work_tree / "nested", "init", "-q")
    listing = Listing(work_tree)
    assert listing.below("") == ["a.yaml", "nested/"]
    assert listing.select("", ALL) == ["a.yaml"]
    assert listing.select("nested", ALL) == ["nested/b.yaml"]


def test_a_folder_that_git_ignores_is_looked_into_if_it_is_named(work_tree: Path) -> None:
    write(work_tree, {".gitignore": "build/\n", "build/x.yaml": "", "a.yaml": ""})
    assert Listing(work_tree).below("build") == ["build/x.yaml"]


def test_a_git_worktree_is_listed_by_git(work_tree: Path) -> None:
    write(work_tree, {"a.yaml": "", ".gitignore": "*.log\n"})
    git(work_tree, "add", ".")
    git(work_tree, "commit", "-qm", "a")
    other = work_tree / "other"
    git(work_tree, "worktree", "add", "-q", str(other))
    write(other, {"b.log": "", "c.yaml": ""})
    assert (other / ".git").is_file()
    assert Listing(other).below("") == [".gitignore", "a.yaml", "c.yaml"]


def test_a_root_below_the_top_of_a_work_tree_is_listed_by_git_as_well(work_tree: Path) -> None:
    write(work_tree, {".gitignore": "*.log\n", "sub/a.yaml": "", "sub/b.log": "", "sub/c/d.yaml": ""})
    assert Listing(work_tree / "sub").below("") == ["a.yaml", "c/d.yaml"]
    assert Listing(work_tree / "sub").below("c") == ["c/d.yaml"]


def test_where_git_is_absent_all_files_are_listed_and_the_reader_is_told(
    work_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(work_tree, {".gitignore": "*.log\n", "a.yaml": "", "b.log": ""})
    monkeypatch.setenv("PATH", str(work_tree / "nowhere"))
    listing = Listing(work_tree)
    assert listing.below("") == [".gitignore", "a.yaml", "b.log"]
    assert listing.notes == [FAILED]


def test_where_git_fails_all_files_are_listed_and_the_reader_is_told(tmp_path: Path) -> None:
    write(tmp_path, {".git": "gitdir: /nowhere\n", "a.yaml": ""})
    listing = Listing(tmp_path)
    assert listing.below("") == [".git", "a.yaml"]
    assert listing.notes == [FAILED]


def test_the_variables_that_git_gives_its_hooks_do_not_lead_to_another_repository(
    work_tree: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = write(tmp_path_factory.mktemp("other"), {"secret.yaml": ""})
    git(other, "init", "-q")
    git(other, "add", ".")
    write(work_tree, {"a.yaml": ""})
    for name, value in {"GIT_DIR": ".git", "GIT_WORK_TREE": "", "GIT_INDEX_FILE": ".git/index"}.items():
        monkeypatch.setenv(name, str(other / value))
    listing = Listing(work_tree)
    assert (listing.below(""), listing.notes) == (["a.yaml"], [])


def test_many_folders_cost_one_run_of_git(work_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(work_tree, {"x/a/1.yaml": "", "x/b/2.yaml": "", "x/ba/3.yaml": "", "y/4.yaml": ""})
    listing = Listing(work_tree)
    listing.expect(["x/a", "x/b"])
    monkeypatch.setenv("PATH", "")
    assert (listing.below("x/a"), listing.below("x/b")) == (["x/a/1.yaml"], ["x/b/2.yaml"])
    assert listing.notes == []


# -- a repository is a stranger's


def evil(folder: Path) -> str:
    """A program that tells that it was run."""
    program = folder / "evil.sh"
    program.write_text(f"#!/bin/sh\ntouch '{folder}/pwned'\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize("key", ["core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "alias.ls-files"])
def test_a_command_in_the_configuration_of_a_repository_is_not_run(work_tree: Path, key: str) -> None:
    write(work_tree, {"a.yaml": ""})
    git(work_tree, "config", key, evil(work_tree / ".git"))
    assert Listing(work_tree).below("") == ["a.yaml"]
    assert not (work_tree / ".git" / "pwned").exists()


def test_a_hook_of_a_repository_is_not_run(work_tree: Path) -> None:
    write(work_tree, {"a.yaml": ""})
    os.rename(evil(work_tree / ".git"), work_tree / ".git" / "hooks" / "post-index-change")
    assert Listing(work_tree).below("") == ["a.yaml"]
    assert not (work_tree / ".git" / "pwned").exists()


def test_a_repository_whose_objects_are_elsewhere_fetches_nothing_by_its_own_command(work_tree: Path) -> None:
    # A sparse index names a folder by its tree; git fetches the tree where it is missing in a partial clone.
    write(work_tree, {"a/b/c.yaml": "", "d/e.yaml": ""})
    git(work_tree, "add", ".")
    git(work_tree, "commit", "-qm", "a")
    git(work_tree, "sparse-checkout", "init", "--cone", "--sparse-index")
    git(work_tree, "sparse-checkout", "set", "d")
    for tree in (work_tree / ".git" / "objects").glob("??/*"):
        tree.unlink()
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.url": "ssh://nowhere/repository",
        "remote.origin.promisor": "true",
        "protocol.ssh.allow": "always",
        "core.sshCommand": evil(work_tree / ".git"),
    }.items():
        git(work_tree, "config", key, value)
    assert "d/e.yaml" in Listing(work_tree).select("", ALL)
    assert not (work_tree / ".git" / "pwned").exists()


def test_a_work_tree_that_is_configured_to_be_elsewhere_lists_nothing_from_there(
    work_tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = write(tmp_path_factory.mktemp("other"), {"secret.yaml": ""})
    write(work_tree, {"a.yaml": ""})
    git(work_tree, "config", "core.worktree", str(other))
    listing = Listing(work_tree)
    assert (listing.below(""), listing.notes) == (["a.yaml"], [])


# -- select, matching, folders


def test_patterns_count_from_the_folder(tmp_path: Path) -> None:
    write(tmp_path, {"a/x.yaml": "", "a/b/x.yaml": "", "c[1]/x.yaml": "", "c1/x.yaml": ""})
    listing = Listing(tmp_path)
    assert listing.select("a", ["x.yaml"]) == ["a/x.yaml"]
    assert listing.select("a", ["**/x.yaml", "!b/**"]) == ["a/x.yaml"]
    assert listing.select("c[1]", ["*"]) == ["c[1]/x.yaml"]


def test_a_glob_counts_from_the_root(tmp_path: Path) -> None:
    write(tmp_path, {"a/x.yaml": "", "a/b/x.yaml": "", "x.yaml": ""})
    listing = Listing(tmp_path)
    assert listing.matching("a/*/x.yaml") == ["a/b/x.yaml"]
    assert listing.matching("**/x.yaml") == ["a/b/x.yaml", "a/x.yaml", "x.yaml"]
    assert listing.matching("nowhere/*") == []


def test_a_folder_is_told_where_a_pattern_names_a_file_of_its_name(tmp_path: Path) -> None:
    write(tmp_path, {"a/x.yaml/y.txt": "", "b/x.yaml": "", "skeleton/x.yaml/y.txt": ""})
    (tmp_path / "c/x.yaml").mkdir(parents=True)
    listing = Listing(tmp_path)
    assert listing.folders("", ["**/x.yaml", "!skeleton/**"]) == ["a/x.yaml", "c/x.yaml"]
    assert listing.folders("a", ["x.yaml"]) == ["a/x.yaml"]


def test_a_folder_is_none_of_the_files_that_a_pattern_of_any_name_means(tmp_path: Path) -> None:
    write(tmp_path, {"catalog/a/x.yaml": "", "catalog/b.yaml": ""})
    listing = Listing(tmp_path)
    assert listing.folders("", ["catalog/**", "catalog/*"]) == []
    assert listing.select("", ["catalog/**"]) == ["catalog/a/x.yaml", "catalog/b.yaml"]


def test_a_folder_that_is_gone_and_was_not_yet_removed_from_git_is_not_told(work_tree: Path) -> None:
    write(work_tree, {"a/x.yaml/y.txt": "", "b/x.yaml/y.txt": ""})
    git(work_tree, "add", ".")
    (work_tree / "a/x.yaml/y.txt").unlink()
    (work_tree / "a/x.yaml").rmdir()
    assert Listing(work_tree).folders("", ["**/x.yaml"]) == ["b/x.yaml"]


def test_what_a_glob_names_and_is_not_there_could_still_be_looked_into(work_tree: Path) -> None:
    listing = Listing(work_tree)
    assert (listing.matching("nowhere/*"), listing.notes) == ([], [])
