"""Whole processes, timed from outside, in turns: A B A B …"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass
class Runs:
    """What several runs of one command took."""

    command: Sequence[str]
    cwd: Path
    seconds: list[float] = field(default_factory=list)
    mib: list[float] = field(default_factory=list)
    """The proportional set size of the command and all its children at its highest, in MiB."""
    output: bytes = b""

    @property
    def median(self) -> float:
        """The middle of the wall times, in seconds."""
        return statistics.median(self.seconds)


def interleaved(
    commands: Mapping[str, tuple[Sequence[str], Path]],
    rounds: int,
    before: Callable[[Path], object] = lambda folder: None,
) -> dict[str, Runs]:
    """Run each command once to warm up, then all of them in turns. Memory is taken from an extra run.

    ``before`` prepares the folder of a command before each run of it, and is not timed.
    """
    runs = {name: Runs(command, cwd) for name, (command, cwd) in commands.items()}
    for each in runs.values():
        before(each.cwd)
        each.mib.append(_highest(each))
    for _ in range(rounds):
        for each in runs.values():
            before(each.cwd)
            started = time.perf_counter()
            each.output = _run(each).stdout
            each.seconds.append(time.perf_counter() - started)
    return runs


def _run(runs: Runs) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(runs.command, cwd=runs.cwd, capture_output=True, check=False)


def _highest(runs: Runs) -> float:
    """The most memory that a run and its children held at once; shared pages count once."""
    most = 0.0
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(runs.command, cwd=runs.cwd, stdout=out, stderr=out)
        stop = threading.Event()

        def sample() -> None:
            nonlocal most
            while not stop.wait(0.02):
                most = max(most, sum(map(_pss, _family(process.pid))))

        watcher = threading.Thread(target=sample)
        watcher.start()
        process.wait()
        stop.set()
        watcher.join()
    return most / 1024


def held(pid: int) -> float:
    """MiB that a process and its children hold now; shared pages count once."""
    return sum(map(_pss, _family(pid))) / 1024


def _family(pid: int) -> list[int]:
    family = [pid]
    for each in family:
        for tasks in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                family.extend(map(int, tasks.read_text().split()))
            except OSError:
                continue
    return family


def _pss(pid: int) -> int:
    """KiB of a process, what it shares divided by the number that share it."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)


def table(rows: Sequence[tuple[str, Runs]], peer: str | None = None) -> str:
    """One line per command: median, range, memory, and the ratio to a peer."""
    base = dict(rows)[peer].median if peer else None
    lines = [f"{'':38} {'median s':>9} {'min':>7} {'max':>7} {'MiB':>7}  {'ratio' if base else ''}"]
    for name, runs in rows:
        ratio = f"{runs.median / base:6.2f}x" if base else ""
        times = f"{runs.median:9.3f} {min(runs.seconds):7.3f} {max(runs.seconds):7.3f}"
        lines.append(f"{name:38} {times} {runs.mib[0]:7.0f}  {ratio}")
    return "\n".join(lines)


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))
