"""What is to be changed, what it becomes, and what is left alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bylaw.catalog import Catalog
    from bylaw.documents.editing import Operation
    from bylaw.graphs import Graph
    from bylaw.model import Document, Finding


@dataclass(frozen=True, slots=True, eq=False)
class Fix:
    """Operations on one document, equal to itself alone. ``finding`` is what they mend, if they mend one."""

    document: Document
    operations: tuple[Operation, ...]
    entity: str | None
    finding: Finding | None = None

    @property
    def reason(self) -> str:
        """The rule that asks for it, or the option."""
        return self.finding.rule if self.finding else "--owner"

    @property
    def places(self) -> list[str]:
        """The pointers in its operations."""
        return [str(each[member]) for each in self.operations for member in ("from", "path") if member in each]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A fix that is not made, and why: a sentence about the place, without its first word."""

    fix: Fix
    reason: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A file with all its fixes."""

    path: str
    before: bytes
    after: bytes
    fixes: tuple[Fix, ...]


@dataclass(frozen=True, slots=True)
class Fixes:
    """What comes of all that was asked for, in the order of the files of the checkout ``root``.

    So many findings are ``unfixable``: they have no safe fix. So many are ``revealed``: they come to light where
    a weightier one is put right.
    """

    root: Path
    edits: tuple[Edit, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    unfixable: int = 0
    revealed: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """A state of the catalog, and what is found in it."""

    catalog: Catalog
    graph: Graph
    findings: Sequence[Finding]
