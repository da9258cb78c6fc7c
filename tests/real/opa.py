"""A real OPA server for tests: ``with opa() as running``. ``make test-real`` installs it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bylaw.config import OpaEngine, OpaSetting, Settings
from tests.real import components

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATIENCE = 30.0  # seconds in which it starts, or shows a change


@dataclass(frozen=True, slots=True)
class Running:
    """An OPA server, and the file that its log goes to."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]

    def get(self, path: str) -> Any:
        """What it answers to a question that nobody of bylaw asks."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=_PATIENCE) as answer:
            return json.load(answer)

    def ask(self, path: str, given: Any) -> Any:
        """The answer of ``POST /v1/data/<path>``, whole."""
        request = urllib.request.Request(
            f"{self.url}/v1/data/{path}", json.dumps({"input": given}).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            return json.load(answer)

    def holds(self) -> tuple[list[str], list[str]]:
        """The modules and the data that stand there, by name."""
        modules = [each["id"] for each in self.get("/v1/policies")["result"]]
        return modules, sorted(self.get("/v1/data")["result"])

    def engine(self, timeout: float = 20.0, token_env: str | None = None) -> OpaEngine:
        """It, as settings name it. A test is not about how fast the machine is, so it has time."""
        return OpaEngine(OpaSetting(self.url, token_env, timeout))

    def settings(self, settings: Settings | None = None, timeout: float = 20.0) -> Settings:
        """The settings with it as the engine."""
        settings = settings or Settings()
        deadline = max(60.0, settings.policies.deadline)
        return replace(settings, policies=replace(settings.policies, engine=self.engine(timeout), deadline=deadline))


@contextmanager
def opa(
    *arguments: str, scheme: str = "http", wait: str | None = "/health", environment: dict[str, str] | None = None
) -> Iterator[Running]:
    """Start it on a port of its own, and end it. ``wait`` is what it has to answer, where it may be asked at all."""
    program = components.program("opa")
    with tempfile.TemporaryDirectory() as folder, open(Path(folder, "log"), "wb") as log:
        port = free_port()
        command = [program, "run", "--server", "-a", f"127.0.0.1:{port}", "--log-level", "error", *arguments]
        variables = {"PATH": os.environ["PATH"], "HOME": folder, **(environment or {})}
        process = subprocess.Popen(command, stdout=log, stderr=log, env=variables)
        try:
            running = Running(f"{scheme}://127.0.0.1:{port}", Path(folder, "log"), process)
            if wait:
                until(lambda: answers(running, wait), lambda: running.log.read_text(errors="replace"))
            else:
                until(lambda: _listens(port), lambda: running.log.read_text(errors="replace"))
            yield running
        finally:
            process.kill()
            process.wait()


def until(holds: Callable[[], Any], said: Callable[[], str] = lambda: "") -> Any:
    """What ``holds`` gives as soon as that is something; the test fails if that takes too long."""
    end = time.monotonic() + _PATIENCE
    while not (found := holds()):
        assert time.monotonic() < end, said()
        time.sleep(0.05)
    return found


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def answers(running: Running, path: str) -> bool:
    """Whether it answers a question, by now."""
    assert running.process.poll() is None, running.log.read_text(errors="replace")
    try:
        running.get(path)
    except (OSError, urllib.error.HTTPError):
        return False
    return True


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
