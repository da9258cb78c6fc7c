"""Pools over tiny catalogs, with workers that can also be at what they never should be."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.config import ServerSettings
from bylaw.serving.frames import Question
from bylaw.serving.pool import Lost, Pool
from bylaw.serving.recipe import Recipe
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PROGRAM = "tests.serving.zygote"
LONG = 30.0
"""Seconds that no test waits for, unless it fails."""

SETTINGS = """\
version: 1
policies: {bundled: false, memory: 256}
admission: {bundled: false}
"""
"""Nothing judges: so it is loaded in a moment."""

ENTITY = """\
apiVersion: backstage.io/v1alpha1
kind: {kind}
metadata: {{name: {name}}}
spec: {{type: team, children: []}}
---
"""


def write(folder: Path, *names: str, kind: str = "Group", more: str = "") -> Path:
    """A catalog of groups of these names, judged by no rule, which is made in a moment."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(ENTITY.format(kind=kind, name=name) for name in names)
    (folder / "catalog-info.yaml").write_text(text)
    (folder / "bylaw.yaml").write_text(f"{SETTINGS}{more}")
    return folder


def recipe(folder: Path, **more: Any) -> Recipe:
    """What makes a generation of the catalog in a folder."""
    files = folder.parent / f"{folder.name}-files"
    files.mkdir(exist_ok=True)
    return Recipe(folder=str(files), config=str(folder / "bylaw.yaml"), paths=(str(folder),), jobs=1, **more)


@dataclass
class Watched:
    """A pool, and what it has said of the workers that it lost."""

    pool: Pool
    lost: list[str] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, reason: str) -> None:
        self.lost.append(reason)
        self._changed.set()

    async def until_lost(self, *reasons: str) -> None:
        async with asyncio.timeout(LONG):
            while self.lost != list(reasons):
                self._changed.clear()
                await self._changed.wait()

    async def ask_again(self, name: str) -> Any:
        """The answer, once somebody gives it: who asks in the moment that a process dies is told that it was lost."""
        while True:
            try:
                return await self.ask(name)
            except Lost:
                await asyncio.sleep(0.01)

    async def ask(self, name: str, body: bytes = b"", *, deadline: float = LONG, **arguments: str) -> Any:
        """What a worker answers, as JSON."""
        reply = await self.pool.ask(Question(name, body, arguments), deadline=deadline)
        return orjson.loads(reply.body)

    async def busy_at(self, file: Path, *, deadline: float = LONG, until: Path | None = None) -> asyncio.Task[Any]:
        """A question that a worker is at, which it never ends, or when ``until`` is there."""
        asked = self.ask("note", deadline=deadline, file=str(file), until=str(until or ""))
        task = asyncio.create_task(asked)
        async with asyncio.timeout(LONG):
            while not file.exists():
                await asyncio.sleep(0.005)
        return task


@contextmanager
def importable() -> Iterator[None]:
    """Let a zygote find the tests: it imports nothing from the current folder."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), before)))
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def watched(settings: ServerSettings) -> Watched:
    """A pool that is yet to start."""
    told: list[Watched] = []
    told.append(Watched(Pool(settings, lost=lambda reason: told[0].tell(reason), program=PROGRAM)))
    return told[0]


@asynccontextmanager
async def opened(made: Recipe, **settings: Any) -> AsyncIterator[Watched]:
    """A pool of two workers, or as many as the settings say, that has started."""
    with importable():
        found = watched(ServerSettings(**{"workers": 2, **settings}))
        try:
            await found.pool.start(made)
            yield found
        finally:
            await found.pool.stop()


def is_running(pid: int) -> bool:
    """Whether a process still does anything; one that nobody has buried yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def until_gone(*pids: int) -> None:
    """Wait for the end of processes."""
    async with asyncio.timeout(LONG):
        while any(map(is_running, pids)):
            await asyncio.sleep(0.005)
