"""Which formats there are, and what holds for all of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bylaw.cli import main
from bylaw.errors import UsageError
from bylaw.reports import FORMATS, known, render

if TYPE_CHECKING:
    from bylaw.model import Report


ACTS = "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
KNOWN = ["text", "json", "sarif", "junit", "codequality", "github", "tap", "markdown"]


def test_the_formats_are_those_of_the_contract() -> None:
    assert list(FORMATS) == KNOWN


@pytest.mark.parametrize("command", ["check", "gate"])
def test_the_help_of_a_command_names_every_format(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"text (default), {', '.join(KNOWN[1:-1])} or markdown; may be repeated" in shown


def test_an_unknown_format_is_refused_with_the_nearest_known_one() -> None:
    message = 'format "jsn" does not exist (did you mean json?); known are text, json, {}'.format(", ".join(KNOWN[2:]))
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        known("jsn")


def test_a_format_like_no_other_is_refused_with_all_known_ones(reports: dict[str, Report]) -> None:
    message = 'format "excel" does not exist; known are text, json, {}'.format(", ".join(KNOWN[2:]))
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        render(reports["all_well"], "excel")


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_ends_with_one_newline(case: str, format: str, reports: dict[str, Report]) -> None:
    shown = render(reports[case], format)
    assert shown.endswith("\n")
    assert not shown.endswith("\n\n")


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_can_be_written_as_utf_8(case: str, format: str, reports: dict[str, Report]) -> None:
    shown = render(reports[case], format)
    assert shown.encode("utf-8").decode("utf-8") == shown


@pytest.mark.parametrize("format", sorted(set(FORMATS) - {"text"}))
def test_no_format_but_text_is_for_a_screen(case: str, format: str, reports: dict[str, Report]) -> None:
    assert render(reports[case], format, color=True, width=40) == render(reports[case], format)


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_that_acts_on_a_terminal_is_in_any_format(format: str, reports: dict[str, Report]) -> None:
    assert re.findall(ACTS, render(reports["hostile"], format)) == []


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_shows_every_finding_that_stands(format: str, reports: dict[str, Report]) -> None:
    shown = render(reports["waived"], format)
    assert "owner ghosts of component:default/orders is not in the catalog" in shown
    assert "W-2026-07" in shown
    assert "component:default/orders has no documentation" in shown
