"""What was found in a review -> the AdmissionReview that answers it.

A denial is HTTP 200 like any other answer: anything else would be taken for a webhook that failed, and go by its
``failurePolicy``. Texts of strangers reach people's terminals and the audit log, so nothing in them acts, and all is
bounded as the API server bounds it: a warning of more than 256 characters is cut there, and after 4,096 none is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

import orjson

from bylaw import gates
from bylaw.admission.review import API_VERSION, KIND
from bylaw.documents import secrets
from bylaw.model import Decision, Enforcement, Outcome, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bylaw.admission.review import Review
    from bylaw.config import MergeGate
    from bylaw.model import Finding

LONGEST_MESSAGE = 8_192
LONGEST_LINE = 1_000
LONGEST_WARNING, MOST_WARNINGS = 256, 3_800  # characters of one, and of all
MANY_WARNINGS = 15
LONGEST_ANNOTATION = 1_024
_REASONS = {403: "Forbidden", 503: "ServiceUnavailable", 504: "Timeout"}
_NO_ANSWER = "InternalError"


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision on a review, and the AdmissionReview that says it."""

    decision: Decision
    body: bytes
    rules: tuple[str, ...] = ()
    """The ids of the rules that the decision goes by, sorted."""


def answer(review: Review, findings: Iterable[Finding], gate: MergeGate, digests: Mapping[str, str]) -> Answer:
    """Answer a review by its findings, enforced and weighed; those that are fixed are not told.

    ``digests`` say by which law and over which catalog that was decided: they go into the audit log.
    """
    told = sorted((each for each in findings if each.status is not Status.FIXED), key=_order)
    decision = gates.decide(told, gate)
    against, undecided, warnings = list[str](), list[str](), list[str]()
    counting = set[str]()
    for finding in told:
        said = gates.decide([finding], gate)
        if said is Decision.ALLOWED:
            warnings += _warning(finding)
            continue
        counting.add(finding.rule)
        line = f"[{finding.rule}] {finding.message}"
        if said is Decision.DENIED:
            against.append(line if finding.outcome is Outcome.FAIL else f"{line} ({_why(finding)})")
        else:
            undecided.append(f"{line} ({_why(finding)})")
    lines = [*against, *undecided]
    rules = tuple(sorted(counting))
    waived = sorted({each.waiver for each in told if each.waiver})
    annotations = {"decision": str(decision), **digests}
    annotations |= {"rules": " ".join(rules)} if rules else {}
    annotations |= {"waived": " ".join(waived)} if waived else {}
    code = {Decision.DENIED: 403, Decision.UNDECIDED: 500}.get(decision)
    return Answer(decision, _body(review.uid, code, lines, warnings, annotations), rules)


def undecided(review: Review, reason: str, code: int = 500) -> Answer:
    """The answer to a review that nobody has judged: not allowed, whatever the webhook's ``failurePolicy`` says.

    ``code`` is what the API server hands to who asked it: 500, 503 (come again), 504 (no answer in time).
    """
    line = f"undecided, and so not allowed: {reason}"
    annotations = {"decision": str(Decision.UNDECIDED)}
    return Answer(Decision.UNDECIDED, _body(review.uid, code, [line], [], annotations))


def _order(finding: Finding) -> tuple[str, ...]:
    """By rule and entity, and no two different findings alike: the bytes of an answer depend on no order."""
    place = (finding.rule, finding.entity or "", finding.pointer, finding.key, finding.message)
    return (*place, finding.outcome, finding.enforcement, finding.status, finding.waiver or "")


def _warning(finding: Finding) -> list[str]:
    """What is said of a finding that does not stand in the way."""
    said = f"[{finding.rule}] "
    if finding.waiver is not None:
        return [f"{said}waived by {finding.waiver}: {finding.message}"]
    if finding.status is Status.EXISTING and finding.enforcement is Enforcement.DENY:
        return [f"{said}was there before: {finding.message}"]
    if finding.enforcement is Enforcement.OBSERVE:
        return []
    return [f"{said}{finding.message}" + ("" if finding.outcome is Outcome.FAIL else f" ({_why(finding)})")]


def _why(finding: Finding) -> str:
    return "a fact is missing" if finding.outcome is Outcome.UNKNOWN else "no answer"


def _body(
    uid: str, code: int | None, lines: Sequence[str], warnings: Sequence[str], annotations: Mapping[str, str]
) -> bytes:
    """The AdmissionReview; without a ``code`` it allows."""
    if (lines or warnings) and secrets.suspected("\n".join([*lines, *warnings])):  # nearly never, and told fast
        lines, warnings = secrets.redact(list(lines)), secrets.redact(list(warnings))
    response: dict[str, object] = {"uid": uid, "allowed": code is None}
    if code is not None:
        response["status"] = {"code": code, "reason": _REASONS.get(code, _NO_ANSWER), "message": _message(lines)}
    if bounded := _bounded(warnings):
        response["warnings"] = bounded
    response["auditAnnotations"] = {key: _plain(value, LONGEST_ANNOTATION) for key, value in annotations.items()}
    return orjson.dumps({"apiVersion": API_VERSION, "kind": KIND, "response": response})


def _message(lines: Sequence[str]) -> str:
    """All lines, or as many as a person may be shown, and how many more there are."""
    distinct = list(dict.fromkeys(_plain(each, LONGEST_LINE) for each in lines))
    shown = _as_many(distinct, LONGEST_MESSAGE)
    more = len(distinct) - len(shown)
    return "\n".join([*shown, f"and {more:,} more"] if more else shown)


def _bounded(warnings: Sequence[str]) -> list[str]:
    """The first warnings that the API server shows in full, and how many more there are."""
    distinct = list(dict.fromkeys(_plain(each, LONGEST_WARNING) for each in warnings))
    shown = _as_many(distinct[:MANY_WARNINGS], MOST_WARNINGS)
    more = len(distinct) - len(shown)
    return [*shown, f"and {more:,} more warnings of bylaw"] if more else list(shown)


def _as_many(lines: Sequence[str], characters: int) -> Sequence[str]:
    """The first lines, as many as have no more than so many characters together."""
    ends = accumulate(len(each) + 1 for each in lines)
    return lines[: sum(end <= characters for end in ends)]


def _plain(text: str, longest: int) -> str:
    """A line of text in which nothing acts, and not longer than that."""
    if not text.isprintable():
        text = "".join(each if each.isprintable() else _escaped(each) for each in " ".join(text.split()))
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
