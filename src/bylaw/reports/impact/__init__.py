"""An impact in the formats people and programs read. Pure: an Impact in, text out."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from bylaw.errors import UsageError
from bylaw.model import did_you_mean
from bylaw.reports import WIDTH
from bylaw.reports.impact.json_v1 import render as as_json
from bylaw.reports.impact.markdown import render as as_markdown
from bylaw.reports.impact.text import render as as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bylaw.impacts import Impact

__all__ = ["FORMATS", "Renderer", "known", "render"]


class Renderer(Protocol):
    """One format, as those of reports are."""

    def __call__(self, impact: Impact, *, color: bool, width: int) -> str: ...


FORMATS: Mapping[str, Renderer] = MappingProxyType({"text": as_text, "json": as_json, "markdown": as_markdown})


def known(format: str) -> Renderer:
    """The renderer of a format.

    Raises:
        UsageError: there is no such format; the message names the nearest and all others.
    """
    try:
        return FORMATS[format]
    except KeyError:
        raise UsageError(
            f'format "{format}" does not exist here{did_you_mean(format, FORMATS)}; known are {", ".join(FORMATS)}'
        ) from None


def render(impact: Impact, format: str, *, color: bool = False, width: int = WIDTH) -> str:
    """The impact in a format. ``color`` allows ANSI colours, ``width`` is the screen's in columns.

    Raises:
        UsageError: as ``known`` does.
    """
    return known(format)(impact, color=color, width=width)
