"""Where policies, their tests and their fixtures stand.

::

    policies/<category>/<rule_name>/<rule_name>.rego, <rule_name>_test.rego    or <rule_name>.py
    fixtures/rules/<category>/<rule-name>/catalog.yaml, expected.yaml          one folder of cases
    fixtures/rules/<category>/<rule-name>/<case>/catalog.yaml, expected.yaml   or several
    …/<case>/before/catalog.yaml, after/catalog.yaml, expected.yaml            for a rule about changes

Fixtures are looked for in ``fixtures/rules`` of the current folder and beside each policy folder
(``../fixtures/rules``), unless folders are named. Of the policies only the package counts, not the folder.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bylaw import engine, rules
from bylaw.errors import ConfigError, UsageError
from bylaw.model import did_you_mean
from bylaw.rules import bundled_policies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bylaw.config import Settings
    from bylaw.rules import Module, Policies, Rule

POLICIES = Path("policies")
FIXTURES = Path("fixtures", "rules")
CATALOG = "catalog.yaml"
EXPECTED = "expected.yaml"
BEFORE, AFTER = "before", "after"


@dataclass(frozen=True, slots=True)
class Fixture:
    """A folder with a small catalog, or two states of one, and the findings that one rule is expected to have in it."""

    rule: Rule
    folder: Path

    @property
    def states(self) -> tuple[Path, ...]:
        """The folders of the catalog as it is, and for a rule about changes before that as it was."""
        return (self.folder / BEFORE, self.folder / AFTER) if self.rule.subject == "change" else (self.folder,)


@dataclass(frozen=True, slots=True)
class Layout:
    """What is to be tested: ``rules``, ``libraries`` and ``tests`` among all the ``policies`` that are loaded."""

    settings: Settings
    policies: Policies
    rules: tuple[Rule, ...]
    libraries: tuple[Module, ...]
    tests: tuple[Module, ...]
    fixtures: tuple[Fixture, ...]


def find(settings: Settings, paths: Sequence[Path] = (), fixtures: Sequence[Path] = ()) -> Layout:
    """What there is to test in some policy folders or files.

    Without ``paths``: everything in ``policies.paths`` of the settings and in ``policies/`` of the current
    folder, and the fixtures of any other rule. Without ``fixtures``: see above.

    Raises:
        UsageError: a folder that does not exist, or nothing to test.
        ConfigError: a policy that does not compile or must not run, or a fixture of no rule.
    """
    for path in (*paths, *fixtures):
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder")
    wanted = list(paths) or [
        *map(Path, settings.policies.paths),
        *([POLICIES] if POLICIES.is_dir() else []),
    ]
    settings = loading(settings, wanted)
    policies = rules.load(settings)
    engine.check((*policies.modules, *policies.tests))
    roots = [each.resolve() for each in wanted]

    def is_wanted(source: Path) -> bool:
        return any(source.resolve().is_relative_to(root) for root in roots)

    chosen = {each.package for each in policies.modules if is_wanted(_file(each))}
    found = [
        each for each in policies.rules if (each.package in chosen if each.package else is_wanted(Path(each.source)))
    ]
    cases = [
        case
        for folder in list(fixtures) or _beside([*wanted, *map(Path, settings.policies.paths)])
        for case in _fixtures(folder, found if paths else policies.rules, others_too=bool(paths))
    ]
    found.extend(case.rule for case in cases if case.rule not in found)
    layout = Layout(
        settings,
        policies,
        tuple(sorted(found, key=lambda each: each.id)),
        tuple(each for each in policies.modules if each.is_library and each.package in chosen),
        tuple(each for each in policies.tests if is_wanted(_file(each))),
        tuple(sorted(cases, key=lambda each: (each.rule.id, each.folder))),
    )
    if not (layout.rules or layout.tests):
        where = ", ".join(map(str, wanted)) or "policies.paths of bylaw.yaml and policies/"
        raise UsageError(f"nothing to test: no rules in {where}; `bylaw new rule` writes one with its tests")
    return layout


def loading(settings: Settings, paths: Iterable[Path]) -> Settings:
    """Settings that load these policies as well; none twice, and none that comes with bylaw anyway."""
    bundled = bundled_policies().resolve()
    whole: dict[Path, Path] = {}
    for path in (*map(Path, settings.policies.paths), *paths):
        whole.setdefault(path.resolve(), path)
    outermost = tuple(
        str(path)
        for real, path in whole.items()
        if not real.is_relative_to(bundled) and whole.keys().isdisjoint(real.parents)
    )
    return replace(settings, policies=replace(settings.policies, paths=outermost))


def _file(module: Module) -> Path:
    """The file of a module; one that comes with bylaw is shown under ``policies/`` wherever it is installed."""
    return bundled_policies().joinpath(*Path(module.path).parts[1:]) if module.bundled else Path(module.path)


def _beside(policies: Iterable[Path]) -> list[Path]:
    """The folders of fixtures there are."""
    folders = {each.resolve(): each for each in (FIXTURES, *(path.parent / FIXTURES for path in policies))}
    return [each for each in folders.values() if each.is_dir()]


def _fixtures(root: Path, wanted: Iterable[Rule], *, others_too: bool) -> Iterator[Fixture]:
    """The fixture folders of some rules below ``root``; ``others_too``: it may hold those of other rules as well.

    Raises:
        ConfigError: a folder of no rule, or a file missing in one.
    """
    known = {each.id: each for each in wanted}
    for folder in sorted(each for each in root.glob("*/*") if each.is_dir()):
        rule_id = f"{folder.parent.name}/{folder.name}"
        if rule_id not in known:
            if others_too:
                continue
            hint = did_you_mean(rule_id, known) or "; is its policy folder among policies.paths of bylaw.yaml?"
            raise ConfigError(f"{folder}: fixtures of no rule{hint}")
        cases = [each.parent for each in (*folder.glob(EXPECTED), *sorted(folder.glob(f"*/{EXPECTED}")))]
        if not cases:
            raise ConfigError(f"{folder}: no {EXPECTED} here or one folder below: it says what the rule should find")
        for case in cases:
            fixture = Fixture(known[rule_id], case)
            for state in fixture.states:
                if not (state / CATALOG).is_file():
                    name = (state / CATALOG).relative_to(case)
                    raise ConfigError(f"{case}: {EXPECTED} has no {name} beside it: the entities that are judged")
            yield fixture
