from __future__ import annotations

import os
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bylaw.catalog.placeholders import UnreadableError
from bylaw.sources.checkout import Checkout
from tests.command import git, write

if TYPE_CHECKING:
    from collections.abc import Callable

steps = st.sampled_from(["..", ".", "", "a", "b c", "名", "...", "-", "~", "\\", "a\nb"])
targets = st.builds(str.__add__, st.sampled_from(["", "/", "./", "//"]), st.lists(steps, max_size=8).map("/".join))
paths = st.lists(st.sampled_from(["a", "b", "名"]), min_size=1, max_size=4).map("/".join)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    write(tmp_path / "outside", {"secret.yaml": "secret\n"})
    root = write(tmp_path / "checkout", {"a.yaml": "a\n", "b/c.yaml": "c\n", "b/d/e.yaml": "e\n"})
    return Checkout(root.resolve())


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(UnreadableError) as caught:
        call()
    return str(caught.value)


# -- beside: what a target in a file means


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("./e.yaml", "b/d/e.yaml"),
        ("e.yaml", "b/d/e.yaml"),
        ("../c.yaml", "b/c.yaml"),
        ("../../a.yaml", "a.yaml"),
        ("/a.yaml", "a.yaml"),
        ("//a.yaml", "a.yaml"),
        ("x/../../c.yaml", "b/c.yaml"),
        (".", "b/d"),
        ("", "b/d"),
        ("/", ""),
        ("~/.ssh/id_rsa", "b/d/~/.ssh/id_rsa"),
        ("..\\..\\..\\x", "b/d/..\\..\\..\\x"),
    ],
)
def test_a_target_counts_from_its_file_and_from_the_root_if_it_begins_with_a_slash(target: str, expected: str) -> None:
    assert Checkout(Path("/r")).beside("b/d/catalog-info.yaml", target) == expected


@pytest.mark.parametrize("target", ["../../../etc/passwd", "/../etc/passwd", "/x/../../etc/passwd", "x/../../../../r"])
def test_a_target_that_climbs_out_of_the_checkout_is_refused(target: str) -> None:
    said = refusal(lambda: Checkout(Path("/r")).beside("b/d/catalog-info.yaml", target))
    assert said == f"names {target}, which leaves the checkout"


def test_a_target_with_a_nul_character_is_refused() -> None:
    assert refusal(lambda: Checkout(Path("/r")).beside("a", "b\0c")) == "holds a NUL character"


def test_a_target_that_is_longer_than_any_path_is_refused_at_once() -> None:
    said = refusal(lambda: Checkout(Path("/r")).beside("a", "b/" * 1_000_000))
    assert said == "has 2,000,000 characters, and no path has more than 4,096"


@given(paths, targets)
@example("a/b", "../..")
def test_beside_never_yields_a_path_outside(path: str, target: str) -> None:
    root = "/r/checkout"
    naive = normpath(f"{root}/{target}" if target.startswith("/") else f"{root}/{path}/../{target}")
    climbs = _climbs(target if target.startswith("/") else f"{path}/../{target}")
    try:
        inside = Checkout(Path(root)).beside(path, target)
    except UnreadableError:
        assert climbs
        return
    assert not climbs
    assert normpath(f"{root}/{inside}") == naive
    assert not inside.startswith("/")
    assert ".." not in inside.split("/")


def _climbs(target: str) -> bool:
    """Whether the steps of a target ever stand above the root."""
    depth = 0
    for step in target.split("/"):
        depth += {"..": -1, ".": 0, "": 0}.get(step, 1)
        if depth < 0:
            return True
    return False


# -- read: what is not read, and why


def test_a_file_of_the_checkout_is_read(checkout: Checkout) -> None:
    assert checkout.read("b/d/e.yaml", 2) == b"e\n"


def test_a_link_inside_the_checkout_is_read(checkout: Checkout) -> None:
    (checkout.root / "link.yaml").symlink_to("b/c.yaml")
    assert checkout.read("link.yaml", 100) == b"c\n"


