"""A real Backstage 1.55 over the catalog files of a test: ``with backstage([file], entities=12) as running``.

``make test-real`` installs it; BYLAW_BACKSTAGE names its ``node_modules``.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.real import components
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MODULES = "BYLAW_BACKSTAGE"
SCRIPTS = ROOT / "scripts" / "backstage"
_PATIENCE = 180.0  # seconds in which it starts, or shows a change
_QUIET = 3.0  # seconds without a change after which it has taken in all there is: it looks at a file every two


@dataclass(frozen=True, slots=True)
class Running:
    """A Backstage. ``token`` may read all entities and nothing else; no file holds it.

    Of the two others, ``elsewhere`` may use another plugin only, and ``blind`` may use the catalog but sees nothing.
    """

    url: str
    token: str

    @property
    def elsewhere(self) -> str:
        return f"{self.token}-elsewhere"

    @property
    def blind(self) -> str:
        return f"{self.token}-blind"

    def entities(self) -> dict[str, dict[str, Any]]:
        """What it shows now, by ref, but for the Locations that it makes up: asked for in another way than bylaw's."""
        headers = {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(f"{self.url}/api/catalog/entities", headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            shown = json.load(answer)
        entities = {
            f"{each['kind']}:{each['metadata']['namespace']}/{each['metadata']['name']}".lower(): each for each in shown
        }
        return {ref: each for ref, each in entities.items() if not ref.startswith("location:default/generated-")}

    def settled(self, entities: int) -> dict[str, dict[str, Any]]:
        """What it shows once that is so many entities, and it has stopped changing them."""
        end = time.monotonic() + _PATIENCE
        before: dict[str, dict[str, Any]] = {}
        since = time.monotonic()
        while True:
            now = self.entities()
            if now != before:
                before, since = now, time.monotonic()
            elif len(now) == entities and time.monotonic() - since >= _QUIET:
                return now
            assert time.monotonic() < end, f"after {_PATIENCE:g} s {len(now)} of {entities} entities: {sorted(now)}"
            time.sleep(0.3)


def modules() -> Path:
    """Where Backstage is installed; skips the test where it is not."""
    folder = os.environ.get(MODULES, "")
    if shutil.which("node") is None:
        components.missing("backstage", "node is not installed")
    if not folder or not Path(folder, "@backstage", "plugin-catalog-backend").is_dir():
        components.missing(
            "backstage", f"{MODULES} names no folder with it: `make test-real` installs one, and sets it"
        )
    return Path(folder)


@contextmanager
def backstage(
    files: Sequence[Path], *, entities: int, urls: Sequence[str] = (), config: Mapping[str, Any] | None = None
) -> Iterator[Running]:
    """Run one over files, and files behind URLs, until it shows so many entities; ``config`` is merged into its own.

    It lives in memory, on a port of this machine alone, and looks at its files every two seconds.
    """
    installed = modules()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = Running(f"http://127.0.0.1:{port}", secrets.token_hex(16))
    locations = [{"type": "file", "target": str(each.resolve())} for each in files]
    locations += [{"type": "url", "target": each} for each in urls]
    own = {"catalog": {"locations": locations}, **(config or {})}
    with tempfile.TemporaryDirectory(prefix="bylaw-backstage-") as folder:
        (Path(folder) / "own.yaml").write_text(json.dumps(own))
        log = Path(folder) / "log"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "NODE_PATH": str(installed),
            "BYLAW_PORT": str(port),
            "BYLAW_TOKEN": running.token,
        }
        configs = ["--config", str(SCRIPTS / "app-config.yaml"), "--config", str(Path(folder) / "own.yaml")]
        with log.open("wb") as said:
            process = subprocess.Popen(
                ["node", str(SCRIPTS / "index.cjs"), *configs],
                cwd=installed.parent,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_for(running, process, log)
            running.settled(entities)
            yield running
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(running: Running, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        assert process.poll() is None, f"Backstage ended with {process.returncode}: {log.read_text()[-3000:]}"
        try:
            with urllib.request.urlopen(f"{running.url}/.backstage/health/v1/readiness", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        assert time.monotonic() < end, f"Backstage is not ready after {_PATIENCE:g} s: {log.read_text()[-3000:]}"
        time.sleep(0.2)
