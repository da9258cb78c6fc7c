"""The impact for programs: JSON, version 1 (impact.schema.json).

Within version 1 keys may be added; none is renamed, moved or taken away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bylaw.model import Decision
from bylaw.reports.json_v1 import location, plain, written
from bylaw.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bylaw.impacts import Change, Difference, Flip, Impact, Judged, OwnerImpact, RuleImpact
    from bylaw.model import Finding


def render(impact: Impact, *, color: bool, width: int) -> str:
    """See the package. The same impact gives the same bytes; ``color`` and ``width`` change nothing."""
    return written(
        {
            "version": 1,
            "tool": {"name": "bylaw", "version": VERSION, "engine": impact.engine},
            "decided": impact.is_decided,
            "before": _side(impact.before),
            "after": _side(impact.after),
            "catalog": {
                "digest": impact.catalog_digest,
                "entities": impact.entities,
                "complete": impact.complete,
                "reason": impact.completeness,
            },
            "summary": _summary(impact),
            "flips": [_flip(each) for each in impact.flips],
            "owners": [_owner(each) for each in impact.owners],
            "rules": [_rule(each) for each in impact.rules],
            "findings": [_change(each) for each in impact.changes],
            "notes": list(impact.notes),
        }
    )


def _side(side: Judged) -> dict[str, Any]:
    return {
        "name": side.name,
        "decision": side.decision,
        "policies": {"digest": side.policies_digest, "rules": side.rules},
        "unanswered": [{"rule": each.rule, "entity": each.entity, "message": each.message} for each in side.unanswered],
    }


def _summary(impact: Impact) -> dict[str, int]:
    kinds = {
        f"{before}_to_{after}": len(impact.of(before, after))
        for before in Decision
        for after in Decision
        if before is not after
    }
    return {
        **kinds,
        "owners": sum(each.owner is not None for each in impact.owners),
        "appear": sum(each.appear for each in impact.rules),
        "vanish": sum(each.vanish for each in impact.rules),
        "change": sum(each.change for each in impact.rules),
    }


def _ends(flips: Iterable[Flip]) -> dict[str, int]:
    ends = [each.after for each in flips]
    return {end: ends.count(end) for end in (Decision.DENIED, Decision.UNDECIDED, Decision.ALLOWED)}


def _flip(flip: Flip) -> dict[str, Any]:
    return {
        "entity": flip.entity,
        "path": flip.path or None,
        "document": flip.index,
        "owners": list(flip.owners),
        "before": flip.before,
        "after": flip.after,
        "because": [{"rule": each.finding.rule, "fingerprint": each.finding.fingerprint} for each in flip.because],
    }


def _owner(owner: OwnerImpact) -> dict[str, Any]:
    rules = sorted({rule for flip in owner.flips for rule in flip.rules})
    return {"owner": owner.owner, **_ends(owner.flips), "rules": rules}


def _rule(rule: RuleImpact) -> dict[str, Any]:
    return {
        "rule": rule.rule,
        "differences": [_difference(each) for each in rule.differences],
        "appear": rule.appear,
        "vanish": rule.vanish,
        "change": rule.change,
        **_ends(rule.flips),
        "owners": len({owner for flip in rule.flips for owner in flip.owners}),
    }


def _difference(said: Difference) -> dict[str, Any]:
    return {
        "what": said.what,
        "name": said.name or None,
        "before": _term(said, said.before),
        "after": _term(said, said.after),
    }


def _term(said: Difference, value: Any) -> Any:
    if said.what == "enforcement" and value is not None:
        return [
            {"level": each.level, "from": str(each.from_) if each.from_ else None, "owners": list(each.owners)}
            for each in value
        ]
    return plain(value)


def _change(change: Change) -> dict[str, Any]:
    finding = change.finding
    return {
        "rule": finding.rule,
        "entity": finding.entity,
        "message": finding.message,
        "pointer": finding.pointer,
        "location": location(finding.location) if finding.location else None,
        "fingerprint": finding.fingerprint,
        "before": _counts(change.before),
        "after": _counts(change.after),
    }


def _counts(finding: Finding | None) -> dict[str, Any] | None:
    if finding is None:
        return None
    return {
        "severity": finding.severity,
        "outcome": finding.outcome,
        "enforcement": finding.enforcement,
        "waiver": finding.waiver,
    }
