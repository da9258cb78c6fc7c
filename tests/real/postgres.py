"""A real PostgreSQL: one server for a test run, and a database of its own for each test.

Where the tests run as root, the server runs as ``postgres``, since it refuses root.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg

from tests.real import components

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS = tuple(sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True))
OWNER, PASSWORD = "bylaw", "h9-pass%word-of-its-own"
_PATIENCE = 60.0  # seconds in which it starts


@dataclass
class Server:
    """A server on a port of this machine. ``OWNER`` with ``PASSWORD`` may use it over TCP."""

    program: str
    folder: Path
    port: int
    run_as: dict[str, Any]
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str, password: str = PASSWORD) -> str:
        """The address of a database, with the password in it."""
        return f"postgresql://{OWNER}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def run(self, sql: str, database: str = "postgres") -> None:
        """Run a statement, as the owner of everything."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(sql.encode())

    @contextmanager
    def database(self) -> Iterator[str]:
        """The name of a new database."""
        name = f"test_{secrets.token_hex(6)}"
        self.run(f"create database {name}")
        try:
            yield name
        finally:
            self.run(f"drop database {name} with (force)")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command: list[str | Path] = [self.program, "-D", self.folder / "data", "-h", "127.0.0.1", "-p", str(self.port)]
        command += ["-k", self.folder, "-F", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
        with (self.folder / "log").open("ab") as log:
            output: dict[str, Any] = {"stdout": log, "stderr": log, **self.run_as}
            self.process = subprocess.Popen(command, cwd=self.folder, **output)
        end = time.monotonic() + _PATIENCE
        while True:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            try:
                self.run("select 1")
            except psycopg.OperationalError:
                assert time.monotonic() < end, (self.folder / "log").read_text()
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """End it, and the connections that are left."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)
            self.process = None


@contextmanager
def server() -> Iterator[Server]:
    """Start one, or skip the test where there is none."""
    program = os.path.realpath(components.program("postgres", *FOLDERS))
    initdb = Path(program).with_name("initdb")
    if not initdb.is_file():
        components.missing("postgres", f"there is no initdb beside {program}")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # the path of a socket has to be short
    run_as = _run_as(folder)
    try:
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        setup: list[str | Path] = ["-D", folder / "data", "-U", OWNER, "-A", "scram-sha-256"]
        setup += ["--pwfile", folder / "password", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run([initdb, *setup], cwd=folder, check=True, capture_output=True, **run_as)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        running = Server(program, folder, port, run_as)
        running.start()
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run_as(folder: Path) -> dict[str, Any]:
    """As whom the server runs: whoever runs the tests, but for root."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        components.missing("postgres", "it refuses to run as root, and there is no user postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
