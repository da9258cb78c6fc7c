"""The store in a real PostgreSQL: the suite of all stores, and what only a server can do to one."""

from __future__ import annotations

import asyncio
import logging
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest

from bylaw.config import DecisionSettings
from bylaw.decisions import Log, log
from bylaw.errors import ConfigError
from bylaw.store import Store, StoreError, open_store
from tests.real import postgres
from tests.store.contract import Contract
from tests.store.making import Told, decided

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.real
NOW = datetime(2026, 11, 21, tzinfo=UTC)


class _Database:
    def __init__(self, server: postgres.Server, name: str) -> None:
        self.server, self.name, self.opened = server, name, list[Store]()

    def open(self) -> Store:
        self.opened.append(open_store(self.server.url(self.name), self.server.folder))
        return self.opened[-1]

    def run(self, sql: str) -> None:
        self.server.run(sql, self.name)

    def break_connections(self, query: str = "%") -> None:
        """End all connections to it, or those whose last statement is like this."""
        ending = "select pg_terminate_backend(pid) from pg_stat_activity"
        self.server.run(f"{ending} where datname = '{self.name}' and query like '{query}'")


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    with postgres.server() as running:
        yield running


@pytest.fixture
def world(server: postgres.Server) -> Iterator[_Database]:
    with server.database() as name:
        found = _Database(server, name)
        yield found
        for store in found.opened:
            store.close()


class TestPostgres(Contract):
    """The suite of all stores."""


def test_a_connection_that_broke_is_made_anew(world: _Database) -> None:
    store = world.open()
    store.append([decided(1)])
    world.break_connections()
    with pytest.raises(StoreError, match="terminating connection"):
        store.append([decided(2)])
    store.append([decided(3)])
    assert [each.entry for each in store.rows()] == [decided(1), decided(3)]


def test_who_listens_hears_what_was_saved_while_the_connection_was_broken(world: _Database, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("snapshot")
    store, told = world.open(), Told()
    store.listen(told)
    other = world.open()
    other.save_snapshot("first", NOW, tmp_path / "a")
    assert told.digests(1) == ["first"]
    world.break_connections("listen%")
    other.save_snapshot("second", NOW, tmp_path / "a")
    assert told.digests(2) == ["first", "second"]


def test_who_listens_before_there_is_a_database_hears_as_soon_as_there_is_one(
    server: postgres.Server, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("snapshot")
    early, told = open_store(server.url("later_one"), tmp_path), Told()
    early.listen(told)
    with pytest.raises(StoreError, match='database "later_one" does not exist'):
        early.head()
    server.run("create database later_one")
    try:
        store = open_store(server.url("later_one"), tmp_path)
        store.save_snapshot("first", NOW, tmp_path / "a")
        assert told.digests(1) == ["first"]
        store.close()
    finally:
        early.close()
        server.run("drop database later_one with (force)")


def test_one_that_writes_and_hangs_holds_nobody_up_for_ever(world: _Database) -> None:
    url = world.server.url(world.name)
    store = open_store(f"{url}?options=-c%20lock_timeout%3D200", world.server.folder)
    store.append([decided(1)])
    world.opened.append(store)
    with psycopg.connect(url) as hanging:
        hanging.execute("lock table bylaw_decisions")
        with pytest.raises(StoreError, match="canceling statement due to lock timeout"):
            store.append([decided(2)])
    store.append([decided(3)])
    assert [each.entry for each in store.rows()] == [decided(1), decided(3)]


@pytest.mark.parametrize("password", ["wr0ng-%-password", "'quoted\"", "with space"])
def test_no_message_holds_the_password(
    server: postgres.Server, tmp_path: Path, caplog: pytest.LogCaptureFixture, password: str
) -> None:
    caplog.set_level(logging.DEBUG)
    store = open_store(server.url("postgres", password), tmp_path)
    with pytest.raises(StoreError, match="password authentication failed") as error:
        store.head()
    told = "".join(traceback.format_exception(error.value)) + caplog.text + repr(error.value) + store.place
    assert password not in told
    assert store.place == f"postgresql://127.0.0.1:{server.port}/postgres"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter2%zz@127.0.0.1/x",
        "postgresql://u:hunter2@127.0.0.1:port/x",
        "postgresql://u@127.0.0.1/x?passwort=hunter2",
        "postgresql://u:hunter2@[::1/x",
    ],
)
def test_a_url_that_cannot_be_read_is_not_repeated(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        open_store(url, tmp_path)
    assert "hunter2" not in "".join(traceback.format_exception(error.value))
    assert str(error.value).startswith("store: PostgreSQL cannot read its URL; expected one such as postgresql://")


def test_the_password_may_come_from_the_environment(
    world: _Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", postgres.PASSWORD)
    store = open_store(f"postgresql://{postgres.OWNER}@127.0.0.1:{world.server.port}/{world.name}", tmp_path)
    store.append([decided()])
    store.close()
    assert [each.entry for each in world.open().rows()] == [decided()]


def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    store = open_store("postgresql://u:hunter2@127.0.0.1:1/x", tmp_path)
    with pytest.raises(
        StoreError, match=r"^postgresql://127.0.0.1:1/x: cannot be used \(.*Connection refused"
    ) as error:
        store.head()
    assert "hunter2" not in str(error.value)


def test_decisions_wait_while_the_server_is_away(world: _Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_PAUSE", 0.02)
    store, server = world.open(), world.server

    async def work() -> None:
        decisions = Log(store, DecisionSettings(), {})
        await decisions.start()
        decisions.record(decided(1))
        await until(lambda: store.head().seq == 1)
        await asyncio.to_thread(server.stop)
        decisions.record(decided(2))
        await until(lambda: decisions.trouble != "")
        decisions.record(decided(3))
        await asyncio.to_thread(server.start)
        await until(lambda: decisions.depth == 0 and not decisions.trouble)
        await decisions.stop()
        assert decisions.dropped == 0

    asyncio.run(work())
    assert [each.entry for each in store.rows()] == [decided(1), decided(2), decided(3)]
    assert store.verify() == []


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another thread does."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)
