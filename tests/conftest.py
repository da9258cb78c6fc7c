"""What many tests share."""

from __future__ import annotations

import pytest

from bylaw import workers


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are forked, so that what a test has replaced is replaced in them too.

    The test runner's own threads would otherwise make them be spawned.
    """
    monkeypatch.setattr(workers, "_may_fork", lambda: True)
