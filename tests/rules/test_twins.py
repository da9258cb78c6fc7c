"""Rules in both languages: what Rego says of an entity, Python says of it as well.

The twins in ``tests/twins`` are there for this test alone. They are loaded as a user's own rules are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import bylaw
from bylaw.config import PolicySettings, Settings
from bylaw.policy_tests.expected import DAY
from tests.shared import ROOT, SHARED

if TYPE_CHECKING:
    from pathlib import Path

    from bylaw.model import Report

FIXTURES = ROOT / "fixtures" / "rules"
TWINS = {path.stem.replace("_", "-"): path for path in sorted((ROOT / "tests/twins").glob("*.py"))}
SETTINGS = Settings(policies=PolicySettings((str(ROOT / "tests/twins"),)))
ORIGINALS = {
    rule.partition("/")[2]: rule
    for rule in (
        "catalog/reference-dangling",
        "docs/techdocs-missing",
        "lifecycle/depends-on-deprecated",
        "lifecycle/depends-on-less-mature",
        "lifecycle/lifecycle-unknown",
        "ownership/owner-unknown",
    )
}


def catalogs() -> list[Path]:
    """Every catalog there is to try them on: the fixtures of their rules, our own catalogs, and those of others."""
    fixtures = [each.parent for rule in ORIGINALS.values() for each in sorted((FIXTURES / rule).rglob("catalog.yaml"))]
    shared = sorted(each for each in (SHARED / "catalogs").glob("*/")) if SHARED.is_dir() else []
    return [*fixtures, *sorted((ROOT / "fixtures/catalogs").glob("*/")), *shared]


def said(report: Report, rule: str) -> list[tuple[Any, ...]]:
    return [
        (each.entity, each.pointer, each.message, each.outcome, each.observed, each.expected, each.suggestion, each.fix)
        for each in report.findings
        if each.rule == rule
    ]


def test_there_are_twins_of_at_least_five_rules() -> None:
    assert sorted(TWINS) == sorted(ORIGINALS)
    assert len(TWINS) >= 5


@pytest.mark.parametrize("folder", catalogs(), ids=lambda folder: folder.name)
def test_a_rule_in_rego_and_its_twin_in_python_say_the_same(folder: Path) -> None:
    catalog = bylaw.read(
        [folder / "catalog.yaml" if (folder / "catalog.yaml").is_file() else folder], root=folder, settings=Settings()
    )
    only = [*ORIGINALS.values(), *(f"twin/{name}" for name in TWINS)]
    report = bylaw.check(catalog, settings=SETTINGS, only=only, now=DAY, jobs=1)
    for name, original in ORIGINALS.items():
        assert said(report, f"twin/{name}") == said(report, original)
