"""Settings and policies of a commit, from repositories of every kind, hostile ones included."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from bylaw.errors import ConfigError, UsageError
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


def test_settings_and_policies_are_as_they_were_committed(repository: Path, out: Path) -> None:
    crlf = b"package a\r\n\xff\r\n"
    files: dict[str, str | bytes] = {
        "bylaw.yaml": "policies: {paths: [law, one.py, law/inner]}\n",
        "law/a.rego": crlf,
        "law/inner/b.py": "b",
        "law/data.json": "{}",
        "law/\x1b[31m\n": "odd",
        "one.py": "",
        "other/c.rego": "c",
    }
    commit(repository, files)
    commit(repository, {"bylaw.yaml": "version: 1\n", "law/a.rego": "later"})
    found = revision.settings(revision.find("main~1", repository), "bylaw.yaml", out)
    assert found
    assert found.policies.paths == (f"{out}/law", f"{out}/one.py", f"{out}/law/inner")
    assert written(out) == {
        "bylaw.yaml": b"policies: {paths: [law, one.py, law/inner]}\n",
        "law/a.rego": crlf,
        "law/inner/b.py": b"b",
        "law/data.json": b"{}",
        "law/\x1b[31m\n": b"odd",
        "one.py": b"",
    }


def test_paths_count_from_the_settings_file(repository: Path, out: Path) -> None:
    commit(repository, {"platform/x/bylaw.yaml": "policies: {paths: [../law, .]}\n", "platform/law/a.rego": "a"})
    found = revision.settings(revision.find("main", repository), "platform/x/bylaw.yaml", out)
    assert found
    assert found.policies.paths == (f"{out}/platform/law", f"{out}/platform/x")
    assert sorted(written(out)) == ["platform/law/a.rego", "platform/x/bylaw.yaml"]


def test_the_whole_of_a_repository_may_be_policies(repository: Path, out: Path) -> None:
    commit(repository, {"bylaw.yaml": "policies: {paths: [.]}\n", "x/a.rego": "a"})
    found = revision.settings(revision.find("main", repository), "bylaw.yaml", out)
    assert found
    assert found.policies.paths == (str(out),)
    assert sorted(written(out)) == ["bylaw.yaml", "x/a.rego"]


def test_without_a_settings_file_there_are_none(repository: Path, out: Path) -> None:
    commit(repository, {"law/a.rego": "a"})
    assert revision.settings(revision.find("main", repository), "bylaw.yaml", out) is None
    assert written(out) == {}


@pytest.mark.parametrize("path", ["..", "law/../../x", "/etc"])
def test_policies_outside_the_repository_are_refused(path: str, repository: Path, out: Path) -> None:
    commit(repository, {"bylaw.yaml": f"policies: {{paths: [{path}]}}\n"})
    with pytest.raises(ConfigError) as raised:
        revision.settings(revision.find("main", repository), "bylaw.yaml", out)
    assert str(raised.value) == (
        f"policies.paths: {path} leads out of the repository, so it is no part of a commit; "
        "name a settings file with --before instead"
    )


@pytest.mark.parametrize("link", ["law", "law/a.rego", "law/a.py", "bylaw.yaml"])
def test_links_that_may_lead_to_law_are_refused_and_not_followed(link: str, repository: Path, out: Path) -> None:
    if link != "bylaw.yaml":
        write(repository, {"bylaw.yaml": POLICIES})
    (repository / link).parent.mkdir(exist_ok=True)
    (repository / link).symlink_to("/etc/passwd")
    commit(repository, {})
    with pytest.raises(ConfigError, match=rf"^{link}: is a symbolic link, which is not followed"):
        revision.settings(revision.find("main", repository), "bylaw.yaml", out)
    assert link not in written(out)


def test_other_links_are_left_out(repository: Path, out: Path) -> None:
    write(repository, {"bylaw.yaml": POLICIES, "law/a.rego": "a"})
    (repository / "law/README").symlink_to("/etc/passwd")
    commit(repository, {})
    revision.settings(revision.find("main", repository), "bylaw.yaml", out)
    assert sorted(written(out)) == ["bylaw.yaml", "law/a.rego"]


def test_submodules_are_refused(repository: Path, out: Path) -> None:
    commit(repository, {"bylaw.yaml": POLICIES, "law/a.rego": "a"})
    head = said("rev-parse", "HEAD", folder=repository)
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{head},law/shared")
    git(repository, "commit", "-q", "-m", "x")
    with pytest.raises(ConfigError, match=r"^law/shared: is a submodule, which is not read"):
        revision.settings(revision.find("main", repository), "bylaw.yaml", out)


def test_names_that_lead_out_of_the_folder_are_refused(repository: Path, out: Path) -> None:
    commit(repository, {"bylaw.yaml": POLICIES, "law/a": "a"})
    blob = said("hash-object", "-w", "law/a", folder=repository)
    listed = f"100644 blob {blob}\t../../evil.rego\n".encode()
    made = subprocess.run(["git", "mktree"], cwd=repository, input=listed, capture_output=True, check=False)
    if made.returncode:  # this git makes no such tree; others and their servers have
        listed = b"100644 ../../evil.rego\0" + bytes.fromhex(blob)
        law = said("hash-object", "-t", "tree", "-w", "--literally", "--stdin", folder=repository, stdin=listed)
    else:
        law = made.stdout.decode().strip()
    settings = said("rev-parse", "HEAD:bylaw.yaml", folder=repository)
    both = f"100644 blob {settings}\tbylaw.yaml\n040000 tree {law}\tlaw\n".encode()
    tree = said("mktree", folder=repository, stdin=both)
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    identity = said(*who, "commit-tree", tree, "-m", "x", folder=repository)
    with pytest.raises(ConfigError, match=r"^law/\.\./\.\./evil\.rego: no file can have such a name"):
        revision.settings(revision.find(identity, repository), "bylaw.yaml", out)
    assert not (out.parent / "evil.rego").exists()


@pytest.mark.parametrize(("name", "most"), [("_MOST_FILES", 1), ("_MOST_BYTES", 3)])
def test_policies_are_bounded(
    name: str, most: int, repository: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(repository, {"bylaw.yaml": POLICIES, "law/a.rego": "aa", "law/b.rego": "bb"})
    base = revision.find("main", repository)
    assert revision.settings(base, "bylaw.yaml", out)
    monkeypatch.setattr(revision, name, most)
    with pytest.raises(ConfigError, match=r"hold 2 files of 4 bytes, the limits are .*; name narrower folders"):
        revision._files(base, ("law",))


def test_nothing_that_a_repository_configures_runs(repository: Path, out: Path, tmp_path: Path) -> None:
    touch = f"touch {tmp_path}/pwned"
    hooks = {
        f"hooks/{each}": f"#!/bin/sh\n{touch}\n" for each in ("post-checkout", "fsmonitor", "reference-transaction")
    }
    write(repository, {".gitattributes": "* filter=x diff=x text eol=crlf\n"})
    commit(repository, {"bylaw.yaml": POLICIES, "law/a.rego": "a\n"})
    write(repository / ".git", hooks)
    for each in hooks:
        (repository / ".git" / each).chmod(0o755)
    for name in ("filter.x.smudge", "filter.x.clean", "diff.x.textconv", "core.fsmonitor", "core.pager", "core.editor"):
        git(repository, "config", name, touch)
    git(repository, "config", "core.hooksPath", ".git/hooks")
    (tmp_path / "pwned").unlink(missing_ok=True)
    revision.settings(revision.find("main", repository), "bylaw.yaml", out)
    assert written(out)["law/a.rego"] == b"a\n"
    assert not (tmp_path / "pwned").exists()


def test_what_was_replaced_later_is_not_what_was_committed(repository: Path, out: Path) -> None:
    commit(repository, {"bylaw.yaml": "version: 1\n"})
    good = said("rev-parse", "HEAD", folder=repository)
    commit(repository, {"bylaw.yaml": "nonsense: 1\n"})
    git(repository, "replace", good, "HEAD")
    assert revision.settings(revision.find(good, repository), "bylaw.yaml", out)


def test_a_partial_clone_fetches_nothing_and_says_what_is_missing(repository: Path, out: Path, tmp_path: Path) -> None:
    commit(repository, {"bylaw.yaml": POLICIES, "law/a.rego": "a"})
    git(repository, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{repository}", "clone")
    told = r"^--base origin/main: fatal: .*; this clone is partial: fetch without --filter$"
    with pytest.raises(UsageError, match=told):
        revision.settings(revision.find("origin/main", tmp_path / "clone"), "bylaw.yaml", out)
    assert written(out) == {}


def test_a_file_that_git_has_lost_is_told(repository: Path, out: Path) -> None:
    commit(repository, {"bylaw.yaml": POLICIES, "law/a.rego": "a"})
    blob = said("rev-parse", "HEAD:law/a.rego", folder=repository)
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(ConfigError, match=r"^law/a\.rego: is missing in this clone; clone it again$"):
        revision.settings(revision.find("main", repository), "bylaw.yaml", out)


def test_the_variables_of_a_hook_lead_nowhere_else(
    repository: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(repository, {"bylaw.yaml": "version: 1\n"})
    git(tmp_path, "init", "-q", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    assert revision.settings(revision.find("main", repository), "bylaw.yaml", out)
