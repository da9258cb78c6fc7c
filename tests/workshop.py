"""A process that gives tasks to workers and says what came of them, as JSON on its standard output.

``python -m tests.workshop '{"tasks": […], …}'``: pytest may run in a process with threads, which must not be
forked, so the workers of the tests have a parent of their own.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from pathlib import Path
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
        return sys.stdin.read()
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
        ctypes.CDLL = None  # type: ignore[assignment,misc]
        workers.sys = type("sys", (), {"platform": "darwin"})  # type: ignore[assignment]
    failures: list[Any] = []

    def on_failure(task: list[Any], failure: workers.Failure) -> Iterable[list[Any]]:
        failures.append([task[failure.part], failure.reason])
        if told.get("give_up"):
            raise KeyError("give up")
        return [[part for number, part in enumerate(task) if number != failure.part]]

    answers: list[Any] = []
    results = workers.run(
        {"opened": opened, "unmarked": unmarked, "unopened": unopened}[told.get("open", "opened")],
        told["tasks"],
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
    print(json.dumps({"answers": answers, "failures": failures, "error": error}))


if __name__ == "__main__":
    main()
