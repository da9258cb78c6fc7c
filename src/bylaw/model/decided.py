"""One decision of a gate, as it is kept: what was asked by whom, by which law it was judged, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bylaw.model.report import Decision


@dataclass(frozen=True, slots=True)
class Digests:
    """By which law and over which catalog a decision was made: each ``sha256:…``."""

    catalog: str
    policies: str
    waivers: str
    constraints: str = ""
    """The templates, constraints and inventory for Kubernetes objects; empty where the gate does not know any."""
    settings: str = ""
    """What else of bylaw.yaml a verdict depends on: enforcement, gates, who approves waivers."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision. ``input`` is what was asked, masked, or None where it is not kept."""

    id: str
    time: str
    """RFC 3339, UTC, with microseconds."""
    gate: str
    caller: str
    subject: str
    """What it was about: the ref of an entity, or ``apps/v1 Deployment shop/orders``."""
    decision: Decision
    rules: tuple[str, ...]
    """The ids of the rules with findings that count, sorted."""
    digests: Digests
    engine: str
    input_digest: str
    """Of the input as it was asked, before anything of it was masked."""
    duration: float
    """Seconds."""
    input: Mapping[str, Any] | None = None
    reason: str = ""
    """Why nothing was decided, or why the answer is a lesser one."""
    trace: str = ""
    """The id of the W3C trace that the request belongs to."""
