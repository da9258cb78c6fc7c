"""When the sources are read anew, and what becomes of that: one generation after the other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import random
import time
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from bylaw import workers
from bylaw.errors import UndecidedError
from bylaw.serving.recipe import RefreshError
from bylaw.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bylaw.config import ServerSettings
    from bylaw.serving.pool import Pool
    from bylaw.serving.recipe import Facts, Recipe
    from bylaw.store import Pushed, SnapshotInfo, Store

_GATHERING = 0.1  # seconds in which more may come of what makes a reading worth while
_FIRST_PAUSE = 1.0  # seconds after a reading that failed; after each further one twice as many
_SPREAD = 0.1  # the share by which a pause differs, lest all replicas read at once
_log = logging.getLogger(__name__)


class Refresher:
    """Keeps a pool up to date with its sources: now and then, and when told to.

    ``refreshed(source, ok, seconds)`` is told of each reading. With a store, what was pushed is laid over what is read,
    and replicas of one server share what they have read from elsewhere.
    """

    def __init__(
        self,
        pool: Pool,
        settings: ServerSettings,
        recipe: Recipe,
        store: Store | None = None,
        refreshed: Callable[[str, bool, float], None] = lambda source, ok, seconds: None,
    ) -> None:
        self._pool, self._settings, self._recipe, self._store = pool, settings, recipe, store
        self._refreshed = refreshed
        self._wake = asyncio.Event()
        self._offered: SnapshotInfo | None = None
        """What another replica has read."""
        self._kicked = False
        self._rest = 0.0
        """Until when, by the monotonic clock, nothing is read: not more than half of the time is spent on that."""
        self._failures = 0
        self._pushed: Pushed | None = None
        self._saved = ""
        """The digest of the catalog that the store has."""
        self._numbers = count(1)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Make the first generation, and go on from there. Where the sources cannot be had, that which the store has.

        Raises:
            RefreshError: there is none to begin with.
        """
        began = time.monotonic()
        latest = await self._latest()
        try:
            await self._pool.start(await self._next())
        except RefreshError as error:
            if latest is None or error.exit_code != UndecidedError.exit_code:
                raise
            _log.error("the sources cannot be read, so what the store has is used: %s", error)
            await self._take(latest)
            self._failures = 1
        else:
            self._saved = latest.digest if latest else ""
            await self._keep()
        self._tell(not self._failures, began)
        if self._store:
            self._loop = asyncio.get_running_loop()
            with contextlib.suppress(StoreError):  # it goes on trying
                await asyncio.to_thread(self._store.listen, self._hear)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Read nothing any more."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    def kick(self) -> None:
        """Read all anew, soon."""
        self._kicked = True
        self._wake.set()

    def _hear(self, info: SnapshotInfo) -> None:
        """In a thread of the store: a replica, which may be this one, has saved what it has read."""

        def offer() -> None:
            self._offered = info
            self._wake.set()

        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(offer)

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    while not (self._kicked or self._is_news(self._offered)):
                        self._wake.clear()
                        await self._wake.wait()
                await asyncio.sleep(max(_GATHERING, self._rest - time.monotonic()))
            offered, self._offered = self._offered, None
            began, ok = time.monotonic(), True
            try:
                if offered and not self._kicked and self._is_news(offered) and self._is_remote:
                    await self._take(offered)
                else:
                    self._kicked = False
                    await self._read()
            except RefreshError as error:
                ok = False
                _log.error("what there is now is kept: %s", error)
            except Exception:  # noqa: BLE001  (the edge of this task: nothing would ever be read again)
                ok = False
                _log.exception("what there is now is kept")
            self._failures = 0 if ok else self._failures + 1
            self._rest = 2 * time.monotonic() - began
            self._tell(ok, began)

    def _pause(self) -> float:
        """Seconds until the next reading."""
        pause = self._settings.refresh
        if self._failures:
            pause = min(pause, _FIRST_PAUSE * 2.0 ** min(self._failures - 1, 32))
        return pause * random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311  (no secret)

    async def _read(self) -> None:
        """Read the sources.

        Raises:
            RefreshError: they cannot be had or are not believed.
        """
        await self._pool.swap(await self._next())
        await self._keep()

    async def _take(self, info: SnapshotInfo) -> None:
        """Use what a replica has read.

        Raises:
            RefreshError: it cannot be had or is not believed.
        """
        store = self._needed_store
        path = Path(self._recipe.folder, f"taken-{next(self._numbers)}.snapshot")
        try:
            await asyncio.to_thread(store.load_snapshot, info.digest, path)
            await self._pool.swap(replace(self._bounded(), snapshot=str(path)))
        except StoreError as error:
            raise RefreshError(f"the snapshot {info.digest} of {store.place}: {error}") from None
        finally:
            path.unlink(missing_ok=True)
        self._saved = info.digest

    async def _keep(self) -> None:
        """Let the other replicas have what was read, if they do not know it."""
        facts = self._pool.facts
        if self._store is None or facts is None or facts.digests.catalog == self._saved:
            return
        try:
            await asyncio.to_thread(self._store.save_snapshot, facts.digests.catalog, facts.made, facts.snapshot)
        except StoreError as error:
            _log.warning("the snapshot could not be saved, so other replicas do not know of it: %s", error)
            return
        self._saved = facts.digests.catalog

    async def _next(self) -> Recipe:
        """What the next generation is made of."""
        recipe = self._bounded()
        if self._store is None or self._settings.events_secret_env is None:
            return recipe  # nothing can have been pushed
        try:
            self._pushed = await asyncio.to_thread(self._store.pushed)
        except StoreError as error:
            if self._pushed is None:
                raise RefreshError(f"what was pushed cannot be read: {error}") from None
            _log.warning("what was pushed cannot be read, so what is known of it is used: %s", error)
        return replace(recipe, pushed=self._pushed.entities, deleted=self._pushed.deleted)

    def _bounded(self) -> Recipe:
        """The recipe, in the light of what there is."""
        facts = self._pool.facts
        if facts is None:
            return self._recipe
        most = math.floor(facts.entities * self._settings.most_lost + 1e-9)
        spare = max(1, workers.available() // 2)  # of the processors: requests are answered meanwhile
        jobs = min(self._recipe.jobs or spare, spare)
        return replace(self._recipe, least=max(1, facts.entities - most), known=facts.fingerprint, jobs=jobs)

    async def _latest(self) -> SnapshotInfo | None:
        if self._store is None:
            return None
        try:
            return await asyncio.to_thread(self._store.latest_snapshot)
        except StoreError as error:
            _log.warning("the store does not say what it has: %s", error)
            return None

    def _is_news(self, info: SnapshotInfo | None) -> bool:
        """Whether a replica knows something that is not known here."""
        facts = self._pool.facts
        if info is None or facts is None or info.digest in (self._saved, facts.digests.catalog):
            return False
        return info.made > facts.made

    @property
    def _is_remote(self) -> bool:
        return self._pool.facts is not None and self._pool.facts.remote

    @property
    def _needed_store(self) -> Store:
        if self._store is None:
            raise RefreshError("there is no store")
        return self._store

    def _tell(self, ok: bool, began: float) -> None:
        facts: Facts | None = self._pool.facts
        self._refreshed(facts.source if facts else "", ok, time.monotonic() - began)
