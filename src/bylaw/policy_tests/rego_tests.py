"""The tests in ``_test.rego`` files: rules named ``test_…`` that should be true.

They run as under ``opa test``: with no data but what each sets by ``with``. A worker runs them, so that one that
loops ends at the deadline and the others go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bylaw import workers
from bylaw.engine.rego import Rego, RegoError
from bylaw.errors import ConfigError
from bylaw.model import Outcome
from bylaw.policy_tests.results import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bylaw.config import PolicySettings
    from bylaw.policy_tests.coverage import Lines
    from bylaw.rules import Module

_PREFIX = "test_"


@dataclass(frozen=True, slots=True)
class Test:
    """One test: where it is written and what it is called."""

    package: str
    name: str
    place: str

    @property
    def subject(self) -> str:
        """The package that it tests: its own, without ``_test``."""
        return self.package.removesuffix("_test")


def find(modules: Sequence[Module], all_modules: Sequence[Module]) -> list[Test]:
    """The tests of some modules in the order of their files; ``all_modules`` are those they need, too.

    Raises:
        ConfigError: a module without any, or a test of another form than ``test_name if {...}``.
    """
    trees = {tree["source"]["file"]: tree["ast"] for tree in Rego(all_modules).syntax()}
    found: dict[tuple[str, str], Test] = {}
    for module in modules:
        names = list(_names(module.path, trees[module.path]["rules"]))
        if not names:
            raise ConfigError(f"{module.path}: no rule in it is named {_PREFIX}…, though its name ends in _test.rego")
        for name, line in names:
            found.setdefault((module.package, name), Test(module.package, name, f"{module.path}:{line}"))
    return list(found.values())


def run(tests: Sequence[Test], modules: Sequence[Module], settings: PolicySettings, lines: Lines) -> list[Trial]:
    """Run the tests and add to ``lines`` what they reached; one trial each, in their order."""
    trials: dict[int, Trial] = {}

    def without_lost(task: list[int], failure: workers.Failure) -> Iterable[list[int]]:
        lost = failure.part
        test = tests[task[lost]]
        trials[task[lost]] = Trial(test.name, test.place, Outcome.ERROR, (failure.reason,))
        return [part for part in (task[:lost], task[lost + 1 :]) if part]

    answers = workers.run(
        _Opener(tuple(modules), tuple(tests)),
        [list(range(len(tests)))] if tests else [],
        jobs=1,
        bounds=workers.Bounds(settings.deadline, settings.memory),
        on_failure=without_lost,
    )
    for answer in answers:
        lines.add(answer["lines"])
        for number, outcome, details in answer["trials"]:
            test = tests[number]
            trials[number] = Trial(test.name, test.place, Outcome(outcome), tuple(details))
    return [trials[number] for number in range(len(tests))]


@dataclass(frozen=True, slots=True)
class _Opener:
    """Opens the handler: numbers of tests -> how they went, and the lines that were evaluated."""

    modules: tuple[Module, ...]
    tests: tuple[Test, ...]

    def __call__(self) -> workers.Handler:
        rego = Rego(self.modules, coverage=True)

        def handle(numbers: list[int], mark: Callable[[int], None]) -> dict[str, Any]:
            trials = []
            for position, number in enumerate(numbers):
                mark(position)
                trials.append([number, *_tried(rego, self.tests[number])])
            return {"trials": trials, "lines": rego.coverage()}

        return handle


def _tried(rego: Rego, test: Test) -> tuple[Outcome, list[str]]:
    try:
        holds = rego.holds(test.package, test.name)
    except RegoError as error:
        return Outcome.ERROR, [str(error)]
    return (Outcome.PASS, []) if holds else (Outcome.FAIL, ["it is not true"])


def _names(path: str, rules: list[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    """The name and line of each test rule of a syntax tree, as regorus writes them."""
    for rule in rules:
        body = next(iter(rule.values()))
        head = next(iter(body["head"].values())) if "head" in body else body
        named, line = head["refr"], body["span"]["line"]
        is_plain = "Var" in named and "Set" not in body.get("head", ()) and "Func" not in body.get("head", ())
        name = str(named["Var"]["value"]) if "Var" in named else _first(named)
        if name.startswith(_PREFIX):
            if not is_plain:
                raise ConfigError(f"{path}:{line}: {name} has a key or arguments; a test is `{name} if {{ ... }}`")
            yield name, line


def _first(reference: dict[str, Any]) -> str:
    """The first name of ``test_x[key]`` or ``test_x.key``."""
    while "Var" not in reference:
        reference = next(iter(reference.values()))["refr"]
    return str(reference["Var"]["value"])
