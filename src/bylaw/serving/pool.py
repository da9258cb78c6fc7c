"""The event loop's side of the processes that judge: who asks, who waits, who has taken too long.

A *crew* is one zygote and the workers it has forked, all of one generation. One crew answers; while a refresh builds
the next one aside it goes on to, and when they have changed places it finishes what it has begun. A worker gets one
question at a time, so that killing it costs that question and no other.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from bylaw import workers
from bylaw.serving.crew import Crew, Job, Late, Lost, NoAnswer
from bylaw.serving.recipe import Facts, Recipe, RefreshError, Same
from bylaw.serving.wire import FAULT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bylaw.config import ServerSettings
    from bylaw.serving.frames import Question, Reply

__all__ = ["Busy", "Facts", "Late", "Lost", "NoAnswer", "Pool", "Recipe", "RefreshError"]

_PATIENCE = 900.0  # seconds in which a generation has to be made
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 30.0  # seconds before what ended by itself is started again
_MOST_BYTES = 256 * 1024 * 1024  # of questions that wait
_KEPT = 2  # files of snapshots: that before may still be on its way to somebody
_log = logging.getLogger(__name__)


class Busy(NoAnswer):
    """Too many wait already."""


class Pool:
    """Answers questions from one generation at a time. All of it belongs to one event loop.

    ``lost`` is told of each worker that was lost: ``deadline``, or ``died``.
    """

    def __init__(
        self,
        settings: ServerSettings,
        *,
        lost: Callable[[str], None] = lambda reason: None,
        program: str = "bylaw.serving.zygote",
    ) -> None:
        self.facts: Facts | None = None
        """What is known of the generation that answers; None: none has been made yet."""
        self.kills = 0
        """Workers that were killed since they took too long."""
        self.count = settings.workers or workers.available()
        self._most_waiting = settings.queue
        self._lost, self._program = lost, program
        self._waiting: deque[Job] = deque()
        self._crew: Crew | None = None
        """The one at work."""
        self._crews: set[Crew] = set()
        self._files: deque[Path] = deque()
        self._numbers = 0
        self._building = asyncio.Lock()
        self._stopped = False
        self._repair: asyncio.Task[None] | None = None
        self._burials: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """Questions that wait for a worker."""
        return len(self._waiting)

    @property
    def busy(self) -> int:
        """Questions that workers are at."""
        return sum(len(each.workers) - len(each.idle) for each in self._crews)

    async def start(self, recipe: Recipe) -> None:
        """Make the first generation.

        Raises:
            RefreshError: it cannot be made.
        """
        await self.swap(recipe)

    async def ask(self, question: Question, *, deadline: float) -> Reply:
        """The reply to a question within so many seconds, in which it may have to wait.

        Raises:
            NoAnswer: Busy, Late or Lost.
        """
        if self.facts is None or self._stopped:
            raise Lost("the server ends" if self._stopped else "the catalog has not been read yet")
        loop = asyncio.get_running_loop()
        crew = self._crew
        if crew and crew.idle:
            job = Job(question, loop)
            crew.idle.pop().give(job)
        elif len(self._waiting) >= self._most_waiting:
            raise Busy(f"{self._most_waiting:,} questions wait already (server.queue); ask again in a moment")
        elif sum(len(each.frame) for each in self._waiting) >= _MOST_BYTES:
            raise Busy(f"questions of {_MOST_BYTES:,} bytes wait already; ask again in a moment")
        else:
            job = Job(question, loop)
            self._waiting.append(job)
        job.timer = loop.call_later(deadline, self._late, job, deadline)
        try:
            reply = await job.reply
        except asyncio.CancelledError:
            if job.worker is None and job in self._waiting:
                self._waiting.remove(job)
                job.timer.cancel()
            raise  # a worker that is at it goes on, to its end or the deadline
        if FAULT in reply.headers:
            _log.error("a question came to no answer", extra={"question": question.name, "trace": reply.headers[FAULT]})
            reply = replace(reply, headers={name: said for name, said in reply.headers.items() if name != FAULT})
        return reply

    async def swap(self, recipe: Recipe) -> bool:
        """Make another generation aside, which then answers all that is asked; False: nothing has changed.

        Raises:
            RefreshError: it cannot be made. The one before goes on.
        """
        async with self._building:
            found = await self._made(recipe)
            if not isinstance(found, Same):
                self._begin(*found)
                return True
            if self.facts and self.facts.fingerprint == recipe.known:
                self.facts = self.facts.confirmed(found)
            return False

    async def stop(self) -> None:
        """End all processes. Who still waits is told that there will be no answer."""
        self._stopped = True
        if self._repair:
            self._repair.cancel()
            await asyncio.wait([self._repair])
        self._fail("the server ends")
        for crew in list(self._crews):
            crew.end("the server ends")
        if self._burials:
            await asyncio.wait(self._burials)

    async def _made(self, recipe: Recipe) -> tuple[Crew, Facts] | Same:
        """A crew that is ready to answer; or that it would be the one that is there."""
        if self._stopped:
            raise RefreshError("the server ends")
        self._numbers += 1
        crew = Crew(
            replace(recipe, number=self._numbers),
            self._program,
            next_job=lambda: self._waiting.popleft() if self._waiting else None,
            lost=lambda: self._lost("died"),
            ended=self._ended,
        )
        self._crews.add(crew)
        try:
            async with asyncio.timeout(_PATIENCE):
                found = await crew.opened()
                if isinstance(found, Facts):
                    await crew.greeted(self.count)
                    return crew, found
        except TimeoutError:
            raise RefreshError(f"the catalog and the policies were not loaded within {_PATIENCE:,.0f} s") from None
        except NoAnswer as error:
            raise RefreshError(f"the catalog and the policies are loaded, and no worker answers: {error}") from None
        finally:
            if not crew.is_ready:
                crew.end("it is not needed")
                crew.recipe.file.unlink(missing_ok=True)
        return found

    def _begin(self, crew: Crew, facts: Facts) -> None:
        """Let a crew take over."""
        before, self._crew = self._crew, crew
        self.facts = facts
        crew.begin()
        if before:
            before.leave()
        self._files.append(facts.snapshot)
        while len(self._files) > _KEPT:
            self._files.popleft().unlink(missing_ok=True)

    def _ended(self, crew: Crew) -> None:
        """A crew has ended: see it buried, and replaced where it was at work."""
        self._crews.discard(crew)
        burial = asyncio.ensure_future(crew.buried())
        self._burials.add(burial)
        burial.add_done_callback(self._burials.discard)
        if crew is self._crew:
            self._crew = None
            if not self._stopped:
                self._repair = asyncio.ensure_future(self._repaired(crew.recipe))

    async def _repaired(self, recipe: Recipe) -> None:
        """Make the generation again whose processes have died, from the snapshot of it: the sources may be gone."""
        pause = _FIRST_PAUSE
        while True:
            async with self._building:
                facts = self.facts
                if self._crew or facts is None:
                    return  # a refresh has come in between
                _log.error("the process that forks the workers died, so another one is started")
                again = replace(recipe, snapshot=str(facts.snapshot), pushed=(), deleted=(), least=1, known="")
                try:
                    found = await self._made(again)
                except RefreshError as error:
                    _log.error("it cannot be started: %s", error)
                    self._fail("the server has lost its catalog and cannot load it again; its log says why")
                else:
                    if not isinstance(found, Same):
                        self._begin(found[0], found[1].taken_over(facts))
                    return
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  (lest all replicas do it at once)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _late(self, job: Job, deadline: float) -> None:
        job.fail(Late(f"there was no answer within {deadline:g} s"))
        if job.worker is None:
            self._waiting.remove(job)
            return
        self.kills += 1
        self._lost("deadline")
        _log.warning("a worker was killed: it had no answer in time", extra={"deadline": deadline})
        job.worker.crew.kill(job.worker)

    def _fail(self, reason: str) -> None:
        """Tell all that wait that there will be no answer."""
        while self._waiting:
            self._waiting.popleft().fail(Lost(reason))
