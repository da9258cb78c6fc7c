"""What both stores do, in the SQL that both understand."""

from __future__ import annotations

import contextlib
import secrets
import threading
import zlib
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from bylaw.errors import UsageError
from bylaw.model import Decision, EntityRef, RefError
from bylaw.store import chain
from bylaw.store.migrations import STEPS, statements
from bylaw.store.values import Fault, Filter, Gap, Head, Pushed, Row, SnapshotInfo, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from bylaw.model import Decided

_PAGE = 1_000  # rows that are verified at a time
_PART = 1024 * 1024  # bytes of a snapshot in one row, packed
_KEPT = 3  # snapshots
_LONGEST_REF = 500  # characters
_PAUSE, _LONGEST_PAUSE = 0.2, 5.0  # seconds before a listener tries again; before each further time twice as many
_ALL = Filter()


class Cursor(Protocol):
    """A connection inside a transaction."""

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement; its rows. ``?`` stands for a value."""

    def run_many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each of several rows of values."""


class Tables(ABC):
    """A store in tables. What differs between databases is how a transaction is made and how news come."""

    words: Mapping[str, str]
    """What ``migrations`` leaves to the database."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._migrating, self._is_migrated = threading.Lock(), False
        self._ending = threading.Event()
        self._listeners: list[threading.Thread] = []

    @abstractmethod
    def _work(self, *, writing: bool = False) -> AbstractContextManager[Cursor]:
        """A transaction: done as a whole, or not at all if the block raises. Writing ones come one after the other.

        Raises:
            StoreError: the database cannot be used, or does not do what it is asked.
        """

    @abstractmethod
    def _news(self) -> AbstractContextManager[Callable[[], bool]]:
        """A connection that waits for news: the function returns when there may be some, or after a moment without.

        Raises:
            StoreError: the database cannot be used.
        """

    @abstractmethod
    def _tell(self, cursor: Cursor, digest: str) -> None:
        """Make news of a snapshot, when the transaction is done."""

    def append(self, entries: Sequence[Decided | Gap]) -> list[Decision | None]:
        texts = [chain.text(each) for each in entries]
        keys = [chain.keys(each) for each in entries]
        with self._work(writing=True) as cursor:
            head = self._head(cursor)
            last = cursor.run("select coalesce(max(seq), 0) from bylaw_decisions")[0][0]
            # Rows that are beyond the head were put in by somebody: the log goes on after them, and not from them.
            seq, before = max(head.seq, last), head.hash
            decisions = self._decisions_before(cursor, keys)
            records = []
            for text, found_by in zip(texts, keys, strict=True):
                seq += 1
                own = chain.link(seq, before, text)
                records.append((seq, text, before, own, *found_by))
                before = own
            cursor.run_many("insert into bylaw_decisions values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", records)
            cursor.run("update bylaw_head set seq = ?, hash = ?", (seq, before))
        return decisions

    def rows(
        self, *, after: int | None = None, limit: int = 100, where: Filter = _ALL, newest: bool = False
    ) -> list[Row]:
        tests, values = _condition(where)
        if after is not None:
            tests, values = [*tests, f"seq {'<' if newest else '>'} ?"], [*values, after]
        select = f"select seq, said, before, hash from bylaw_decisions{_where(tests)}"  # noqa: S608  (of constants)
        with self._work() as cursor:
            found = cursor.run(f"{select} order by seq {'desc' if newest else 'asc'} limit ?", (*values, limit))
        return [_row(*each) for each in found]

    def head(self) -> Head:
        with self._work() as cursor:
            return self._head(cursor)

    def verify(self, noted: str | None = None) -> list[Fault]:
        return list(chain.verify(self._records(), self.head, noted))

    def save_snapshot(self, digest: str, made: datetime, path: Path) -> None:
        parts, size = _packed(path)
        with self._work(writing=True) as cursor:
            cursor.run("delete from bylaw_snapshots where digest = ?", (digest,))
            cursor.run("delete from bylaw_snapshot_parts where digest = ?", (digest,))
            insert = "insert into bylaw_snapshots (digest, made, size) values (?, ?, ?)"
            cursor.run(insert, (digest, made.astimezone(UTC).isoformat(), size))
            rows = [(digest, number, part) for number, part in enumerate(parts)]
            cursor.run_many("insert into bylaw_snapshot_parts (digest, part, data) values (?, ?, ?)", rows)
            old = "select digest from bylaw_snapshots order by number desc limit 1000000 offset ?"
            for (each,) in cursor.run(old, (_KEPT,)):
                cursor.run("delete from bylaw_snapshots where digest = ?", (each,))
                cursor.run("delete from bylaw_snapshot_parts where digest = ?", (each,))
            self._tell(cursor, digest)

    def latest_snapshot(self) -> SnapshotInfo | None:
        latest = self._latest()
        return latest[1] if latest else None

    def load_snapshot(self, digest: str, path: Path) -> None:
        with self._work() as cursor:
            found = cursor.run("select size from bylaw_snapshots where digest = ?", (digest,))
            if not found:
                raise StoreError(f"{self.place}: has no snapshot {digest} (any more): the last {_KEPT} are kept")
            read = "select data from bylaw_snapshot_parts where digest = ? order by part"
            parts = [bytes(part) for (part,) in cursor.run(read, (digest,))]
        unpacker = zlib.decompressobj()
        aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            with aside.open("wb") as file:
                written = sum(file.write(unpacker.decompress(part)) for part in parts) + file.write(unpacker.flush())
            if written != found[0][0]:
                raise StoreError(f"{self.place}: its snapshot {digest} has {written:,} bytes, expected {found[0][0]:,}")
            aside.replace(path)
        except zlib.error:
            raise StoreError(f"{self.place}: its snapshot {digest} is damaged") from None
        except OSError as error:
            raise StoreError(f"{path}: cannot be written ({error.strerror})") from None
        finally:
            aside.unlink(missing_ok=True)

    def push(self, entities: Sequence[Mapping[str, Any]], deleted: Sequence[str] = ()) -> None:
        noted: list[tuple[str, str | None]] = [(_ref_of(each), orjson.dumps(each).decode()) for each in entities]
        noted += [(_ref(each), None) for each in deleted]
        with self._work(writing=True) as cursor:
            cursor.run_many(
                "insert into bylaw_pushed (ref, entity) values (?, ?)"
                " on conflict (ref) do update set entity = excluded.entity",
                noted,
            )

    def pushed(self) -> Pushed:
        with self._work() as cursor:
            noted = cursor.run("select ref, entity from bylaw_pushed order by ref")
        entities = tuple(orjson.loads(said) for _, said in noted if said is not None)
        return Pushed(entities, tuple(ref for ref, said in noted if said is None))

    def listen(self, callback: Callable[[SnapshotInfo], None]) -> None:
        known: int | None = None
        with contextlib.suppress(StoreError):  # then the first that is seen is news
            latest = self._latest()
            known = latest[0] if latest else None
        thread = threading.Thread(target=self._listen, args=(callback, known), name="bylaw-store-news", daemon=True)
        self._listeners.append(thread)
        thread.start()

    def close(self) -> None:
        self._ending.set()
        for thread in self._listeners:
            thread.join()

    def _listen(self, callback: Callable[[SnapshotInfo], None], known: int | None) -> None:
        failures = 0
        while not self._ending.is_set():
            try:
                with self._news() as wait:
                    is_news = True  # what was missed while there was no connection
                    while not self._ending.is_set():
                        latest = self._latest() if is_news else None
                        failures = 0
                        if latest and latest[0] != known:
                            known = latest[0]
                            callback(latest[1])
                        is_news = wait()
            except StoreError:
                self._ending.wait(min(_PAUSE * 2**failures, _LONGEST_PAUSE))
                failures = min(failures + 1, 10)

    def _latest(self) -> tuple[int, SnapshotInfo] | None:
        """The latest snapshot and its number, which no later one has."""
        with self._work() as cursor:
            found = cursor.run("select number, digest, made, size from bylaw_snapshots order by number desc limit 1")
        return next(((n, SnapshotInfo(digest, datetime.fromisoformat(m), size)) for n, digest, m, size in found), None)

    def _records(self) -> Iterator[chain.Record]:
        """All rows, a page at a time: what is appended meanwhile comes too."""
        last = 0
        select = "select seq, said, before, hash, id, time, gate, subject, decision, rules from bylaw_decisions"
        while True:
            with self._work() as cursor:
                page = cursor.run(f"{select} where seq > ? order by seq limit ?", (last, _PAGE))
            if not page:
                return
            yield from ((seq, said, before, own, tuple(keys)) for seq, said, before, own, *keys in page)
            last = page[-1][0]

    def _decisions_before(self, cursor: Cursor, keys: Sequence[tuple[str, ...]]) -> list[Decision | None]:
        """Of each row to come the decision before it on the same subject; None for gaps too."""
        last: dict[tuple[str, str], str | None] = {}
        found: list[Decision | None] = []
        select = "select decision from bylaw_decisions where subject = ? and gate = ? order by seq desc limit 1"
        for _, _, gate, subject, decision, _ in keys:
            if (gate, subject) not in last:
                rows = cursor.run(select, (subject, gate))
                last[gate, subject] = rows[0][0] if rows else None
            before = last[gate, subject]
            found.append(Decision(before) if before and before != "gap" else None)
            last[gate, subject] = decision
        return found

    def _head(self, cursor: Cursor) -> Head:
        found = cursor.run("select seq, hash from bylaw_head")
        if not found:
            raise StoreError(f"{self.place}: the head record of the decision log is gone; restore it from a backup")
        return Head(*found[0])

    def _migrate(self, cursor: Cursor) -> None:
        """Make the tables what this bylaw expects; the caller sees to it that nobody else does so now.

        Raises:
            StoreError: a newer bylaw has made them.
        """
        cursor.run("create table if not exists bylaw_schema (version integer not null)")
        found = cursor.run("select max(version) from bylaw_schema")[0][0] or 0
        if found > len(STEPS):
            raise StoreError(
                f"{self.place}: its tables are of version {found}, and this bylaw knows {len(STEPS)}: use a newer one"
            )
        for version, step in enumerate(STEPS[found:], found + 1):
            for statement in statements(step, self.words):
                cursor.run(statement)
            cursor.run("insert into bylaw_schema (version) values (?)", (version,))


def _row(seq: int, text: str, before: str, own: str) -> Row:
    try:
        return Row(seq, chain.entry(text), text, before, own)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise StoreError(f"row {seq} of the decision log was changed: `bylaw decisions verify` says more") from None


def _condition(where: Filter) -> tuple[list[str], list[Any]]:
    """The tests that a filter makes, and the values in them."""
    tests, values = [], []
    for name in ("id", "gate", "subject", "decision"):
        value = getattr(where, name)
        if value is not None:
            tests.append(f"{name} = ?")
            values.append(chain.key(value))
    if where.rule is not None:
        tests.append("replace(rules, ?, '') <> rules")  # that they hold it, in the words of both, upper case and all
        values.append(f"\n{chain.key(where.rule)}\n")
    for name, sign in (("since", ">="), ("until", "<")):
        value = getattr(where, name)
        if value is not None:
            tests.append(f"time {sign} ?")
            values.append(value)
    return tests, values


def _where(tests: Sequence[str]) -> str:
    return f" where {' and '.join(tests)}" if tests else ""


def _packed(path: Path) -> tuple[list[bytes], int]:
    """The parts of a file, packed, and how many bytes it has.

    Raises:
        StoreError: it cannot be read.
    """
    packer = zlib.compressobj(1)
    parts, waiting, size = [], bytearray(), 0
    try:
        with path.open("rb") as file:
            while some := file.read(_PART):
                size += len(some)
                waiting += packer.compress(some)
                while len(waiting) >= _PART:
                    parts.append(bytes(waiting[:_PART]))
                    del waiting[:_PART]
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror})") from None
    return [*parts, bytes(waiting + packer.flush())], size


def _ref_of(entity: Mapping[str, Any]) -> str:
    metadata = entity.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    kind, namespace, name = entity.get("kind"), metadata.get("namespace") or "default", metadata.get("name")
    if not all(isinstance(each, str) and each for each in (kind, namespace, name)):
        raise UsageError("an entity that is pushed has a kind, a metadata.name, and a metadata.namespace or none")
    return _ref(f"{kind}:{namespace}/{name}")


def _ref(text: str) -> str:
    try:
        ref = str(EntityRef.parse(text))
    except RefError as error:
        raise UsageError(str(error)) from None
    if len(ref) > _LONGEST_REF or "\0" in ref:
        raise UsageError(f"a ref that is pushed has at most {_LONGEST_REF} characters, and no NUL among them")
    return ref