def test_standard_input_is_read_under_its_name_and_a_file_of_that_name_where_there_is_none(checkout: Checkout) -> None:
    write(checkout.root, {"-": "file\n"})
    assert Checkout(checkout.root, b"stdin\n").read("-", 100) == b"stdin\n"
    assert checkout.read("-", 100) == b"file\n"


def test_a_text_that_is_laid_over_a_file_is_read_in_its_place(checkout: Checkout) -> None:
    (checkout.root / "link.yaml").symlink_to("b/c.yaml")
    over = Checkout(
        checkout.root, overlay={"b/c.yaml": b"over\n", "new/x.yaml": b"new\n", "../outside/secret.yaml": b"x"}
    )
    paths = ("b/c.yaml", "link.yaml", "b/../b/c.yaml", "a.yaml", "new/x.yaml")
    assert [over.read(path, 100) for path in paths] == [b"over\n", b"over\n", b"over\n", b"a\n", b"new\n"]
    assert refusal(lambda: over.read("../outside/secret.yaml", 100)) == "is a symbolic link that leaves the checkout"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("nowhere.yaml", "cannot be opened (no such file or directory)"),
        ("a.yaml/b.yaml", "cannot be opened (not a directory)"),
        ("x" * 300, "cannot be opened (file name too long)"),
        ("b", "is a folder, expected a file"),
        ("", "is a folder, expected a file"),
        ("pipe", "is not a regular file, expected a file"),
        ("loop", "cannot be opened (too many levels of symbolic links)"),
        ("dangling", "cannot be opened (no such file or directory)"),
        ("to-zero", "is a symbolic link that leaves the checkout"),
        ("to-passwd", "is a symbolic link that leaves the checkout"),
        ("to-secret", "is a symbolic link that leaves the checkout"),
        ("to-outside/secret.yaml", "is a symbolic link that leaves the checkout"),
        ("to-outside/nowhere.yaml", "is a symbolic link that leaves the checkout"),
        ("to-sibling", "is a symbolic link that leaves the checkout"),
        ("two-steps", "is a symbolic link that leaves the checkout"),
        ("large", "has 1,000,000,000,000 bytes, the limit is 100 (catalog.limits.file_bytes)"),
    ],
)
def test_what_is_no_readable_file_of_the_checkout_is_refused(checkout: Checkout, path: str, expected: str) -> None:
    root = checkout.root
    os.mkfifo(root / "pipe")
    (root / "loop").symlink_to("loop")
    (root / "dangling").symlink_to("nowhere")
    (root / "to-zero").symlink_to("/dev/zero")
    (root / "to-passwd").symlink_to("/etc/passwd")
    (root / "to-secret").symlink_to("../outside/secret.yaml")
    (root / "to-outside").symlink_to("../outside")
    write(root.parent, {"checkout-2/a.yaml": "not ours: its name only begins as ours does\n"})
    (root / "to-sibling").symlink_to("../checkout-2/a.yaml")
    (root / "two-steps").symlink_to("to-outside/secret.yaml")
    with (root / "large").open("wb") as file:
        file.truncate(10**12)
    assert refusal(lambda: checkout.read(path, 100)) == expected


def test_refusing_a_file_leaves_no_descriptor_open(checkout: Checkout) -> None:
    before = os.listdir("/proc/self/fd")
    for path in ("b", "a.yaml"):
        refusal(lambda path=path: checkout.read(path, 1))  # type: ignore[misc]  # mypy cannot type such a lambda
    assert os.listdir("/proc/self/fd") == before


# -- stands: nothing is told of what lies outside


