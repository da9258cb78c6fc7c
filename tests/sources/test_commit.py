"""The checkout of a commit answers as the disk does where the commit is checked out."""

from __future__ import annotations

import os
import pickle
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from bylaw.catalog.placeholders import UnreadableError
from bylaw.config import CatalogSettings
from bylaw.errors import UsageError
from bylaw.sources import commit, files, revision
from bylaw.sources.checkout import Checkout
from bylaw.sources.listing import Listing
from tests.command import entity, git, write
from tests.shared import examples
from tests.sources.trees import Tree, hermetic, put, trees

SETTINGS = CatalogSettings()


@pytest.fixture(autouse=True)
def _hermetic(monkeypatch: pytest.MonkeyPatch) -> None:
    hermetic(monkeypatch)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    return tmp_path


def committed(folder: Path, contents: dict[str, str | bytes] | None = None) -> commit.AtCommit:
    write(folder, contents or {})
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "x")
    return commit.at(revision.find("HEAD", folder))


def said(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, input=stdin, capture_output=True, check=True)
    return done.stdout.decode().strip()


def answers(checkout: Checkout, path: str, most: int = 1000) -> tuple[str | None, bytes | str]:
    try:
        content: bytes | str = checkout.read(path, most)
    except UnreadableError as error:
        content = str(error)
    return checkout.stands(path), content


def told(checkout: Checkout, **more: Any) -> tuple[list[Any], tuple[str, ...], tuple[str, ...]]:
    read = files.read(["."], SETTINGS, checkout=checkout, folders=["*", "**/b"], **more)
    return sorted(read.documents, key=lambda each: each.order), read.notes, read.folders


# -- as on disk


@settings(max_examples=examples(15), suppress_health_check=list(HealthCheck))
@given(trees)
def test_a_commit_is_read_as_its_files_on_disk_are(tree: Tree) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(os.path.realpath(folder), "checkout")
        put(root, tree)
        git(root, "init", "-q", "-b", "main")
        at = committed(root)
        disk = Checkout(root)
        assert told(at) == told(disk)
        paths = {*tree, *(f"{path}/x.txt" for path in tree), *(path.rpartition("/")[0] for path in tree), "nowhere/x"}
        for path in paths:
            assert (path, answers(at, path)) == (path, answers(disk, path))


PATHS = (
    *("", "a", "a/b", "a/b/c", "a/nowhere", "nowhere", "nowhere/x", "a/b/c/x", "to-a", "to-a/b/c", "to-c", "to-c/x"),
    *("up/a", "circle", "circle/x", "one", "one/x", "none", "none/x", "to-none", "out", "out/x", "passwd", "home"),
    *("in/b/c", "l" * 255, "l" * 256, f"nowhere/{'l' * 256}", "l/" * 2500 + "l", f"a/{'l' * 256}/x", "chain9"),
)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_leads_where_it_would_on_disk(path: str, repository: Path) -> None:
    write(repository, {"a/b/c": "c\n", "up/x": ""})
    links = {
        "to-a": "a",
        "to-c": "to-a/b/c",
        "up/a": "../a/b/../b/c",
        "circle": "circle",
        "one": "two",
        "two": "one",
        "none": "nowhere",
        "to-none": "none",
        "out": "..",
        "passwd": "/etc/passwd",
        "home": "../nobody/x",
        "in": str(repository / "a"),
        "chain0": "a/b/c",
        **{f"chain{number}": f"chain{number - 1}" for number in range(1, 10)},
    }
    for name, target in links.items():
        (repository / name).symlink_to(target)
    at = committed(repository)
    assert answers(at, path) == answers(Checkout(repository), path)


def test_a_file_that_is_too_large_is_told_as_on_disk(repository: Path) -> None:
    at = committed(repository, {"a": "12345"})
    assert answers(at, "a", 4) == answers(Checkout(repository), "a", 4)
    assert answers(at, "a", 4) == ("file", "has 5 bytes, the limit is 4 (catalog.limits.file_bytes)")


def test_names_of_any_bytes_are_read(repository: Path) -> None:
    os.mkdir(os.fsencode(repository) + b"/\xff")
    with open(os.fsencode(repository) + b"/\xff/\xfe.txt", "w") as file:
        file.write("x")
    at = committed(repository, {"\x1b[31m\n": "e", ":(exclude)*": "p", '"': "q"})
    assert sorted(at.files()) == ["\x1b[31m\n", '"', ":(exclude)*", "\udcff/\udcfe.txt"]
    assert answers(at, "\udcff/\udcfe.txt") == ("file", b"x")
    assert answers(at, "\x1b[31m\n") == ("file", b"e")


