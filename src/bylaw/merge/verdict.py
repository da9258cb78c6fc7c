"""What a change comes to, once both states of the catalog are at hand: judged, waived, decided, and told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bylaw import engine, gates, pipeline
from bylaw.affected import blast, groups_of
from bylaw.documents.secrets import redact
from bylaw.gates import waivers
from bylaw.merge.judge import judge
from bylaw.model import Decision, Proposal, Report
from bylaw.sources import locate, waiver_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from bylaw.affected import State, Touch
    from bylaw.config import Settings
    from bylaw.engine.opa_rules import Served
    from bylaw.merge.judge import Judged
    from bylaw.model import FileChange, LawChange, Waiver
    from bylaw.rules import Policies
    from bylaw.sources.surroundings import Surroundings
    from bylaw.sources.waiver_files import Broken


@dataclass(frozen=True, slots=True)
class Terms:
    """By what a change is judged, on which day."""

    settings: Settings
    policies: Policies
    waivers: Sequence[Waiver | Broken]
    today: date


@dataclass(frozen=True, slots=True)
class Story:
    """What is told of a change beside its states: over which base it is, its files, and who proposes it."""

    base: str
    """What it is compared with, in words."""
    surroundings: str
    """The catalog it is laid over, in words."""
    files: tuple[FileChange, ...]
    actor: str | None = None
    approvers: tuple[str, ...] | None = None
    alone: str | None = None
    """Why it is judged without the catalog around it, where the settings allow that."""


def unplaced(judged: Judged) -> locate.Placed:
    """The findings where nobody has the files."""
    return locate.Placed(judged.findings, {})


def verdict(
    before: State,
    after: State,
    touch: Touch,
    over: Surroundings | None,
    story: Story,
    terms: Terms,
    *,
    place: Callable[[Judged], locate.Placed] = unplaced,
    law: Callable[[Judged], LawChange | None] = lambda judged: None,
    jobs: int | None = None,
    ready: engine.Ready | Served | None = None,
    progress: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> Report:
    """Judge a change between two states, which lie ``over`` a catalog that is not read in full.

    ``place`` finds where the findings stand, and ``law`` what the change makes of the law.
    """
    settings, policies = terms.settings, terms.policies
    judged = judge(
        before,
        after,
        touch,
        policies,
        settings,
        terms.today,
        renamed={old: each.after for each in story.files if (old := each.before) and each.after},
        actor=story.actor and pipeline.user(story.actor),
        approvers=None if story.approvers is None else tuple(map(pipeline.user, story.approvers)),
        jobs=jobs,
        ready=ready,
        progress=progress,
    )
    placed = place(judged)
    waived = waivers.judge(
        terms.waivers,
        sorted(placed.findings, key=lambda finding: (finding.order, finding.status)),
        settings.waivers,
        terms.today,
        rules=pipeline.waivable(policies, settings, terms.waivers),
        judged=[],
        entities=after.entities(judged.scope.judged),
        groups_of=partial(groups_of, before),
    )
    proposed_law = law(judged)
    decision = gates.decide(waived.findings, settings.gates.merge)
    if proposed_law and proposed_law.fault and decision is Decision.ALLOWED:
        decision = Decision.UNDECIDED  # once it is merged, no gate could decide anything
    catalog, graph, changes = judged.after.catalog, judged.after.graph, judged.change_set
    entities = over.snapshot.count + len(changes.added) - len(changes.removed) if over else len(catalog.entities)
    named = sorted({each.entity for each in waived.findings if each.entity and each.entity in graph})
    return Report(
        gate="merge",
        decision=decision,
        findings=waived.findings,
        rules={rule.id: rule.info for rule in policies.rules},
        engine=engine.name(settings),
        entities=entities,
        files=len({each.path for each in catalog.documents}),
        catalog_digest=catalog.digest(),
        policies_digest=policies.digest,
        waivers_digest=waiver_files.digest(terms.waivers),
        complete=after.complete,
        completeness=catalog.completeness,
        owners={key: tuple(redact(graph.owners_of(key))) for key in named},
        lines=placed.lines,
        notes=(*catalog.notes, *pipeline.notes(catalog, waived.findings)),
        waivers=waived.standings,
        proposal=Proposal(
            base=story.base,
            surroundings=story.surroundings,
            alone=story.alone,
            files=story.files,
            added=changes.added,
            edited=tuple(each.entity.key for each in changes.changes if each.before and each.after),
            removed=changes.removed,
            judged=entities if judged.scope.is_whole else len(after.entities(judged.scope.judged)),
            blast=blast(before, after, [each.entity.key for each in changes.changes]),
            law=proposed_law,
            only_new=settings.gates.merge.only_new,
        ),
    )
