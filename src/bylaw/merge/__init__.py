"""The merge gate: a change is laid over a base, and what it can affect is judged before and after it."""

from __future__ import annotations

from bylaw.merge.gate import Asked, gate
from bylaw.merge.judge import Judged, judge
from bylaw.merge.remote import gate_at

__all__ = ["Asked", "Judged", "gate", "gate_at", "judge"]