def test_what_stands_at_a_path_is_told_even_if_it_cannot_be_read(checkout: Checkout) -> None:
    (checkout.root / "loop").symlink_to("loop")
    (checkout.root / "dangling").symlink_to("nowhere")
    (checkout.root / "to-b").symlink_to("b")
    paths = ["a.yaml", "b/d/e.yaml", "loop", "dangling", "x" * 300, "b", "", "to-b", "x", "a.yaml/x", "b/x"]
    assert [checkout.stands(path) for path in paths] == [*["file"] * 5, *["folder"] * 3, *[None] * 3]


def test_whether_a_file_outside_exists_is_not_told(checkout: Checkout) -> None:
    (checkout.root / "out").symlink_to("../outside")
    assert {checkout.stands(path) for path in ("out", "out/secret.yaml", "out/nowhere.yaml")} == {"file"}


# -- around: which checkout a path belongs to


def test_the_checkout_is_the_git_work_tree_around_the_path(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path, {"a/b/c.yaml": ""})
    roots = {Checkout.around(tmp_path / path).root for path in (".", "a", "a/b/c.yaml", "a/nowhere")}
    assert roots == {tmp_path.resolve()}


def test_a_git_worktree_and_a_nested_repository_are_checkouts_of_their_own(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path, {"worktree/.git": "gitdir: elsewhere\n", "worktree/a/b.yaml": "", "nested/.git/HEAD": ""})
    assert Checkout.around(tmp_path / "worktree/a/b.yaml").root == (tmp_path / "worktree").resolve()
    assert Checkout.around(tmp_path / "nested").root == (tmp_path / "nested").resolve()


def test_without_git_it_is_the_current_folder_if_the_path_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"here/a/b.yaml": "", "there/c.yaml": ""})
    monkeypatch.chdir(tmp_path / "here")
    assert Checkout.around(Path("a/b.yaml")).root == tmp_path / "here"
    assert Checkout.around(Path()).root == tmp_path / "here"


def test_without_git_and_elsewhere_it_is_the_folder_named_or_that_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"here/a.yaml": "", "there/c.yaml": ""})
    monkeypatch.chdir(tmp_path / "here")
    assert Checkout.around(Path("../there")).root == tmp_path / "there"
    assert Checkout.around(Path("../there/c.yaml")).root == tmp_path / "there"
    assert Checkout.around(Path("..")).root == tmp_path


@pytest.mark.parametrize("path", ["link.yaml", "a/link-to-folder", "a/link-to-folder/c.yaml"])
@pytest.mark.parametrize("with_git", [True, False])
def test_a_link_that_leads_out_of_the_checkout_around_the_current_folder_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, with_git: bool
) -> None:
    write(tmp_path, {"here/a/b.yaml": "", "there/c.yaml": ""})
    git(tmp_path / "there", "init", "-q")
    if with_git:
        git(tmp_path / "here", "init", "-q")
    (tmp_path / "here" / "link.yaml").symlink_to("../there/c.yaml")
    (tmp_path / "here" / "a" / "link-to-folder").symlink_to("../../there")
    monkeypatch.chdir(tmp_path / "here")
    assert Checkout.around(Path(path)).root == tmp_path / "here"


def test_a_link_to_somewhere_in_the_checkout_belongs_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"here/a/b.yaml": ""})
    (tmp_path / "here" / "link").symlink_to("a")
    monkeypatch.chdir(tmp_path / "here")
    assert Checkout.around(Path("link")).root == tmp_path / "here"


def test_a_path_that_does_not_exist_or_cannot_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Checkout.around(Path("x" * 300)).root == tmp_path
    assert Checkout.around(Path("x/" * 3000)).root == tmp_path


def test_a_chain_of_more_than_a_thousand_links_is_followed_no_more_than_the_system_does(checkout: Checkout) -> None:
    (checkout.root / "link0").symlink_to("a.yaml")
    for number in range(1, 1500):
        (checkout.root / f"link{number}").symlink_to(f"link{number - 1}")
    assert checkout.stands("link1499") == "file"
    said = refusal(lambda: checkout.read("link1499", 100))
    assert said == "cannot be opened (too many levels of symbolic links)"
