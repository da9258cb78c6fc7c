"""The process that has loaded a generation, and forks the workers that answer from it.

``python -m bylaw.serving.zygote FD``: FD is one end of a socketpair, over which the pool sends a recipe and then
commands. This process has one thread and stays so, since a process with threads must not be forked; the workers share
the pages of what it has loaded.

It says a length (four bytes, big-endian) and JSON each time: once ``{"ready": facts, "threads": count}``, ``{"same":
made, "fingerprint": …}`` or ``{"error": message, "code": exit code}``, and then ``{"killed": number}`` when it
was told to kill a worker, and ``{"lost": number, "reason": why}`` of one that died by itself.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import re
import select
import signal
import socket
import sys
import threading
import traceback
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bylaw import workers
from bylaw.errors import BylawError, UndecidedError
from bylaw.serving import answers, frames, generation, once, origins
from bylaw.serving.problems import problem
from bylaw.serving.recipe import Recipe, Same
from bylaw.serving.wire import COMMAND, FAULT, FORK, LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bylaw.config import Settings
    from bylaw.serving.answers import Answer
    from bylaw.serving.frames import Question
    from bylaw.serving.generation import Generation

_AT_ONCE = 256 * 1024  # bytes
_LOOK = 1.0  # seconds between two looks at who has died
_LONGEST_FAULT = 8_000  # characters
_FIRST_TO_GO = "500"  # what the system ends first when memory is short: a worker, not what all workers come from
_SHARED = re.compile(
    r"(?i)HOME|LANG|LANGUAGE|LC_\w+|PATH|PYTHON\w+|TMPDIR|TZ|SSL_CERT_(?:DIR|FILE)|\w+_CA_BUNDLE|\w+_PROXY"
)
"""The part of the environment that answers may see, beside what the settings name for them."""


def main() -> None:
    """Load what the recipe says, and serve commands until there are none any more."""
    control = socket.socket(fileno=int(sys.argv[1]))
    workers.end_with_parent()
    for each in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):  # sent to all of a terminal or a service: the server's
        signal.signal(each, signal.SIG_IGN)
    gc.disable()  # what is read here stays
    try:
        with _aside():
            recipe = Recipe.of_json(_received(control))
            loaded = generation.load(recipe)
            if isinstance(loaded, Same):
                _tell(control, {"same": loaded.made.isoformat(), "fingerprint": loaded.fingerprint})
                return
            made, fingerprint = loaded
            _forget(made.settings)
            found = answers.ready(made)
    except Exception as error:  # noqa: BLE001  (the edge of this process: whatever it was, the server has to say so)
        _tell(control, _blamed(error))
        return
    gc.freeze()  # pages stay shared as long as nobody counts anew who refers to what
    gc.enable()
    _tell(control, {"ready": _facts(made, recipe, fingerprint), "threads": _threads()})
    try:
        _serve(control, made, found)
    finally:
        once.ready(made).close()  # what lies on an OPA server is taken away


@contextlib.contextmanager
def _aside() -> Iterator[None]:
    """Whoever answers goes before whoever loads. Niceness would be for ever: only root may be less nice again."""
    if not hasattr(os, "sched_setscheduler"):
        yield
        return
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _facts(made: Generation, recipe: Recipe, fingerprint: str) -> dict[str, Any]:
    return {
        "digests": asdict(made.digests),
        "entities": len(made.catalog.entities),
        "made": made.made.isoformat(),
        "engine": made.engine,
        "source": made.source,
        "snapshot": str(made.snapshot),
        "remote": origins.is_remote(recipe, made.settings),
        "fingerprint": fingerprint,
    }


def _threads() -> int:
    """The threads of this process, those that Python does not know of included."""
    with contextlib.suppress(OSError):
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208  (of no folder)
    return threading.active_count()


def _blamed(error: Exception) -> dict[str, Any]:
    if isinstance(error, BylawError):
        return {"error": str(error), "code": error.exit_code}
    told = f"the catalog and the policies could not be loaded ({type(error).__name__}: {error})"
    return {"error": told, "code": UndecidedError.exit_code, "fault": _fault(error)}


def _fault(error: BaseException) -> str:
    """Where in the code it happened, for the log."""
    return _plain("".join(traceback.format_exception(error))[-_LONGEST_FAULT:])


def _plain(text: str) -> str:
    """The text without what is none: the name of a file may be any bytes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _forget(settings: Settings) -> None:
    """Keep from the workers what they need not know, such as the tokens of the sources."""
    engine = settings.policies.engine
    named = {settings.server.bundle_key_env, None if isinstance(engine, str) else engine.opa.token_env}
    for name in list(os.environ):
        if name not in named and not _SHARED.fullmatch(name):
            del os.environ[name]


