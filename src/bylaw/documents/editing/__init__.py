"""A change of values as a change of text: only the characters that must change do."""

from __future__ import annotations

from bylaw.documents.editing.edit import edit
from bylaw.documents.editing.patch import EditError, Operation, Places, value_at

__all__ = ["EditError", "Operation", "Places", "edit", "value_at"]
