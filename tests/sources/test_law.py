"""The law at a state: as it was committed or stands on disk, and nothing else, of hostile states too."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from bylaw.errors import ConfigError
from bylaw.model import FileChange
from bylaw.sources import commit, law, proposed, revision
from bylaw.sources.checkout import Checkout
from tests.command import git, write
from tests.sources.trees import hermetic

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bylaw.sources.law import Law

POLICIES = "policies: {paths: [law]}\n"


@pytest.fixture(autouse=True)
def _hermetic(monkeypatch: pytest.MonkeyPatch) -> None:
    hermetic(monkeypatch)


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


def save(folder: Path, files: dict[str, str | bytes]) -> None:
    write(folder, files)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "x")


def said(*arguments: str, folder: Path, stdin: bytes = b"") -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, input=stdin, capture_output=True, check=True)
    return done.stdout.decode().strip()


def written(folder: Path) -> dict[str, bytes]:
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def at_commit(repository: Path, file: str, folder: Path, name: str = "main") -> Law | None:
    return law.at(commit.at(revision.find(name, repository)), file, folder)


def on_disk(repository: Path, file: str, folder: Path) -> Law | None:
    return law.at(Checkout(repository), file, folder)


@pytest.fixture(params=[at_commit, on_disk], ids=["at a commit", "on disk"])
def law_of(request: pytest.FixtureRequest) -> Callable[[Path, str, Path], Law | None]:
    """The law of the state that both have."""
    taken: Callable[[Path, str, Path], Law | None] = request.param
    return taken


def test_settings_policies_and_waivers_are_as_they_were_committed(repository: Path, out: Path) -> None:
    crlf = b"package a\r\n\xff\r\n"
    settings = "policies: {paths: [law, one.py, law/inner]}\nwaivers: {paths: [waivers.yaml]}\n"
    files: dict[str, str | bytes] = {
        "bylaw.yaml": settings,
        "law/a.rego": crlf,
        "law/inner/b.py": "b",
        "law/data.json": "{}",
        "law/\x1b[31m\n": "odd",
        "one.py": "",
        "other/c.rego": "c",
        "waivers.yaml": "[]\n",
    }
    save(repository, files)
    save(repository, {"bylaw.yaml": "version: 1\n", "law/a.rego": "later"})
    found = at_commit(repository, "bylaw.yaml", out, "main~1")
    assert found
    assert found.settings.policies.paths == (f"{out}/law", f"{out}/one.py", f"{out}/law/inner")
    assert found.settings.waivers.paths == (f"{out}/waivers.yaml",)
    assert (found.paths, found.left_out) == (("law", "law/inner", "one.py", "waivers.yaml"), ())
    assert written(out) == {
        "bylaw.yaml": settings.encode(),
        "law/a.rego": crlf,
        "law/inner/b.py": b"b",
        "law/data.json": b"{}",
        "law/\x1b[31m\n": b"odd",
        "one.py": b"",
        "waivers.yaml": b"[]\n",
    }


def test_on_disk_it_is_what_stands_there_and_is_not_ignored(repository: Path, out: Path) -> None:
    save(repository, {"bylaw.yaml": POLICIES, ".gitignore": "*.tmp\n", "law/a.rego": "a", "law/b.rego": "b"})
    write(repository, {"law/a.rego": "later", "law/c.rego": "c", "law/x.tmp": "x"})
    (repository / "law/b.rego").unlink()
    assert on_disk(repository, "bylaw.yaml", out)
    assert written(out) == {"bylaw.yaml": POLICIES.encode(), "law/a.rego": b"later", "law/c.rego": b"c"}


def test_paths_count_from_the_settings_file(
    law_of: Callable[[Path, str, Path], Law | None], repository: Path, out: Path
) -> None:
    save(repository, {"platform/x/bylaw.yaml": "policies: {paths: [../law, .]}\n", "platform/law/a.rego": "a"})
    found = law_of(repository, "platform/x/bylaw.yaml", out)
    assert found
    assert found.settings.policies.paths == (f"{out}/platform/law", f"{out}/platform/x")
    assert sorted(written(out)) == ["platform/law/a.rego", "platform/x/bylaw.yaml"]


def test_the_whole_of_a_repository_may_be_policies(
    law_of: Callable[[Path, str, Path], Law | None], repository: Path, out: Path
) -> None:
    save(repository, {"bylaw.yaml": "policies: {paths: [.]}\n", "x/a.rego": "a"})
    found = law_of(repository, "bylaw.yaml", out)
    assert found
    assert (found.settings.policies.paths, found.paths) == ((str(out),), ("",))
    assert sorted(written(out)) == ["bylaw.yaml", "x/a.rego"]


def test_without_a_settings_file_there_is_none(
    law_of: Callable[[Path, str, Path], Law | None], repository: Path, out: Path
) -> None:
    save(repository, {"law/a.rego": "a"})
    assert law_of(repository, "bylaw.yaml", out) is None
    assert written(out) == {}


def test_policies_and_waivers_that_are_not_there_are_for_their_readers_to_tell(
    law_of: Callable[[Path, str, Path], Law | None], repository: Path, out: Path
) -> None:
    save(repository, {"bylaw.yaml": "policies: {paths: [nowhere]}\nwaivers: {paths: [none.yaml]}\n"})
    found = law_of(repository, "bylaw.yaml", out)
    assert found
    assert (found.settings.policies.paths, found.settings.waivers.paths) == ((f"{out}/nowhere",), (f"{out}/none.yaml",))
    assert sorted(written(out)) == ["bylaw.yaml"]


def test_settings_that_cannot_be_used_are_told_by_their_own_name(
    law_of: Callable[[Path, str, Path], Law | None], repository: Path, out: Path
) -> None:
    save(repository, {"bylaw.yaml": "polices: {}\n"})
    with pytest.raises(ConfigError) as raised:
        law_of(repository, "bylaw.yaml", out)
    assert str(raised.value) == f"{out}/bylaw.yaml: polices is not a setting (did you mean policies?)"


# -- hostile states


@pytest.mark.parametrize("path", ["..", "law/../../x", "/etc"])
@pytest.mark.parametrize("name", ["policies", "waivers"])
def test_what_lies_outside_the_checkout_is_refused(
    path: str, name: str, law_of: Callable[[Path, str, Path], Law | None], repository: Path, out: Path
) -> None:
    save(repository, {"bylaw.yaml": f"{name}: {{paths: [{path}]}}\n"})
    with pytest.raises(law.OutOfReachError) as raised:
        law_of(repository, "bylaw.yaml", out)
    assert str(raised.value) == f"{name}.paths: {path} leads out of the checkout: keep it inside"


@pytest.mark.parametrize("link", ["law", "law/a.rego", "law/a.py", "bylaw.yaml", "w.yaml"])
def test_links_that_may_lead_to_law_are_refused_and_not_followed(
    link: str, law_of: Callable[[Path, str, Path], Law | None], repository: Path, out: Path
) -> None:
    if link != "bylaw.yaml":
        write(repository, {"bylaw.yaml": f"{POLICIES}waivers: {{paths: [w.yaml]}}\n"})
    (repository / link).parent.mkdir(exist_ok=True)
    (repository / link).symlink_to("/etc/passwd")
    save(repository, {})
    with pytest.raises(law.OutOfReachError, match=rf"^{link}: is a symbolic link, which is not followed"):
        law_of(repository, "bylaw.yaml", out)
    assert link not in written(out)


def test_a_folder_that_is_a_link_is_refused_wherever_it_stands_in_a_path(
    law_of: Callable[[Path, str, Path], Law | None], repository: Path, out: Path
) -> None:
    write(repository, {"bylaw.yaml": "policies: {paths: [to/law]}\n", "real/law/a.rego": "a"})
    (repository / "to").symlink_to("real")
    save(repository, {})
    with pytest.raises(law.OutOfReachError, match=r"^to: is a symbolic link, which is not followed: put the real one"):
        law_of(repository, "bylaw.yaml", out)


def test_other_links_are_left_out(law_of: Callable[[Path, str, Path], Law | None], repository: Path, out: Path) -> None:
    write(repository, {"bylaw.yaml": POLICIES, "law/a.rego": "a"})
    (repository / "law/README").symlink_to("/etc/passwd")
    (repository / "law/more").symlink_to("/etc")
    save(repository, {})
    assert law_of(repository, "bylaw.yaml", out)
    assert sorted(written(out)) == ["bylaw.yaml", "law/a.rego"]


@pytest.mark.parametrize("path", ["law", "law/shared"])
def test_submodules_are_refused(
    path: str, law_of: Callable[[Path, str, Path], Law | None], repository: Path, out: Path
) -> None:
    save(repository, {"bylaw.yaml": f"policies: {{paths: [{path}]}}\n", "law/a.rego": "a"})
    head = said("rev-parse", "HEAD", folder=repository)
    (repository / "law/shared").mkdir()
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{head},law/shared")
    git(repository, "commit", "-q", "-m", "x")
    with pytest.raises(law.OutOfReachError, match=r"^law/shared: is a submodule, which is not read"):
        law_of(repository, "bylaw.yaml", out)


def test_a_repository_among_the_policies_is_refused(repository: Path, out: Path) -> None:
    save(repository, {"bylaw.yaml": POLICIES, "law/a.rego": "a"})
    write(repository, {"law/inner/b.rego": "b"})
    git(repository / "law/inner", "init", "-q")
    with pytest.raises(law.OutOfReachError, match=r"^law/inner: is a submodule, which is not read"):
        on_disk(repository, "bylaw.yaml", out)


def test_what_is_no_regular_file_is_refused_and_not_waited_for(repository: Path, out: Path) -> None:
    write(repository, {"bylaw.yaml": POLICIES, "law/.gitignore": "*\n"})
    os.mkfifo(repository / "law/a.rego")
    with pytest.raises(ConfigError) as raised:
        on_disk(repository, "bylaw.yaml", out)
    assert str(raised.value) == "law/a.rego: is not a regular file, expected a file"


@pytest.mark.parametrize(("name", "most"), [("_MOST_FILES", 2), ("_MOST_BYTES", 30)])
def test_the_law_is_bounded(
    name: str,
    most: int,
    law_of: Callable[[Path, str, Path], Law | None],
    repository: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save(repository, {"bylaw.yaml": POLICIES, "law/a.rego": "aaaa", "law/b.rego": "bbbb"})
    monkeypatch.setattr(law, name, most)
    with pytest.raises(
        ConfigError, match=r"^policies\.paths and waivers\.paths: hold more than .*; name narrower folders$"
    ):
        law_of(repository, "bylaw.yaml", out)


def test_one_file_that_is_too_large_is_refused(
    law_of: Callable[[Path, str, Path], Law | None], repository: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(repository, {"bylaw.yaml": POLICIES, "law/a.rego": "a" * 100})
    monkeypatch.setattr(law, "_MOST_BYTES", 99)
    with pytest.raises(ConfigError) as raised:
        law_of(repository, "bylaw.yaml", out)
    assert str(raised.value) == "law/a.rego: has 100 bytes, the limit is 99"


def test_rules_in_python_can_be_left_out_and_are_told(repository: Path, out: Path) -> None:
    files = ["one.py", "law/a.py", "law/B.PY", "law/_helper.py", "law/c.rego", "only/d.py"]
    save(
        repository,
        {"bylaw.yaml": "policies: {paths: [one.py, law, only]}\n", **dict.fromkeys(files, "raise SystemExit")},
    )
    found = law.at(Checkout(repository), "bylaw.yaml", out, python=False)
    assert found
    assert found.settings.policies.paths == (f"{out}/law", f"{out}/only")
    assert found.left_out == ("law/B.PY", "law/_helper.py", "law/a.py", "one.py", "only/d.py")
    assert sorted(written(out)) == ["bylaw.yaml", "law/c.rego"]
    assert (out / "only").is_dir()  # so that the path leads somewhere


def test_nothing_that_a_repository_configures_runs(repository: Path, out: Path, tmp_path: Path) -> None:
    touch = f"touch {tmp_path}/pwned"
    hooks = {
        f"hooks/{each}": f"#!/bin/sh\n{touch}\n" for each in ("post-checkout", "fsmonitor", "reference-transaction")
    }
    write(repository, {".gitattributes": "* filter=x diff=x text eol=crlf\n"})
    save(repository, {"bylaw.yaml": POLICIES, "law/a.rego": "a\n"})
    write(repository / ".git", hooks)
    for each in hooks:
        (repository / ".git" / each).chmod(0o755)
    for name in ("filter.x.smudge", "filter.x.clean", "diff.x.textconv", "core.fsmonitor", "core.pager", "core.editor"):
        git(repository, "config", name, touch)
    git(repository, "config", "core.hooksPath", ".git/hooks")
    (tmp_path / "pwned").unlink(missing_ok=True)
    at_commit(repository, "bylaw.yaml", out)
    assert written(out)["law/a.rego"] == b"a\n"
    assert not (tmp_path / "pwned").exists()


def test_what_was_replaced_later_is_not_what_was_committed(repository: Path, out: Path) -> None:
    save(repository, {"bylaw.yaml": "version: 1\n"})
    good = said("rev-parse", "HEAD", folder=repository)
    save(repository, {"bylaw.yaml": "nonsense: 1\n"})
    git(repository, "replace", good, "HEAD")
    assert at_commit(repository, "bylaw.yaml", out, good)


def test_the_variables_of_a_hook_lead_nowhere_else(
    repository: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(repository, {"bylaw.yaml": "version: 1\n"})
    git(tmp_path, "init", "-q", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    assert at_commit(repository, "bylaw.yaml", out)


# -- changes of the law


def test_changed_are_the_settings_and_what_stands_below_the_paths_of_either_state(
    repository: Path, tmp_path: Path
) -> None:
    save(repository, {"bylaw.yaml": POLICIES, "law/a.rego": "a", "law/b.rego": "b", "lawful": "", "law2/c.rego": ""})
    later = "policies: {paths: [law2]}\nwaivers: {paths: [w.yaml]}\n"
    write(repository, {"bylaw.yaml": later, "law/a.rego": "A", "law2/d.rego": "d", "w.yaml": "[]", "lawful": "x"})
    (repository / "moved.rego").write_bytes((repository / "law/b.rego").read_bytes())
    (repository / "law/b.rego").unlink()
    change = proposed.from_git("main", repository, {})
    before = law.at(change.before, "bylaw.yaml", tmp_path / "before")
    after = law.at(change.after, "bylaw.yaml", tmp_path / "after")
    assert FileChange("law/b.rego", "moved.rego") in change.files
    expected = ("bylaw.yaml", "law/a.rego", "law/b.rego")
    assert law.changed(change, "bylaw.yaml", [before]) == expected
    assert law.changed(change, "bylaw.yaml", [before, after]) == (*expected, "law2/d.rego", "w.yaml")
    assert law.changed(change, "bylaw.yaml", [None]) == ("bylaw.yaml",)
    assert law.changed(change, "other.yaml", []) == ()


def test_a_link_in_the_place_of_the_policies_is_a_change_of_them(repository: Path, tmp_path: Path) -> None:
    save(repository, {"bylaw.yaml": POLICIES, "law/a.rego": "a"})
    (repository / "law/a.rego").unlink()
    (repository / "law").rmdir()
    (repository / "law").symlink_to("/etc")
    change = proposed.from_git("main", repository, {})
    before = law.at(change.before, "bylaw.yaml", tmp_path / "before")
    assert law.changed(change, "bylaw.yaml", [before]) == ("law", "law/a.rego")
    with pytest.raises(law.OutOfReachError):
        law.at(change.after, "bylaw.yaml", tmp_path / "after")
