"""The file of a snapshot: whole or not there at all, and what is not as it was written gives no answer."""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import stat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bylaw.errors import UndecidedError, UsageError
from bylaw.model import Document
from bylaw.sources.snapshot import envelope, open_snapshot
from tests.shared import examples
from tests.sources.snapshots import catalog, entity, kept, write

AGAIN = "fetch it again, or make it anew: bylaw snapshot --output FILE"


# -- a file that is not as it was written


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a snapshot."""
    path = tmp_path_factory.mktemp("whole") / "base.db"
    write(path, catalog(*(entity(f"e{number}", owner=f"o{number}") for number in range(40))))
    return path.read_bytes()


def refused(folder: Path, content: bytes) -> str:
    """What is said of a file that holds this."""
    path = folder / "base.db"
    path.write_bytes(content)
    with pytest.raises(UndecidedError) as caught:
        open_snapshot(path)
    return str(caught.value).removeprefix(f"{path}: ")


@given(data=st.data())
@settings(max_examples=examples(50))
def test_every_flipped_bit_is_noticed(whole: bytes, data: st.DataObject) -> None:
    place = data.draw(
        st.integers(0, len(whole) - 1) | st.integers(0, 99) | st.integers(len(whole) - 100, len(whole) - 1)
    )
    flipped = bytearray(whole)
    flipped[place] ^= 1 << data.draw(st.integers(0, 7))
    with TemporaryDirectory() as folder:
        refused(Path(folder), bytes(flipped))


@given(data=st.data())
def test_every_piece_that_is_missing_or_too_much_is_noticed(whole: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, len(whole)))
    with TemporaryDirectory() as folder:
        for changed in (whole[:start], whole[start:], whole[:start] + whole[stop:], whole[:stop] + whole[start:]):
            if changed != whole:
                refused(Path(folder), changed)


def test_of_a_damaged_file_both_digests_are_told(whole: bytes, tmp_path: Path) -> None:
    damaged = whole.replace(b"component:default/e7", b"component:default/e8", 1)
    sealed = whole.rpartition(b" ")[2].decode().strip()
    found = hashlib.sha256(damaged.rpartition(b"\nbylaw snapshot ")[0]).hexdigest()
    assert refused(tmp_path, damaged) == f"is damaged: it has the digest sha256:{found}, expected {sealed}; {AGAIN}"


def test_of_a_piece_of_a_file_both_sizes_are_told(whole: bytes, tmp_path: Path) -> None:
    size = len(whole)
    assert refused(tmp_path, whole[:-1]) == f"is damaged: it has {size - 1:,} bytes, expected {size:,}; {AGAIN}"
    assert refused(tmp_path, whole[:200]) == f"is damaged: it has 200 bytes, expected {size:,}; {AGAIN}"


def test_pages_that_have_changed_places_are_noticed(whole: bytes, tmp_path: Path) -> None:
    page = 16384
    swapped = whole[:page] + whole[2 * page : 3 * page] + whole[page : 2 * page] + whole[3 * page :]
    assert refused(tmp_path, swapped).startswith("is damaged: it has the digest sha256:")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html>\n<html>404</html>", "a web page: the server that it came from has answered with an error"),
        (b"\xef\xbb\xbf \n<html>", "a web page"),
        (b'{"message": "401 Unauthorized"}' + b" " * 100, "JSON: the server that it came from may have answered"),
        (b"PK\x03\x04" + bytes(200), "a ZIP archive: unpack it"),
        (b"\x1f\x8b\x08" + bytes(200), "a gzip archive: unpack it"),
        (b"SQLite format 3\0" + bytes(200), "a database of another program"),
        (b"version: 1\n" * 20, "something else"),
        (b"\xff" * 5, "something else"),
    ],
)
def test_of_what_is_no_snapshot_is_told_what_it_is(content: bytes, what: str, tmp_path: Path) -> None:
    assert refused(tmp_path, content).startswith(f"is no snapshot but {what}")


def test_a_snapshot_of_another_format_names_both(whole: bytes, tmp_path: Path) -> None:
    assert refused(tmp_path, whole[:60] + (2).to_bytes(4) + whole[64:]) == (
        "is a snapshot of format 2, and this bylaw reads format 1; make it anew: bylaw snapshot --output FILE"
    )


def test_what_cannot_be_opened_is_undecided(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, reason in (
        ("nothing", f"cannot be opened (no such file or directory); {AGAIN}"),
        (".", f"is no regular file; {AGAIN}"),
        ("pipe", f"is no regular file; {AGAIN}"),
    ):
        with pytest.raises(UndecidedError) as caught:
            open_snapshot(tmp_path / name)
        assert str(caught.value) == f"{tmp_path / name}: {reason}"


def test_a_file_that_is_replaced_between_the_check_and_the_reading_is_noticed(
    whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = tmp_path / "base.db", tmp_path / "other.db"
    path.write_bytes(whole)
    other.write_bytes(whole)
    check = envelope.check
    monkeypatch.setattr(envelope, "check", lambda file, name: (check(file, name), other.replace(path)))
    with pytest.raises(UndecidedError, match="was replaced while it was read; run this again"):
        open_snapshot(path)


@pytest.mark.parametrize(
    "name", ["a?mode=rwc", "a#b", "a%41", "ä b", "'", "-x", b"\xff".decode("utf-8", "surrogateescape")]
)
def test_the_name_of_the_file_means_nothing(name: str, tmp_path: Path) -> None:
    write(tmp_path / name, catalog(entity("a")))
    assert os.listdir(tmp_path) == [name]
    with open_snapshot(tmp_path / name) as found:
        assert found.entities(["component:default/a"]).keys() == {"component:default/a"}
    assert os.listdir(tmp_path) == [name]


def test_a_snapshot_is_a_database_that_others_can_read_and_nobody_writes(tmp_path: Path) -> None:
    with kept(tmp_path, catalog(entity("a", owner="x"))) as found:
        other = sqlite3.connect(found.path)
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        other.close()
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            found._connection.execute("DELETE FROM node")


# -- writing


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_who_reads_the_earlier_file_goes_on_reading_it(tmp_path: Path) -> None:
    with kept(tmp_path, catalog(*(entity(f"e{number}", owner="x") for number in range(500)))) as earlier:
        write(tmp_path / "base.db", catalog(entity("later")))
        assert earlier.entities(["component:default/e400"]).keys() == {"component:default/e400"}
        with open_snapshot(tmp_path / "base.db") as found:
            assert found.entities(["component:default/later", "component:default/e400"]).keys() == {
                "component:default/later"
            }
    assert files(tmp_path) == ["base.db"]


def test_a_full_disk_leaves_the_file_as_it_was_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "base.db").write_text("earlier")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError) as caught:
        write(tmp_path / "base.db", catalog(entity("a")))
    assert str(caught.value) == f"{tmp_path / 'base.db'}: cannot be written (no space left on device)"
    assert (tmp_path / "base.db").read_text() == "earlier"
    assert files(tmp_path) == ["base.db"]


def test_an_interruption_leaves_nothing_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(envelope, "seal", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "base.db", catalog(entity("a")))
    assert files(tmp_path) == []


def test_a_file_is_readable_for_all_as_far_as_the_umask_lets_it(tmp_path: Path) -> None:
    for mask, mode in ((0o022, 0o644), (0o077, 0o600)):
        before = os.umask(mask)
        try:
            write(tmp_path / "base.db", catalog(entity("a")))
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "base.db").stat().st_mode) == mode


def test_what_no_file_can_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    for name, reason in (
        ("folder", "is no file, and a snapshot is written to one"),
        ("pipe", "is no file, and a snapshot is written to one"),
        ("nowhere/base.db", "cannot be written (no such file or directory)"),
        ("file/base.db", "cannot be written (not a directory)"),
    ):
        with pytest.raises(UsageError) as caught:
            write(tmp_path / name, catalog(entity("a")))
        assert str(caught.value) == f"{tmp_path / name}: {reason}"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("\ud800", "str is not valid UTF-8: surrogates not allowed"),
        (2**64, "Integer exceeds 64-bit range"),
        (float("nan"), "it holds a number that JSON does not know"),
        ([None, {"x": float("inf")}], "it holds a number that JSON does not know"),
        ({1: 2}, "Dict key must be str"),
    ],
)
def test_what_would_not_come_back_as_it_is_is_refused(value: Any, reason: str, tmp_path: Path) -> None:
    made = catalog(entity("a"), Document("b.yaml", 3, entity("b", note=value)))
    with pytest.raises(UsageError) as caught:
        write(tmp_path / "base.db", made)
    assert str(caught.value).startswith("document 3 of b.yaml: cannot be put into a snapshot: ")
    assert reason in str(caught.value)
    assert files(tmp_path) == []


def test_what_is_refused_is_named_without_a_password(tmp_path: Path) -> None:
    url = "https://me:s3cr3t@gitlab.example.com/a"
    with pytest.raises(
        UsageError, match=r"^document 0 of https://gitlab\.example\.com/a: cannot be put into a snapshot: "
    ):
        write(tmp_path / "base.db", catalog(Document(None, 0, entity("a", note=2**64), url=url)))
