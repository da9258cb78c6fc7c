"""What follows from findings: enforcement and decision."""

from __future__ import annotations

from bylaw.gates.decide import decide
from bylaw.gates.enforcement import enforce, stages

__all__ = ["decide", "enforce", "stages"]
