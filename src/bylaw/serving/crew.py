"""One zygote and its workers, as the event loop sees them: sockets, and what is known of who sits behind each."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import subprocess
import sys
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from bylaw import workers
from bylaw.errors import UndecidedError
from bylaw.serving import frames
from bylaw.serving.frames import Question
from bylaw.serving.recipe import Facts, RefreshError, Same
from bylaw.serving.wire import COMMAND, FAULT, FORK, KILL, LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from bylaw.serving.frames import Reply
    from bylaw.serving.recipe import Recipe

_GREETING = 30.0  # seconds in which a new worker has to say that it is there
_OBEDIENCE = 10.0  # seconds in which a zygote has to kill a worker
_MOST = 20_000  # questions that one worker answers: what it has written to is shared with the others no more
_LARGEST = 512 * 1024 * 1024  # bytes of a reply
_AT_ONCE = 256 * 1024
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0  # seconds before another worker where the last has not done anything
_log = logging.getLogger(__name__)


class NoAnswer(UndecidedError):
    """A question came to no answer, so nothing is decided. The message says why, to whoever asked."""


class Late(NoAnswer):
    """The deadline has passed. A worker that was still at it was killed."""


class Lost(NoAnswer):
    """The worker died, or there is none and there will be none."""


class Job:
    """A question on its way. ``worker`` is who is at it."""

    __slots__ = ("frame", "reply", "timer", "worker")

    def __init__(self, question: Question, loop: asyncio.AbstractEventLoop) -> None:
        self.frame = frames.pack_question(question)
        self.reply: asyncio.Future[Reply] = loop.create_future()
        self.worker: Worker | None = None
        self.timer: asyncio.TimerHandle | None = None

    def done(self, reply: Reply) -> None:
        self._stop()
        if not self.reply.done():
            self.reply.set_result(reply)

    def fail(self, error: NoAnswer) -> None:
        self._stop()
        if not self.reply.done():
            self.reply.set_exception(error)

    def _stop(self) -> None:
        if self.timer:
            self.timer.cancel()


class Worker:
    """One worker: its socket, and the job it is at."""

    __slots__ = ("_begun", "_connection", "_left", "_loop", "crew", "job", "number", "served")

    def __init__(self, crew: Crew, number: int, connection: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self.crew, self.number = crew, number
        self.job: Job | None = None
        self.served = 0
        self._connection, self._loop = connection, loop
        self._begun = bytearray()
        self._left = memoryview(b"")
        loop.add_reader(connection, self._readable)

    def give(self, job: Job) -> None:
        """Let it answer. It has no other job."""
        self.job, job.worker = job, self
        self._left = memoryview(job.frame)
        if not self._all_sent():
            self._loop.add_writer(self._connection, self._writable)

    def close(self) -> None:
        """Ask it nothing any more: it ends by itself, unless it is at something."""
        self._loop.remove_reader(self._connection)
        self._loop.remove_writer(self._connection)
        self._connection.close()

    def _writable(self) -> None:
        if self._all_sent():
            self._loop.remove_writer(self._connection)

    def _all_sent(self) -> bool:
        try:
            self._left = self._left[self._connection.send(self._left) :]
        except BlockingIOError:
            return False
        except OSError:
            return True  # it has died: that is read soon
        return not self._left

    def _readable(self) -> None:
        try:
            said: bytes | bytearray = self._connection.recv(_AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        job = self.job
        if not said or job is None:
            self.crew.lost(self)
            return
        if self._begun:
            self._begun += said
            said = self._begun
        try:
            reply = _whole(said)
        except (ValueError, TypeError):
            self.crew.lost(self)
            return
        if reply is None:
            self._begun = said if isinstance(said, bytearray) else bytearray(said)
            return
        if self._begun:
            self._begun = bytearray()
        self.job = None
        self.served += 1
        job.done(reply)
        self.crew.freed(self, is_fit=FAULT not in reply.headers)


def _whole(said: bytes | bytearray) -> Reply | None:
    """The reply, if all of it is there.

    Raises:
        ValueError, TypeError: it is none.
    """
    if len(said) < frames.PREFIX:
        return None
    head, body = frames.lengths(bytes(said[: frames.PREFIX]))
    start, end = frames.PREFIX + head, frames.PREFIX + head + body
    if len(said) > end or end > _LARGEST:
        raise ValueError("more than a reply")
    if len(said) < end:
        return None
    return frames.unpack_reply(bytes(said[frames.PREFIX : start]), bytes(said[start:end]))


class Crew:
    """A zygote and its workers. ``next_job`` gives it work once it has begun; ``ended`` is told that there is no more.

    ``lost`` is told of each worker that died by itself.
    """

    def __init__(
        self,
        recipe: Recipe,
        program: str,
        *,
        next_job: Callable[[], Job | None],
        lost: Callable[[], None],
        ended: Callable[[Crew], None],
    ) -> None:
        self.recipe = recipe
        self.workers: dict[int, Worker] = {}
        self.idle: list[Worker] = []
        """Those without a job, the one that had one last at the end: it is the warmest."""
        self._program = program
        self._next_job, self._on_lost, self._on_end = next_job, lost, ended
        self._loop = asyncio.get_running_loop()
        self._numbers = count(1)
        self._said: asyncio.Future[Facts | Same | None] = self._loop.create_future()
        self._heard = bytearray()
        self._died: set[int] = set()
        self._stillborn = 0
        self.is_ready = False
        """Whether its workers have been heard of."""
        self._at_work = self._leaving = self._over = False
        self._watch: asyncio.TimerHandle | None = None
        self._control, self._theirs = socket.socketpair()
        self._control.setblocking(False)
        self._process: subprocess.Popen[bytes] | None = None

    async def opened(self) -> Facts | Same:
        """Start the zygote and let it load: what it has loaded, or that this is what is there already.

        Raises:
            RefreshError: it cannot.
        """
        try:
            handle = self._theirs.fileno()
            self._process = subprocess.Popen(  # noqa: S603  (-P: nothing is imported from the current folder)
                [sys.executable, "-P", "-m", self._program, str(handle)],
                pass_fds=[handle],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        except OSError as error:
            raise RefreshError(f"no process can be started to load the catalog ({error.strerror})") from None
        finally:
            self._theirs.close()
        self._loop.add_reader(self._control, self._listen)
        said = self.recipe.to_json()
        with contextlib.suppress(OSError):  # it has died: that is read soon
            await self._loop.sock_sendall(self._control, LENGTH.pack(len(said)) + said)
        found = await asyncio.shield(self._said)  # who waits may be cancelled; `end` has to know of it all the same
        if found is None:
            code = await asyncio.to_thread(self._process.wait)
            raise RefreshError(workers.cause_of_death(code, "the process that loads the catalog and the policies"))
        return found

    async def greeted(self, many: int) -> None:
        """Fork so many workers, and wait until each has said something.

        Raises:
            NoAnswer: one does not.
        """
        jobs = []
        for worker in [self._forked() for _ in range(many)]:
            job = Job(Question("ping"), self._loop)
            job.timer = self._loop.call_later(_GREETING, job.fail, Late(f"not within {_GREETING:g} s"))
            worker.give(job)
            jobs.append(job)
        await asyncio.gather(*(job.reply for job in jobs))
        if self._over:
            raise Lost("the process that forks the workers died")
        self.is_ready = True

    def begin(self) -> None:
        """Take the jobs that wait, and those that come."""
        self._at_work = True
        idle, self.idle = self.idle, []
        for worker in idle:
            self._offer(worker)

    def leave(self) -> None:
        """Finish what is begun, and end."""
        self._leaving = True
        for worker in [*self.idle]:
            self._dismiss(worker)
        self._settle()

    def end(self, reason: str) -> None:
        """End at once. Whoever waits for an answer is told the reason."""
        if self._over:
            return
        self._over = True
        for worker in list(self.workers.values()):
            self._dismiss(worker)
            if worker.job:
                worker.job.fail(Lost(reason))
        if self._watch:
            self._watch.cancel()
        self._loop.remove_reader(self._control)
        self._control.close()  # to a zygote it says: kill your workers, and end
        if not self._said.done():
            self._said.set_result(None)
            if self._process:
                self._process.kill()  # it reads no commands while it loads
        self._on_end(self)

    async def buried(self) -> None:
        """Wait until the processes are gone."""
        if self._process is None:
            return
        try:
            await asyncio.to_thread(self._process.wait, _LONGEST_PAUSE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    def freed(self, worker: Worker, *, is_fit: bool) -> None:
        """A worker has answered. One that is not fit for more ends by itself."""
        self._stillborn = 0
        if self._leaving:
            self._dismiss(worker)
            self._settle()
        elif not is_fit or worker.served >= _MOST:
            self._dismiss(worker)
            self._hire()
        else:
            self._offer(worker)

    def kill(self, worker: Worker) -> None:
        """Kill a worker, and have another in its place. Its job is the caller's to see to."""
        self._dismiss(worker)
        self._kill(worker)
        if self._leaving:
            self._settle()
        else:
            self._hire()

    def lost(self, worker: Worker) -> None:
        """A worker has died, or says what it was not asked."""
        self._dismiss(worker)
        self._kill(worker)
        if self._over:
            return
        self._died.add(worker.number)
        if worker.job:
            worker.job.fail(Lost("the worker that was at it died, perhaps for want of memory"))
        self._on_lost()
        if self._leaving:
            self._settle()
            return
        if worker.served or worker.job:
            self._hire()
            return
        pause = min(_FIRST_PAUSE * 2**self._stillborn, _LONGEST_PAUSE)
        self._stillborn += 1
        self._loop.call_later(pause, self._hire)

    def _hire(self) -> None:
        if not self._over and not self._leaving:
            self._offer(self._forked())

    def _offer(self, worker: Worker) -> None:
        job = self._next_job() if self._at_work else None
        if job:
            worker.give(job)
        else:
            self.idle.append(worker)

    def _dismiss(self, worker: Worker) -> None:
        self.workers.pop(worker.number, None)
        if worker in self.idle:
            self.idle.remove(worker)
        worker.close()

    def _settle(self) -> None:
        if self._leaving and not self.workers:
            self.end("its generation was replaced")

    def _forked(self) -> Worker:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            number = next(self._numbers)
            self._command(FORK, number, theirs)
        worker = self.workers[number] = Worker(self, number, ours, self._loop)
        return worker

    def _kill(self, worker: Worker) -> None:
        """Have it killed. A zygote that does not say that it has done so is killed too."""
        self._command(KILL, worker.number)
        if not self._watch and not self._over:
            self._watch = self._loop.call_later(_OBEDIENCE, self._give_up)

    def _give_up(self) -> None:
        if self._process:
            _log.error("the process that forks the workers does not answer, so it is killed")
            self._process.kill()

    def _command(self, verb: bytes, number: int, connection: socket.socket | None = None) -> None:
        if self._over:
            return
        try:
            socket.send_fds(self._control, [COMMAND.pack(verb, number)], [connection.fileno()] if connection else [])
        except OSError:  # it has died, or has not listened for long
            self._give_up()

    def _listen(self) -> None:
        """What the zygote says."""
        try:
            said = self._control.recv(_AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            self.end("the process that forks the workers died")
            return
        self._heard += said
        while len(self._heard) >= LENGTH.size:
            (size,) = LENGTH.unpack_from(self._heard)
            if len(self._heard) < LENGTH.size + size:
                return
            told = json.loads(self._heard[LENGTH.size : LENGTH.size + size])
            del self._heard[: LENGTH.size + size]
            self._told(told)

    def _told(self, said: dict[str, Any]) -> None:
        if fault := said.get("fault"):
            _log.error("the catalog and the policies could not be loaded", extra={"trace": fault})
        if "killed" in said:
            if self._watch:
                self._watch.cancel()
                self._watch = None
        elif "lost" in said:
            if said["lost"] in self._died:
                self._died.discard(said["lost"])
                _log.warning("a worker died: %s", said["reason"])
        elif self._said.done():
            return
        elif "ready" in said:
            if said["threads"] > 1:
                _log.warning(
                    "what was loaded runs threads, beside which forked workers may hang: which rule starts them?"
                )
            self._said.set_result(Facts.of_json({"number": self.recipe.number, **said["ready"]}))
        elif "same" in said:
            self._said.set_result(Same(datetime.fromisoformat(said["same"]), said["fingerprint"]))
        else:
            self._said.set_exception(RefreshError(said["error"], said["code"]))
