"""How the tests of some policies went."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bylaw.model import Outcome

if TYPE_CHECKING:
    from bylaw.policy_tests.mutants import Mutant


@dataclass(frozen=True, slots=True)
class Trial:
    """One test of a ``_test.rego`` file, or one fixture folder.

    ``place`` is ``file:line`` of a test, the folder of a fixture. ``outcome`` is ``pass``, ``fail``, or
    ``error`` where it could not be run to its end. ``details`` say what was not as expected, a line each.
    """

    name: str
    place: str
    outcome: Outcome
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """The lines of a Rego file that can be evaluated, and those of them that no test and no fixture reached."""

    path: str
    lines: int
    uncovered: tuple[int, ...]

    @property
    def covered(self) -> int:
        return self.lines - len(self.uncovered)


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no fixture tells from its rule, and the reason that the rule's metadata gives for it, if any."""

    mutant: Mutant
    reason: str | None = None

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.mutant.module.path}:{self.mutant.line}"


@dataclass(frozen=True, slots=True)
class Mutation:
    """What became of the mutants of one rule. ``stale`` are the mutants whose reason no survivor needs."""

    killed: int
    survivors: tuple[Survivor, ...] = ()
    stale: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return self.killed + len(self.survivors)

    @property
    def without_reason(self) -> tuple[Survivor, ...]:
        return tuple(each for each in self.survivors if each.reason is None)


@dataclass(frozen=True, slots=True)
class Subject:
    """What was tried of one rule; or of one library, which has tests alone.

    ``may_fail`` says whether some fixture expects the rule to find something; None of a library.
    ``coverage`` is None of a rule written in Python. ``mutation`` is None where no mutants were run: of a rule
    written in Python, and of one that has no fixtures or whose fixtures fail as it is.
    """

    id: str
    tests: tuple[Trial, ...]
    fixtures: tuple[Trial, ...]
    coverage: Coverage | None
    may_fail: bool | None
    mutation: Mutation | None = None

    @property
    def is_python(self) -> bool:
        """Whether it is a rule written in Python: its fixtures are all its tests."""
        return self.coverage is None and self.may_fail is not None

    @property
    def trials(self) -> tuple[Trial, ...]:
        return (*self.tests, *self.fixtures)

    @property
    def outcome(self) -> Outcome:
        """``not_applicable`` where nothing was tried. A mutant that survives without a reason is a failure."""
        found = {each.outcome for each in self.trials}
        if self.mutation and self.mutation.without_reason:
            found.add(Outcome.FAIL)
        worst = (Outcome.FAIL, Outcome.ERROR, Outcome.PASS)
        return next((each for each in worst if each in found), Outcome.NOT_APPLICABLE)


@dataclass(frozen=True)
class Results:
    """All that was tried, in the order of ids. ``threshold`` is the percentage of lines asked for, if any.

    ``mutated`` says whether mutants were asked for.
    """

    subjects: tuple[Subject, ...]
    threshold: float | None = None
    mutated: bool = False

    @cached_property
    def lines(self) -> int:
        """Lines of Rego that can be evaluated."""
        return sum(each.coverage.lines for each in self.subjects if each.coverage)

    @cached_property
    def covered(self) -> int:
        """Those of them that were."""
        return sum(each.coverage.covered for each in self.subjects if each.coverage)

    @property
    def below_threshold(self) -> bool:
        return self.threshold is not None and 100 * self.covered < self.threshold * self.lines

    @property
    def without_failing_case(self) -> tuple[str, ...]:
        """The rules of which no fixture shows that they can find anything."""
        return tuple(each.id for each in self.subjects if each.may_fail is False)

    @property
    def mutations(self) -> tuple[tuple[str, Mutation], ...]:
        """By rule id: what became of its mutants."""
        return tuple((each.id, each.mutation) for each in self.subjects if each.mutation)

    @property
    def mutants(self) -> int:
        """All that were run."""
        return sum(found.total for _, found in self.mutations)

    @property
    def killed(self) -> int:
        """Those of them on which a fixture fails."""
        return sum(found.killed for _, found in self.mutations)

    @property
    def without_fixture(self) -> tuple[str, ...]:
        """The Rego rules that have no fixture on which mutants could be run."""
        rego = [each for each in self.subjects if each.may_fail is not None and not each.is_python]
        return tuple(each.id for each in rego if self.mutated and not each.fixtures)

    @property
    def exit_code(self) -> int:
        """0 all passed; 1 a test failed, a mutant survived, or too few lines were reached; 3 one could not be run."""
        found = {each.outcome for each in self.subjects}
        if Outcome.FAIL in found:
            return 1
        if Outcome.ERROR in found:
            return 3
        return 1 if self.below_threshold else 0

    def count(self, outcome: Outcome) -> int:
        """How many tests and fixtures went so."""
        return sum(trial.outcome is outcome for each in self.subjects for trial in each.trials)
