"""`bylaw admission test`: as people and pipelines see it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.command import Ran, run
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LABELS = ROOT / "fixtures" / "gatekeeper" / "labels"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for each in LABELS.rglob("*.yaml"):
        file = tmp_path / "labels" / each.relative_to(LABELS)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(each.read_bytes())
    return tmp_path


def timeless(ran: Ran) -> str:
    return re.sub(r"\d+\.\d{3}s", "0.000s", ran.out)


def test_suites_that_pass(folder: Path) -> None:
    ran = run("admission", "test", "./...", cwd=folder)

    assert (ran.code, timeless(ran), ran.err) == (0, "ok\tlabels/suite.yaml\t0.000s\nPASS\n", "")


def test_every_case_is_named_if_asked_for(folder: Path) -> None:
    ran = run("admission", "test", "-v", "--run", "//all|left", "labels", cwd=folder)

    assert timeless(ran) == (
        "=== RUN   wanted-labels\n"
        "    === RUN   all-there\n"
        "    --- PASS: all-there\t(0.000s)\n"
        "    === SKIP  one-missing-one-wrong\n"
        "    === SKIP  none-there\n"
        "    === SKIP  another-kind\n"
        "    === SKIP  left-out\n"
        "--- PASS: wanted-labels\t(0.000s)\n"
        "ok\tlabels/suite.yaml\t0.000s\n"
        "PASS\n"
    )


def test_a_case_that_fails_is_told_as_gator_does(folder: Path) -> None:
    suite = folder / "labels" / "suite.yaml"
    suite.write_text(suite.read_text().replace("[{violations: no}]", "[{violations: 3}]"))

    ran = run("admission", "test", "labels/suite.yaml", cwd=folder)

    assert ran.code == 1
    assert timeless(ran) == (
        "    --- FAIL: all-there\t(0.000s)\n"
        "        unexpected number of violations: got 0 violations but want exactly 3: got messages []\n"
        "--- FAIL: wanted-labels\t(0.000s)\n"
        "FAIL\tlabels/suite.yaml\t0.000s\n"
        "FAIL\n"
    )


def test_what_a_stranger_wrote_does_nothing_to_the_terminal(folder: Path) -> None:
    sample = folder / "labels" / "samples" / "all.yaml"
    sample.write_text(sample.read_text().replace("team: payments", 'team: "\\e[31mred"'))

    ran = run("admission", "test", "labels", cwd=folder)

    assert ran.code == 1
    assert "\x1b" not in ran.out
    assert r"label <team: \x1b[31mred>" in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone"], "bylaw: gone: there is no such file or folder\n"),
        (["labels", "--run", "("], "bylaw: '(' is no regular expression\n"),
        (
            ["labels", "--run", "a//b//c"],
            "bylaw: --run a//b//c: at most one // is expected, between the tests and their cases\n",
        ),
    ],
)
def test_wrong_usage(folder: Path, arguments: list[str], said: str) -> None:
    ran = run("admission", "test", *arguments, cwd=folder)

    assert (ran.code, ran.out, ran.err) == (2, "", said)
