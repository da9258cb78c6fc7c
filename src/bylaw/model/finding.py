"""What a rule says about one place."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bylaw.model.words import Enforcement, Outcome, Severity, Status

if TYPE_CHECKING:
    from bylaw.model.entity import Document, Location

_NUMBER = re.compile(r"/\d+(?=/|$)")


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault at one place.

    A rule says the first group of fields and the engine adds the second, so a rule never repeats what is
    known of it anyway. ``pointer`` is an RFC 6901 JSON pointer into the entity; ``fix`` is a list of
    JSON Patch operations; ``key`` tells two findings at one pointer apart (for the fingerprint) where the
    pointer alone does not. ``nearest_of`` (``{"kinds": [...]}`` or ``{"values": [...]}``) asks the engine to
    suggest what is nearest to ``observed`` among the catalog's entities or the values. ``line`` counts from 1
    inside the text at the pointer, where that text has lines of its own (an API definition).

    Raises:
        ValueError: no message, or a pointer that is not one.
    """

    pointer: str
    message: str
    observed: Any = None
    expected: str | None = None
    suggestion: str | None = None
    fix: tuple[dict[str, Any], ...] = ()
    outcome: Outcome = Outcome.FAIL
    key: str = ""
    nearest_of: dict[str, list[str]] | None = None
    line: int | None = None

    rule: str = ""
    severity: Severity = Severity.ERROR
    enforcement: Enforcement = Enforcement.DENY
    status: Status = Status.NEW
    entity: str | None = None
    entity_url: str | None = None
    document: Document | None = None
    location: Location | None = None
    waiver: str | None = None

    def __post_init__(self) -> None:
        if not self.message:
            raise ValueError("a finding needs a message")
        if self.pointer and not self.pointer.startswith("/"):
            raise ValueError(f'a finding\'s pointer is a JSON pointer such as /spec/owner, not "{self.pointer}"')

    @property
    def category(self) -> str:
        """The rule's category: ``ownership`` of ``ownership/owner-unknown``."""
        return self.rule.partition("/")[0]

    @property
    def fingerprint(self) -> str:
        """64 hex digits that stay when lines move, words change or severities are argued about.

        An item of a list is known by what was observed there and not by its number: others may come before it.
        """
        subject = self.entity or (self.document.path if self.document else None) or ""
        place, item = self.pointer, ""
        if self.observed is not None and (anywhere := _NUMBER.sub("/*", place)) != place:
            place, item = anywhere, f"\x1f{self.observed}".lower()
        parts = "\x1f".join((self.rule, subject, place, self.key)) + item
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def order(self) -> tuple[str, int, int, str, str, str, str, str]:
        """The total order of every report: place, then rule, entity, pointer."""
        place = self.location
        path = place.path if place else (self.document.path if self.document else None) or ""
        return (
            path,
            place.line if place else 0,
            place.column if place else 0,
            self.rule,
            self.entity or "",
            self.pointer,
            self.key,
            self.message,
        )

    def at(self, location: Location | None) -> Finding:
        """The same finding, placed."""
        return replace(self, location=location)
