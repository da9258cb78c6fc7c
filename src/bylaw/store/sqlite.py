"""A store in a file of SQLite: for one machine, where several processes may use it."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from bylaw.store.tables import Tables
from bylaw.store.values import RefusedError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from bylaw.store.tables import Cursor

_PATIENCE = 5.0  # seconds to wait for another process that writes
_LOOK = 0.5  # seconds between two looks for news of other processes
_REFUSED = (sqlite3.IntegrityError, sqlite3.DataError)


class SqliteStore(Tables):
    """The store in a file, which is made, with its folder, when it is not there: readable by its owner alone."""

    words = {  # noqa: RUF012  (constant)
        "text": "text",
        "bytes": "blob",
        "key": "integer primary key autoincrement",
    }

    def __init__(self, path: Path) -> None:
        super().__init__(f"sqlite:///{path}")
        self._path = path
        self._reading, self._writing = _Lane(), _Lane()

    def close(self) -> None:
        super().close()
        for lane in (self._reading, self._writing):
            with lane.lock:
                lane.drop()

    @contextmanager
    def _work(self, *, writing: bool = False) -> Iterator[_Cursor]:
        lane = self._writing if writing else self._reading
        with lane.lock, self._told(lane):
            if lane.connection is None:
                lane.connection = self._connect()
            with _transaction(lane.connection, "begin immediate" if writing else "begin"):
                yield _Cursor(lane.connection)

    @contextmanager
    def _news(self) -> Iterator[Callable[[], bool]]:
        with self._told(), closing(self._connect()) as connection:
            seen: list[int] = []

            def wait() -> bool:
                self._ending.wait(_LOOK)
                version = connection.execute("pragma data_version").fetchone()[0]
                is_news = [version] != seen
                seen[:] = [version]
                return is_news

            yield wait

    def _tell(self, cursor: Cursor, digest: str) -> None:
        pass  # a commit is the news

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            _write_ahead(connection)
            with self._migrating:
                if not self._is_migrated:
                    with _transaction(connection, "begin immediate"):
                        self._migrate(_Cursor(connection))
                    self._is_migrated = True
        except BaseException:  # raised again
            connection.close()
            raise
        return connection

    @contextmanager
    def _told(self, lane: _Lane | None = None) -> Iterator[None]:
        """Errors in the words of a store. A connection that had one is not used again."""
        try:
            yield
        except _REFUSED as error:
            raise RefusedError(f"{self.place}: does not take this ({error})") from None
        except (sqlite3.Error, OSError) as error:
            if lane is not None:
                lane.drop()
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise StoreError(f"{self.place}: cannot be used ({reason})") from None


class _Lane:
    """A connection for one thread at a time. Reading and writing have one each, since neither waits for the other."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connection: sqlite3.Connection | None = None

    def drop(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class _Cursor:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()

    def run_many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        self._connection.executemany(sql, values)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Let readers and one writer work at the same time. Who switches to that while others do is not made to wait, as
    for anything else, but refused."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            break
    connection.execute("pragma synchronous = normal")


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
    except BaseException:  # raised again
        if connection.in_transaction:  # SQLite has undone it by itself where the disk is full
            connection.rollback()
        raise
    connection.execute("commit")
