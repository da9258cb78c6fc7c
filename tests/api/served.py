"""A real `bylaw serve` in a process of its own, and what tests ask it."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.command import BYLAW, TEAM_A, entity, scrubbed, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_PATIENCE = 60  # seconds in which a server has to be there, and to end

ORDERS = entity("orders")
CATALOG = {
    "catalog-info.yaml": "---\n".join([TEAM_A, ORDERS, entity("billing", owner="team-a", type="service")]),
}
"""A catalog in which nothing denies `component:default/orders`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """A server that runs. ``log`` has the lines of its log so far, as far as ``until`` has read them."""

    process: subprocess.Popen[str]
    url: str = ""
    log: list[dict[str, Any]] = field(default_factory=list)
    words: str = ""
    """What it said beside its log."""

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return str(parts.hostname), int(parts.port or 0)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request over a connection of its own. What is no bytes is sent as JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            named.setdefault("content-type", "application/json")
        connection = http.client.HTTPConnection(*self.address, timeout=_PATIENCE)
        with contextlib.closing(connection):
            connection.request(method, path, body, named)
            said = connection.getresponse()
            return Answer(said.status, {name.lower(): value for name, value in said.getheaders()}, said.read())

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        return self.ask("POST", path, body, **headers)

    def until(self, event: str) -> dict[str, Any]:
        """The next line of the log that tells of an event."""
        assert self.process.stderr
        for line in self.process.stderr:
            if not line.startswith("{"):
                self.words += line
                continue
            self.log.append(json.loads(line))
            if self.log[-1]["event"].startswith(event):
                return self.log[-1]
        raise AssertionError(f"the server ended before {event!r}: {self.log} {self.words}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it, and give its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        _, rest = self.process.communicate(timeout=_PATIENCE)
        self.log += [json.loads(line) for line in rest.splitlines() if line.startswith("{")]
        return self.process.returncode


@contextlib.contextmanager
def serving(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """`bylaw serve` in a folder, on any port that is free."""
    process = subprocess.Popen(
        [*BYLAW, "serve", "--port", "0", *arguments],
        cwd=folder,
        env=scrubbed(environment),
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    server = Server(process)
    try:
        server.url = server.until("serving")["url"]
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def written(folder: Path, settings: str = "", **files: str) -> Path:
    """A folder with the catalog of these tests, and settings."""
    return write(folder, {**CATALOG, "bylaw.yaml": f"version: 1\nadmission: {{bundled: false}}\n{settings}", **files})


def assert_problem(answer: Answer, status: int, said: str) -> None:
    """The one envelope of errors, everywhere: RFC 9457, with words that say what to do."""
    assert answer.headers["content-type"] == "application/problem+json", answer
    assert answer.status == status, answer
    told = answer.json
    assert (told["type"], told["status"]) == ("about:blank", status)
    assert told["title"]
    assert said in told["detail"], told["detail"]
    assert "Traceback" not in told["detail"]
