"""The log of decisions: taken without waiting, masked and written by a thread of its own, in batches.

While the store cannot be used, decisions wait in a queue; those for which there is no room are counted, and the log
says how many they were, in the place where they would stand.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import threading
import time
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

from bylaw.decisions import events, lines
from bylaw.decisions.mask import MASKED, Mask, written
from bylaw.model import Decided
from bylaw.store import Filter, Gap, RefusedError, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bylaw.config import DecisionSettings
    from bylaw.model import Decision
    from bylaw.store import Store

_BATCH = 500  # entries that are written in one transaction
_LINGER = 0.02  # seconds in which decisions gather, so that many are written at once
_WAITING = 64 * 1024 * 1024  # bytes of inputs that may wait: beyond that decisions wait without theirs
_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds before the store is tried again; before each further time twice as many
_FLUSH = 10.0  # seconds in which the last decisions are written, when the server ends
_ALIKE = 5  # rows with the same id among which one is sought
_OVER = 2  # times the queue's size: where requests wait for room, those that were let in have it
_log = logging.getLogger(__name__)


class Log:
    """The decision log of a server. All but its own threads' work is done in the event loop that starts it."""

    def __init__(
        self,
        store: Store,
        settings: DecisionSettings,
        environment: Mapping[str, str],
        *,
        out: BinaryIO | None = None,
    ) -> None:
        """``out`` is where lines go if the settings want them; standard output if it is not given.

        Raises:
            ConfigError: what is to be masked, or where events go, cannot be used as it is set.
        """
        self._store, self._settings = store, settings
        self._mask = Mask(settings.mask)
        self.sinks = tuple(events.Sink(each, environment) for each in settings.sinks)
        """Where events go; each knows how many it has ``dropped``."""
        self._out = (out or sys.stdout.buffer) if settings.stdout else None
        self.dropped = 0
        """How many decisions are not in the log, and never will be."""
        self.trouble = ""
        """Why the store cannot be written to now, in words; empty: it can."""
        self._lock = threading.Lock()
        self._filled = threading.Event()
        self._queue: deque[tuple[Decided | Gap, bytes | None]] = deque()
        self._bytes = 0
        self._gap: Gap | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_ending, self._gives_up = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="bylaw-log", daemon=True)

    @property
    def depth(self) -> int:
        """How many decisions wait to be written."""
        return len(self._queue)

    async def start(self) -> None:
        """Begin to write, and to send events."""
        self._loop = asyncio.get_running_loop()
        for sink in self.sinks:
            sink.start()
        self._thread.start()

    async def stop(self) -> None:
        """Write what waits and send what is to be sent, as far as that takes no longer than some seconds; what is left
        is counted. Decisions that come later are, too."""
        self._is_ending.set()
        self._filled.set()
        self._wake()
        await asyncio.to_thread(self._end)

    async def room(self) -> None:
        """Wait until there is room for a decision, if the settings say that requests wait for it."""
        while self._settings.when_full == "block":
            with self._lock:
                if len(self._queue) < self._settings.queue or self._is_ending.is_set():
                    return
                future = asyncio.get_running_loop().create_future()
                self._waiting.append(future)
            await future

    def record(self, decided: Decided) -> None:
        """Take a decision. This neither waits nor fails."""
        said = written(decided.input) if self._settings.inputs and decided.input is not None else None
        most = self._settings.queue * (_OVER if self._settings.when_full == "block" else 1)
        with self._lock:
            if self._is_ending.is_set() or len(self._queue) >= most:
                self._count(1, decided.time, "too many waited to be written")
                return
            self._resume()
            size = len(said) if said else 0
            if self._bytes + size > _WAITING:
                said, size = _NO_ROOM, len(_NO_ROOM)
            self._bytes += size
            self._queue.append((decided if decided.input is None else replace(decided, input=None), said))
            self._filled.set()

    def _lose(self, count: int, since: str, reason: str) -> None:
        """Count decisions that are lost, and see to it that the log says so."""
        with self._lock:
            self._count(count, since, reason)
            self._filled.set()

    def _count(self, count: int, since: str, reason: str) -> None:
        """Count decisions that are lost; the lock is held."""
        self.dropped += count
        if self._gap is None:
            self._gap = Gap(since, since, 0, reason)
        self._gap = replace(self._gap, lost=self._gap.lost + count, time=_now())

    def _resume(self) -> None:
        """Put what was lost in its place in the log; the lock is held."""
        if self._gap is not None:
            self._queue.append((self._gap, None))
            self._gap = None

    def _end(self) -> None:
        until = time.monotonic() + _FLUSH
        if self._thread.is_alive():
            self._thread.join(_FLUSH)
        self._gives_up.set()
        for sink in self.sinks:
            sink.end(max(0.5, until - time.monotonic()))
        with self._lock:
            self.dropped += sum(isinstance(each, Decided) for each, _ in self._queue)
            self._queue.clear()

    def _run(self) -> None:
        """What the thread does."""
        while batch := self._take():
            try:
                entries = self._mask.all(batch)
                self._print(entries)
                self._tell(entries, self._write(entries))
            except Exception:  # noqa: BLE001  (the edge: no fault of ours ends the log)
                lost = [each for each, _ in batch if isinstance(each, Decided)]
                _log.critical("bylaw itself failed; %d decisions are lost", len(lost), exc_info=True)
                if lost:
                    self._lose(len(lost), lost[0].time, "bylaw itself failed")

    def _take(self) -> list[tuple[Decided | Gap, bytes | None]]:
        """The next entries, as soon as there are some; none when there will be none any more."""
        while True:
            self._filled.wait()
            self._is_ending.wait(_LINGER)
            with self._lock:
                if len(self._queue) < _BATCH:
                    self._resume()
                batch = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
                self._bytes -= sum(len(said) for _, said in batch if said)
                is_over = self._is_ending.is_set()
                if not self._queue and not is_over:
                    self._filled.clear()
                is_awaited = bool(self._waiting)
            if is_awaited and self._loop is not None:
                self._loop.call_soon_threadsafe(self._wake)
            if batch or is_over:
                return batch

    def _wake(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    def _write(self, entries: Sequence[Decided | Gap]) -> list[Decision | None] | None:
        """Write entries, however long that takes; what the decisions before them were, or nothing: they are lost."""
        tries = 0
        while True:
            try:
                if tries and self._is_written(entries):
                    found: list[Decision | None] | None = [None] * len(entries)
                else:
                    found = self._store.append(entries)
            except RefusedError as error:
                if len(entries) > 1:  # it refuses one of them
                    return [(self._write([each]) or [None])[0] for each in entries]
                self._refuse(entries[0], error)
                return None
            except StoreError as error:
                if not self.trouble:
                    _log.warning("%s; decisions wait", error)
                self.trouble = str(error)
                pause = min(_PAUSE * 2**tries, _LONGEST_PAUSE) * random.uniform(0.5, 1.5)  # noqa: S311  (no secret)
                tries = min(tries + 1, 10)
                if self._gives_up.wait(pause):
                    with self._lock:
                        self.dropped += sum(isinstance(each, Decided) for each in entries)
                    return None
                continue
            if self.trouble:
                _log.warning("the decision log is written again; %d decisions were lost so far", self.dropped)
                self.trouble = ""
            return found

    def _is_written(self, entries: Sequence[Decided | Gap]) -> bool:
        """Whether entries were written by a try that seemed to fail, where the connection broke after it was done. The
        ids alone do not show that: those that an OPA sends are its own."""
        decided = [each for each in entries if isinstance(each, Decided)]
        found = (self._store.rows(where=Filter(id=each.id), newest=True, limit=_ALIKE) for each in decided)
        return bool(decided) and all(
            each in [row.entry for row in rows] for each, rows in zip(decided, found, strict=True)
        )

    def _refuse(self, entry: Decided | Gap, error: RefusedError) -> None:
        _log.error("%s; it is lost: %s", error, entry.time)
        if isinstance(entry, Decided):
            self._lose(1, entry.time, "the store does not take it")

    def _print(self, entries: Sequence[Decided | Gap]) -> None:
        if self._out is None:
            return
        try:
            self._out.write(b"".join(map(lines.line, entries)))
            self._out.flush()
        except (OSError, ValueError) as error:  # nobody reads any more
            _log.warning("standard output cannot be written (%s); decisions go to the store alone", error)
            self._out = None

    def _tell(self, entries: Sequence[Decided | Gap], before: Sequence[Decision | None] | None) -> None:
        if not self.sinks:
            return
        for each, last in zip(entries, before or [None] * len(entries), strict=True):
            told = events.event(each, last) if isinstance(each, Decided) else None
            if told is not None:
                for sink in self.sinks:
                    sink.offer(told)


_NO_ROOM = written({MASKED: [f"too much waited to be written: {_WAITING:,} bytes"]})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
