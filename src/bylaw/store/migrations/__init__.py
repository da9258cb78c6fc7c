"""The tables of a store, a file of SQL for each step from one version to the next, for both databases alike.

``$text`` is a text that is compared by its code points, ``$bytes`` are bytes, ``$key`` is a number that each row gets
by itself.
"""

from __future__ import annotations

from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

STEPS = ("0001_decisions.sql", "0002_snapshots.sql")
"""The steps, the first one first. A step that was released is never changed."""


def statements(step: str, words: Mapping[str, str]) -> list[str]:
    """The statements of a step, in the words of a database."""
    said = Template((files(__name__) / step).read_text(encoding="utf-8")).substitute(words)
    return [each.strip() for each in said.split(";") if each.strip()]
