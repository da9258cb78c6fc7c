"""A report in the formats people and programs read. Pure: a report in, text out."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from bylaw.errors import UsageError
from bylaw.model import did_you_mean
from bylaw.reports.codequality import render as as_codequality
from bylaw.reports.github import render as as_github
from bylaw.reports.json_v1 import render as as_json
from bylaw.reports.junit import render as as_junit
from bylaw.reports.markdown import render as as_markdown
from bylaw.reports.sarif import render as as_sarif
from bylaw.reports.tap import render as as_tap
from bylaw.reports.text import render as as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bylaw.model import Report

__all__ = ["FORMATS", "WIDTH", "Renderer", "known", "render"]

WIDTH = 100
"""Columns of a screen that nobody has measured."""


class Renderer(Protocol):
    """One format. A format that is not for screens passes over ``color`` and ``width``.

    The answer ends with one newline and never depends on anything but the arguments.
    """

    def __call__(self, report: Report, *, color: bool, width: int) -> str: ...


FORMATS: Mapping[str, Renderer] = MappingProxyType(
    {
        "text": as_text,
        "json": as_json,
        "sarif": as_sarif,
        "junit": as_junit,
        "codequality": as_codequality,
        "github": as_github,
        "tap": as_tap,
        "markdown": as_markdown,
    }
)


def known(format: str) -> Renderer:
    """The renderer of a format.

    Raises:
        UsageError: there is no such format; the message names the nearest and all others.
    """
    try:
        return FORMATS[format]
    except KeyError:
        raise UsageError(
            f'format "{format}" does not exist{did_you_mean(format, FORMATS)}; known are {", ".join(FORMATS)}'
        ) from None


def render(report: Report, format: str, *, color: bool = False, width: int = WIDTH) -> str:
    """The report in a format. ``color`` allows ANSI colours, ``width`` is the screen's in columns.

    Raises:
        UsageError: as ``known`` does.
    """
    return known(format)(report, color=color, width=width)
