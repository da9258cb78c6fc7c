"""Findings -> the waiver that someone asks for: complete, but for those who must put their names under it."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from bylaw.errors import UsageError
from bylaw.gates.waivers import WAIVABLE
from bylaw.model import Waiver, did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from bylaw.config import WaiverSettings
    from bylaw.model import Finding

_MOST = 5  # rules that a message names
_LONGEST_ID = 60
_NO_LETTER = re.compile(r"[^a-z0-9.]+")


def choose(
    findings: Iterable[Finding], *, rule: str | None = None, entity: str | None = None, fingerprint: str | None = None
) -> list[Finding]:
    """The findings that a waiver is asked for: those of a rule on an entity (its ref), or with a fingerprint.

    Raises:
        UsageError: there are none; the message names what is nearest.
    """
    waivable = [each for each in findings if each.outcome in WAIVABLE]
    if fingerprint is not None:
        found = [each for each in waivable if each.fingerprint == fingerprint]
        known = [each.fingerprint for each in waivable]
        fault = f"no finding has the fingerprint {fingerprint:.80}"
        hint = did_you_mean(fingerprint, known) or "; `bylaw check --format json` shows the fingerprints"
    else:
        found = [each for each in waivable if (each.rule, each.entity) == (rule, entity)]
        fault = f"{rule} finds nothing on {entity}"
        hint = _hint(waivable, rule or "", entity or "")
    if not found:
        raise UsageError(f"nothing to waive: {fault}{hint}")
    return found


def _hint(findings: Sequence[Finding], rule: str, entity: str) -> str:
    here = sorted({each.rule for each in findings if each.entity == entity})
    elsewhere = {_last(each.entity): each.entity for each in findings if each.rule == rule and each.entity}
    if near := nearest(_last(entity), elsewhere):
        return f" (did you mean {elsewhere[near]}?)"
    if here:
        more = f" and {len(here) - _MOST} more" if len(here) > _MOST else ""
        return f"; there, findings are of {', '.join(here[:_MOST])}{more}"
    if elsewhere:
        return f"; it does on {min(elsewhere.values())}"
    first = min(((each.rule, each.entity) for each in findings if each.entity), default=None)
    return f"; there are findings of others, such as {first[0]} on {first[1]}" if first else ""


def _last(ref: str) -> str:
    """The name in a ref: what comes before it is too much alike in all of them to tell which is near."""
    return ref.rpartition("/")[2]


def draw(
    findings: Sequence[Finding],
    settings: WaiverSettings,
    today: date,
    taken: Collection[str],
    *,
    days: int | None = None,
    reason: str = "",
    ticket: str | None = None,
    requested_by: str = "",
    approved_by: str = "",
) -> Waiver:
    """A waiver for some findings of one rule, and for no others, with an id that is not among those ``taken``.

    It holds for ``days``, or for as long as any may. What is left empty is for others to say; it does not hold before.

    Raises:
        UsageError: it would hold for longer than any may.
    """
    if days is not None and days > settings.max_days:
        raise UsageError(f"--days {days} is more than a waiver may hold: {settings.max_days:,} (waivers.max_days)")
    end = min(today.toordinal() + (settings.max_days if days is None else days), date.max.toordinal())
    first = findings[0]
    return Waiver(
        id=_name(first, taken),
        rule=first.rule,
        entities=tuple(sorted({each.entity for each in findings if each.entity})),
        reason=reason,
        ticket=ticket,
        requested_by=requested_by,
        approved_by=approved_by,
        approved_at=today if approved_by else None,
        expires=date.fromordinal(end),
        fingerprints=tuple(sorted({each.fingerprint for each in findings})),
    )


def _name(finding: Finding, taken: Collection[str]) -> str:
    """A readable id: ``orders-owner-unknown``, and ``orders-owner-unknown-2`` where that is taken."""
    of = finding.entity or (finding.document.path if finding.document else None) or ""
    parts = (_NO_LETTER.sub("-", _last(each).lower()).strip("-.") for each in (of, finding.rule))
    name = "-".join(filter(None, parts))[:_LONGEST_ID]
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found
