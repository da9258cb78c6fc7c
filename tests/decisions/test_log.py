"""The log: what is decided is in it, or the log says that it is not."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, Any

import pytest

from bylaw.config import DecisionSettings
from bylaw.decisions import Log, log
from bylaw.errors import ConfigError
from bylaw.store import Gap, Row, Store, StoreError, open_store
from bylaw.store.sqlite import SqliteStore
from tests.store.making import decided

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
    from pathlib import Path

    from bylaw.model import Decided, Decision

ON = DecisionSettings()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = open_store("sqlite:///var/bylaw.db", tmp_path)
    yield found
    found.close()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits longer than it has to."""
    monkeypatch.setattr(log, "_PAUSE", 0.005)
    monkeypatch.setattr(log, "_LONGEST_PAUSE", 0.02)
    monkeypatch.setattr(log, "_LINGER", 0.001)


@asynccontextmanager
async def running(store: Store, settings: DecisionSettings = ON, **more: Any) -> AsyncIterator[Log]:
    """A log that has begun, and has ended behind the block."""
    found = Log(store, settings, {}, **more)
    await found.start()
    try:
        yield found
    finally:
        await found.stop()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another thread does."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.001)


def do(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def told(rows: Sequence[Row]) -> list[Any]:
    """The ids of the decisions in a log, and how many are lost between them."""
    return [each.entry.lost if isinstance(each.entry, Gap) else each.entry.id for each in rows]


def run(folder: Path, sql: str) -> None:
    with closing(sqlite3.connect(folder / "var" / "bylaw.db")) as connection, connection:
        connection.execute(sql)


def test_what_is_recorded_is_in_the_log_masked_and_in_order(store: Store) -> None:
    async def work() -> None:
        async with running(store) as log:
            for number in range(1_200):
                log.record(decided(number, input={"request": {"userInfo": {"uid": "42", "username": "joe"}}}))

    do(work())
    rows = store.rows(limit=2_000)
    assert told(rows) == [f"d-{number}" for number in range(1_200)]
    kept = {"request": {"userInfo": {"uid": "[masked]", "username": "joe"}}}
    assert rows[-1].entry == decided(1_199, input=kept)
    assert store.verify() == []


def test_inputs_are_not_kept_where_the_settings_say_so(store: Store) -> None:
    async def work() -> None:
        async with running(store, DecisionSettings(inputs=False)) as log:
            log.record(decided(1))

    do(work())
    assert [each.entry for each in store.rows()] == [decided(1, input=None)]


def test_decisions_beyond_the_queue_are_dropped_and_the_log_says_how_many_where(store: Store) -> None:
    async def work() -> None:
        log = Log(store, DecisionSettings(queue=3), {})
        for number in range(1, 6):
            log.record(decided(number))
        assert (log.depth, log.dropped) == (3, 2)
        await log.start()
        await until(lambda: log.depth == 0)
        log.record(decided(6))
        await log.stop()
        assert (log.depth, log.dropped) == (0, 2)

    do(work())
    rows = store.rows()
    assert told(rows) == ["d-1", "d-2", "d-3", 2, "d-6"]
    gap = rows[3].entry
    assert isinstance(gap, Gap)
    assert (gap.since, gap.reason) == ("2026-11-21T09:00:04.000000Z", "too many waited to be written")


def test_decisions_wait_while_the_store_is_down_and_nobody_waits_for_them(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "var").write_text("in the way")

    async def work() -> None:
        async with running(store, DecisionSettings(queue=4)) as log:
            log.record(decided(1))
            await until(lambda: log.trouble != "")
            assert log.trouble == f"sqlite:///{tmp_path}/var/bylaw.db: cannot be used (File exists)"
            for number in range(2, 9):
                log.record(decided(number))
            assert (log.depth, log.dropped) == (4, 3)
            (tmp_path / "var").unlink()
            await until(lambda: log.trouble == "")

    do(work())
    assert told(store.rows()) == ["d-1", "d-2", "d-3", "d-4", "d-5", 3]
    assert [each.getMessage() for each in caplog.records] == [
        f"sqlite:///{tmp_path}/var/bylaw.db: cannot be used (File exists); decisions wait",
        "the decision log is written again; 3 decisions were lost so far",
    ]


def test_decisions_wait_while_the_disk_is_full(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    store.append([decided(0)])
    lane = store._writing  # type: ignore[attr-defined]  # a full disk, but for this connection alone
    lane.connection.execute("pragma max_page_count = 12")

    async def work() -> None:
        async with running(store) as log:
            log.record(decided(1, input={"x": "y" * 100_000}))
            await until(lambda: store.head().seq == 2)

    do(work())
    assert told(store.rows()) == ["d-0", "d-1"]
    assert "cannot be used (database or disk is full); decisions wait" in caplog.text


def test_a_store_that_stays_down_does_not_keep_the_server_from_ending(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "_FLUSH", 0.05)
    (tmp_path / "var").write_text("in the way")

    async def work() -> None:
        async with running(store) as log:
            log.record(decided(1))
            await until(lambda: log.trouble != "")
            log.record(decided(2))
        await until(lambda: log.dropped == 2)
        log.record(decided(3))
        assert (log.depth, log.dropped) == (0, 3)

    do(work())


def test_requests_wait_for_room_where_nothing_may_be_lost(store: Store) -> None:
    async def work() -> None:
        log = Log(store, DecisionSettings(queue=2, when_full="block"), {})
        await log.room()
        log.record(decided(1))
        log.record(decided(2))
        waiting = [asyncio.create_task(log.room()) for _ in range(3)]
        await asyncio.sleep(0)
        assert [each.done() for each in waiting] == [False] * 3
        await log.start()
        await asyncio.wait_for(asyncio.gather(*waiting), 30)
        log.record(decided(3))
        await log.stop()
        assert log.dropped == 0

    do(work())
    assert told(store.rows()) == ["d-1", "d-2", "d-3"]


def test_nobody_waits_for_room_in_a_log_that_ends(store: Store) -> None:
    async def work() -> None:
        log = Log(store, DecisionSettings(queue=1, when_full="block"), {})
        log.record(decided(1))
        waiting = asyncio.create_task(log.room())
        await asyncio.sleep(0)
        await log.stop()
        await asyncio.wait_for(waiting, 30)

    do(work())


def test_too_many_bytes_wait_without_their_inputs(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_WAITING", 1_000)
    large = {"a": "x" * 600}

    async def work() -> None:
        log = Log(store, ON, {})
        for number in range(1, 4):
            log.record(decided(number, input=large))
        await log.start()
        await log.stop()

    do(work())
    left_out = {"[masked]": ["too much waited to be written: 67,108,864 bytes"]}
    inputs = [each.entry.input for each in store.rows() if not isinstance(each.entry, Gap)]
    assert inputs == [large, left_out, left_out]


def test_lines_of_json_go_to_standard_output_masked_too(store: Store) -> None:
    out = io.BytesIO()

    async def work() -> None:
        async with running(store, DecisionSettings(stdout=True), out=out) as log:
            log.record(decided(1, input={"kind": "Secret", "data": {"password": "hunter2-hunter2"}}))
            log.record(decided(2, subject="a\nb"))

    do(work())
    lines = out.getvalue().splitlines()
    assert [json.loads(each)["id"] for each in lines] == ["d-1", "d-2"]
    assert json.loads(lines[0])["input"] == {"kind": "Secret", "data": {"password": "[masked]"}}
    assert [each.text for each in store.rows()] == [each.decode() for each in lines]


def test_standard_output_that_nobody_reads_stops_nothing(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    out = io.BytesIO()
    out.close()

    async def work() -> None:
        async with running(store, DecisionSettings(stdout=True), out=out) as log:
            log.record(decided(1))

    do(work())
    assert told(store.rows()) == ["d-1"]
    assert "standard output cannot be written" in caplog.text


def test_what_the_store_refuses_is_lost_alone(store: Store, tmp_path: Path) -> None:
    store.head()
    trigger = "when new.id = 'd-2' begin select raise(abort, 'not this one'); end"
    run(tmp_path, f"create trigger refuse before insert on bylaw_decisions {trigger}")

    async def work() -> None:
        log = Log(store, ON, {})
        for number in range(1, 4):
            log.record(decided(number))
        await log.start()
        await until(lambda: log.depth == 0)
        await log.stop()
        assert log.dropped == 1

    do(work())
    assert told(store.rows()) == ["d-1", "d-3", 1]
    assert store.verify() == []


class _Forgetful(SqliteStore):
    """Its answer to the first batch is lost on the way back."""

    failures = 1

    def append(self, entries: Sequence[Decided | Gap]) -> list[Decision | None]:
        found = super().append(entries)
        if self.failures:
            self.failures -= 1
            raise StoreError("the connection broke")
        return found


def test_a_batch_whose_writing_was_done_but_not_confirmed_is_not_written_twice(tmp_path: Path) -> None:
    store = _Forgetful(tmp_path / "x.db")

    async def work() -> None:
        async with running(store) as log:
            log.record(decided(1))

    do(work())
    assert told(store.rows()) == ["d-1"]
    store.close()


class _Failing(SqliteStore):
    """Cannot be used at first."""

    failures = 1

    def append(self, entries: Sequence[Decided | Gap]) -> list[Decision | None]:
        if self.failures:
            self.failures -= 1
            raise StoreError("not now")
        return super().append(entries)


def test_a_row_with_the_same_id_is_not_taken_for_what_is_to_be_written(tmp_path: Path) -> None:
    before = SqliteStore(tmp_path / "x.db")
    before.append([decided(1, caller="another")])
    before.close()
    store = _Failing(tmp_path / "x.db")

    async def work() -> None:
        async with running(store) as log:
            log.record(decided(1))
            log.record(decided(2))

    do(work())
    assert [each.entry for each in store.rows()] == [decided(1, caller="another"), decided(1), decided(2)]
    store.close()


class _Faulty(SqliteStore):
    """Has a fault of ours in it."""

    def append(self, entries: Sequence[Decided | Gap]) -> list[Decision | None]:
        if isinstance(entries[0], Gap) or entries[0].id != "d-1":
            return super().append(entries)
        raise ValueError("a fault of ours")


def test_no_fault_of_ours_ends_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = _Faulty(tmp_path / "x.db")

    async def work() -> None:
        async with running(store) as log:
            log.record(decided(1))
            await until(lambda: log.dropped == 1)
            log.record(decided(2))

    do(work())
    assert told(store.rows()) == [1, "d-2"]
    assert "bylaw itself failed; 1 decisions are lost" in caplog.text
    store.close()


def test_a_log_that_is_recorded_to_from_several_threads_loses_nothing(store: Store) -> None:
    async def work() -> None:
        async with running(store) as log:

            def record(name: str) -> None:
                for number in range(200):
                    log.record(decided(1, id=f"{name}{number}"))

            await asyncio.gather(*(asyncio.to_thread(record, name) for name in "abc"))

    do(work())
    ids = told(store.rows(limit=1_000))
    assert sorted(ids) == sorted(f"{name}{number}" for name in "abc" for number in range(200))


def test_what_cannot_be_masked_or_sent_is_said_at_the_start(store: Store) -> None:
    with pytest.raises(ConfigError, match=r"^server.decisions.mask: expected a JSON pointer"):
        Log(store, DecisionSettings(mask=("request",)), {})
