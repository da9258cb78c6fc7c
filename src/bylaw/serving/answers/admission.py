"""``POST /v1/admission``: may this object come into the cluster?

An object that holds catalog entities is judged by the rules for those, in the catalog as it would be then; every object
by the constraints that match it. What was found is waived, weighed and told in one way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import orjson

from bylaw import catalog as catalogs
from bylaw import gates
from bylaw.admission import answer as answers
from bylaw.admission import review as reviews
from bylaw.admission.entities import held, needing_dropped, unknown
from bylaw.admission.review import ReviewError
from bylaw.affected import Laid, Touch, Whole, groups_of
from bylaw.config import MergeGate
from bylaw.errors import BylawError
from bylaw.gates import waivers
from bylaw.merge.judge import judge
from bylaw.model import Enforcement, EntityRef, Finding, Outcome, RefError, Severity, Status
from bylaw.serving import once
from bylaw.serving.answers.check import day
from bylaw.serving.answers.external_data import kubernetes_ids
from bylaw.serving.base import Base
from bylaw.serving.frames import Reply
from bylaw.serving.problems import problem
from bylaw.sources.reading import limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from bylaw.admission.answer import Answer
    from bylaw.admission.entities import Held
    from bylaw.admission.gatekeeper import Judge, Verdict
    from bylaw.admission.review import Review
    from bylaw.config import AdmissionGate
    from bylaw.model import Document
    from bylaw.serving.frames import Question
    from bylaw.serving.generation import Generation

GATE = "admission"
STALE, NO_ANSWER = 503, 500
"""What the API server is told where nothing was decided: come again, or that it was a fault."""
UNKNOWN = "unknown"
"""What a constraint says in ``details.outcome`` where a fact is missing that would decide it."""


def answer(generation: Generation, question: Question) -> Reply:
    """The AdmissionReview that answers one. Nothing is remembered of a dry run."""
    try:
        review = reviews.read(question.body)
    except ReviewError as error:
        return problem(400, str(error))
    if question.stale:
        return undecided(question.body, question.stale, STALE)
    try:
        said, subject = _judged(generation, review, day(question))
    except BylawError as error:
        return undecided(question.body, str(error), NO_ANSWER)
    except Exception as error:  # noqa: BLE001  (the door's edge: an error of HTTP would go by the failurePolicy)
        return undecided(question.body, f"the judgement failed ({type(error).__name__})", NO_ANSWER)
    return _reply(review, said, subject, engine=generation.engine)


def undecided(body: bytes, reason: str, code: int = NO_ANSWER) -> Reply:
    """The answer where nobody could judge. A body that is no review is a bad request, whatever else happened."""
    try:
        review = reviews.read(body)
    except ReviewError as error:
        return problem(400, str(error))
    return _reply(review, answers.undecided(review, reason, code), review.subject, reason=reason)


def warm(generation: Generation) -> None:
    """Compile the constraints and load the catalog into them, once for all workers."""
    _door(generation)


def _reply(review: Review, said: Answer, subject: str, *, engine: str = "", reason: str = "") -> Reply:
    decided = {
        "gate": GATE,
        "subject": subject,
        "decision": str(said.decision),
        "rules": list(said.rules),
        "engine": engine,
        "reason": reason,
        "input": {"apiVersion": review.api_version, "kind": reviews.KIND, "request": review.request},
    }
    return Reply(200, said.body, decided=None if review.dry_run else decided)


def _judged(generation: Generation, review: Review, today: date) -> tuple[Answer, str]:
    """The answer to a review, and whom it is about."""
    door, settings = _door(generation), generation.settings
    terms = _terms(settings.gates.admission)
    before, after = held(review, limits(settings.catalog.limits))
    found = list(_by_constraints(door, review))
    if before or after:
        found += _by_rules(generation, door, before, after, terms, today)
    weighed = gates.weigh(found, terms)
    digests = generation.digests
    law = {"catalog": digests.catalog, "policies": digests.policies, "constraints": digests.constraints}
    said = answers.answer(
        review, _waived(generation, weighed, today), terms, {key: each for key, each in law.items() if each}
    )
    return said, _subject(review, after or before)


def _terms(gate: AdmissionGate) -> MergeGate:
    """What the gate makes of what it finds, in the words of the gate that all decisions are made by: a fault that was
    there before is no reason to refuse another change."""
    return MergeGate(only_new=True, on_unknown=gate.on_unknown, on_error=gate.on_error)


def _subject(review: Review, held: Held | None) -> str:
    """The refs of a few entities, or the object."""
    refs = [str(ref) for each in held.documents if (ref := catalogs.address(each.data))] if held else []
    return refs[0] if len(refs) == 1 else review.subject


@dataclass(frozen=True, slots=True)
class _Door:
    """What is made once of a generation: forked workers share it."""

    judge: Judge | None
    base: Base
    dropped: dict[str, tuple[str, ...]]
    """The rules that need fields which the API server drops."""


def _made(generation: Generation) -> _Door:
    constraints = generation.constraints
    judge = constraints.ready(_catalog(generation)) if constraints else None
    return _Door(judge, Base(generation.catalog, generation.graph), needing_dropped(generation.policies))


_door = once.Once(_made)


def _catalog(generation: Generation) -> bytes:
    """``data.catalog`` for the constraints, as rules in Rego see it; and whose id in a cluster is whose."""
    drawn, catalog = generation.graph, generation.catalog
    said = {
        "entities": {key: entity.data for key, entity in catalog.entities.items()},
        "relations": drawn.as_data(),
        "groups": drawn.groups_as_data(),
        "complete": catalog.complete,
        "kubernetes_ids": kubernetes_ids(catalog),
    }
    return orjson.dumps(said)


def _by_constraints(door: _Door, review: Review) -> Iterator[Finding]:
    """What the constraints that match it say."""
    if door.judge:
        yield from (_finding(each, review) for each in door.judge.judge(review.request))


def _finding(verdict: Verdict, review: Review) -> Finding:
    """What a constraint said, as a finding: its name is the rule."""
    enforcement, severity = {
        "deny": (Enforcement.DENY, Severity.ERROR),
        "warn": (Enforcement.WARN, Severity.WARNING),
    }.get(verdict.action, (Enforcement.OBSERVE, Severity.INFO))
    details = verdict.details if isinstance(verdict.details, dict) else {}
    outcome = Outcome.UNKNOWN if details.get("outcome") == UNKNOWN else Outcome.FAIL
    entity: str | None = None
    if isinstance(named := details.get("entity"), str):
        try:
            entity = str(EntityRef.parse(named))
        except RefError:
            entity = None
    return Finding(
        "",
        verdict.error or verdict.message or f"{verdict.kind} says no more",
        outcome=Outcome.ERROR if verdict.error else outcome,
        key=review.subject,
        rule=verdict.constraint,
        severity=severity,
        enforcement=enforcement,
        entity=entity,
    )


def _by_rules(
    generation: Generation, door: _Door, before: Held | None, after: Held | None, terms: MergeGate, today: date
) -> list[Finding]:
    """What the rules for entities say of the catalog as it would be, as the merge gate judges a change.

    The catalog may not have heard yet of what the object held before. Where that was nothing, no fault of what comes is
    an old one, whatever the catalog has.
    """
    kinds, complete = generation.catalog.kinds, generation.catalog.complete
    come = catalogs.build(after.documents if after else (), kinds, complete)
    was = catalogs.build(before.documents if before else (), kinds, complete)
    refs = {*come.entities, *was.entities}
    known = door.base.entities(refs)
    gone = [entity.document for entity in known.values()]
    gone += [document for again in door.base.duplicates(refs).values() for document in again]
    unheard_of = [entity.document for key, entity in was.entities.items() if key not in known]
    settings = generation.settings
    found = judge(
        Laid(door.base, [], catalogs.build(unheard_of, kinds, complete)),
        Laid(door.base, gone, come),
        Touch.of([*gone, *unheard_of, *come.documents], all_of_it=True),
        generation.policies,
        replace(settings, gates=replace(settings.gates, merge=terms)),
        today,
        ready=once.ready(generation),
    ).findings
    fresh = frozenset() if before else frozenset(come.entities)
    told = [_as_new(each) if each.entity in (refs if _is_error(each) else fresh) else each for each in found]
    return _of_a_bare_one(generation, door, come.documents, told, today) if after and after.is_bare else told


def _is_error(finding: Finding) -> bool:
    """Whether a rule came to no answer: that it came to none before either is no answer."""
    return finding.outcome is Outcome.ERROR


def _as_new(finding: Finding) -> Finding:
    return replace(finding, status=Status.NEW) if finding.status is Status.EXISTING else finding


def _of_a_bare_one(
    generation: Generation, door: _Door, documents: Sequence[Document], found: list[Finding], today: date
) -> list[Finding]:
    """The findings of an entity of which some fields are unknown: of rules that need them, that it is unknown."""
    made = catalogs.build(documents, generation.catalog.kinds, generation.catalog.complete).entities
    kept = [each for each in found if not (each.rule in door.dropped and each.entity in made)]
    missing = [
        Finding(
            **unknown(door.dropped[rule.id]),
            rule=rule.id,
            severity=rule.severity,
            entity=entity.key,
            document=entity.document,
        )
        for entity in made.values()
        for rule in generation.policies.rules
        if rule.id in door.dropped and rule.subject == "entity" and rule.applies(entity)
    ]

    def owners(key: str) -> tuple[str, ...]:
        return generation.graph.owners_of(key, effective=True) if key in generation.graph else ()

    return [*kept, *gates.enforce(missing, generation.settings.enforcement, today, owners)]


def _waived(generation: Generation, found: Sequence[Finding], today: date) -> Sequence[Finding]:
    """The findings, those that are waived saying by what."""
    if not generation.waivers or not found:
        return found
    return waivers.judge(
        generation.waivers,
        found,
        generation.settings.waivers,
        today,
        rules={*(each.id for each in generation.policies.rules), *(each.rule for each in found)},
        judged=[],
        entities=generation.catalog.entities,
        groups_of=partial(groups_of, Whole(generation.catalog, generation.graph)),
    ).findings
