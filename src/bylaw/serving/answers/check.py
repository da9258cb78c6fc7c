"""``POST /v1/check``: are these entities right, as they would be in the catalog?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from bylaw.catalog import address
from bylaw.model import Decision, Outcome
from bylaw.reports import json_v1
from bylaw.serving import proposed
from bylaw.serving.bodies import MalformedError, read
from bylaw.serving.frames import Reply
from bylaw.serving.problems import problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bylaw.model import Document, Report
    from bylaw.serving.frames import Question
    from bylaw.serving.generation import Generation

KEPT = 256 * 1024
"""Bytes of a question that are worth being kept for a replay."""
_NAMED = 3  # refs that the log says of a question about many


def answer(generation: Generation, question: Question) -> Reply:
    """The report of ``bylaw check``, as JSON."""
    limits = generation.settings.catalog.limits
    try:
        said = read(question.body, limits)
        entities, now = _entities(said), _now(said)
    except MalformedError as error:
        return problem(400, str(error))
    given = proposed.documents(entities, limits)
    report = proposed.judge_given(generation, given, now or day(question))
    if question.stale:
        report = undecided(report, question.stale)
    kept = said if len(question.body) <= KEPT else None
    return Reply(200, rendered(report), decided=told(report, _subject(given), kept, question.stale))


def warm(generation: Generation) -> None:
    """Before the workers are forked."""
    proposed.warm(generation)


def day(question: Question) -> date:
    """The day of the judgement: that which the server was started for, or today in UTC."""
    said = question.arguments.get("now")
    return date.fromisoformat(said) if said else datetime.now(UTC).date()


def undecided(report: Report, reason: str) -> Report:
    """The report where nobody knows whether the catalog is still the one it was drawn from."""
    return replace(report, decision=Decision.UNDECIDED, notes=(reason, *report.notes))


def rendered(report: Report) -> bytes:
    """The report as it goes to the network."""
    return json_v1.compact(report)


def told(report: Report, subject: str, asked: Mapping[str, Any] | None, reason: str = "") -> dict[str, Any]:
    """What the decision log is told of a report. ``asked`` is the body, if it is to be kept."""
    counting = {each.rule for each in report.findings if report.counts(each) and each.outcome is not Outcome.PASS}
    return {
        "gate": report.gate,
        "subject": subject,
        "decision": report.decision,
        "rules": sorted(counting),
        "engine": report.engine,
        "reason": reason,
        "input": asked,
    }


def _entities(said: Mapping[str, Any]) -> Sequence[Any]:
    """The entities of a body.

    Raises:
        MalformedError: it has none, or says something besides.
    """
    unknown = sorted(said.keys() - {"entities", "now"})
    if unknown:
        raise MalformedError(f"the body says {unknown[0]!r:.60}, expected entities and, if the day matters, now")
    entities = said.get("entities")
    if not isinstance(entities, list) or not entities:
        raise MalformedError('the body has no entities, expected {"entities": [{"kind": "Component", …}]}')
    return entities


def _now(said: Mapping[str, Any]) -> date | None:
    if "now" not in said:
        return None
    now = said["now"]
    try:
        return date.fromisoformat(now) if isinstance(now, str) and len(now) == len("2026-12-31") else _no_day(now)
    except ValueError:
        return _no_day(now)


def _no_day(now: Any) -> date:
    raise MalformedError(f"now is {now!r:.60}, expected a date such as 2026-12-31")


def _subject(given: Sequence[Document]) -> str:
    """Whom the question is about."""
    refs = [str(address(each.data) or "an entity without a name") for each in given]
    more = f" and {len(refs) - _NAMED} more" if len(refs) > _NAMED else ""
    return f"{', '.join(refs[:_NAMED])}{more}"
