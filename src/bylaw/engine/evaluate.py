"""Every rule over every entity, in workers that can be killed: one signature for both languages.

The catalog is cut into stretches and each worker judges a stretch by all rules. A rule that loops or
crashes takes its worker with it; it is then taken out of the common run and judged alone, entity by entity
in the catalog's order, until it has failed three times. So the findings are the same for any number of
workers.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bylaw import workers
from bylaw.catalog import address, is_skeleton
from bylaw.engine import data, python, telling
from bylaw.engine.rego import Rego, RegoError
from bylaw.engine.suggest import Suggestions
from bylaw.graphs import Graph
from bylaw.model import Document, Entity, Finding, Outcome
from bylaw.rules import Context, Policies, Rule, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from bylaw.catalog import Catalog
    from bylaw.config import Settings

_STRETCH = 64  # documents a worker gets at once
_PATIENCE = 3  # times that a rule may lose its worker before it is given up


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """What a spawned worker makes its judge from: plain values, which pickle.

    ``rules`` are the ids of those that judge: of all that the settings ask for, the caller may want a few.
    """

    catalog: Catalog
    settings: Settings
    today: date
    rules: tuple[str, ...]


def evaluate(
    catalog: Catalog,
    graph: Graph,
    policies: Policies,
    settings: Settings,
    today: date,
    *,
    jobs: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Finding]:
    """The findings of all rules, none twice, in the order of ``Finding.order``, not yet placed in their files.

    ``progress(done, total)`` is told of documents.
    """
    bounds = workers.Bounds(deadline=settings.policies.deadline, memory=settings.policies.memory)
    wanted = tuple(rule.id for rule in policies.rules)
    judge = _Judge(_Evaluation(catalog, settings, today, wanted), policies, graph)
    total = len(catalog.documents)
    jobs = jobs or workers.available()
    size = max(1, min(_STRETCH, total // (4 * jobs)))
    suspects: set[int] = set()
    findings: list[Finding] = []
    done = 0

    def stretches() -> Iterator[list[Any]]:
        for start in range(0, total, size):
            yield [start, min(start + size, total), without_suspects(range(len(policies.rules)))]

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
            findings.extend(judge.finding(*each) for each in found)
            done += stop - start
            progress(done, total)
        names = {policies.rules[number].id for number in suspects}
        findings = [each for each in findings if each.rule not in names]
        for number in sorted(suspects):
            findings.extend(_alone(judge, number, total, bounds))
    finally:
        gc.unfreeze()
    suggestions = Suggestions(catalog)
    once = {each.order: each for each in findings}
    return [suggestions.add(each) for _, each in sorted(once.items())]


def _alone(judge: _Judge, number: int, total: int, bounds: workers.Bounds) -> Iterator[Finding]:
    """One rule that has lost a worker, over all documents in order, until its third failure."""
    rule = judge.policies.rules[number]
    failed: list[tuple[int, str]] = []

    def after_failure(task: list[Any], failure: workers.Failure) -> Iterable[list[Any]]:
        start, stop, rules = task
        index = start + failure.part
        failed.append((index, failure.reason))
        yield [start, index, rules]
        if len(failed) < _PATIENCE:
            yield [index + 1, stop, rules]

    for answer in workers.run(_Opener(judge), [[0, total, [number]]], jobs=1, bounds=bounds, on_failure=after_failure):
        yield from (judge.finding(*each) for each in answer[2])
    for index, reason in failed:
        yield judge.error(index, number, f"{judge.where(rule)}: {reason}")
    if len(failed) == _PATIENCE and failed[-1][0] + 1 < total:
        given_up = f"it was given up after {_PATIENCE} failures: the entities after this one were not judged"
        yield replace(judge.error(failed[-1][0], number, given_up), key="given-up")


class _Opener:
    """Opens the judge: the one that is there where workers are forked, a new one where they are spawned."""

    def __init__(self, judge: _Judge) -> None:
        self._judge = judge

    def __call__(self) -> workers.Handler:
        self._judge.load()
        return self._judge


class _Judge:
    """The handler: judges stretches of documents, ``[start, stop, numbers of rules]``."""

    def __init__(self, evaluation: _Evaluation, policies: Policies, graph: Graph) -> None:
        self.evaluation, self.policies = evaluation, policies
        catalog = evaluation.catalog
        self._catalog, self._graph = catalog, graph
        self._contexts = [
            Context(catalog, graph, policies.parameters[rule.id], evaluation.today) for rule in policies.rules
        ]
        self._entities = {id(entity.document): entity for entity in catalog.entities.values()}
        self._rego: Rego | None = None

    def __reduce__(self) -> tuple[Callable[[_Evaluation], _Judge], tuple[_Evaluation]]:
        return _judge, (self.evaluation,)

    def load(self) -> None:
        """Compile the Rego and load the catalog into it, once."""
        if self._rego is None and any(rule.package for rule in self.policies.rules):
            everything = data.whole(self._catalog, self._graph, self.policies, self.evaluation.today)
            self._rego = Rego(self.policies.modules, everything)

    def __call__(self, task: list[Any], mark: Callable[[int], None]) -> list[Any]:
        start, stop, numbers = task
        found: list[tuple[Any, ...]] = []
        plans: dict[tuple[str | None, bool], list[tuple[int, int, Rule]]] = {}
        for index in range(start, stop):
            document = self._catalog.documents[index]
            if is_skeleton(document.data):
                continue
            entity = self._entity(document)
            given = False
            like = (entity.kind if entity else None, bool(document.problems))
            if like not in plans:
                plans[like] = self._plan(*like, numbers)
            for position, number, rule in plans[like]:
                subject: Any = entity if rule.subject == "entity" else document
                if rule.subject == "entity" and not rule.applies(subject):
                    continue
                mark((index - start) * len(numbers) + position)
                if rule.package and self._rego and entity and not given:
                    self._rego.set_input(data.document(entity))
                    given = True
                found.extend((index, number, each) for each in self._told(rule, number, subject))
        return [start, stop, found]

    def _plan(self, kind: str | None, troubled: bool, numbers: list[int]) -> list[tuple[int, int, Rule]]:
        """The rules for documents alike, with their place among ``numbers``.

        ``kind`` is that of the entity, None for what is no entity; ``troubled`` means that the reader found
        problems.
        """
        rules = [(position, number, self.policies.rules[number]) for position, number in enumerate(numbers)]
        return [
            each
            for each in rules
            if each[2].subject == "document"
            or (each[2].subject == "problem" and troubled)
            or (each[2].subject == "entity" and kind is not None and each[2].is_for(kind))
        ]

    def _told(self, rule: Rule, number: int, subject: Any) -> list[Any]:
        """What one rule says about one entity or document, or that it came to no answer."""
        try:
            if rule.package and self._rego:
                return telling.told(list(map(telling.from_rego, self._rego.findings(rule.package))))
            return telling.told(python.findings(rule, subject, self._contexts[number]))
        except telling.ShapeError as error:
            fault = f"{self.where(rule)}: {error}"
        except (RegoError, python.RuleError) as error:
            fault = str(error)
        return telling.told([_no_answer(rule, fault)])

    def _entity(self, document: Document) -> Entity | None:
        """The entity that a document is in the catalog; a later document of the same ref is none."""
        return self._entities.get(id(document))

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
        rule, document = self.policies.rules[number], self._catalog.documents[index]
        ref = address(document.data)
        # Documents without a ref, and all of one ref but the first, are told apart by their place.
        place = "" if self._entity(document) else f"{document.path}#{document.index}"
        return replace(
            finding,
            key=f"{place}\x1f{finding.key}" if place else finding.key,
            rule=rule.id,
            severity=rule.severity,
            entity=str(ref) if ref else None,
            entity_url=document.url,
            document=document,
        )


def _no_answer(rule: Rule, fault: str) -> Finding:
    return Finding("", f"rule {rule.id} came to no answer: {fault}", outcome=Outcome.ERROR)


def _judge(evaluation: _Evaluation) -> _Judge:
    catalog, policies = evaluation.catalog, load(evaluation.settings)
    policies = replace(policies, rules=tuple(policies.find(each) for each in evaluation.rules))
    return _Judge(evaluation, policies, Graph.build(catalog.entities, catalog.edges()))
