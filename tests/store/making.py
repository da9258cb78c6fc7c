"""Decisions and other things to keep."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from bylaw.model import Decided, Decision, Digests

if TYPE_CHECKING:
    from bylaw.store import SnapshotInfo

DIGESTS = Digests("sha256:cat", "sha256:pol", "sha256:wai", "sha256:con")
OWNED, LIFECYCLE = "ownership/owner-unknown", "lifecycle/lifecycle-unknown"


def decided(number: int = 1, **more: Any) -> Decided:
    """A decision that is allowed, about ``component:default/orders``."""
    said: dict[str, Any] = {
        "id": f"d-{number}",
        "time": f"2026-11-21T09:00:{number % 60:02}.000000Z",
        "gate": "check",
        "caller": "ci",
        "subject": "component:default/orders",
        "decision": Decision.ALLOWED,
        "rules": (),
        "digests": DIGESTS,
        "engine": "regorus 0.13.0",
        "input_digest": "sha256:asked",
        "duration": 0.0021,
        "input": {"entities": [{"kind": "Component"}]},
        **more,
    }
    return Decided(**said)


class Told:
    """A callback that can be waited for."""

    def __init__(self) -> None:
        self._told: list[SnapshotInfo] = []
        self._changed = threading.Condition()

    def __call__(self, info: SnapshotInfo) -> None:
        with self._changed:
            self._told.append(info)
            self._changed.notify_all()

    def digests(self, count: int) -> list[str]:
        """The digests that were told, once they are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._told) >= count, 30), self._told
            return [each.digest for each in self._told]
