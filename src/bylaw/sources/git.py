"""git, asked so that nothing a repository configures runs and nothing is fetched: it may be a stranger's."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PATIENCE = 60  # seconds that git gets
_GIT = ("git", "--literal-pathspecs", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
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
    own = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    try:
        answer = subprocess.run(  # noqa: S603  (fixed words; the callers see to what varies)
            (*_GIT, *arguments),
            cwd=folder,
            env={**own, **_OFFLINE, **(environment or {})},
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
        raise GitError(next((line for line in lines if line.startswith("fatal: ")), "\n".join(lines[:1])))
    return answer.stdout