def _serve(control: socket.socket, made: Generation, found: Mapping[str, Answer]) -> None:
    """Fork and kill workers as told. Nobody is left when this ends."""
    numbers: dict[int, int] = {}
    while True:
        waiting, _, _ = select.select([control], [], [], _LOOK)
        _bury(control, numbers)
        if not waiting:
            continue
        said, handles, _, _ = socket.recv_fds(control, COMMAND.size, 1)
        if not said:
            break
        verb, number = COMMAND.unpack(said)
        if verb == FORK:
            _fork(control, handles[0], number, numbers, made, found)
            continue
        for pid in [pid for pid, each in numbers.items() if each == number]:  # KILL
            del numbers[pid]
            os.kill(pid, signal.SIGKILL)  # it is ours and not buried yet, so no other process can have its id
        _tell(control, {"killed": number})
    for pid in numbers:
        os.kill(pid, signal.SIGKILL)


def _fork(
    control: socket.socket,
    handle: int,
    number: int,
    numbers: dict[int, int],
    made: Generation,
    found: Mapping[str, Answer],
) -> None:
    try:
        pid = os.fork()
    except OSError as error:
        os.close(handle)
        _tell(control, {"lost": number, "reason": f"no worker can be forked ({error.strerror})"})
        return
    if pid:
        numbers[pid] = number
        os.close(handle)
        return
    code = 1
    try:
        control.close()
        _work(socket.socket(fileno=handle), made, found)
        code = 0
    finally:
        os._exit(code)  # nothing of what the parent has opened is to be closed or written here


def _bury(control: socket.socket, numbers: dict[int, int]) -> None:
    """Take leave of the workers that have died, and say of those that were not killed why."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            number = numbers.pop(ended[0], None)
            if number is not None:
                reason = workers.cause_of_death(os.waitstatus_to_exitcode(ended[1]))
                _tell(control, {"lost": number, "reason": reason})


def _work(connection: socket.socket, made: Generation, found: Mapping[str, Answer]) -> None:
    """The life of a worker: read a question, answer it, until nobody asks any more or it cannot go on."""
    workers.confine()
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)
    workers.bound_memory(made.settings.policies.memory)
    fit = True
    while fit and (question := _taken(connection)):
        reply, fit = _answered(made, found, question)
        connection.sendall(reply)


def _answered(made: Generation, found: Mapping[str, Answer], question: Question) -> tuple[bytes, bool]:
    """The frame of the reply to a question, and whether it is fit for more questions."""
    fault = None
    try:
        return frames.pack_reply(found[question.name](made, question)), True
    except UndecidedError as error:
        reply = problem(503, _plain(str(error)))
    except BylawError as error:
        reply = problem(422, _plain(str(error)))
    except MemoryError:
        fault = "MemoryError"
        reply = problem(503, f"to answer this takes more than {made.settings.policies.memory:,} MiB (policies.memory)")
    except BaseException as error:  # noqa: BLE001  (the worker's edge; a panic of Rust is no Exception)
        fault = _fault(error)
        reply = problem(500, "the server came to no answer; its log says why")
    return frames.pack_reply(replace(reply, headers={FAULT: fault}) if fault else reply), not fault


def _taken(connection: socket.socket) -> Question | None:
    """The next question; None: there will be none."""
    said = connection.recv(_AT_ONCE)
    if not said:
        return None
    while len(said) < frames.PREFIX:
        said += _more(connection)
    head, body = frames.lengths(said[: frames.PREFIX])
    whole = frames.PREFIX + head + body
    if len(said) < whole:
        said = _filled(connection, said, whole)
    start = frames.PREFIX + head
    return frames.unpack_question(said[frames.PREFIX : start], said[start:whole])


def _filled(connection: socket.socket, begun: bytes, size: int) -> bytes:
    """The bytes of a message that has begun, up to its end."""
    buffer = bytearray(size)
    buffer[: len(begun)] = begun
    view, done = memoryview(buffer), len(begun)
    while done < size:
        count = connection.recv_into(view[done:])
        if not count:
            os._exit(0)  # nobody waits for the answer
        done += count
    return bytes(buffer)


def _more(connection: socket.socket) -> bytes:
    said = connection.recv(_AT_ONCE)
    if not said:
        os._exit(0)
    return said


def _received(control: socket.socket) -> bytes:
    """A message of the pool: its length, and what it says."""
    (size,) = LENGTH.unpack(_filled(control, b"", LENGTH.size))
    return _filled(control, b"", size)


def _tell(control: socket.socket, said: Mapping[str, Any]) -> None:
    text = json.dumps(said).encode()
    with contextlib.suppress(BrokenPipeError):  # nobody to tell: the next command will say so, there being none
        control.sendall(LENGTH.pack(len(text)) + text)


if __name__ == "__main__":
    main()
