"""Real components: a test that wants one which is not here is skipped, visibly; or fails, where it has to be here."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

REQUIRED = Path(__file__).parents[2] / ".ci" / "required"


def program(name: str, *folders: str | Path) -> str:
    """The path of a program, from PATH or one of some folders; the test is skipped without it."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, folders)]))
    return found or missing(name, "it is not on PATH; `make test-real` installs it")


def missing(name: str, why: str) -> NoReturn:
    """Skip the test for want of a component; or fail it, where CI has to have that (`BYLAW_REQUIRED=1`)."""
    if os.environ.get("BYLAW_REQUIRED") and name in required():
        pytest.fail(f"{name} is listed in .ci/required: {why}")
    pytest.skip(f"{name}: {why}")


def required() -> frozenset[str]:
    """The components that CI has to have."""
    lines = (line.partition("#")[0].strip() for line in REQUIRED.read_text().splitlines())
    return frozenset(filter(None, lines))
