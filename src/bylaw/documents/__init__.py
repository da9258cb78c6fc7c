"""Text of strangers: YAML and JSON files into JSON values, and JSON values back to places in the text."""

from __future__ import annotations

from bylaw.documents.faults import Fault
from bylaw.documents.limits import DEFAULT, Limits
from bylaw.documents.loader import Loaded, load
from bylaw.documents.positions import Span, locate, locate_many

__all__ = ["DEFAULT", "Fault", "Limits", "Loaded", "Span", "load", "locate", "locate_many"]
