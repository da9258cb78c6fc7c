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
    """What came of some tasks: the answers to their parts and the failures, in any order, and how the run ended."""

    answers: list[Any]
    failures: list[Any]
    error: str | None
    printed: str


def run(*tasks: list[Any], stdin: str = "", **told: Any) -> Came:
    """The tasks in workers of a process of their own, of which none must be left when they are done."""
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
    assert came["left"] == 0
    answers = [part for answer in came["answers"] for part in answer]
    return Came(answers, sorted(came["failures"]), came["error"], "\n".join(printed) + done.stderr)


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
        [["say", "k"], ["tear", 0], ["say", "l"]],
        say("m", "n"),
        deadline=0.3,
        spawn=spawn,
    )

    assert sorted(came.answers) == list("abcdefghijklmn")
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
        [["tear", 0], "the worker was ended by SIGKILL, perhaps by the system for want of memory"],
    ]
    assert came.error is None


@METHODS
def test_the_memory_of_a_worker_is_bounded_beyond_what_it_began_with(spawn: bool) -> None:
    came = run([["eat", 100]], [["eat", 100], ["eat", 600]], memory=300, spawn=spawn)

    assert came.answers == [100 * 2**20, 100 * 2**20]
    assert came.failures == [[["eat", 600], "more than 300 MiB of memory"]]


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_the_number_of_workers_changes_nothing_but_the_order(jobs: int) -> None:
    tasks = [[["say", number], ["signal", "SIGSEGV"] if number % 4 == 0 else ["say", 99]] for number in range(8)]

    came, spawned = run(*tasks, jobs=jobs), run(*tasks, jobs=jobs, spawn=True)

    assert sorted(came.answers) == sorted(spawned.answers) == [0, 1, 2, 3, 4, 5, 6, 7, *[99] * 6]
    assert came.failures == spawned.failures
    assert [part for part, _ in came.failures] == [["signal", "SIGSEGV"]] * 2


def test_one_worker_does_the_tasks_in_order_and_what_is_left_of_a_failed_one_next() -> None:
    came = run([["say", "a"], ["raise", "no"], ["say", "b"]], say("c"), say("d"), jobs=1)

    assert came.answers == ["a", "b", "c", "d"]


@METHODS
def test_what_a_worker_prints_or_reads_is_nothing(spawn: bool) -> None:
    came = run([["print", "hello"], ["read", 0]], stdin="a secret", spawn=spawn)

    assert came.answers == ["print", ""]
    assert came.printed == ""


@METHODS
def test_ctrl_c_is_for_the_parent_to_handle(spawn: bool) -> None:
    assert run([["signal", "SIGINT"], ["say", "a"]], spawn=spawn).answers == ["signal", "a"]


@METHODS
def test_without_tasks_there_is_no_worker_and_nothing_is_opened(spawn: bool) -> None:
    assert run(open="unopened", spawn=spawn) == Came([], [], None, "")


def test_no_more_workers_are_started_than_there_are_tasks() -> None:
    came = run([["pid", 0], ["sleep", 0.2]], [["pid", 0], ["sleep", 0.2]], jobs=16)

    assert len(set(came.answers) - {"sleep"}) == 2


def test_a_worker_that_answers_is_used_again() -> None:
    assert len(set(run(*[[["pid", 0]]] * 5, jobs=1).answers)) == 1


@METHODS
def test_workers_that_die_before_they_begin_leave_it_undecided(spawn: bool) -> None:
    came = run([["exit", 9]], say("a"), open="unmarked", jobs=1, spawn=spawn)

    assert came.error == "UndecidedError: no worker stays alive: the worker ended with code 9"
    assert came.failures == []  # nobody is to blame


def test_a_spawned_worker_that_cannot_open_says_why() -> None:
    came = run(say("a"), open="unopened", spawn=True)

    assert came.error == "UndecidedError: no worker stays alive: ValueError: it does not open"


def test_a_task_is_taken_when_a_worker_is_free_for_it() -> None:
    """So the one who makes the tasks can heed what has failed so far."""
    came = run([["raise", "no"]], [["failures so far", 0]], jobs=1)

    assert came.answers == [1]


# Nothing is left running: ``run`` looks for that every time


@METHODS
def test_no_worker_outlives_a_reader_who_stops_early(spawn: bool) -> None:
    came = run([["say", "a"]], [["loop", None]], [["say", "b"]], stop_after=1, spawn=spawn)

    assert came.answers == ["a"]


@METHODS
def test_no_worker_outlives_an_error_of_whoever_handles_a_failure(spawn: bool) -> None:
    came = run([["say", "a"]], [["raise", "no"]], [["loop", None]], give_up=True, spawn=spawn)

    assert came.error == "KeyError: 'give up'"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills the children of a process that was killed")
@METHODS
def test_a_worker_in_an_endless_loop_dies_with_a_parent_that_is_killed(spawn: bool, tmp_path: Path) -> None:
    (pid,) = _at_work_when_their_parent_is_killed(tmp_path, [["loop", str(tmp_path / "a")]], spawn=spawn)

    assert _ends(pid)


def test_an_idle_worker_ends_with_its_parent_on_any_system(tmp_path: Path) -> None:
    tasks = [["note", str(tmp_path / "a")]], [["loop", str(tmp_path / "b")]]
    idle, busy = _at_work_when_their_parent_is_killed(tmp_path, *tasks, linger=60, no_prctl=True)
    os.kill(busy, signal.SIGKILL)  # elsewhere nothing ends a loop but somebody who kills it

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
