"""Where a server keeps what must outlive it: decisions in a chain of hashes, snapshots of the catalog, and what was
pushed. SQLite and PostgreSQL behind one protocol; several processes may use one store at the same time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from bylaw.errors import ConfigError
from bylaw.store.values import Fault, Filter, Gap, Head, Pushed, RefusedError, Row, SnapshotInfo, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from bylaw.model import Decided, Decision

__all__ = [
    "Fault",
    "Filter",
    "Gap",
    "Head",
    "Pushed",
    "RefusedError",
    "Row",
    "SnapshotInfo",
    "Store",
    "StoreError",
    "open_store",
]


class Store(Protocol):
    """A store. Any thread may use it. Everything raises ``StoreError`` while it cannot be used, and works again as soon
    as it can: connections and tables are made when they are needed.
    """

    @property
    def place(self) -> str:
        """Where it is, for messages; no password stands in it."""

    def append(self, entries: Sequence[Decided | Gap]) -> list[Decision | None]:
        """Put entries at the end of the decision log, all or none; of each decision the one before it, by the same
        gate on the same subject."""

    def rows(
        self,
        *,
        after: int | None = None,
        limit: int = 100,
        where: Filter = ...,
        newest: bool = False,
    ) -> list[Row]:
        """Rows in their order, from behind the number ``after`` on; ``newest``: backwards, from before it on."""

    def head(self) -> Head:
        """The end of the decision log, as it was written down beside it."""

    def verify(self, noted: str | None = None) -> list[Fault]:
        """What is wrong with the decision log; ``noted`` is the hash of a row that has to be in it."""

    def save_snapshot(self, digest: str, made: datetime, path: Path) -> None:
        """Keep the file of a snapshot as the latest one, and tell those who listen. The last three are kept."""

    def latest_snapshot(self) -> SnapshotInfo | None:
        """The snapshot that was saved last."""

    def load_snapshot(self, digest: str, path: Path) -> None:
        """Write the file of a snapshot, whole or not at all."""

    def push(self, entities: Sequence[Mapping[str, Any]], deleted: Sequence[str] = ()) -> None:
        """Note entities, each in place of what was noted of its ref before, and refs of those that are gone.

        Raises:
            UsageError: something has no ref.
        """

    def pushed(self) -> Pushed:
        """All that was pushed."""

    def listen(self, callback: Callable[[SnapshotInfo], None]) -> None:
        """Call back, in a thread of its own, for each snapshot that is saved from now on, here or elsewhere."""

    def close(self) -> None:
        """End its threads and connections."""


def open_store(url: str, folder: Path, *, create: bool = True) -> Store:
    """The store at ``sqlite:///file`` (relative to ``folder``) or ``postgresql://…``. Nothing is connected yet.

    Raises:
        ConfigError: the address is none, or needs what is not installed, or there is no such file and ``create`` is
            off.
    """
    scheme, colon, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and rest[1:] and not set("?#\0") & set(rest):
        from bylaw.store.sqlite import SqliteStore

        path = folder / rest[1:]
        if not create and not path.is_file():
            raise ConfigError(f"{path}: there is no store; `bylaw serve` makes one, --store URL names another")
        return SqliteStore(path)
    if scheme in {"postgresql", "postgres"} and colon:
        try:
            from bylaw.store.postgres import PostgresStore
        except ImportError:
            raise ConfigError(
                "the store is a PostgreSQL, for which `pip install 'bylaw[postgres]'` is needed"
            ) from None

        return PostgresStore(url)
    shown = f"{scheme}://…" if colon else "something without a scheme"
    raise ConfigError(f"store: expected sqlite:///file or postgresql://host/database, found {shown}")
