"""Entities as they would be in the catalog, in place of those of the same refs: judged there, and nobody else is.

The verdicts are those of ``bylaw check`` on the catalog with the entities in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from bylaw import catalog as catalogs
from bylaw import engine, gates, pipeline
from bylaw.affected import Laid, Scope, Touch, Whole, cut, groups_of
from bylaw.affected.scope import reach_of
from bylaw.catalog.placeholders import UnreadableError, resolve
from bylaw.documents.secrets import redact
from bylaw.gates import waivers
from bylaw.model import Document, Outcome, Problem, Report
from bylaw.serving import once
from bylaw.serving.base import Base
from bylaw.serving.once import Once
from bylaw.sources.reading import YAML_INVALID, limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from bylaw.config import LimitSettings, MergeGate
    from bylaw.model import RuleInfo
    from bylaw.rules import Policies
    from bylaw.serving.generation import Generation


def documents(entities: Iterable[Any], settings: LimitSettings) -> list[Document]:
    """JSON values as the documents that a file with them in it would be read as.

    A placeholder (``$text: ./file``) names a file that is not at hand, so nobody knows what it stands for.
    """
    found = []
    for number, value in enumerate(entities):
        if isinstance(value, dict):
            data, problems = resolve(value, _not_at_hand, limits(settings))
            unknown = (replace(each, outcome=Outcome.UNKNOWN, expected=None) for each in problems)
            found.append(Document(None, number, data, tuple(unknown)))
        else:
            shown = "a list" if isinstance(value, list) else f"{value!r:.40}"
            problem = Problem(YAML_INVALID, f"expected a mapping at the root, found {shown}", expected="a mapping")
            found.append(Document(None, number, None, (problem,)))
    return found


def warm(generation: Generation) -> None:
    """Have at hand what every question needs, and may take long to find in a large catalog."""
    base, policies = _held(generation).base, generation.policies
    for reach in filter(None, (reach_of(rule, policies) for rule in policies.rules)):
        for annotation in (*reach.same, *reach.named):
            base.annotated(annotation)
    of_each_kind = {ref.partition(":")[0]: ref for ref in generation.catalog.entities}
    for ref in of_each_kind.values():
        judge_standing(generation, ref, generation.made.date())


def judge_given(
    generation: Generation,
    given: Sequence[Document],
    today: date,
    *,
    gate: str = "check",
    terms: MergeGate | None = None,
) -> Report:
    """Judge documents that are laid over the catalog.

    ``terms`` are what a gate makes of an unknown and of an error; without them they are what ``bylaw check`` does.
    """
    base, catalog = _held(generation).base, generation.catalog
    refs = [str(ref) for each in given if (ref := catalogs.address(each.data))]
    again = base.duplicates(refs)
    places = {key: [each.document, *again.get(key, ())] for key, each in base.entities(refs).items()}
    gone = [document for each in places.values() for document in each]
    come = [_at(places, each) for each in given]  # in place of another, lest anything be told in another order
    laid = Laid(base, gone, catalogs.build(come, catalog.kinds, catalog.complete))
    return _judged(generation, laid, Touch.of(come), today, gate, terms)


def judge_standing(generation: Generation, ref: str, today: date) -> Report:
    """Judge an entity of the catalog as it stands.

    Raises:
        KeyError: the catalog has none of that ref.
    """
    own = [generation.catalog.entities[ref].document, *generation.catalog.duplicates.get(ref, ())]
    nothing = catalogs.build([], generation.catalog.kinds, generation.catalog.complete)
    return _judged(generation, Laid(_held(generation).base, [], nothing), Touch.of(own), today, "check", None)


@dataclass(frozen=True, slots=True)
class _Held:
    """What is the same for all questions: the base, and the rules that judge entities and documents. Here is no change,
    and the catalog as a whole is not asked about."""

    base: Base
    policies: Policies
    seeing_all: frozenset[str]
    """The ids of the rules of which nobody knows how far they look: they have to see the whole catalog."""
    rules: Mapping[str, RuleInfo]

    @classmethod
    def of(cls, generation: Generation) -> _Held:
        known = generation.policies.rules
        rules = tuple(each for each in known if each.subject not in {"change", "catalog"})
        policies = replace(generation.policies, rules=rules)
        seeing_all = frozenset(each.id for each in rules if reach_of(each, policies) is None)
        base = Base(generation.catalog, generation.graph)
        return cls(base, policies, seeing_all, {each.id: each.info for each in rules})


_held = Once(_Held.of)
"""The same for each question, since the base finds out more as it is asked."""


def _judged(
    generation: Generation, state: Laid, touch: Touch, today: date, gate: str, terms: MergeGate | None
) -> Report:
    held, settings, catalog = _held(generation), generation.settings, generation.catalog
    policies = held.policies
    scope = _scope(touch, policies)
    part: Laid | Whole = state.whole() if any(scope.entities[each] for each in held.seeing_all) else state
    side = cut(part, scope, policies, owners=gates.asks_owners(settings.enforcement))
    found = engine.evaluate(
        side.catalog,
        side.graph,
        policies,
        settings,
        today,
        part=engine.Part(scope, None, part.bearers, side.shown),
        ready=once.ready(generation),
    )

    def owners(key: str, *, effective: bool = True) -> tuple[str, ...]:
        return side.graph.owners_of(key, effective=effective) if key in side.graph else ()

    enforced = gates.enforce(found, settings.enforcement, today, owners)
    if terms:
        enforced = gates.weigh(enforced, terms)
    waived = waivers.judge(
        generation.waivers,
        sorted(enforced, key=lambda finding: finding.order),
        settings.waivers,
        today,
        rules=[rule.id for rule in generation.policies.rules],
        judged=[],
        entities=side.catalog.entities,
        groups_of=partial(groups_of, Whole(catalog, generation.graph)),  # whoever approves belongs to it already
    )
    named = sorted({each.entity for each in waived.findings if each.entity})
    come = sum(ref not in catalog.entities for ref in side.catalog.entities.keys() & touch.refs)
    return Report(
        gate=gate,
        decision=gates.decide(waived.findings, terms),
        findings=waived.findings,
        rules=held.rules,
        engine=generation.engine,
        entities=len(catalog.entities) + come,
        files=0,
        catalog_digest=generation.digests.catalog,
        policies_digest=generation.digests.policies,
        waivers_digest=generation.digests.waivers,
        complete=catalog.complete,
        completeness=catalog.completeness,
        owners={key: tuple(redact(owners(key, effective=False))) for key in named},
        lines={},
        notes=tuple(pipeline.notes(side.catalog, waived.findings)) if side.catalog.entities else (),
        waivers=waived.standings,
    )


def _at(places: Mapping[str, list[Document]], document: Document) -> Document:
    """The document at the first place of its ref that no other has yet."""
    if left := places.get(str(catalogs.address(document.data) or "")):
        place = left.pop(0)
        return replace(document, path=place.path, url=place.url, index=place.index)
    return document


def _scope(touch: Touch, policies: Policies) -> Scope:
    """Every rule judges what was touched, as far as the kind in a ref tells, and nothing else."""
    entities = {
        rule.id: frozenset(ref for ref in touch.refs if rule.is_for(ref.partition(":")[0])) for rule in policies.rules
    }
    return Scope(entities, touch.documents, touch.refs)


def _not_at_hand(target: str) -> bytes:
    raise UnreadableError(f"names {target}, which is not at hand: send the entity with what it stands for")
