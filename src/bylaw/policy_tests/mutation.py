"""Run the mutants of rules on their fixtures: a mutant on which every fixture passes as before survives.

A fixture passes if the findings are those of ``expected.yaml``, so two answers are the same if they agree in what
that file says of the findings of an entity: always in where they are and what they say, and in a fix, say, only
where one is written down. A mutant that fails, loops or eats its memory where the rule answers is told apart, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from bylaw import workers
from bylaw.engine import syntax, telling
from bylaw.engine.rego import Parsed, Rego, RegoError
from bylaw.engine.suggest import Suggestions
from bylaw.errors import ConfigError
from bylaw.policy_tests import expected, mutants
from bylaw.policy_tests.results import Mutation, Survivor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bylaw.catalog import Catalog
    from bylaw.config import PolicySettings
    from bylaw.policy_tests.fixtures import Judged
    from bylaw.policy_tests.mutants import Mutant
    from bylaw.rules import Module, Policies, Rule

_KILLED, _SURVIVED, _STILLBORN = "killed", "survived", "stillborn"
_AT_ONCE = 16  # mutants that a worker gets at once
_NO_MUTANT = -1  # a worker lost there is lost by the rule itself: a part of no task, as workers have it
_ALWAYS = frozenset({"pointer", "message", "outcome"})

Answer = frozenset[bytes] | None
"""What fixtures compare of a rule's findings; None: it came to no answer."""


def run(
    fixtures: Mapping[str, Sequence[Judged]],
    policies: Policies,
    settings: PolicySettings,
    progress: Callable[[int, int], None],
) -> dict[str, Mutation]:
    """What became of the mutants of some rules, by id. ``fixtures``, by id as well, have all passed.

    Raises:
        UndecidedError: no worker stays alive.
    """
    trees = {tree["source"]["file"]: tree for tree in Rego(policies.modules).syntax()}
    rules = [policies.find(each) for each in fixtures]
    subjects = [_subject(rule, fixtures[rule.id], policies, trees) for rule in rules]
    fates = [[_KILLED] * len(each.mutants) for each in subjects]  # of those on which a worker is lost, too

    def tasks() -> Iterator[list[Any]]:
        for number, subject in enumerate(subjects):
            every = range(len(subject.mutants))
            yield from ([number, list(every[start : start + _AT_ONCE])] for start in every[::_AT_ONCE])

    def without_lost(task: list[Any], failure: workers.Failure) -> Iterable[list[Any]]:
        number, chosen = task
        rest = (chosen[: failure.part], chosen[failure.part + 1 :])
        return [[number, part] for part in rest if part]

    done, total = 0, sum(map(len, fates))
    answers = workers.run(
        _Opener(tuple(subjects)),
        tasks(),
        jobs=workers.available(),
        bounds=workers.Bounds(settings.deadline, settings.memory),
        on_failure=without_lost,
    )
    for number, found in answers:
        for index, fate in found:
            fates[number][index] = fate
        done += len(found)
        progress(done, total)
    return {
        rule.id: _mutation(rule, subject.mutants, fate)
        for rule, subject, fate in zip(rules, subjects, fates, strict=True)
    }


def _mutation(rule: Rule, tried: Sequence[Mutant], fates: Sequence[str]) -> Mutation:
    survivors = tuple(
        Survivor(mutant, rule.survivors.get(str(mutant)))
        for mutant, fate in zip(tried, fates, strict=True)
        if fate == _SURVIVED
    )
    needed = {str(each.mutant) for each in survivors}
    stale = tuple(each for each in rule.survivors if each not in needed)
    return Mutation(fates.count(_KILLED), survivors, stale)


@dataclass(frozen=True, slots=True)
class _Case:
    """A fixture, as mutants are tried on it. ``compared`` are the fields of findings, by entity."""

    catalog: Catalog
    data: bytes
    inputs: tuple[tuple[str, bytes], ...]
    compared: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Subject:
    """A rule with its mutants: what a worker tries them with, in plain values, which pickle."""

    module: Module
    others: tuple[Module, ...]
    cases: tuple[_Case, ...]
    mutants: tuple[Mutant, ...]