def test_the_files_of_a_commit_are_selected_as_those_of_a_work_tree(repository: Path) -> None:
    names = ["a/x.yaml", ".hidden/x.yaml", "node_modules/x.yaml", "a/node_modules/b/x.yaml", "x.yaml/y", "build/x.yaml"]
    write(repository, {".gitignore": "build/\n", **dict.fromkeys(names, "")})
    git(repository, "add", "-f", "build/x.yaml")
    at = committed(repository)
    there, here = Listing(at.root, at.files()), Listing(repository)
    assert there.select("", ["**/x.yaml"]) == [".hidden/x.yaml", "a/x.yaml", "build/x.yaml"]
    for folder in ("", "a", "node_modules", "a/node_modules", "build", "nowhere"):
        assert there.select(folder, ["**"]) == here.select(folder, ["**"])
        assert there.folders(folder, ["**/x.yaml"]) == here.folders(folder, ["**/x.yaml"])
    assert there.inner(["**"]) == here.inner(["**"])


def test_what_was_done_since_the_commit_is_not_seen(repository: Path) -> None:
    at = committed(repository, {"catalog-info.yaml": entity("a"), "b/catalog-info.yaml": entity("b")})
    (repository / "catalog-info.yaml").unlink()
    write(repository, {"b/catalog-info.yaml": entity("c"), "d/catalog-info.yaml": entity("d")})
    assert [each.data["metadata"]["name"] for each in told(at)[0]] == ["b", "a"]


# -- paths count from the root


