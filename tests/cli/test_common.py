from __future__ import annotations

import io
import sys
import time

import pytest

from bylaw.cli import common


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in a list so that it can be set."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.delenv("TERM", raising=False)
    return now


def test_progress_is_shown_after_a_moment_and_taken_away(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := _Terminal())
    progress = common.Progress()
    progress("reading", 1, 4)
    assert terminal.getvalue() == ""
    clock[0] += 1
    progress("reading", 2, 4)
    assert terminal.getvalue() == f"\rreading {'█' * 12}{'░' * 12} 2 of 4\x1b[K"
    progress("reading", 3, 4)  # too soon to draw again
    progress.done()
    progress.done()
    assert terminal.getvalue() == f"\rreading {'█' * 12}{'░' * 12} 2 of 4\x1b[K\r\x1b[K"


@pytest.mark.parametrize("stream", [io.StringIO(), _Terminal()])
def test_progress_is_silent_where_it_cannot_be_drawn(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    if stream.isatty():
        monkeypatch.setenv("TERM", "dumb")
    progress = common.Progress()
    clock[0] += 1
    progress("reading", 1, 0)
    progress.done()
    assert stream.getvalue() == ""


def test_a_table_has_columns_and_no_spaces_at_the_end() -> None:
    assert common.table([("a", "bbb", 1), ("aaaa", "b", "")], indent="  ") == "  a     bbb  1\n  aaaa  b\n"
    assert common.table([]) == ""
