"""git, asked so that nothing a repository configures runs and nothing is fetched: it may be a stranger's."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PATIENCE = 60  # seconds that git gets
_GIT = ("git", "--literal-pathspecs", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_SPARING = ("-c", "core.packedGitWindowSize=32m", "-c", "core.packedGitLimit=256m")  # a worker's memory is bounded
_FOREIGN = re.compile(r"dubious ownership in repository at '(.*)'")
_OFFLINE = {"GIT_ALLOW_PROTOCOL": "", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0"}
_OF_A_HOOK = frozenset(  # a git hook runs with these, and they may lead away from the folder
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"}
)


class GitError(Exception):
    """git could not answer. The message is what it said of that in one line, if it said anything."""


def ask(*arguments: str, folder: Path, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> bytes:
    """What git says in a folder. No argument may be a stranger's word where git takes options.

    Raises:
        GitError: there is no git, it failed, or it took too long.
    """
    try:
        answer = subprocess.run(  # noqa: S603  (fixed words; the callers see to what varies)
            (*_GIT, *arguments),
            cwd=folder,
            env=_environment(environment),
            input=stdin,
            capture_output=True,
            check=False,
            timeout=_PATIENCE,
        )
    except OSError as error:
        raise GitError(f"git does not run ({error.strerror})") from None
    except subprocess.TimeoutExpired:
        raise GitError(f"git took more than {_PATIENCE} seconds") from None
    if answer.returncode:
        lines = answer.stderr.decode("utf-8", "replace").splitlines()
        said = next((line for line in lines if line.startswith("fatal: ")), "\n".join(lines[:1]))
        foreign = _FOREIGN.search(said)
        trust = (
            f"; if you trust it: git config --global --add safe.directory {shlex.quote(foreign[1])}" if foreign else ""
        )
        raise GitError(said + trust)
    return answer.stdout


class Objects:
    """The files of a repository by their ids, as they were committed, from one git that is kept running.

    Each process has a git of its own, forked and spawned ones too. Not for several threads at once.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder, self._environment = folder, dict(environment)
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        weakref.finalize(self, _end, self._running)

    def __reduce__(self) -> tuple[type[Objects], tuple[Path, Mapping[str, str]]]:
        return Objects, (self._folder, self._environment)

    def read(self, identity: str) -> bytes:
        """The bytes of a file.

        Raises:
            GitError: git cannot say.
        """
        process = self._running.get(os.getpid()) or self._start()
        into, out = process.stdin, process.stdout
        if into is None or out is None:  # never: both are pipes
            raise GitError("git cannot be asked")
        try:
            into.write(f"{identity}\n".encode())
            into.flush()
            told, kind, *size = out.readline().decode().split() or ("", "ended")
            if (told, kind) != (identity, "blob"):
                raise GitError(f"git has no file {identity} ({kind})")
            content = out.read(int(size[0]) + 1)[:-1]
        except OSError as error:
            raise GitError(f"git ended ({error.strerror})") from None
        if len(content) != int(size[0]):
            raise GitError(f"git ended in the middle of {identity}")
        return content

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            process = subprocess.Popen(  # noqa: S603  (fixed words)
                (*_GIT, *_SPARING, "cat-file", "--batch"),
                cwd=self._folder,
                env=_environment(self._environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise GitError(f"git does not run ({error.strerror})") from None
        self._running[os.getpid()] = process
        return process


def _end(running: dict[int, subprocess.Popen[bytes]]) -> None:
    """End the git of this process; those of others are theirs."""
    process = running.pop(os.getpid(), None)
    if process is not None:
        process.kill()
        process.communicate()


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    return {**own, **_OFFLINE, **(more or {})}
