"""``bylaw token``."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from bylaw import cli
from bylaw.callers import Callers
from bylaw.config import parse
from tests.shared import ROOT

if TYPE_CHECKING:
    import pytest


def test_the_token_goes_to_standard_output_and_its_line_for_the_settings_to_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["token"]) == 0
    said = capsys.readouterr()
    token = said.out.removesuffix("\n")
    assert token.startswith("bylaw_")
    assert said.err == f"token_sha256: {hashlib.sha256(token.encode()).hexdigest()}\n"


def test_the_line_lets_the_token_in(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["token"])
    said = capsys.readouterr()
    text = f"version: 1\nserver:\n  callers:\n    - name: ci\n      scopes: [check:run]\n      {said.err}"
    callers = Callers.of(parse(text.encode(), ROOT / "bylaw.yaml").server, {}, loopback=False)
    caller = asyncio.run(callers.identify(f"Bearer {said.out.strip()}", None))
    assert (caller.name, caller.scopes) == ("ci", frozenset({"check:run"}))


def test_no_token_is_made_twice(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(5):
        cli.main(["token"])
    assert len(set(capsys.readouterr().out.split())) == 5
