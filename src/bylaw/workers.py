"""Work in processes that can be killed.

Whatever comes from a stranger (a YAML file, a Rego module, a Python rule over somebody's catalog) is
handled in a worker. A worker that runs past the deadline, eats its memory or crashes is killed and
replaced; the rest of the work goes on. Nothing else can stop a regular expression, a Rego loop or a C
parser: they hold the interpreter's lock, so neither a thread nor a signal handler gets a turn.

Workers are forked where the platform can (Linux, macOS): they share the pages of what the parent has
loaded. A process with threads must not be forked, and Windows cannot fork: there one worker is spawned and
builds its own state. The results are the same.

What a worker prints goes nowhere: standard output carries the report and nothing else.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from bylaw.errors import UndecidedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

_MIB = 1024 * 1024
_PART, _STARTED, _CELLS = 0, 1, 2  # what a worker is at, and since when
_IDLE, _NO_PART = 0.0, -1.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_TICK = 0.05  # seconds between two looks at the clock while workers are busy
_LONGEST_REASON = 500
_NONE = object()
_STILLBORN = 3  # workers lost before they began with anything: more of them would fare no better
_PERHAPS = {
    "SIGABRT": ", perhaps out of memory",
    "SIGKILL": ", perhaps by the system for want of memory",
    "SIGSEGV": ", perhaps out of stack",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A worker was lost while it was at ``part`` of a task. ``reason`` is for a person."""

    part: int
    reason: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one part of a task may take: seconds on the clock, and mebibytes beyond what was loaded."""

    deadline: float = 5.0
    memory: int = 1024


class Handler(Protocol):
    """Does one task (a JSON value) and returns a JSON value.

    It calls ``mark(part)`` before each part of the task; the deadline counts from the last mark.
    """

    def __call__(self, task: Any, mark: Callable[[int], None], /) -> Any: ...


def available() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(
    open_handler: Callable[[], Handler],
    tasks: Iterable[Any],
    *,
    jobs: int,
    bounds: Bounds,
    on_failure: Callable[[Any, Failure], Iterable[Any]],
) -> Iterator[Any]:
    """Do all tasks in at most ``jobs`` workers and yield their results, in no particular order.

    ``open_handler`` is called once in this process where workers are forked, and once in each worker where
    they are spawned (it must pickle then). A task on which a worker was lost is handed to ``on_failure``,
    which returns the tasks to do instead: usually the same one without the part that failed. A task is
    taken from ``tasks`` only when a worker is free for it, so the later ones can heed earlier failures.

    Raises:
        UndecidedError: workers die before they begin with any part, so no task is to blame.
    """
    fresh = iter(tasks)
    again = deque(islice(fresh, 1))
    if not again:
        return
    forked = _may_fork()
    most = max(1, jobs) if forked else 1
    handler = open_handler() if forked else None
    opener = (lambda: handler) if handler else open_handler
    idle: list[_Worker] = []
    busy: list[_Worker] = []
    stillborn = 0
    try:
        while True:
            while len(busy) < most and (task := again.popleft() if again else next(fresh, _NONE)) is not _NONE:
                worker = idle.pop() if idle else _Worker("fork" if forked else "spawn", opener, bounds)
                busy.append(worker)
                worker.give(task)
            if not busy:
                return
            for worker in _ready(busy):
                answer = worker.take()
                busy.remove(worker)
                if not isinstance(answer, Failure):
                    idle.append(worker)
                    yield answer
                    continue
                worker.stop()
                if answer.part >= 0:
                    again.extendleft(reversed(list(on_failure(worker.task, answer))))
                    continue
                stillborn += 1
                if stillborn == _STILLBORN:
                    raise UndecidedError(f"no worker stays alive: {answer.reason}")
                again.appendleft(worker.task)
    finally:
        for worker in (*idle, *busy):
            worker.stop()


def _may_fork() -> bool:
    if "fork" not in multiprocessing.get_all_start_methods() or threading.active_count() > 1:
        return False
    tasks = Path("/proc/self/task")  # threads that Python does not know of count as well
    return not tasks.is_dir() or len(list(tasks.iterdir())) == 1


def _ready(busy: list[_Worker]) -> list[_Worker]:
    """Those that have answered, died, or run out of time."""
    while True:
        answered = multiprocessing.connection.wait([worker.connection for worker in busy], timeout=_TICK)
        ready = [worker for worker in busy if worker.connection in answered or worker.overdue()]
        if ready:
            return ready


class _Worker:
    """One process, its pipe, and the cell in shared memory where it says what it is doing."""

    def __init__(self, method: str, opener: Callable[[], Handler], bounds: Bounds) -> None:
        context = multiprocessing.get_context(method)
        self._bounds = bounds
        self._cell = context.RawArray("d", _CELLS)
        self.task: Any = None
        self.connection, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(  # type: ignore[attr-defined]  # typeshed: BaseContext has none
            target=_serve, args=(opener, theirs, self._cell, bounds), daemon=True
        )
        self._process.start()
        theirs.close()

    def give(self, task: Any) -> None:
        self.task = task
        self._cell[_PART], self._cell[_STARTED] = _NO_PART, _IDLE
        # A worker that died since its last answer is found out when its answer is waited for.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send_bytes(orjson.dumps(task))

    def overdue(self) -> bool:
        started: float = self._cell[_STARTED]
        return started != _IDLE and time.monotonic() - started > self._bounds.deadline

    def take(self) -> Any:
        """The answer to the task, or what became of the worker instead."""
        part = int(self._cell[_PART])
        if not self.connection.poll():
            return Failure(part, f"no answer within {self._bounds.deadline:g} s")
        try:
            answer, reason = orjson.loads(self.connection.recv_bytes())
        except (EOFError, OSError):
            return Failure(part, self._cause_of_death())
        return Failure(part, reason) if reason else answer

    def stop(self) -> None:
        self.connection.close()
        self._process.kill()
        self._process.join()
        self._process.close()

    def _cause_of_death(self) -> str:
        self._process.join(1)
        return cause_of_death(self._process.exitcode)


def cause_of_death(code: int | None, name: str = "the worker") -> str:
    """What became of a process, by the code that it ended with: negative for the signal that ended it."""
    if code is None or code >= 0:
        return f"{name} ended with code {code}"
    try:
        cause = signal.Signals(-code).name
    except ValueError:
        cause = f"signal {-code}"
    return f"{name} was ended by {cause}{_PERHAPS.get(cause, '')}"


def _serve(open_handler: Callable[[], Handler], connection: Connection, cell: Any, bounds: Bounds) -> None:
    """The worker's life: read a task, do it, answer; until it fails, or there is nobody to answer."""
    confine()
    parent = multiprocessing.parent_process()
    ends: list[Connection | int] = [connection, *([parent.sentinel] if parent else [])]

    def mark(part: int) -> None:
        cell[_PART] = part
        cell[_STARTED] = time.monotonic()

    try:
        handler = open_handler()
        bound_memory(bounds.memory)
        while connection in multiprocessing.connection.wait(ends):
            answer = handler(orjson.loads(connection.recv_bytes()), mark)
            connection.send_bytes(orjson.dumps([answer, None]))
    except MemoryError:
        reason = f"more than {bounds.memory} MiB of memory"
    except BaseException as error:  # noqa: BLE001  (the worker's edge; a panic of Rust is no Exception)
        reason = f"{type(error).__name__}: {error}"
    else:
        return
    with contextlib.suppress(OSError):
        connection.send_bytes(orjson.dumps([None, reason[:_LONGEST_REASON]]))


def confine() -> None:
    """Keep a worker's hands and words off the terminal, and end it with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; it kills the workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # a rule may print, a Rust panic writes its backtrace
        os.dup2(null, stream)
    os.close(null)


def end_with_parent() -> None:
    """Let the system kill this process when its parent ends: one in an endless loop must not outlive it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def bound_memory(mebibytes: int) -> None:
    """Refuse a worker more memory than it has now and so much more."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    size = _virtual_size()
    if size:
        ceiling = size + mebibytes * _MIB
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard == resource.RLIM_INFINITY or ceiling < hard:
            resource.setrlimit(resource.RLIMIT_AS, (ceiling, hard))


def _virtual_size() -> int | None:
    """The bytes of address space in use: the limit counts from there, or it would be over already."""
    with contextlib.suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return None
