"""Workers: whatever happens in one, the others go on, and nothing is left running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bylaw import workers
from tests.shared import ROOT

METHODS = pytest.mark.parametrize("spawn", [False, True], ids=["forked", "spawned"])


@dataclass(frozen=True)
class Came:
    """What came of some tasks: their answers and the failures in any order, and how the run ended."""

    answers: list[Any]
    failures: list[Any]
    error: str | None
    printed: str


def run(*tasks: list[Any], stdin: str = "", **told: Any) -> Came:
    done = subprocess.run(
        [sys.executable, "-m", "tests.workshop", json.dumps({"tasks": tasks, **told})],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    *printed, last = done.stdout.splitlines()
    came = json.loads(last)
    return Came(
        sorted(came["answers"], key=str), sorted(came["failures"]), came["error"], "\n".join(printed) + done.stderr
    )


def say(*texts: str) -> list[Any]:
    return [["say", text] for text in texts]


def is_running(pid: int) -> bool:
    """Whether a process still does anything; one that nobody has buried yet does not."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@METHODS
def test_every_way_to_fail_costs_the_part_that_failed_and_nothing_else(spawn: bool) -> None:
    came = run(
        [["say", "a"], ["signal", "SIGKILL"], ["say", "b"]],
        [["loop", None], ["say", "c"]],
        [["eat", 400], ["say", "d"]],
        [["raise", "no"], ["say", "e"]],
        [["exit", 7], ["say", "f"]],
        [["leave", 0], ["say", "g"]],
        [["overflow", 0], ["say", "h"]],
        [["signal", "SIGABRT"], ["say", "i"]],
        [["say", "j"], ["object", 0]],
        say("k", "l"),
        deadline=0.3,
        spawn=spawn,
    )

    assert came.answers == [["a", "b"], ["c"], ["d"], ["e"], ["f"], ["g"], ["h"], ["i"], ["j"], ["k", "l"]]
    assert came.failures == [
        [["eat", 400], "more than 256 MiB of memory"],
        [["exit", 7], "the worker ended with code 7"],
        [["leave", 0], "SystemExit: 0"],
        [["loop", None], "no answer within 0.3 s"],
        [["object", 0], "TypeError: Type is not JSON serializable: object"],
        [["overflow", 0], "the worker was ended by SIGSEGV, perhaps out of stack"],
        [["raise", "no"], "ValueError: no"],
        [["signal", "SIGABRT"], "the worker was ended by SIGABRT, perhaps out of memory"],
        [["signal", "SIGKILL"], "the worker was ended by SIGKILL, perhaps by the system for want of memory"],
    ]
    assert came.error is None


@METHODS
def test_the_memory_of_a_worker_is_bounded_beyond_what_it_began_with(spawn: bool) -> None:
    came = run([["eat", 100]], [["eat", 100], ["eat", 600]], memory=300, spawn=spawn)

    assert came.answers == [[100 * 2**20], [100 * 2**20]]
    assert came.failures == [[["eat", 600], "more than 300 MiB of memory"]]


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_the_number_of_workers_changes_nothing_but_the_order(jobs: int) -> None:
    tasks = [[["say", number], ["signal", "SIGSEGV"] if number % 4 == 0 else ["say", "x"]] for number in range(12)]

    assert run(*tasks, jobs=jobs) == run(*tasks, jobs=jobs, spawn=True) == run(*tasks, jobs=3)


def test_one_worker_does_the_tasks_in_their_order() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.workshop", json.dumps({"tasks": [say("a"), say("b"), say("c")], "jobs": 1})],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=60,
    )

    assert json.loads(done.stdout)["answers"] == [["a"], ["b"], ["c"]]


@METHODS
def test_what_a_worker_prints_or_reads_is_nothing(spawn: bool) -> None:
    came = run([["print", "hello"], ["read", 0]], stdin="a secret", spawn=spawn)

    assert came.answers == [["print", ""]]
    assert came.printed == ""


@METHODS
def test_without_tasks_there_is_no_worker_and_nothing_is_opened(spawn: bool) -> None:
    assert run(open="unopened", spawn=spawn) == Came([], [], None, "")


