"""Every rule over every entity, in workers that can be killed: one signature for both languages.

The catalog is cut into stretches and each worker judges a stretch by all rules. A rule that loops or
crashes takes its worker with it; it is then taken out of the common run and judged alone, entity by entity
in the catalog's order, until it has failed three times. So the findings are the same for any number of
workers.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import orjson

from bylaw import workers
from bylaw.catalog import Catalog, Change, address, faults, is_skeleton
from bylaw.documents import secrets
from bylaw.engine import python, telling
from bylaw.engine.cases import Case, Judged, Part, Subject
from bylaw.engine.parts import Asked, Parts
from bylaw.engine.rego import RegoError
from bylaw.engine.suggest import Suggestions
from bylaw.errors import UndecidedError
from bylaw.model import Document, Entity, Finding, Outcome
from bylaw.rules import Policies, Rule, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from bylaw.catalog import ChangeSet
    from bylaw.config import Settings
    from bylaw.engine import opa_rules
    from bylaw.engine.parts import Over, Ready
    from bylaw.graphs import Graph

_STRETCH = 64  # subjects a worker gets at once
_LARGE = 2_000  # entities from which on reading them into Rego is worth being shared
_PATIENCE = 3  # times that a rule may lose its worker before it is given up

_CHANGE, _CATALOG = frozenset({"change"}), frozenset({"catalog"})
_DOCUMENT = {
    (is_entity, has_problems): frozenset({"document", *["entity"] * is_entity, *["problem"] * has_problems})
    for is_entity in (False, True)
    for has_problems in (False, True)
}
"""What a document is to rules: by whether it is an entity, and whether the reader found problems in it."""

_Turn: TypeAlias = "tuple[int, int, int, Judged, Any]"
"""A rule's turn: the part of the task, the numbers of the subject and of the rule, the case, and what is judged."""


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """What a spawned worker makes its judge from: plain values, which pickle.

    ``rules`` are the ids of those that judge: of all that the settings ask for, the caller may want a few.
    """

    cases: tuple[Case, ...]
    settings: Settings
    today: date
    rules: tuple[str, ...]
    rego: tuple[opa_rules.Over | None, ...]
    """What answers for Rego in each case, where it is not evaluated here."""


def evaluate(
    catalog: Catalog,
    graph: Graph,
    policies: Policies,
    settings: Settings,
    today: date,
    *,
    change_set: ChangeSet | None = None,
    part: Part | None = None,
    jobs: int | None = None,
    ready: Ready | opa_rules.Served | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Finding]:
    """The findings of all rules over one case: see ``Case`` and ``evaluate_each``."""
    case = Case(catalog, graph, change_set, part)
    return evaluate_each([case], policies, settings, today, jobs=jobs, ready=ready, progress=progress)[0]


