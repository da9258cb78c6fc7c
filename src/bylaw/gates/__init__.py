"""What follows from findings: enforcement and decision."""

from __future__ import annotations

from bylaw.gates.baseline import compare
from bylaw.gates.decide import decide
from bylaw.gates.enforcement import enforce, stages

__all__ = ["compare", "decide", "enforce", "stages"]
