"""A process that gives tasks to workers and says what came of them, as JSON on its standard output.

``python -m tests.workshop '{"tasks": […], …}'``: pytest may run in a process with threads, which must not be
forked, so the workers of the tests have a parent of their own.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import multiprocessing
import os
import signal
import stat
import struct
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from bylaw import workers
from bylaw.errors import BylawError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def do(part: Any) -> Any:
    """One part of a task: ``[verb, argument]``."""
    verb, argument = part
    if verb == "say":
        return argument
    if verb == "pid":
        return os.getpid()
    if verb == "signal":
        os.kill(os.getpid(), getattr(signal, argument))
    elif verb == "overflow":
        ctypes.string_at(0)
    elif verb == "exit":
        os._exit(argument)
    elif verb == "leave":
        sys.exit(argument)
    elif verb == "loop":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        Path(argument or os.devnull).write_text(str(os.getpid()))
        while True:
            pass
    elif verb == "note":
        Path(argument).write_text(str(os.getpid()))
    elif verb == "sleep":
        time.sleep(argument)
    elif verb == "eat":  # mebibytes
        return len(bytearray(argument * 2**20))
    elif verb == "raise":
        raise ValueError(argument)
    elif verb == "print":
        print(argument, flush=True)
        print(argument, file=sys.stderr, flush=True)
        os.write(1, argument.encode())
    elif verb == "read":
        return os.read(0, 100).decode()
    elif verb == "tear":  # half an answer, into whatever pipe there is
        for number in range(3, 64):
            with contextlib.suppress(OSError):
                if stat.S_ISSOCK(os.fstat(number).st_mode):
                    os.write(number, struct.pack("!i", 1000) + b"[")
        os.kill(os.getpid(), signal.SIGKILL)
    elif verb == "object":
        return object()
    return verb


def handle(task: list[Any], mark: Callable[[int], None]) -> list[Any]:
    done = []
    for number, part in enumerate(task):
        mark(number)
        done.append(do(part))
    return done


def opened() -> workers.Handler:
    """What each worker does; where it is forked, this runs once, in the parent."""
    return handle


def unmarked() -> workers.Handler:
    return lambda task, mark: [do(part) for part in task]


def unopened() -> workers.Handler:
    raise ValueError("it does not open")


def main() -> None:
    told = json.loads(sys.argv[1])
    if told.get("spawn"):
        workers._may_fork = lambda: False
    if told.get("no_prctl"):  # as on macOS
        vars(workers)["sys"] = SimpleNamespace(platform="darwin")
    failures: list[Any] = []

    def on_failure(task: list[Any], failure: workers.Failure) -> Iterable[list[Any]]:
        failures.append([task[failure.part], failure.reason])
        if told.get("give_up"):
            raise KeyError("give up")
        return [task[: failure.part], task[failure.part + 1 :]]

    def tasks() -> Iterable[list[Any]]:
        for task in told["tasks"]:
            yield [["say", len(failures)] if verb == "failures so far" else [verb, argument] for verb, argument in task]

    answers: list[Any] = []
    results = workers.run(
        {"opened": opened, "unmarked": unmarked, "unopened": unopened}[told.get("open", "opened")],
        tasks(),
        jobs=told.get("jobs", 2),
        bounds=workers.Bounds(told.get("deadline", 5.0), told.get("memory", 256)),
        on_failure=on_failure,
    )
    error = None
    try:
        for answer in results:
            answers.append(answer)
            time.sleep(told.get("linger", 0))
            if len(answers) == told.get("stop_after"):
                break
        results.close()  # type: ignore[attr-defined]  # it is a generator
    except (BylawError, KeyError) as raised:
        error = f"{type(raised).__name__}: {raised}"
    left = len(multiprocessing.active_children())
    print(json.dumps({"answers": answers, "failures": failures, "error": error, "left": left}))


if __name__ == "__main__":
    main()
