"""What a change of policies, parameters or enforcement would do to a catalog. Pure: two reports in, an Impact out."""

from __future__ import annotations

from bylaw.impacts.compare import Change, Flip, Impact, Judged, OwnerImpact, RuleImpact, compare
from bylaw.impacts.differences import Difference, differences
from bylaw.impacts.side import Side, blamed, notes

__all__ = [
    "Change",
    "Difference",
    "Flip",
    "Impact",
    "Judged",
    "OwnerImpact",
    "RuleImpact",
    "Side",
    "blamed",
    "compare",
    "differences",
    "notes",
]
