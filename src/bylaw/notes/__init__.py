"""The note that a merge request gets: written once, then kept up to date, and never a reason for anything to fail."""

from __future__ import annotations

from bylaw.notes.post import TOKEN, Posted, post
from bylaw.notes.suggestions import Suggestion, suggestions

__all__ = ["TOKEN", "Posted", "Suggestion", "post", "suggestions"]
