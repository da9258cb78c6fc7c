"""What two policy sets say differently of their rules: read from real files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from bylaw import rules
from bylaw.config import EnforcementSettings, Level, PolicySettings, Settings
from bylaw.impacts import Difference, Side, differences, notes
from bylaw.model import Enforcement, Severity
from tests.command import write
from tests.engine.world import python_rule, rego_rule

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TIER = "ops/tier-missing"
PARAMETER = 'parameters={"tiers": {"type": "array", "default": ["1", "2"]}, "strict": {"default": True}},'
DAY = date(2026, 12, 1)
DENY, WARN, OBSERVE = (Level(each) for each in (Enforcement.DENY, Enforcement.WARN, Enforcement.OBSERVE))
LATER = Level(Enforcement.DENY, DAY)
OF_TEAM = Level(Enforcement.DENY, owners=("team-a",))


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """``settings(name, **fields)``: settings with the policies of a folder, which holds one rule at first."""

    def make(name: str, **fields: Any) -> Settings:
        folder = tmp_path / name
        if not folder.exists():
            folder.mkdir()
            python_rule(folder, TIER, "return []", severity="WARNING", more=PARAMETER)
        return Settings(policies=PolicySettings((str(folder),), bundled=False), **fields)

    return make


def differ(before: Settings, after: Settings) -> list[Difference]:
    return list(differences(rules.load(before), before, rules.load(after), after))


def digest(path: Path) -> str:
    return f"sha256:{sha256(path.read_bytes()).hexdigest()}"


def test_the_same_in_another_folder_differs_in_nothing(settings: Callable[..., Settings]) -> None:
    assert differ(settings("one"), settings("other")) == []


def test_a_rule_of_either_language_is_added_removed_or_rewritten(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    before, after = settings("one"), settings("other")
    one, other = tmp_path / "one", tmp_path / "other"
    gone = rego_rule(one, "docs/gone", "findings contains {} if false")
    changed = python_rule(other, TIER, "return [ ]", severity="WARNING", more=PARAMETER)
    come = rego_rule(other, "docs/come", "findings contains {} if false", severity="info")
    assert differ(before, after) == [
        Difference("docs/come", "text", None, digest(come)),
        Difference("docs/come", "enforcement", None, (OBSERVE,)),
        Difference("docs/gone", "text", digest(gone), None),
        Difference("docs/gone", "enforcement", (DENY,), None),
        Difference(TIER, "text", digest(one / "ops_tier_missing.py"), digest(changed)),
    ]


def test_a_severity_takes_the_enforcement_with_it(settings: Callable[..., Settings], tmp_path: Path) -> None:
    before, after = settings("one"), settings("other")
    python_rule(tmp_path / "other", TIER, "return []", severity="ERROR", more=PARAMETER)
    assert differ(before, after)[1:] == [
        Difference(TIER, "severity", Severity.WARNING, Severity.ERROR),
        Difference(TIER, "enforcement", (WARN,), (DENY,)),
    ]


def test_parameters_differ_one_by_one(settings: Callable[..., Settings]) -> None:
    said = {TIER: {"tiers": ["1"]}}
    assert differ(settings("one"), settings("one", parameters=said)) == [
        Difference(TIER, "parameter", ["1", "2"], ["1"], "tiers")
    ]
    as_default = {TIER: {"tiers": ["1", "2"]}}
    assert differ(settings("one"), settings("one", parameters=as_default)) == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Enforcement.WARN, None),  # as the severity has it
        (Enforcement.DENY, (DENY,)),
        ((WARN,), None),
        ((OBSERVE, WARN), None),  # the last that always holds hides those before it
        ((LATER,), (WARN, LATER)),
        ((DENY, LATER), (DENY, LATER)),
        ((LATER, OBSERVE), (OBSERVE,)),
        ((OF_TEAM, LATER), (WARN, OF_TEAM, LATER)),
        ((), None),
    ],
)
def test_an_enforcement_is_the_stages_that_can_still_count(
    said: Any, expected: Any, settings: Callable[..., Settings]
) -> None:
    after = settings("one", enforcement=EnforcementSettings(rules={TIER: said}))
    found = differ(settings("one"), after)
    assert found == ([Difference(TIER, "enforcement", (WARN,), expected)] if expected else [])


def test_a_default_level_is_that_of_all_rules_without_their_own(settings: Callable[..., Settings]) -> None:
    after = settings("one", enforcement=EnforcementSettings("deny"))
    assert differ(settings("one"), after) == [Difference(TIER, "enforcement", (WARN,), (DENY,))]


def test_what_is_not_said_of_one_rule_is_noted(settings: Callable[..., Settings], tmp_path: Path) -> None:
    before, after = settings("one"), settings("other")
    write(tmp_path, {"other/lib.rego": "package bylaw.lib.tiers\n\nimport rego.v1\n\nall := [1]\n"})
    after = replace(after, catalog=replace(after.catalog, complete=True, paths=("*.yaml",)))
    sides = Side("main", before, notes=("there was no bylaw.yaml",)), Side("mine", after)
    assert notes(*sides, (rules.load(before), rules.load(after))) == (
        "main: there was no bylaw.yaml",
        "the catalog is read once, by the settings of mine: those of main differ in catalog.paths, catalog.complete",
        "rules that import bylaw.lib.tiers may judge otherwise without a word of theirs being changed: that differs",
    )
    assert notes(Side("main", before), Side("mine", before), (rules.load(before), rules.load(before))) == ()
