"""The schemas of parameters that many Python rules have alike."""

from __future__ import annotations

from typing import Any


def texts(description: str, *default: str, least: int = 0) -> dict[str, Any]:
    """A list of texts, of which there must be at least so many."""
    items = {"type": "array", "items": {"type": "string"}, "minItems": least}
    return {"description": description, **items, "default": list(default)}


def text(description: str, default: str) -> dict[str, Any]:
    """A text."""
    return {"description": description, "type": "string", "default": default}


def number(description: str, default: int, least: int = 0, most: int | None = None) -> dict[str, Any]:
    """A whole number, within bounds."""
    upper = {} if most is None else {"maximum": most}
    return {"description": description, "type": "integer", "minimum": least, **upper, "default": default}
