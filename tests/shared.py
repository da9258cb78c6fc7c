"""What tests of several packages need."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
"""Answers and catalogs recorded from real Backstage servers. They stand beside the repository, not in it."""


def examples(few: int) -> int:
    """How many examples of a property are tried: few, or many times as many where `make test-long` wants to know."""
    return few * int(os.environ.get("BYLAW_ROUNDS", "1"))


def oracle(name: str) -> Any:
    """The recorded answers of one file, such as ``backstage-yaml.json``; skips the test where there are none."""
    path = SHARED / "oracles" / name
    if not path.is_file():
        pytest.skip(f"{path} is not there: answers recorded from Backstage are no part of the repository")
    return json.loads(path.read_text("utf-8"))
