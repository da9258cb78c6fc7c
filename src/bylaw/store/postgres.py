"""A store in PostgreSQL, 15 or newer: for several replicas of a server."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg
from psycopg import conninfo

from bylaw.errors import ConfigError
from bylaw.store.tables import Tables
from bylaw.store.values import RefusedError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bylaw.store.tables import Cursor

_CHANNEL = "bylaw_snapshot"
_LOCK = 0x62796C77  # "bylw": held by who writes or migrates, until the end of the transaction
_LOOK = 30.0  # seconds without news after which a listener makes sure that there is still somebody to hear them from
_CONNECTING = {
    "connect_timeout": "5",  # seconds, like the two below; time-outs of statements are in milliseconds
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "application_name": "bylaw",
}
_BOUNDS = "-c statement_timeout=15000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=30000"
_REFUSED = (psycopg.DataError, psycopg.IntegrityError)


class PostgresStore(Tables):
    """The store in a database. What the URL does not say (a password) comes from the environment, as libpq has it."""

    words = {  # noqa: RUF012  (constant)
        "text": 'text collate "C"',
        "bytes": "bytea",
        "key": "bigint generated always as identity primary key",
    }

    def __init__(self, url: str) -> None:
        """
        Raises:
            ConfigError: the URL is none that PostgreSQL knows.
        """
        try:
            said = conninfo.conninfo_to_dict(url)
            parts = urlsplit(url)
            port = parts.port
        except (psycopg.Error, ValueError):  # whose words may hold the password
            shown = "postgresql://host:5432/database?sslmode=verify-full"
            raise ConfigError(f"store: PostgreSQL cannot read its URL; expected one such as {shown}") from None
        host = parts.hostname or said.get("host") or "the usual host"
        super().__init__(f"postgresql://{host}{f':{port}' if port else ''}/{said.get('dbname') or ''}")
        self._secrets = {unquote(parts.password or ""), *(v for k, v in parse_qsl(parts.query) if "password" in k)}
        options = f"{_BOUNDS} {said.get('options') or ''}".strip()  # what comes later counts
        self._info = conninfo.make_conninfo("", **{**_CONNECTING, **said, "options": options})
        self._reading, self._writing = _Lane(), _Lane()
        self._wakers = set[socket.socket]()

    def close(self) -> None:
        self._ending.set()
        for waker in list(self._wakers):
            waker.close()  # so a listener that waits for news wakes up
        super().close()
        for lane in (self._reading, self._writing):
            with lane.lock:
                lane.drop()

    @contextmanager
    def _work(self, *, writing: bool = False) -> Iterator[Cursor]:
        lane = self._writing if writing else self._reading
        with lane.lock, self._told(lane):
            if lane.connection is None or lane.connection.closed:
                lane.connection = self._connect()
            with lane.connection.transaction():
                cursor = _Cursor(lane.connection)
                if writing:
                    cursor.run("select pg_advisory_xact_lock(?)", (_LOCK,))
                yield cursor

    @contextmanager
    def _news(self) -> Iterator[Callable[[], bool]]:
        waker, waking = socket.socketpair()
        self._wakers.add(waker)
        try:
            with waker, waking, self._told(), closing(self._connect()) as connection:
                connection.execute(f"listen {_CHANNEL}")
                yield partial(self._wait, connection, waking)
        finally:
            self._wakers.discard(waker)

    def _wait(self, connection: psycopg.Connection[Any], waking: socket.socket) -> bool:
        """Wait for a notification, and say whether there was one."""
        if self._ending.is_set():
            return False
        ready, _, _ = select.select([connection.fileno(), waking.fileno()], [], [], _LOOK)
        if connection.fileno() in ready:
            return bool(list(connection.notifies(timeout=0)))
        connection.execute("select 1")  # raises if the server is not there any more
        return False

    def _tell(self, cursor: Cursor, digest: str) -> None:
        cursor.run("select pg_notify(?, ?)", (_CHANNEL, digest))

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        connection = psycopg.connect(self._info, autocommit=True)
        try:
            with self._migrating:
                if not self._is_migrated:
                    with connection.transaction():
                        cursor = _Cursor(connection)
                        cursor.run("select pg_advisory_xact_lock(?)", (_LOCK,))
                        self._migrate(cursor)
                    self._is_migrated = True
        except BaseException:  # raised again
            connection.close()
            raise
        return connection

    @contextmanager
    def _told(self, lane: _Lane | None = None) -> Iterator[None]:
        """Errors in the words of a store, without its password. A connection that had one is not used again."""
        try:
            yield
        except _REFUSED as error:
            raise RefusedError(f"{self.place}: does not take this ({self._words(error)})") from None
        except (psycopg.Error, OSError) as error:
            if lane is not None:
                lane.drop()
            raise StoreError(f"{self.place}: cannot be used ({self._words(error)})") from None

    def _words(self, error: Exception) -> str:
        """What PostgreSQL says of an error, in one line."""
        words = " ".join(str(error).split())
        for secret in self._secrets - {""}:
            words = words.replace(secret, "…")
        return words[:300]


class _Lane:
    """A connection for one thread at a time. Reading and writing have one each, since neither waits for the other."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def drop(self) -> None:
        if self.connection is not None:
            with suppress(psycopg.Error):
                self.connection.close()
            self.connection = None


class _Cursor:
    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(_placed(sql), values)
        return cursor.fetchall() if cursor.description else []

    def run_many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_placed(sql), values)


def _placed(sql: str) -> bytes:
    """A statement with the places of values as psycopg writes them."""
    return sql.replace("?", "%s").encode()
