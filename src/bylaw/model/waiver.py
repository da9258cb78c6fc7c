"""Waivers: who may leave a fault for how long, and whether that holds (DESIGN 5.5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from bylaw.model.entity import Location


class WaiverStatus(StrEnum):
    """What a waiver is worth. Only findings of ``active`` and ``over-broad`` ones are waived."""

    ACTIVE = "active"
    EXPIRED = "expired"
    INVALID = "invalid"
    UNUSED = "unused"
    OVER_BROAD = "over-broad"


@dataclass(frozen=True, slots=True)
class Waiver:
    """One entry of a waiver file, as it was written.

    ``entities`` are refs or globs over canonical refs. ``fingerprints`` narrow it to those findings; empty: all of
    the rule on these entities. ``approved_at`` is when its term begins (None: on the day of the judgement).
    """

    id: str
    rule: str
    entities: tuple[str, ...]
    reason: str
    requested_by: str
    approved_by: str
    expires: date | None
    approved_at: date | None = None
    ticket: str | None = None
    fingerprints: tuple[str, ...] = ()
    location: Location | None = None
    """Where it stands in its file."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What one waiver is worth on one day over one set of findings."""

    waiver: Waiver
    status: WaiverStatus
    why: str
    """The status in words: `expired on 2026-11-01`, `approver jane is not a member of group:default/platform`."""
    covers: int
    """How many findings it waives."""
    days_left: int | None = None
    """Days until it expires, of one that still holds."""
    is_soon: bool = False
    """Whether it holds and the settings say that its end is near."""

    @property
    def holds(self) -> bool:
        """Whether findings are waived by it."""
        return self.status in {WaiverStatus.ACTIVE, WaiverStatus.OVER_BROAD}
