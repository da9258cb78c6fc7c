"""What many tests share."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from bylaw import workers
from tests.shared import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

# No test depends on how fast the machine is: neither an example nor the making of one has a time to keep.
settings.register_profile(
    "bylaw", max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("bylaw")


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are forked, so that what a test has replaced is replaced in them too.

    The test runner's own threads would otherwise make them be spawned.
    """
    monkeypatch.setattr(workers, "_may_fork", lambda: True)


@pytest.fixture(autouse=True, scope="module")
def _collected() -> Iterator[None]:
    """The command leaves the collector of cycles off, since it ends soon; a test run does not."""
    yield
    gc.enable()
    gc.collect()
