"""What a gate does with each finding: the enforcement that bylaw.yaml gives its rule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from bylaw.config import Level
from bylaw.model import Enforcement, EntityRef, Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from bylaw.config import EnforcementSettings

_BY_SEVERITY = {
    Severity.ERROR: Enforcement.DENY,
    Severity.WARNING: Enforcement.WARN,
    Severity.INFO: Enforcement.OBSERVE,
}


@dataclass(frozen=True, slots=True)
class Turn:
    """The level that a rule has from a day on, for some owners, and the one that it had there ``before``.

    Without ``owners`` it is for everyone, or for everyone ``but`` some. Owners are canonical refs and stand for all
    that they own through the group tree; what several of them own goes by the last stage that holds for any.
    """

    day: date
    rule: str
    before: Enforcement | None
    """None: it is the level on the day of the schedule."""
    after: Enforcement
    owners: tuple[str, ...] = ()
    but: tuple[str, ...] = ()

    @property
    def is_stricter(self) -> bool:
        """Whether more comes of a finding than before."""
        order = list(Enforcement)
        return self.before is not None and order.index(self.after) > order.index(self.before)


def enforce(
    findings: Iterable[Finding],
    settings: EnforcementSettings,
    today: date,
    owners_of: Callable[[str], tuple[str, ...]],
) -> list[Finding]:
    """The findings with their enforcement, without those of rules that are off.

    ``owners_of`` gives the effective owners of an entity: stages may hold for some owners only.
    """
    enforced = []
    for finding in findings:
        level = _level(finding, settings, today, owners_of)
        if level is not Enforcement.OFF:
            enforced.append(replace(finding, enforcement=level))
    return enforced


def asks_owners(settings: EnforcementSettings) -> bool:
    """Whether some stage holds for some owners only."""
    return any(stage.owners for said in settings.rules.values() if isinstance(said, tuple) for stage in said)


def stages(rule: str, severity: Severity, settings: EnforcementSettings) -> tuple[Level, ...]:
    """What the enforcement of a rule goes through: the last stage that holds counts, and the first always holds."""
    said = settings.rules.get(rule, ())
    if isinstance(said, Enforcement):
        return (Level(said),)
    default = _BY_SEVERITY[severity] if settings.default == "by_severity" else Enforcement(settings.default)
    return (Level(default), *said)


def schedule(rules: Mapping[str, Severity], settings: EnforcementSettings, today: date) -> tuple[Turn, ...]:
    """What becomes stricter or laxer after a day, and for these rules what holds on it: by day, then rule.

    A rule of which nothing is to come is left out. What is for everyone (else) stands before what is for some.
    """
    turns = [turn for rule, severity in rules.items() for turn in _turns(rule, stages(rule, severity, settings), today)]
    return tuple(sorted(turns, key=lambda each: (each.day, each.rule, bool(each.owners), each.owners)))


def _turns(rule: str, said: Sequence[Level], today: date) -> list[Turn]:
    owners = (None, *sorted({owner for stage in said for owner in _owners(stage)}))  # None: whoever is none of them
    days = sorted({stage.from_ for stage in said if stage.from_ is not None and stage.from_ > today})
    levels: dict[str | None, Enforcement | None] = dict.fromkeys(owners)
    turns = []
    for day in (today, *days):
        reached = {owner: _at(said, day, partial(tuple, (owner,))) for owner in owners}
        for before, after in dict.fromkeys((levels[owner], reached[owner]) for owner in owners):
            if before is not after:
                turning = [owner for owner in owners if (levels[owner], reached[owner]) == (before, after)]
                turns.append(Turn(day, rule, before, after, *_for_whom(owners, turning)))
        levels.update(reached)
    return turns if any(turn.before for turn in turns) else []


def _for_whom(owners: Sequence[str | None], turning: Sequence[str | None]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those that a turn is for; or none of them, and those that it is not for."""
    if None not in turning:
        return tuple(filter(None, turning)), ()
    return (), tuple(each for each in owners if each is not None and each not in turning)


def _level(
    finding: Finding,
    settings: EnforcementSettings,
    today: date,
    owners_of: Callable[[str], tuple[str, ...]],
) -> Enforcement:
    said = stages(finding.rule, finding.severity, settings)
    return _at(said, today, lambda: owners_of(finding.entity) if finding.entity else ())


def _at(said: Sequence[Level], day: date, owners: Callable[[], Iterable[str | None]]) -> Enforcement:
    """The level on a day: that of the last stage that holds. Owners are asked for only where a stage names some."""
    return [
        stage.level
        for stage in said
        if (stage.from_ is None or stage.from_ <= day) and (not stage.owners or not _owners(stage).isdisjoint(owners()))
    ][-1]


def _owners(stage: Level) -> frozenset[str]:
    return frozenset(str(EntityRef.parse(each, "Group")) for each in stage.owners)
