"""Test policies: every ``_test.rego`` and every fixture folder, the lines they reach, and the mutants they miss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Outcome
from bylaw.policy_tests import coverage, fixtures, layout, mutation, rego_tests
from bylaw.policy_tests.results import Mutation, Results, Subject, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bylaw.config import Settings
    from bylaw.policy_tests.fixtures import Judged
    from bylaw.policy_tests.layout import Layout

Trials = dict[str, list[Trial]]
Cases = dict[str, "list[Judged]"]


def run(
    settings: Settings,
    paths: Sequence[Path] = (),
    *,
    fixture_folders: Sequence[Path] = (),
    threshold: float | None = None,
    mutate: bool = False,
    progress: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> Results:
    """Run the tests of the policies in ``paths``; see ``layout`` for where they and their fixtures are.

    ``threshold`` is the percentage of the lines of Rego that must be reached. With ``mutate``, mutants of the
    Rego rules whose fixtures all pass are run on them. ``progress(step, done, total)`` is told of fixtures and mutants.

    Raises:
        UsageError: a path that does not exist, or nothing to test.
        ConfigError: a policy, a test file or a fixture that cannot be used as it stands.
        UndecidedError: mutants cannot be run here.
    """
    found = layout.find(settings, paths, fixture_folders)
    lines = coverage.Lines()
    tests = _tests(found, lines)
    cases: Cases = {}
    for number, fixture in enumerate(found.fixtures, 1):
        judged = fixtures.judge(fixture, found.settings)
        cases.setdefault(fixture.rule.id, []).append(judged)
        if judged.trial.outcome is not Outcome.ERROR:
            lines.add(coverage.of_fixture(fixture.rule, judged))
        progress("testing", number, len(found.fixtures))
    mutations = _mutations(found, cases, progress) if mutate else {}
    return Results(tuple(_subjects(found, tests, cases, lines, mutations)), threshold, mutate)


def _tests(found: Layout, lines: coverage.Lines) -> Trials:
    """The trials of the ``_test.rego`` files, by the package they test."""
    modules = (*found.policies.modules, *found.policies.tests)
    tests = rego_tests.find(found.tests, modules)
    trials = rego_tests.run(tests, modules, found.settings.policies, lines)
    by_package: Trials = {}
    for test, trial in zip(tests, trials, strict=True):
        by_package.setdefault(test.subject, []).append(trial)
    return by_package


def _mutations(found: Layout, cases: Cases, progress: Callable[[str, int, int], None]) -> dict[str, Mutation]:
    rego = {each.id for each in found.rules if each.package}
    good = {
        rule_id: judged
        for rule_id, judged in cases.items()
        if rule_id in rego and all(each.trial.outcome is Outcome.PASS for each in judged)
    }
    return mutation.run(
        good, found.policies, found.settings.policies, lambda done, total: progress("running mutants", done, total)
    )


def _subjects(
    found: Layout, tests: Trials, cases: Cases, lines: coverage.Lines, mutations: dict[str, Mutation]
) -> list[Subject]:
    rules = [
        Subject(
            each.id,
            tuple(tests.get(each.package or "", ())),
            tuple(judged.trial for judged in cases.get(each.id, ())),
            lines.of(each.source) if each.package else None,
            any(judged.wanted for judged in cases.get(each.id, ())),
            mutations.get(each.id),
        )
        for each in found.rules
    ]
    known = {each.package for each in found.rules}
    libraries = {each.package: lines.of(each.path) for each in found.libraries}
    others = sorted({*libraries, *tests} - known)
    return rules + [Subject(each, tuple(tests.get(each, ())), (), libraries.get(each), None) for each in others]
