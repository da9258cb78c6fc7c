"""Two states of a catalog -> findings that are new, existing or fixed: what a change can affect is judged in both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bylaw import engine, gates
from bylaw.affected import Laid, Slice, State, around, cut
from bylaw.catalog import Change, ChangeSet, differ
from bylaw.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from bylaw.affected import Scope, Touch
    from bylaw.config import Settings
    from bylaw.engine.opa_rules import Served
    from bylaw.model import Finding
    from bylaw.rules import Policies


@dataclass(frozen=True, slots=True)
class Judged:
    """What a change comes to: the findings with their status, and the parts of both states in which they were found."""

    findings: list[Finding]
    before: Slice
    after: Slice
    scope: Scope
    change_set: ChangeSet


def judge(
    before: State,
    after: State,
    touch: Touch,
    policies: Policies,
    settings: Settings,
    today: date,
    *,
    renamed: Mapping[str, str] | None = None,
    actor: str | None = None,
    approvers: tuple[str, ...] | None = None,
    jobs: int | None = None,
    ready: engine.Ready | Served | None = None,
    progress: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> Judged:
    """Judge all that a change can affect, before and after it.

    ``renamed`` leads from the earlier path of a file to the later one; ``actor`` and ``approvers`` are refs. Rules that
    are ``ready`` judge in this process.
    """
    scope = around(before, after, touch, policies)
    changes = _changes(before, after, touch)
    removed = [each.entity.key for each in changes if each.after is None]
    people = [*([actor] if actor else []), *(approvers or ())]
    if scope.is_whole:
        before, after = _whole(before), _whole(after)
    staged = gates.asks_owners(settings.enforcement)
    old = cut(before, scope, policies, removed=removed, people=people, owners=staged)
    new = cut(after, scope, policies, removed=removed, people=people, owners=staged)
    change_set = ChangeSet(old.catalog, new.catalog, changes, actor, approvers)
    shown = None if old.shown is None or new.shown is None else old.shown | new.shown
    found = engine.evaluate_each(
        [
            engine.Case(old.catalog, old.graph, None, engine.Part(scope, None, before.bearers, old.shown)),
            engine.Case(new.catalog, new.graph, change_set, engine.Part(scope, old.graph, after.bearers, shown)),
        ],
        policies,
        settings,
        today,
        jobs=jobs,
        ready=ready,
        progress=lambda done, total: progress("judging", done, total),
    )
    # first compared, then enforced: a fault that others have to answer for now is no new one
    compared = gates.compare(found[0], found[1], renamed or {})
    enforced = [
        finding
        for side, findings in (
            (new, [each for each in compared if each.status is not Status.FIXED]),
            (old, [each for each in compared if each.status is Status.FIXED]),
        )
        for finding in gates.enforce(findings, settings.enforcement, today, _owners(side))
    ]
    return Judged(gates.weigh(enforced, settings.gates.merge), old, new, scope, change_set)


def _changes(before: State, after: State, touch: Touch) -> tuple[Change, ...]:
    """What becomes of each entity that the change touches, in the order of the refs."""
    old, new = before.entities(touch.refs), after.entities(touch.refs)
    found = (Change(old.get(key), new.get(key)) for key in sorted({*old, *new}))
    return tuple(
        each for each in found if each.before is None or each.after is None or differ(each.before.data, each.after.data)
    )


def _owners(side: Slice) -> Callable[[str], tuple[str, ...]]:
    return lambda key: side.graph.owners_of(key, effective=True) if key in side.graph else ()


def _whole(state: State) -> State:
    """All of a state: some rule has to see it."""
    return state.whole() if isinstance(state, Laid) else state
