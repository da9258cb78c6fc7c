"""What a store gives back, and the error it raises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bylaw.errors import UndecidedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bylaw.model import Decided


class StoreError(UndecidedError):
    """The store cannot be used now: it is not there, full, or in somebody else's hands. To try again may help."""


class RefusedError(StoreError):
    """The store does not take this, now or later."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Decisions that were made and are not in the log."""

    time: str
    """When that was written down: RFC 3339, UTC."""
    since: str
    """When the first of them was lost."""
    lost: int
    """How many they are."""
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the decision log. ``text`` is what its hash is made over, with ``seq`` and ``before``."""

    seq: int
    """Its number: 1, 2, 3, … without any left out."""
    entry: Decided | Gap
    text: str
    before: str
    """The hash of the row before it."""
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the decision log: how many rows were written, and the hash of the last one."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with the decision log, at a row."""

    seq: int
    message: str


@dataclass(frozen=True, slots=True)
class SnapshotInfo:
    """A snapshot of the catalog that the store holds."""

    digest: str
    made: datetime
    size: int
    """Bytes of its file."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was pushed, to be laid over what is read: entities, and the refs of those that are not there any more."""

    entities: tuple[Mapping[str, Any], ...]
    deleted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows of the decision log are meant; what is None does not matter. A gap has a time, and nothing else."""

    id: str | None = None
    decision: str | None = None
    gate: str | None = None
    rule: str | None = None
    subject: str | None = None
    since: str | None = None
    """From this moment on: the beginning of an RFC 3339 time in UTC, such as 2026-11-21."""
    until: str | None = None
    """Before this moment."""
