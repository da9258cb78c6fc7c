"""Rules that are compiled once answer as rules that are compiled for each part of a catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bylaw import engine
from bylaw.config import PolicySettings, Settings
from bylaw.engine import Ready, data
from bylaw.engine.parts import Asked, Over, Parts
from bylaw.engine.rego import RegoError
from bylaw.rules import load
from tests.engine.world import TODAY, catalog, entity, graph, python_rule, rego_rule

if TYPE_CHECKING:
    from pathlib import Path

SAYS = 'findings contains {"pointer": "", "message": m} if m := input.metadata.name'
DIVIDES = 'findings contains {"pointer": "", "message": m} if m := sprintf("%v", [1 / input.spec.by])'
LOOKS = 'findings contains {"pointer": "", "message": m} if some m, _ in data.catalog.entities'


def test_a_rule_that_fails_takes_nothing_from_the_others_then_or_later(tmp_path: Path) -> None:
    for name, body in (("a/says", SAYS), ("b/divides", DIVIDES), ("c/looks", LOOKS)):
        rego_rule(tmp_path, name, body)
    settings = Settings(policies=PolicySettings((str(tmp_path),), bundled=False))
    policies = load(settings)
    made = catalog(entity("one", by=0), entity("two", by=2), entity("three", by=0))
    said = data.whole(made, graph(made), policies, TODAY)
    packages = [str(rule.package) for rule in policies.rules]
    compiled = Parts(policies.modules, packages, said)
    over = Ready(policies, made.kinds).over(said)

    def told(of: Parts | Over, package: str) -> list[object] | str:
        try:
            return of.findings(package)
        except RegoError as error:
            return str(error)

    for _ in range(3):
        inputs = [data.document(each) for each in made.entities.values()]
        over.ahead(Asked(0, each, package) for each in inputs for package in packages)
        for each in inputs:
            compiled.set_input(each)
            over.set_input(each)
            assert [told(over, package) for package in packages] == [told(compiled, package) for package in packages]


def test_rules_that_are_ready_judge_in_this_process_as_workers_do(tmp_path: Path) -> None:
    rego_rule(tmp_path, "a/says", SAYS)
    rego_rule(tmp_path, "b/divides", DIVIDES)
    python_rule(tmp_path, "x/fails", 'raise ValueError("no")')
    settings = Settings(policies=PolicySettings((str(tmp_path),), bundled=False))
    policies = load(settings)
    made = catalog(entity("one", by=0), entity("two", by=2))

    ready = engine.ready(policies, made.kinds, settings)
    here = engine.evaluate(made, graph(made), policies, settings, TODAY, ready=ready)
    there = engine.evaluate(made, graph(made), policies, settings, TODAY)

    assert [(each.rule, each.entity, each.outcome, each.message) for each in here] == [
        (each.rule, each.entity, each.outcome, each.message) for each in there
    ]
    assert {each.outcome for each in here} == {"fail", "error"}


@pytest.mark.parametrize("wanted", [[], ["a/says"]])
def test_only_what_will_be_asked_is_asked_ahead(tmp_path: Path, wanted: list[str]) -> None:
    rego_rule(tmp_path, "a/says", SAYS)
    rego_rule(tmp_path, "b/divides", DIVIDES)
    settings = Settings(policies=PolicySettings((str(tmp_path),), bundled=False))
    policies = load(settings)
    made = catalog(entity("one", by=0))
    over = Ready(policies, made.kinds).over(data.whole(made, graph(made), policies, TODAY))
    (asked,) = (data.document(each) for each in made.entities.values())
    packages = {rule.id: str(rule.package) for rule in policies.rules}

    over.ahead(Asked(0, asked, packages[each]) for each in wanted)
    over.set_input(asked)

    assert over.findings(packages["a/says"]) == [{"pointer": "", "message": "one"}]
    with pytest.raises(RegoError, match="divide"):
        over.findings(packages["b/divides"])
