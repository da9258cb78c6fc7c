"""Every format byte for byte, as it stands in golden/.

After a change that is meant: ``BYLAW_UPDATE_GOLDEN=1 python -m pytest tests/reports/test_golden.py``, then read
what ``git diff`` shows.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bylaw.reports import json_v1, render, sarif

if TYPE_CHECKING:
    from bylaw.model import Report

GOLDEN = Path(__file__).parent / "golden"
IN_COLOUR = ("denied", "undecided", "waived", "all_well", "gate")
NARROW = ("denied", "crowd", "spans", "partial", "gate")
OF_ALL = ("text", "json")
OTHERS = ("sarif", "junit", "codequality", "github", "tap", "markdown")
OF_OTHERS = ("all_well", "denied", "gate", "hostile", "without_files")


@pytest.fixture(autouse=True)
def _of_no_release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_v1, "VERSION", "0.0.0")
    monkeypatch.setattr(sarif, "VERSION", "0.0.0")


def same(name: str, shown: str) -> None:
    file = GOLDEN / name
    if os.environ.get("BYLAW_UPDATE_GOLDEN"):
        file.write_bytes(shown.encode())
    assert shown.encode().decode() == file.read_bytes().decode()


@pytest.mark.parametrize("format", OF_ALL)
def test_a_report_is_shown_as_its_golden_file(case: str, format: str, reports: dict[str, Report]) -> None:
    same(f"{case}.{format}", render(reports[case], format))


@pytest.mark.parametrize("format", OTHERS)
@pytest.mark.parametrize("name", OF_OTHERS)
def test_a_report_in_another_format_is_as_its_golden_file(name: str, format: str, reports: dict[str, Report]) -> None:
    same(f"{name}.{format}", render(reports[name], format))


@pytest.mark.parametrize("name", IN_COLOUR)
def test_a_report_in_colour_is_shown_as_its_golden_file(name: str, reports: dict[str, Report]) -> None:
    same(f"{name}.color.text", render(reports[name], "text", color=True))


@pytest.mark.parametrize("name", NARROW)
def test_a_report_on_a_narrow_screen_is_shown_as_its_golden_file(name: str, reports: dict[str, Report]) -> None:
    same(f"{name}.narrow.text", render(reports[name], "text", width=60))


def test_every_golden_file_is_compared_with_something(reports: dict[str, Report]) -> None:
    expected = {f"{name}.{format}" for name in reports for format in OF_ALL}
    expected |= {f"{name}.{format}" for name in OF_OTHERS for format in OTHERS}
    expected |= {f"{name}.color.text" for name in IN_COLOUR} | {f"{name}.narrow.text" for name in NARROW}
    assert {file.name for file in GOLDEN.iterdir()} == expected
