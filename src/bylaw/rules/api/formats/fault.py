"""What is wrong with an API definition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bylaw.documents.secrets import redact
from bylaw.model import Outcome

_SHOWN = 60  # characters of a definition that a message repeats


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a definition, and where.

    ``message`` goes on where "the definition …" begins. ``line`` counts from 1 in the definition's text; None where
    that is not known. ``pointer`` leads into the value of the definition, of those formats that are values.
    """

    message: str
    line: int | None = None
    pointer: str = ""
    observed: Any = None
    key: str = ""
    """Tells two faults at one pointer apart."""
    outcome: Outcome = Outcome.FAIL


def shown(text: str) -> str:
    """The beginning of a text, for a message. Part of a secret could not be told for one, so it goes before."""
    clean: str = redact(text)
    return clean if len(clean) <= _SHOWN else f"{clean[:_SHOWN]}…"


def too_long(definition: str, most: int) -> list[Fault]:
    """That a text is longer than its parser can read in time, if it is."""
    if len(definition) <= most:
        return []
    said = f"has {len(definition):,} characters, more than the {most:,} that are read: it was not judged"
    return [Fault(said, key="length", outcome=Outcome.UNKNOWN)]
