"""One catalog in which every rule finds something, and one in which none does."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

import bylaw
from bylaw import config
from bylaw.policy_tests.expected import DAY
from bylaw.rules import load
from tests.shared import ROOT

if TYPE_CHECKING:
    from bylaw.catalog import Catalog
    from bylaw.model import Report

CATALOGS = ROOT / "fixtures" / "catalogs"
SETTINGS = config.read(CATALOGS / "all_right" / "bylaw.yaml")
RULES = [rule.id for rule in load(SETTINGS).rules]


@cache
def catalog(name: str) -> Catalog:
    return bylaw.read([CATALOGS / name], settings=SETTINGS, root=CATALOGS / name, jobs=1)


@cache
def judged(name: str) -> Report:
    """The catalog as a change of the one in which everything is right, which nobody has approved."""
    return bylaw.check(catalog(name), settings=SETTINGS, before=catalog("all_right"), approvers=[], now=DAY, jobs=1)


def test_both_are_judged_under_the_same_settings() -> None:
    assert config.read(CATALOGS / "all_wrong" / "bylaw.yaml") == SETTINGS


def test_where_everything_is_right_no_rule_finds_anything() -> None:
    assert [(each.rule, each.message) for each in judged("all_right").findings] == []


@pytest.mark.parametrize("rule", RULES)
def test_where_everything_is_wrong_every_rule_finds_something(rule: str) -> None:
    found = [each for each in judged("all_wrong").findings if each.rule == rule]
    assert {each.outcome for each in found} & {"fail"}, f"{rule} finds nothing in {CATALOGS / 'all_wrong'}"


def test_every_rule_is_named_where_it_finds_something() -> None:
    text = "".join(each.read_text() for each in (CATALOGS / "all_wrong").rglob("*") if each.suffix in {".yaml", ".md"})
    assert [rule for rule in RULES if rule not in text] == []


@pytest.mark.parametrize("name", ["all_right", "all_wrong"])
def test_no_rule_fails_to_answer(name: str) -> None:
    assert [each.message for each in judged(name).findings if each.outcome == "error"] == []