def test_no_more_workers_are_started_than_there_are_tasks() -> None:
    came = run([["pid", 0], ["sleep", 0.2]], [["pid", 0], ["sleep", 0.2]], jobs=16)

    assert len({pid for pid, _ in came.answers}) == 2


def test_a_worker_that_answers_is_used_again() -> None:
    came = run(*[[["pid", 0]]] * 5, jobs=1)

    assert len({pid for (pid,) in came.answers}) == 1


@METHODS
def test_workers_that_die_before_they_begin_leave_it_undecided(spawn: bool) -> None:
    came = run([["exit", 9]], say("a"), open="unmarked", jobs=1, spawn=spawn)

    assert came.error == "UndecidedError: no worker stays alive: the worker ended with code 9"
    assert came.failures == []  # nobody is to blame


def test_a_spawned_worker_that_cannot_open_says_why() -> None:
    came = run(say("a"), open="unopened", spawn=True)

    assert came.error == "UndecidedError: no worker stays alive: ValueError: it does not open"


# Nothing is left running


@METHODS
def test_no_worker_outlives_the_run(spawn: bool) -> None:
    came = run(*[[["pid", 0], ["sleep", 0.05]]] * 4, spawn=spawn)

    assert [pid for pid, _ in came.answers if is_running(pid)] == []


@METHODS
def test_no_worker_outlives_a_reader_who_stops_early(spawn: bool, tmp_path: Path) -> None:
    tasks = [[["pid", 0]], [["loop", str(tmp_path / "pid")]]]
    came = run(*tasks, [["sleep", 0.3]], stop_after=1 if spawn else 2, jobs=2, spawn=spawn)

    pids = [int(file.read_text()) for file in tmp_path.iterdir()]
    pids += [answer[0] for answer in came.answers if isinstance(answer[0], int)]
    assert pids
    assert [pid for pid in pids if is_running(pid)] == []


@METHODS
def test_no_worker_outlives_an_error_of_whoever_handles_a_failure(spawn: bool, tmp_path: Path) -> None:
    tasks = [[["pid", 0]], [["raise", "no"]], [["loop", str(tmp_path / "pid")]]]
    came = run(*tasks, give_up=True, spawn=spawn)

    assert came.error == "KeyError: 'give up'"
    pids = [int(file.read_text()) for file in tmp_path.iterdir() if file.read_text()]
    pids += [answer[0] for answer in came.answers]
    assert pids
    assert [pid for pid in pids if is_running(pid)] == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills the children of a process that was killed")
@METHODS
def test_a_worker_in_an_endless_loop_dies_with_a_parent_that_is_killed(spawn: bool, tmp_path: Path) -> None:
    (pid,) = _at_work_when_their_parent_is_killed(tmp_path, [["loop", str(tmp_path / "a")]], spawn=spawn)

    assert _ends(pid)


@METHODS
def test_an_idle_worker_ends_with_its_parent_on_any_system(spawn: bool, tmp_path: Path) -> None:
    tasks = [[["note", str(tmp_path / "a")]], [["loop", str(tmp_path / "b")]]][: 1 if spawn else 2]
    idle, *busy = _at_work_when_their_parent_is_killed(tmp_path, *tasks, linger=60, no_prctl=True, spawn=spawn)
    for pid in busy:  # elsewhere nothing ends a loop but somebody who kills it
        os.kill(pid, signal.SIGKILL)

    assert _ends(idle)


def _at_work_when_their_parent_is_killed(folder: Path, *tasks: list[Any], **told: Any) -> list[int]:
    """The process ids of workers, in the order of their tasks; each leaves its own in a file."""
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.workshop", json.dumps({"tasks": tasks, "deadline": 60, **told})],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    while len(pids := [file.read_text() for file in sorted(folder.iterdir())]) < len(tasks) or not all(pids):
        assert parent.poll() is None
        time.sleep(0.01)
    parent.kill()
    parent.wait()
    return list(map(int, pids))


def _ends(pid: int) -> bool:
    for _ in range(1000):
        if not is_running(pid):
            return True
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    return False


def test_at_least_one_processor_is_there() -> None:
    assert 1 <= workers.available() <= (os.cpu_count() or 1)
