"""Which commit a name means, in repositories of every kind, hostile ones included."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from bylaw.errors import UsageError
from bylaw.sources import revision
from tests.command import git, scrubbed, write

if TYPE_CHECKING:
    from pathlib import Path

POLICIES = "policies: {paths: [law]}\n"


@pytest.fixture(autouse=True)
def _hermetic(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = scrubbed()
    for name in set(os.environ) - set(environment):
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def commit(folder: Path, files: dict[str, str | bytes]) -> None:
    write(folder, files)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "x")


def said(*arguments: str, folder: Path, stdin: bytes = b"") -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, input=stdin, capture_output=True, check=True)
    return done.stdout.decode().strip()


def written(folder: Path) -> dict[str, bytes]:
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_a_commit_is_found_by_branch_tag_and_id_from_any_folder(repository: Path) -> None:
    commit(repository, {"a/b": ""})
    git(repository, "tag", "-a", "v1", "-m", "x")
    identity = said("rev-parse", "HEAD", folder=repository)
    for name in ("main", "refs/heads/main", "HEAD", "v1", identity, identity[:8]):
        found = revision.find(name, repository / "a")
        assert (found.name, found.commit, found.root) == (name, identity, repository)


@pytest.mark.parametrize("name", ["--upload-pack=x", "-h", ""])
def test_what_looks_like_an_option_is_no_commit(name: str, repository: Path) -> None:
    commit(repository, {})
    with pytest.raises(UsageError, match="expected a branch, a tag or a commit"):
        revision.find(name, repository)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("mian", " (did you mean main?); to fetch it: git fetch origin mian, and then --base FETCH_HEAD"),
        ("dev", " (did you mean origin/dev?); to fetch it: git fetch origin dev, and then --base FETCH_HEAD"),
        ("origin/x", "; to fetch it: git fetch origin x, and then --base FETCH_HEAD"),
        ("main~1", ""),
        ("main:a", ""),
        ("a b; c", ""),
    ],
)
def test_a_commit_that_is_not_there_is_wrong_usage_and_the_next_step_is_told(
    name: str, told: str, repository: Path
) -> None:
    commit(repository, {"a": ""})
    git(repository, "update-ref", "refs/remotes/origin/dev", "HEAD")
    with pytest.raises(UsageError) as raised:
        revision.find(name, repository)
    assert str(raised.value) == f"--base {name}: this repository has no such branch, tag or commit{told}"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("dev", "; to fetch it: git fetch --depth=1 origin dev, and then --base FETCH_HEAD"),
        ("main~1", "; to fetch all there is: git fetch --unshallow"),
    ],
)
def test_of_a_shallow_clone_is_told_how_to_fetch(name: str, told: str, repository: Path, tmp_path: Path) -> None:
    commit(repository, {"a": ""})
    commit(repository, {"a": "b"})
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", "clone")
    with pytest.raises(UsageError) as raised:
        revision.find(name, tmp_path / "clone")
    assert str(raised.value) == (
        f"--base {name}: this clone, which is shallow, has no such branch, tag or commit{told}"
    )


def test_without_a_repository_there_is_no_commit(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"--base main: {tmp_path} is in no git work tree; name a settings file"):
        revision.find("main", tmp_path)


def test_what_is_no_repository_is_not_looked_for_further_up(repository: Path) -> None:
    commit(repository, {"inner/.git/x": ""})
    with pytest.raises(UsageError, match="--base main: fatal: not a git repository"):
        revision.find("main", repository / "inner")


def test_a_machine_without_git_has_no_commit(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match=r"--base main: git does not run \(No such file or directory\)"):
        revision.find("main", repository)