def test_paths_count_from_the_root_of_the_checkout_that_is_given(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = committed(repository, {"a/catalog-info.yaml": entity("a"), "b/catalog-info.yaml": entity("b"), "c": "x"})
    monkeypatch.chdir(repository / "b")

    def paths(*named: str) -> list[str]:
        both = [files.read(named, SETTINGS, checkout=each).documents for each in (at, Checkout(repository))]
        assert both[0] == both[1]
        return sorted(each.path or "" for each in both[0])

    everything = ["a/catalog-info.yaml", "b/catalog-info.yaml"]
    assert paths(".") == paths("") == paths("a", "b") == paths("a/..") == paths("*/catalog-info.yaml") == everything
    assert paths("a/catalog-info.yaml", "a") == ["a/catalog-info.yaml"]
    for wrong, message in {
        "catalog-info.yaml": "catalog-info.yaml: no such file or folder",
        "../x": "../x: names ../x, which leaves the checkout",
        "*/nowhere": "*/nowhere: matches no file; name a file or a folder",
    }.items():
        for each in (at, Checkout(repository)):
            with pytest.raises(UsageError) as raised:
                files.read([wrong], SETTINGS, checkout=each)
            assert str(raised.value) == message


def test_only_the_files_that_are_named_are_read_and_their_targets_are_looked_for(repository: Path) -> None:
    location = '{"kind": "Location", "spec": {"targets": ["./x.yaml", "./nowhere.yaml"]}}'
    at = committed(repository, {"catalog-info.yaml": location, "x.yaml": entity("x"), "d/catalog-info.yaml/y": ""})
    for checkout in (at, Checkout(repository)):
        read = files.only(["catalog-info.yaml", "d/catalog-info.yaml"], SETTINGS, checkout)
        assert [
            (each.path, [problem.message for problem in each.problems])
            for each in sorted(read.documents, key=lambda each: each.order)
        ] == [
            ("catalog-info.yaml", ["target names ./nowhere.yaml, which does not exist"]),
            ("d/catalog-info.yaml", ["the file is a folder, expected a file"]),
        ]
    assert files.only([], SETTINGS, at).documents == ()


def test_texts_that_are_laid_over_a_commit_are_read_in_place_of_its_own(repository: Path) -> None:
    at = committed(repository, {"catalog-info.yaml": entity("a")})
    read = files.read(["."], SETTINGS, checkout=at, overlay={"catalog-info.yaml": entity("b").encode()})
    assert [each.data["metadata"]["name"] for each in read.documents] == ["b"]


# -- workers


@pytest.mark.parametrize("jobs", [1, 3])
def test_many_files_are_read_in_many_workers(jobs: int, repository: Path) -> None:
    at = committed(
        repository,
        {
            f"{number}/{name}": text
            for number in range(100)
            for name, text in {
                "catalog-info.yaml": f"kind: X\nmetadata: {{name: n{number}, text: {{$text: ./x.txt}}}}\n",
                "x.txt": f"text {number}",
            }.items()
        },
    )
    at.read("0/x.txt", 100)  # a git is running before the workers are forked
    found = {each.data["metadata"]["name"]: each.data["metadata"]["text"] for each in told(at, jobs=jobs)[0]}
    assert found == {f"n{number}": f"text {number}" for number in range(100)}
    assert at.read("99/x.txt", 100) == b"text 99"


def test_a_checkout_of_a_commit_goes_to_a_process_of_its_own(repository: Path) -> None:
    at = committed(repository, {"a": "x"})
    at.read("a", 9)
    sent = pickle.loads(pickle.dumps(at))
    assert sent == at
    assert sent.read("a", 9) == b"x"


# -- a repository is a stranger's


def test_nothing_that_a_repository_configures_runs_or_changes_what_was_committed(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pwned = tmp_path_factory.mktemp("out") / "pwned"
    touch = f"touch {pwned}"
    attributes = (
        "* filter=x diff=x text eol=crlf ident export-ignore export-subst\nu.yaml working-tree-encoding=UTF-16\n"
    )
    at = committed(repository, {".gitattributes": attributes, "a.yaml": "a: $Id$\n"})
    for name in ("filter.x.smudge", "filter.x.clean", "filter.x.process", "diff.x.textconv", "core.fsmonitor"):
        git(repository, "config", name, touch)
    for name in ("core.sshCommand", "core.pager", "core.alternateRefsCommand", "uploadpack.packObjectsHook"):
        git(repository, "config", name, touch)
    git(repository, "config", "core.hooksPath", ".git/hooks")
    at = commit.at(revision.find("HEAD", repository))
    assert at.read("a.yaml", 100) == b"a: $Id$\n"
    assert [each.path for each in files.read(["a.yaml"], SETTINGS, checkout=at).documents] == ["a.yaml"]
    assert not pwned.exists()


def test_what_attributes_make_of_a_file_on_disk_is_not_what_was_committed(repository: Path) -> None:
    attributes = "*.txt text eol=crlf\n*.md ident\nu.yaml text working-tree-encoding=UTF-16LE\n"
    write(repository, {".gitattributes": attributes, "a.txt": "a\r\nb\r\n", "i.md": "$Id$\n"})
    at = committed(repository, {"u.yaml": entity("u").encode("utf-16-le")})
    (repository / "i.md").unlink()
    git(repository, "checkout", "i.md")
    disk = Checkout(repository)
    assert (at.read("a.txt", 99), disk.read("a.txt", 99)) == (b"a\nb\n", b"a\r\nb\r\n")
    assert (at.read("i.md", 99), disk.read("i.md", 99).startswith(b"$Id: ")) == (b"$Id$\n", True)
    assert at.read("u.yaml", 9999).decode() == disk.read("u.yaml", 9999).decode("utf-16-le") == entity("u")


def test_replaced_objects_are_read_as_they_were_committed(repository: Path) -> None:
    first = committed(repository, {"a": "first"})
    second = committed(repository, {"a": "second"})
    git(repository, "replace", first.entries["a"].identity, second.entries["a"].identity)
    git(repository, "replace", first.commit, second.commit)
    assert commit.at(revision.find(first.commit, repository)).read("a", 99) == b"first"


def test_a_submodule_is_a_folder_with_nothing_in_it(repository: Path) -> None:
    committed(repository, {"x.yaml": "a: 1\n"})
    head = said(repository, "rev-parse", "HEAD")
    (repository / "sub").mkdir()
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    git(repository, "commit", "-q", "-m", "x")
    at = commit.at(revision.find("HEAD", repository))
    for path in ("sub", "sub/x.yaml"):
        assert answers(at, path) == answers(Checkout(repository), path)
    assert answers(at, "sub") == ("folder", "is a folder, expected a file")


def test_names_that_no_file_can_have_are_refused(repository: Path) -> None:
    at = committed(repository, {"a": "a"})
    listed = b"100644 ../../evil\0" + bytes.fromhex(at.entries["a"].identity)
    tree = said(repository, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=listed)
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    identity = said(repository, *who, "commit-tree", tree, "-m", "x")
    with pytest.raises(UsageError) as raised:
        commit.at(revision.find(identity, repository))
    assert str(raised.value) == f"{identity}: ../../evil: no file can have such a name"


def test_a_partial_clone_fetches_nothing_and_says_so(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    committed(repository, {"a": "a"})
    git(repository, "config", "uploadpack.allowFilter", "true")
    other = tmp_path_factory.mktemp("other")
    git(other, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{repository}", "clone")
    told = r"^--base origin/main: fatal: .*; this clone is partial: fetch without --filter$"
    with pytest.raises(UsageError, match=told):
        commit.at(revision.find("origin/main", other / "clone"))


def test_a_file_that_git_has_lost_is_told(repository: Path) -> None:
    at = committed(repository, {"a": "a"})
    blob = at.entries["a"].identity
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(UsageError, match=r"^HEAD: a: is missing in this clone; clone it again$"):
        commit.at(revision.find("HEAD", repository))
