"""The decision log: every decision, masked, in a chain of hashes; told to those who want to know; judged again."""

from __future__ import annotations

from bylaw.decisions.log import Log

__all__ = ["Log"]
