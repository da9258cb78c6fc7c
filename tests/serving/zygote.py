"""A zygote whose workers also answer what no worker of a server should ever be at.

``python -m tests.serving.zygote FD``, as ``bylaw.serving.zygote``.
"""

from __future__ import annotations

import os
import resource
import signal
import stat
import struct
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from bylaw.errors import UndecidedError, UsageError
from bylaw.serving import answers, zygote
from bylaw.serving.frames import Reply

if TYPE_CHECKING:
    from bylaw.serving.frames import Question
    from bylaw.serving.generation import Generation


def who(generation: Generation, question: Question) -> Reply:
    """Which process answers, and from what."""
    said = {"pid": os.getpid(), "zygote": os.getppid(), "catalog": generation.digests.catalog}
    return Reply(200, orjson.dumps(said), headers={"said": question.arguments.get("say", "")})


def echo(generation: Generation, question: Question) -> Reply:
    return Reply(200, question.body, "text/plain")


def note(generation: Generation, question: Question) -> Reply:
    """Say in a file that it is at it, and do not end."""
    path = Path(question.arguments["file"])
    path.with_suffix(".part").write_text(str(os.getpid()))
    path.with_suffix(".part").rename(path)
    while not question.arguments.get("until") or not Path(question.arguments["until"]).exists():
        if question.arguments.get("until"):
            time.sleep(0.005)
    return who(generation, question)


def fail(generation: Generation, question: Question) -> Reply:
    """Fail in the way that the question names."""
    way = question.arguments["way"]
    if way == "bug":
        raise ValueError("internals that are nobody's business")
    if way == "panic":
        raise SystemExit("as a panic of Rust, it is no Exception")
    if way == "usage":
        raise UsageError("component:default/x: no such entity; name another")
    if way == "no text":
        raise UsageError("\udcff: no such file")
    if way == "undecided":
        raise UndecidedError("the OPA at http://opa did not answer")
    if way == "eat":
        return Reply(200, bytes(len(bytearray(1024 * 2**20))))
    if way == "abort":
        os.abort()
    if way == "unpackable":
        return Reply(200, b"", headers={"x": object()})  # type: ignore[dict-item]
    for number in range(3, 64):  # half an answer, and then nothing: "tear"
        if _is_socket(number):
            os.write(number, struct.pack(">II", 10, 10) + b"[")
    os.kill(os.getpid(), signal.SIGKILL)
    return Reply(200, b"")


def state(generation: Generation, question: Question) -> Reply:
    """What a worker has of the world."""
    print("printed", flush=True)
    print("complained", file=sys.stderr, flush=True)
    os.write(1, b"written")
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    said = {
        "environment": sorted(os.environ),
        "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
        "room": (limit - pages * os.sysconf("SC_PAGE_SIZE")) // 2**20,
        "first to go": Path("/proc/self/oom_score_adj").read_text().strip(),
        "sockets": sum(_is_socket(number) for number in range(64)),
        "streams": [os.readlink(f"/proc/self/fd/{number}") for number in range(3)],
        "batch": os.sched_getscheduler(0) == os.SCHED_BATCH,
    }
    return Reply(200, orjson.dumps(said))


def _is_socket(number: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError:
        return False


answers.ANSWERS.clear()
answers.ANSWERS.update({"ping": answers.ping, "who": who, "echo": echo, "note": note, "fail": fail, "state": state})


if __name__ == "__main__":
    zygote.main()
