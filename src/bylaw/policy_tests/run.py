"""Test policies: every ``_test.rego`` and every fixture folder, and the lines they reach together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Outcome
from bylaw.policy_tests import coverage, fixtures, layout, rego_tests
from bylaw.policy_tests.results import Results, Subject, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bylaw.config import Settings
    from bylaw.policy_tests.layout import Layout

Trials = dict[str, list[Trial]]


def run(
    settings: Settings,
    paths: Sequence[Path] = (),
    *,
    fixture_folders: Sequence[Path] = (),
    threshold: float | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Results:
    """Run the tests of the policies in ``paths``; see ``layout`` for where they and their fixtures are.

    ``threshold`` is the percentage of the lines of Rego that must be reached. ``progress(done, total)`` is told
    of fixtures.

    Raises:
        UsageError: a path that does not exist, or nothing to test.
        ConfigError: a policy, a test file or a fixture that cannot be used as it stands.
    """
    found = layout.find(settings, paths, fixture_folders)
    lines = coverage.Lines()
    tests = _tests(found, lines)
    cases: Trials = {}
    may_fail: set[str] = set()
    for number, fixture in enumerate(found.fixtures, 1):
        judged = fixtures.judge(fixture, found.settings)
        cases.setdefault(fixture.rule.id, []).append(judged.trial)
        if judged.may_fail:
            may_fail.add(fixture.rule.id)
        if judged.trial.outcome is not Outcome.ERROR:
            lines.add(coverage.of_fixture(fixture.rule, judged))
        progress(number, len(found.fixtures))
    return Results(tuple(_subjects(found, tests, cases, may_fail, lines)), threshold)


def _tests(found: Layout, lines: coverage.Lines) -> Trials:
    """The trials of the ``_test.rego`` files, by the package they test."""
    modules = (*found.policies.modules, *found.policies.tests)
    tests = rego_tests.find(found.tests, modules)
    trials = rego_tests.run(tests, modules, found.settings.policies, lines)
    by_package: Trials = {}
    for test, trial in zip(tests, trials, strict=True):
        by_package.setdefault(test.subject, []).append(trial)
    return by_package


def _subjects(found: Layout, tests: Trials, cases: Trials, may_fail: set[str], lines: coverage.Lines) -> list[Subject]:
    rules = [
        Subject(
            each.id,
            tuple(tests.get(each.package or "", ())),
            tuple(cases.get(each.id, ())),
            lines.of(each.source) if each.package else None,
            each.id in may_fail,
        )
        for each in found.rules
    ]
    known = {each.package for each in found.rules}
    libraries = {each.package: lines.of(each.path) for each in found.libraries}
    others = sorted({*libraries, *tests} - known)
    return rules + [Subject(each, tuple(tests.get(each, ())), (), libraries.get(each), None) for each in others]
