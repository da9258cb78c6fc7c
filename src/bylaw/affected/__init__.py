"""What a change can affect: whom it concerns, and how much of the catalog must be at hand to judge that."""

from __future__ import annotations

from bylaw.affected.blast import blast
from bylaw.affected.scope import Scope, Touch, around
from bylaw.affected.slices import Slice, cut
from bylaw.affected.state import Laid, State, Whole
from bylaw.affected.walk import groups_of

__all__ = ["Laid", "Scope", "Slice", "State", "Touch", "Whole", "around", "blast", "cut", "groups_of"]
