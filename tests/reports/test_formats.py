"""Which formats there are, and what holds for all of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bylaw.errors import UsageError
from bylaw.reports import FORMATS, known, render

if TYPE_CHECKING:
    from bylaw.model import Report


def test_the_formats_are_text_and_json() -> None:
    assert list(FORMATS) == ["text", "json"]


def test_an_unknown_format_is_refused_with_the_nearest_known_one() -> None:
    message = 'format "jsn" does not exist (did you mean json?); known are text, json'
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        known("jsn")


def test_a_format_like_no_other_is_refused_with_all_known_ones(reports: dict[str, Report]) -> None:
    message = 'format "sarif" does not exist; known are text, json'
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        render(reports["all_well"], "sarif")


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_ends_with_one_newline(case: str, format: str, reports: dict[str, Report]) -> None:
    shown = render(reports[case], format)
    assert shown.endswith("\n")
    assert not shown.endswith("\n\n")


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_can_be_written_as_utf_8(case: str, format: str, reports: dict[str, Report]) -> None:
    shown = render(reports[case], format)
    assert shown.encode("utf-8").decode("utf-8") == shown


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_shows_every_finding_that_stands(format: str, reports: dict[str, Report]) -> None:
    shown = render(reports["waived"], format)
    assert "owner ghosts of component:default/orders is not in the catalog" in shown
    assert "W-2026-07" in shown
    assert "component:default/orders has no documentation" in shown
