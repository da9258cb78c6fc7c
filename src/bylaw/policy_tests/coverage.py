"""Which lines of Rego were evaluated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bylaw import workers
from bylaw.engine.rego import Rego
from bylaw.policy_tests.results import Coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bylaw.policy_tests.fixtures import Judged
    from bylaw.rules import Module, Rule


@dataclass(slots=True)
class Lines:
    """The lines of each file that can be evaluated, and those that were: a sum that grows."""

    all: dict[str, set[int]] = field(default_factory=dict)
    covered: dict[str, set[int]] = field(default_factory=dict)

    def add(self, files: Mapping[str, Iterable[Iterable[int]]]) -> None:
        """Take in what an engine tells: by file, the lines it evaluated and those it did not."""
        for path, (covered, uncovered) in files.items():
            self.covered.setdefault(path, set()).update(covered)
            self.all.setdefault(path, set()).update(covered, uncovered)

    def of(self, path: str) -> Coverage:
        """What became of one file."""
        lines = self.all.get(path, set())
        return Coverage(path, len(lines), tuple(sorted(lines - self.covered.get(path, set()))))


def of_fixture(rule: Rule, judged: Judged) -> Mapping[str, Any]:
    """The lines that judging a fixture evaluates, as an engine tells them. It is judged once more for that."""
    inputs = [each.decode() for _, each in judged.inputs(rule)]
    if rule.package is None or not inputs:
        return {}
    bounds = workers.Bounds(judged.settings.policies.deadline, judged.settings.policies.memory)
    replay = _Replay(judged.policies.modules, rule.package, judged.data())
    answers = workers.run(replay, [inputs], jobs=1, bounds=bounds, on_failure=lambda task, failure: ())
    return next(iter(answers), {})


@dataclass(frozen=True, slots=True)
class _Replay:
    """Opens the handler that evaluates one rule over some inputs and tells the lines."""

    modules: tuple[Module, ...]
    package: str
    data: bytes

    def __call__(self) -> workers.Handler:
        rego = Rego(self.modules, self.data, coverage=True)

        def handle(inputs: list[str], mark: Callable[[int], None]) -> Mapping[str, Any]:
            for number, each in enumerate(inputs):
                mark(number)
                rego.set_input(each.encode())
                rego.findings(self.package)
            return rego.coverage()

        return handle
