"""The store in a file."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bylaw.errors import ConfigError
from bylaw.store import Store, StoreError, open_store
from tests.shared import ROOT
from tests.store.contract import Contract
from tests.store.making import decided

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URL = "sqlite:///var/bylaw.db"


class _File:
    def __init__(self, folder: Path) -> None:
        self.folder, self.opened = folder, list[Store]()

    def open(self) -> Store:
        self.opened.append(open_store(URL, self.folder))
        return self.opened[-1]

    def run(self, sql: str) -> None:
        with closing(sqlite3.connect(self.folder / "var" / "bylaw.db")) as connection, connection:
            connection.execute(sql)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[_File]:
    found = _File(tmp_path)
    yield found
    for store in found.opened:
        store.close()


class TestSqlite(Contract):
    """The suite of all stores."""


def test_the_file_is_made_with_its_folder_and_nobody_else_reads_it(world: _File) -> None:
    world.open().append([decided()])
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (world.folder / "var").iterdir()}
    assert modes == {"bylaw.db": 0o600, "bylaw.db-shm": 0o600, "bylaw.db-wal": 0o600}


def test_the_first_step_of_the_tables_is_followed_by_the_others(world: _File) -> None:
    world.open().append([decided()])
    for table in ("snapshots", "snapshot_parts", "pushed"):
        world.run(f"drop table bylaw_{table}")
    world.run("delete from bylaw_schema where version > 1")
    store = world.open()
    assert store.latest_snapshot() is None
    assert [each.entry for each in store.rows()] == [decided()]


def test_several_processes_make_one_chain(world: _File) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from bylaw.store import open_store; from tests.store.making import decided\n"
        "store = open_store(sys.argv[1], Path(sys.argv[2]))\n"
        "for each in range(20): store.append([decided(each, id=f'{sys.argv[3]}-{each}')])\n"
    )
    command = [sys.executable, "-c", program, URL, str(world.folder)]
    running = [subprocess.Popen([*command, str(number)], cwd=ROOT) for number in range(2)]
    assert [each.wait(60) for each in running] == [0, 0]
    store = world.open()
    assert store.head().seq == 40
    assert store.verify() == []


def test_a_folder_that_cannot_be_made_is_said_and_made_use_of_as_soon_as_it_can(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file in the way")
    store = open_store(URL, tmp_path)
    with pytest.raises(StoreError, match=r"^sqlite:///.*/var/bylaw.db: cannot be used \(File exists\)$"):
        store.append([decided()])
    (tmp_path / "var").unlink()
    store.append([decided()])
    assert store.head().seq == 1
    store.close()


def test_a_file_of_something_else_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database at all, but a text that is long enough to be one")
    store = open_store("sqlite:///x.db", tmp_path)
    with pytest.raises(StoreError, match="file is not a database"):
        store.head()
    store.close()


def test_a_full_disk_is_said_and_writing_goes_on_when_there_is_room(world: _File) -> None:
    store = world.open()
    store.append([decided(1)])
    lane = store._writing  # type: ignore[attr-defined]  # a full disk, but for this connection alone
    lane.connection.execute("pragma max_page_count = 20")
    with pytest.raises(StoreError, match="database or disk is full"):
        store.append([decided(number, input={"x": "y" * 10_000}) for number in range(2, 30)])
    store.append([decided(30)])
    assert [each.entry for each in store.rows()] == [decided(1), decided(30)]
    assert store.verify() == []


def test_nothing_is_made_where_a_store_is_only_to_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"var/bylaw.db: there is no store; `bylaw serve` makes one, --store URL"):
        open_store(URL, tmp_path, create=False)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("bylaw.db", "something without a scheme"),
        ("mysql://root:hunter2@db/bylaw", "mysql://…"),
        ("sqlite://", "sqlite://…"),
        ("sqlite:///", "sqlite://…"),
        ("sqlite://bylaw.db", "sqlite://…"),
        ("sqlite:///bylaw.db?mode=ro", "sqlite://…"),
        ("", "something without a scheme"),
    ],
)
def test_what_is_no_address_of_a_store_is_said_without_repeating_it(url: str, found: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        open_store(url, tmp_path)
    assert str(error.value) == f"store: expected sqlite:///file or postgresql://host/database, found {found}"


def test_an_address_may_begin_at_the_root(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/x.db", tmp_path / "elsewhere")
    store.append([decided()])
    store.close()
    assert (tmp_path / "x.db").is_file()