def evaluate_each(
    cases: Sequence[Case],
    policies: Policies,
    settings: Settings,
    today: date,
    *,
    jobs: int | None = None,
    ready: Ready | opa_rules.Served | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[list[Finding]]:
    """For each case the findings of all rules, none twice, in the order of ``Finding.order``, not yet placed.

    ``progress(done, total)`` is told of documents, changes and the catalogs themselves. Where rules are ``ready`` they
    judge in this process, which somebody else has to bound.
    """
    if ready:
        return _here(_Judge([Judged(case, policies, today, ready) for case in cases], policies, settings, today))
    served = serve(policies, settings)
    try:
        judge = _Judge([Judged(case, policies, today, served) for case in cases], policies, settings, today)
        return _in_workers(judge, jobs, progress)
    finally:
        if served:
            served.close()


def serve(policies: Policies, settings: Settings, *, lasting: bool = False) -> opa_rules.Served | None:
    """The rules on the OPA server that the settings name; None where they name none.

    Raises:
        ConfigError, UndecidedError: as ``Served`` does.
    """
    engine = settings.policies.engine
    if engine == "embedded" or not any(rule.package for rule in policies.rules):
        return None
    from bylaw.engine import opa_rules

    return opa_rules.Served(policies, settings.policies, engine, lasting=lasting)


def _in_workers(judge: _Judge, jobs: int | None, progress: Callable[[int, int], None]) -> list[list[Finding]]:
    """The findings of each case, judged in workers."""
    policies = judge.policies
    bounds = workers.Bounds(deadline=judge.settings.policies.deadline, memory=judge.settings.policies.memory)
    total = len(judge.subjects)
    jobs = jobs or workers.available()
    size = max(1, min(_STRETCH, total // (4 * jobs))) if judge.is_large else _STRETCH
    suspects: set[int] = set()
    told: list[tuple[int, Finding]] = []
    done = 0

    def stretches() -> Iterator[list[Any]]:
        for first, last in judge.bounds:
            for start in range(first, last, size):
                yield [start, min(start + size, last), without_suspects(range(len(policies.rules)))]

    def without_suspects(rules: Iterable[int]) -> list[int]:
        return [number for number in rules if number not in suspects]

    def after_failure(task: list[Any], failure: workers.Failure) -> Iterable[list[Any]]:
        start, stop, rules = task
        suspects.add(rules[failure.part % len(rules)])
        yield [start, stop, without_suspects(rules)]

    gc.freeze()  # the workers share what is loaded as long as nobody touches its counters
    try:
        for start, stop, found in workers.run(
            _Opener(judge), stretches(), jobs=jobs, bounds=bounds, on_failure=after_failure
        ):
            told.extend((each[0], judge.finding(*each)) for each in _answered(found))
            done += stop - start
            progress(done, total)
        names = {policies.rules[number].id for number in suspects}
        told = [(index, each) for index, each in told if each.rule not in names]
        for number in sorted(suspects):
            for first, last in judge.bounds:
                told.extend(_alone(judge, number, first, last, bounds))
    finally:
        gc.unfreeze()
    return [
        _settled(each.case, (finding for index, finding in told if first <= index < last))
        for each, (first, last) in zip(judge.cases, judge.bounds, strict=True)
    ]


def _answered(found: Any) -> Any:
    """What a worker found, if it could judge at all."""
    if isinstance(found, str):
        raise UndecidedError(found)
    return found


def _here(judge: _Judge) -> list[list[Finding]]:
    """The findings of each case, judged in this process."""
    rules = list(range(len(judge.policies.rules)))
    settled = []
    for case, (first, last) in zip(judge.cases, judge.bounds, strict=True):
        told = orjson.loads(orjson.dumps(_answered(judge([first, last, rules], _unmarked)[2])))
        settled.append(_settled(case.case, (judge.finding(*each) for each in told)))
    return settled


def _unmarked(part: int) -> None:
    """Nobody waits for a part alone."""


def _settled(case: Case, findings: Iterable[Finding]) -> list[Finding]:
    """The findings of a case in their order, each once, with suggestions."""
    suggestions = Suggestions(case.catalog, case.part.bearers if case.part else None)
    once = {each.order: each for each in findings}
    return [suggestions.add(each) for _, each in sorted(once.items())]


def _alone(judge: _Judge, number: int, first: int, last: int, bounds: workers.Bounds) -> Iterator[tuple[int, Finding]]:
    """One rule that has lost a worker, over the subjects of a case in order, until its third failure."""
    rule = judge.policies.rules[number]
    failed: list[tuple[int, str]] = []

    def after_failure(task: list[Any], failure: workers.Failure) -> Iterable[list[Any]]:
        start, stop, rules = task
        index = start + failure.part
        failed.append((index, failure.reason))
        yield [start, index, rules]
        if len(failed) < _PATIENCE:
            yield [index + 1, stop, rules]

    everything = [[first, last, [number]]]
    for answer in workers.run(_Opener(judge), everything, jobs=1, bounds=bounds, on_failure=after_failure):
        yield from ((each[0], judge.finding(*each)) for each in _answered(answer[2]))
    for index, reason in failed:
        yield index, judge.error(index, number, f"{judge.where(rule)}: {reason}")
    if len(failed) == _PATIENCE and failed[-1][0] + 1 < last:
        given_up = f"it was given up after {_PATIENCE} failures: what comes after this one was not judged"
        yield failed[-1][0], replace(judge.error(failed[-1][0], number, given_up), key="given-up")


class _Opener:
    """Opens the judge: the one that is there where workers are forked, a new one where they are spawned."""

    def __init__(self, judge: _Judge) -> None:
        self._judge = judge

    def __call__(self) -> workers.Handler:
        if self._judge.is_large or self._judge.is_served:
            for case in self._judge.cases:
                case.load()
        return self._judge


class _Judge:
    """The handler: judges stretches of subjects, ``[start, stop, numbers of rules]``, each of one case."""

    def __init__(self, cases: Sequence[Judged], policies: Policies, settings: Settings, today: date) -> None:
        self.cases, self.policies = cases, policies
        self.settings, self._today = settings, today
        self.subjects = [(case, subject) for case in cases for subject in case.subjects]
        ends = list(accumulate(len(case.subjects) for case in cases))
        self.bounds = list(zip([0, *ends], ends, strict=False))
        """From where to where among the subjects those of each case stand."""

    @property
    def is_large(self) -> bool:
        """Whether reading the catalogs into Rego costs so much that workers should share it."""
        return sum(len(case.catalog.entities) for case in self.cases) > _LARGE

    @property
    def is_served(self) -> bool:
        """Whether Rego is evaluated elsewhere: what is put there is put there once."""
        return any(case.is_served for case in self.cases)

    def __reduce__(self) -> tuple[Callable[[_Evaluation], _Judge], tuple[_Evaluation]]:
        cases = tuple(_portable(each.case) for each in self.cases)
        rules = tuple(rule.id for rule in self.policies.rules)
        rego = tuple(cast("opa_rules.Over", each.load()) if self.is_served else None for each in self.cases)
        return _judge, (_Evaluation(cases, self.settings, self._today, rules, rego),)

    def __call__(self, task: list[Any], mark: Callable[[int], None]) -> list[Any]:
        start, stop, numbers = task
        found: list[tuple[Any, ...]] = []
        given = -1
        try:
            for part, index, number, case, judged in self._turns(start, stop, numbers, mark):
                mark(part)
                rule = self.policies.rules[number]
                if rule.package and given != index and (rego := case.load()):
                    rego.set_input(case.input(judged))
                    given = index
                found.extend((index, number, each) for each in self._told(case, rule, number, judged))
        except UndecidedError as error:
            return [start, stop, str(error)]
        return [start, stop, found]

    def _turns(self, start: int, stop: int, numbers: list[int], mark: Callable[[int], None]) -> Iterator[_Turn]:
        """Who judges what, in order. What is better asked in one go has been asked by then."""
        plans: dict[tuple[frozenset[str], str | None], list[tuple[int, int, Rule]]] = {}
        if not any(case.asks_ahead for case in self.cases):
            yield from self._stretch(start, start, stop, numbers, plans)
            return
        for first in range(start, stop, _STRETCH):
            turns = list(self._stretch(start, first, min(first + _STRETCH, stop), numbers, plans))
            self._ask_ahead(turns, mark)
            yield from turns

    def _stretch(
        self, start: int, first: int, last: int, numbers: list[int], plans: dict[tuple[frozenset[str], str | None], Any]
    ) -> Iterator[_Turn]:
        """The turns of the subjects from ``first`` on; their parts count from ``start``."""
        for index in range(first, last):
            case, subject = self.subjects[index]
            if isinstance(subject, Document) and is_skeleton(subject.data):
                continue
            entity = case.entity(subject)
            like = _like(subject, entity)
            if like not in plans:
                plans[like] = self._plan(*like, numbers)
            for position, number, rule in plans[like]:
                judged: Any = entity if rule.subject == "entity" else subject
                if case.is_for(rule, subject) and _applies(rule, judged):
                    yield (index - start) * len(numbers) + position, index, number, case, judged

    def _ask_ahead(self, turns: Sequence[_Turn], mark: Callable[[int], None]) -> None:
        """Say what will be asked of each subject."""
        asked: dict[int, tuple[Over | opa_rules.Over, list[Asked]]] = {}
        inputs: dict[int, bytes] = {}
        for part, index, number, case, judged in turns:
            package, rego = self.policies.rules[number].package, case.load()
            if package and rego and not isinstance(rego, Parts):
                if index not in inputs:
                    inputs[index] = case.input(judged)
                asked.setdefault(id(case), (rego, []))[1].append(Asked(part, inputs[index], package))
        for rego, questions in asked.values():
            rego.ahead(questions, mark)

    def _plan(self, subjects: frozenset[str], kind: str | None, numbers: list[int]) -> list[tuple[int, int, Rule]]:
        """The rules for whatever is alike, with their place among ``numbers``."""
        rules = [(position, number, self.policies.rules[number]) for position, number in enumerate(numbers)]
        return [
            (position, number, rule)
            for position, number, rule in rules
            if rule.subject in subjects and (rule.subject != "entity" or rule.is_for(kind or ""))
        ]

    def _told(self, case: Judged, rule: Rule, number: int, subject: Any) -> list[Any]:
        """What one rule says about one entity or document, or that it came to no answer."""
        try:
            if rule.package and (rego := case.load()):
                found = list(map(telling.from_rego, rego.findings(rule.package)))
            else:
                found = python.findings(rule, subject, case.contexts[number])
            return telling.told([_pointed(each, subject, case.catalog) for each in found])
        except telling.ShapeError as error:
            fault = f"{self.where(rule)}: {error}"
        except (RegoError, python.RuleError) as error:
            fault = str(error)
        return telling.told([_no_answer(rule, fault)])

    def finding(self, index: int, number: int, told: dict[str, Any]) -> Finding:
        """A finding as a worker told it, stamped with what the rule did not have to say."""
        return self._stamped(index, number, telling.heard(told))

    def error(self, index: int, number: int, fault: str) -> Finding:
        """That a rule came to no answer."""
        return self._stamped(index, number, _no_answer(self.policies.rules[number], fault))

    def where(self, rule: Rule) -> str:
        """``file:line`` of a rule, for messages about the rule itself."""
        if rule.package is None:
            return python.where(rule)
        texts = (each.text for each in self.policies.modules if each.package == rule.package)
        lines = enumerate(next(texts, "").split("\n"), 1)
        return f"{rule.shown_source}:{next((number for number, line in lines if line.startswith('findings')), 1)}"

    def _stamped(self, index: int, number: int, finding: Finding) -> Finding:
        rule, (case, subject) = self.policies.rules[number], self.subjects[index]
        stamp: dict[str, Any] = {"rule": rule.id, "severity": rule.severity}
        if isinstance(subject, Change):
            entity, document = subject.entity, subject.entity.document
            stamp |= {"entity": entity.key, "entity_url": document.url, "document": document}
        elif isinstance(subject, Document):
            ref = address(subject.data)
            stamp |= {"entity": str(ref) if ref else None, "entity_url": subject.url, "document": subject}
            if not case.entity(subject) and (place := case.place(subject, ref)):
                stamp["key"] = f"{place}\x1f{finding.key}"
        return replace(finding, **stamp)


def _pointed(finding: Finding, subject: Any, catalog: Catalog) -> Finding:
    """The finding, if its pointer leads somewhere.

    In an entity that Backstage refuses anyway (``metadata: []``) it points to what is nearest above.

    Raises:
        ShapeError: it does not, and that is the rule's own fault.
    """
    judged = subject.entity if isinstance(subject, Change) else subject
    data = None if isinstance(judged, Catalog) else judged.data
    near = telling.nearest_above(finding.pointer, data)
    if near == finding.pointer:
        return finding
    if isinstance(data, dict) and any(faults(data, catalog.kinds)):
        return replace(finding, pointer=near)
    raise telling.ShapeError(f"pointer {finding.pointer:.{telling.SHOWN}} of a finding leads nowhere in the entity")


def _like(subject: Subject, entity: Entity | None) -> tuple[frozenset[str], str | None]:
    """Which rules may judge it: by what they judge, and for entities by kind."""
    if isinstance(subject, Change):
        return _CHANGE, None
    if isinstance(subject, Catalog):
        return _CATALOG, None
    return _DOCUMENT[entity is not None, bool(subject.problems)], entity.kind if entity else None


def _applies(rule: Rule, judged: Any) -> bool:
    """Whether the filter of a rule lets it pass."""
    if isinstance(judged, Change):
        return rule.applies_to_change(judged)
    return rule.subject != "entity" or rule.applies(judged)


def _no_answer(rule: Rule, fault: str) -> Finding:
    return Finding("", f"rule {rule.id} came to no answer: {secrets.redact(fault)}", outcome=Outcome.ERROR)


def _judge(evaluation: _Evaluation) -> _Judge:
    policies = load(evaluation.settings)
    policies = replace(policies, rules=tuple(policies.find(each) for each in evaluation.rules))
    cases = [Judged(case, policies, evaluation.today) for case in evaluation.cases]
    for case, rego in zip(cases, evaluation.rego, strict=True):
        case.take(rego)
    return _Judge(cases, policies, evaluation.settings, evaluation.today)


def _portable(case: Case) -> Case:
    """The case without what only the parent asks, which may hold an open file."""
    return replace(case, part=replace(case.part, bearers=None)) if case.part else case