def _subject(rule: Rule, judged: Sequence[Judged], policies: Policies, trees: Mapping[str, Any]) -> _Subject:
    own, *others = _needed(rule, policies, trees)
    cases = tuple(_case(rule, each) for each in judged)
    return _Subject(own, tuple(others), cases, tuple(mutants.of(own, trees[own.path])))


def _needed(rule: Rule, policies: Policies, trees: Mapping[str, Any]) -> list[Module]:
    """The module of a rule, and those that it names, directly or through others: all are compiled for each mutant."""
    needed = [next(each for each in policies.modules if each.package == rule.package)]
    for module in needed:
        names = syntax.data_paths(trees[module.path]["ast"])
        needed.extend(each for each in policies.modules if each not in needed and _is_named(each.package, names))
    return needed


def _is_named(package: str, names: Iterable[str]) -> bool:
    return any(
        not each or f"{package}.".startswith(f"{each}.") or f"{each}.".startswith(f"{package}.") for each in names
    )


def _case(rule: Rule, judged: Judged) -> _Case:
    compared: dict[str, frozenset[str]] = {}
    for each in judged.wanted:
        fields = _ALWAYS.union(each, ["line"] if "column" in each else [])
        compared[each["entity"]] = compared.get(each["entity"], _ALWAYS) | fields
    return _Case(judged.catalog, judged.data(), tuple(judged.inputs(rule)), compared)


@dataclass(frozen=True, slots=True)
class _Opener:
    """Opens the handler: ``[number of the subject, numbers of mutants]`` -> the fate of each."""

    subjects: tuple[_Subject, ...]

    def __call__(self) -> workers.Handler:
        ready: dict[int, list[_Trial]] = {}

        def handle(task: list[Any], mark: Callable[[int], None]) -> list[Any]:
            number, chosen = task
            subject = self.subjects[number]
            if number not in ready:
                ready.clear()  # a worker is done with a rule before it begins with the next
                ready[number] = [_Trial(subject, each, partial(mark, _NO_MUTANT)) for each in subject.cases]
            return [
                number,
                [
                    [index, _fate(subject.mutants[index], ready[number], partial(mark, position))]
                    for position, index in enumerate(chosen)
                ],
            ]

        return handle


def _fate(mutant: Mutant, trials: Sequence[_Trial], mark: Callable[[], None]) -> str:
    try:
        return _KILLED if any(each.tells(mutant.module, mark) for each in trials) else _SURVIVED
    except ConfigError:  # it does not compile
        return _STILLBORN


class _Trial:
    """One fixture and the rule's own answers, to which those of mutants are compared.

    ``mark`` is called before each answer: as in a run of the rule, that is what has a deadline.
    """

    def __init__(self, subject: _Subject, case: _Case, mark: Callable[[], None]) -> None:
        self._case = case
        self._suggestions = Suggestions(case.catalog)
        self._parsed = Parsed(subject.others, case.data)
        self._answers = list(self._judged(subject.module, mark))

    def tells(self, mutant: Module, mark: Callable[[], None]) -> bool:
        """Whether it has another answer somewhere.

        Raises:
            ConfigError: it does not compile.
        """
        pairs = zip(self._judged(mutant, mark), self._answers, strict=True)
        return any(one != other for one, other in pairs)  # no further than to the first that differs

    def _judged(self, module: Module, mark: Callable[[], None]) -> Iterator[Answer]:
        mark()
        rego = Rego([module], beside=self._parsed)
        for ref, given in self._case.inputs:
            mark()
            rego.set_input(given)
            yield self._answer(rego, module.package, ref)

    def _answer(self, rego: Rego, package: str, ref: str) -> Answer:
        compared = self._case.compared.get(ref, _ALWAYS)
        try:
            findings = [replace(telling.from_rego(each), entity=ref) for each in rego.findings(package)]
        except (RegoError, telling.ShapeError):
            return None
        told = ({**expected.said(self._suggestions.add(each)), "line": each.line} for each in findings)
        return frozenset(
            orjson.dumps({name: value for name, value in each.items() if name in compared}, option=orjson.OPT_SORT_KEYS)
            for each in told
        )
