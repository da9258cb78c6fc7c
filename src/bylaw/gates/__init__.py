"""What follows from findings: enforcement and decision."""

from __future__ import annotations

from bylaw.gates.baseline import compare
from bylaw.gates.decide import decide, weigh
from bylaw.gates.enforcement import Turn, asks_owners, enforce, schedule, stages

__all__ = ["Turn", "asks_owners", "compare", "decide", "enforce", "schedule", "stages", "weigh"]
