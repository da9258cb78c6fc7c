"""What a gate does with each finding: the enforcement that bylaw.yaml gives its rule."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bylaw.config import Level
from bylaw.model import Enforcement, EntityRef, Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from bylaw.config import EnforcementSettings

_BY_SEVERITY = {
    Severity.ERROR: Enforcement.DENY,
    Severity.WARNING: Enforcement.WARN,
    Severity.INFO: Enforcement.OBSERVE,
}


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


def stages(rule: str, severity: Severity, settings: EnforcementSettings) -> tuple[Level, ...]:
    """What the enforcement of a rule goes through: the last stage that holds counts, and the first always holds."""
    said = settings.rules.get(rule, ())
    if isinstance(said, Enforcement):
        return (Level(said),)
    default = _BY_SEVERITY[severity] if settings.default == "by_severity" else Enforcement(settings.default)
    return (Level(default), *said)


def _level(
    finding: Finding,
    settings: EnforcementSettings,
    today: date,
    owners_of: Callable[[str], tuple[str, ...]],
) -> Enforcement:
    said = stages(finding.rule, finding.severity, settings)
    return [stage.level for stage in said if _holds(stage, finding, today, owners_of)][-1]


def _holds(stage: Level, finding: Finding, today: date, owners_of: Callable[[str], tuple[str, ...]]) -> bool:
    if stage.from_ is not None and today < stage.from_:
        return False
    if not stage.owners:
        return True
    owners = owners_of(finding.entity) if finding.entity else ()
    return not set(owners).isdisjoint(str(EntityRef.parse(each, "Group")) for each in stage.owners)
