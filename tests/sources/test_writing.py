"""Files of a checkout, replaced whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from bylaw.sources.writing import UnwritableError, write, write_all
from tests.command import write as lay


@pytest.fixture
def root(tmp_path: Path) -> Path:
    lay(tmp_path / "outside", {"a.yaml": "old"})
    return lay(tmp_path / "checkout", {"a.yaml": "old", "b/c.yaml": "old"}).resolve()


def refusal(root: Path, path: str, before: bytes = b"old") -> str:
    with pytest.raises(UnwritableError) as caught:
        write(root, path, before, b"new")
    return str(caught.value)


def files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_file_is_replaced_and_nothing_is_left_beside_it(root: Path) -> None:
    write(root, "b/c.yaml", b"old", b"new \xf0\x9f\x98\x80\r\n")
    assert files(root) == {"a.yaml": "old", "b/c.yaml": "new 😀\n"}
    assert (root / "b/c.yaml").read_bytes() == b"new \xf0\x9f\x98\x80\r\n"


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o755, 0o664])
def test_its_mode_stays(root: Path, mode: int) -> None:
    (root / "a.yaml").chmod(mode)
    write(root, "a.yaml", b"old", b"new")
    assert stat.S_IMODE((root / "a.yaml").stat().st_mode) == mode


def test_another_name_of_the_same_file_keeps_what_it_has(root: Path) -> None:
    os.link(root / "a.yaml", root / "other.yaml")
    write(root, "a.yaml", b"old", b"new")
    assert (root / "other.yaml").read_text() == "old"


def test_a_file_that_has_changed_meanwhile_is_left_alone(root: Path) -> None:
    for now in ("newer", "ol", ""):
        lay(root, {"a.yaml": now})
        assert refusal(root, "a.yaml") == "has changed since it was read"
        assert files(root) == {"a.yaml": now, "b/c.yaml": "old"}


def test_no_link_is_followed_and_nothing_outside_is_written(root: Path) -> None:
    (root / "link.yaml").symlink_to("a.yaml")
    (root / "out.yaml").symlink_to("../outside/a.yaml")
    (root / "folder").symlink_to("b")
    (root / "out").symlink_to("../outside")
    for path in ("link.yaml", "out.yaml", "folder/c.yaml", "out/a.yaml", "../outside/a.yaml", "b/../a.yaml"):
        assert refusal(root, path) == "is reached through a symbolic link"
    absolute = str(root.parent / "outside/a.yaml")
    assert refusal(root, absolute) == "is reached through a symbolic link"
    assert files(root.parent / "outside") == {"a.yaml": "old"}
    assert files(root)["a.yaml"] == files(root)["b/c.yaml"] == "old"


def test_what_is_no_file_any_more_is_refused(root: Path) -> None:
    (root / "a.yaml").unlink()
    assert refusal(root, "a.yaml") == "cannot be written (no such file or directory)"
    (root / "a.yaml").mkdir()
    assert refusal(root, "a.yaml") == "cannot be written (is a directory)"
    (root / "a.yaml").rmdir()
    os.mkfifo(root / "a.yaml")
    assert refusal(root, "a.yaml") == "is not a regular file any more"


def test_a_full_disk_leaves_the_file_as_it_was_and_nothing_beside_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert refusal(root, "a.yaml") == "cannot be written (no space left on device)"
    assert files(root) == {"a.yaml": "old", "b/c.yaml": "old"}


def test_an_interruption_leaves_nothing_beside_the_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(root, "a.yaml", b"old", b"new")
    assert files(root) == {"a.yaml": "old", "b/c.yaml": "old"}


def test_of_many_files_those_that_fail_are_told_and_the_others_are_written(root: Path) -> None:
    lay(root, {f"{number}.yaml": "old" for number in range(50)})
    lay(root, {"7.yaml": "newer"})
    failed = write_all(root, ((f"{number}.yaml", b"old", b"new") for number in range(51)))
    assert failed == {
        "7.yaml": "has changed since it was read",
        "50.yaml": "cannot be written (no such file or directory)",
    }
    assert sum(text == "new" for text in files(root).values()) == 49


def test_a_new_file_is_on_the_disk_before_it_has_its_name(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        order.append("fsync")
        fsync(handle)

    def named(self: Path, target: Path) -> Path:
        order.append(self.read_text())
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", named)
    write(root, "a.yaml", b"old", b"new")
    assert order == ["fsync", "new"]
