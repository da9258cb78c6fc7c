"""OPA's decision log, as its servers upload it, read into decisions of the gate ``opa``.

What a result means OPA does not say; it goes by the names that people give their rules. A result that has none of
those is undecided: nobody can tell from it whether anything was allowed.
"""

from __future__ import annotations

import hashlib
import re
import uuid
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from bylaw.catalog import address
from bylaw.model import Decided, Decision, Digests

GATE = "opa"
MOST_BYTES = 8 * 1024 * 1024
"""What an upload may be, unpacked. OPA packs its log into uploads of 32 KiB each, unless it is told otherwise."""

_MOST_EVENTS = 10_000
_LONGEST = 200  # characters of a text that the log keeps
_ALLOWING = frozenset({"allow", "allowed"})
_DENYING = frozenset({"deny", "denied", "violation", "violations", "findings"})
_ANSWERED = frozenset({"unknown", "error"})  # outcomes of a finding that denies nothing, and allows nothing either
_REVISION = re.compile(r"(catalog|policies)=(sha256:[0-9a-f]{64})(?:,|\Z)")
_RULE = re.compile(r"bylaw/([a-z][a-z0-9_]*)/([a-z][a-z0-9_]*)/findings\Z")
_GZIP = 31  # for zlib: with the header that gzip has


def read(body: bytes, encoding: str = "") -> list[Decided]:
    """The decisions of an upload, in its order. ``encoding`` is that of the request's content.

    Raises:
        ValueError: it is none, or too large. The message is for whoever sent it.
    """
    events = _events(_unpacked(body, encoding.strip().lower()))
    return [_decided(number, event) for number, event in enumerate(events, 1)]


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding in {"", "identity"}:
        if len(body) > MOST_BYTES:
            raise ValueError(f"the upload is larger than {MOST_BYTES:,} bytes")
        return body
    if encoding != "gzip":
        raise ValueError(f"the upload is encoded as {encoding!r:.60}, expected gzip")
    unzip = zlib.decompressobj(_GZIP)
    try:
        said = unzip.decompress(body, MOST_BYTES + 1)
    except zlib.error:
        raise ValueError("the upload is no gzip, though Content-Encoding says so") from None
    if len(said) > MOST_BYTES:
        raise ValueError(f"the upload is larger than {MOST_BYTES:,} bytes, unpacked")
    if not unzip.eof or unzip.unused_data:
        raise ValueError("the upload is cut off, or something follows its gzip")
    return said


def _events(said: bytes) -> list[dict[str, Any]]:
    try:
        events = orjson.loads(said)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"the upload is no JSON: {error}") from None
    if not isinstance(events, list) or not all(isinstance(each, dict) for each in events):
        raise ValueError("the upload is no JSON list of events, as OPA sends them")
    if len(events) > _MOST_EVENTS:
        raise ValueError(f"the upload has {len(events):,} events, expected at most {_MOST_EVENTS:,}")
    return events


def _decided(number: int, event: Mapping[str, Any]) -> Decided:
    path = _text(event, "path").strip("/")
    labels = _mapping(event, "labels")
    decision, reason = _decision(event, path)
    given, digest = _given(event)
    rule = _RULE.fullmatch(path)
    denies = decision is not Decision.ALLOWED
    return Decided(
        id=_text(event, "decision_id") or uuid.uuid4().hex,
        time=_time(number, event),
        gate=GATE,
        caller=_text(labels, "app") or _text(labels, "id") or _text(event, "requested_by"),
        subject=_subject(given) or path or _text(event, "query"),
        decision=decision,
        rules=(f"{rule[1]}/{rule[2]}".replace("_", "-"),) if rule and denies else (),
        digests=_digests(_mapping(event, "bundles")),
        engine=f"opa {_text(labels, 'version')}".strip(),
        input_digest=digest,
        duration=_seconds(_mapping(event, "metrics").get("timer_server_handler_ns")),
        input=given if isinstance(given, dict) else None,
        reason=reason,
        trace=_text(event, "trace_id"),
    )


def _decision(event: Mapping[str, Any], path: str) -> tuple[Decision, str]:
    """What was decided, and why nothing was."""
    error = event.get("error")
    if error:
        said = error.get("message") if isinstance(error, dict) else error
        return Decision.UNDECIDED, f"OPA came to no answer: {said!s:.{_LONGEST}}"
    erased = event.get("erased")
    if isinstance(erased, list) and "/result" in erased:
        return Decision.UNDECIDED, "the result was erased before it was uploaded"
    if "result" not in event:
        return Decision.UNDECIDED, f"{path or 'the query'} is undefined"
    said = set(_answers(path.rpartition("/")[2], event["result"]))
    for decision in (Decision.DENIED, Decision.UNDECIDED, Decision.ALLOWED):  # one denial is enough
        if decision in said:
            reason = "a finding says that it could not tell" if decision is Decision.UNDECIDED else ""
            return decision, reason
    return Decision.UNDECIDED, f"the result of {path or 'the query'} has no name by which it allows or denies"


def _answers(name: str, result: Any) -> list[Decision]:
    """What a result says under its name, and what is in it under theirs; nothing where none means anything."""
    if isinstance(result, bool):
        if name in _ALLOWING:
            return [Decision.ALLOWED if result else Decision.DENIED]
        return [Decision.DENIED if result else Decision.ALLOWED] if name in _DENYING else []
    if isinstance(result, list) and name in _DENYING:
        return [Decision.ALLOWED] if not result else [_of_finding(name, each) for each in result]
    if isinstance(result, dict):
        response = result.get("response")  # an AdmissionReview holds its answer there
        inner = response if isinstance(response, dict) else result
        return [answer for key in (_ALLOWING | _DENYING) & inner.keys() for answer in _answers_inside(key, inner[key])]
    return []


def _answers_inside(name: str, result: Any) -> list[Decision]:
    return [] if isinstance(result, dict) else _answers(name, result)


def _of_finding(name: str, finding: Any) -> Decision:
    """A finding of ours can say that it could not tell; anything else in such a set denies."""
    outcome = finding.get("outcome") if name == "findings" and isinstance(finding, dict) else None
    return Decision.UNDECIDED if outcome in _ANSWERED else Decision.DENIED


def _subject(given: Any) -> str:
    """What the input is about: the ref of an entity, or a Kubernetes object; empty: neither."""
    if not isinstance(given, dict):
        return ""
    request = given.get("request")
    if isinstance(request, dict) and isinstance(request.get("kind"), dict):
        kind = request["kind"]
        version = "/".join(filter(None, (_text(kind, "group"), _text(kind, "version"))))
        name = "/".join(filter(None, (_text(request, "namespace"), _text(request, "name"))))
        return " ".join(filter(None, (version, _text(kind, "kind"), name)))[:_LONGEST]
    ref = address(given)
    return str(ref)[:_LONGEST] if ref else ""


def _digests(bundles: Mapping[str, Any]) -> Digests:
    """By which law: the revisions of our bundles, or what others call theirs."""
    found: dict[str, str] = {}
    others: list[str] = []
    for name, said in sorted(bundles.items()):
        revision = _text(said, "revision") if isinstance(said, dict) else ""
        ours = dict(_REVISION.findall(revision))
        found.update(ours)
        if not ours:
            others.append(f"{name}@{revision}"[:_LONGEST])
    return Digests(found.get("catalog", ""), found.get("policies") or ",".join(others)[:_LONGEST], "")


def _time(number: int, event: Mapping[str, Any]) -> str:
    said = _text(event, "timestamp")
    try:
        when = datetime.fromisoformat(said)
    except ValueError:
        raise ValueError(
            f"event {number}: timestamp is {said!r:.60}, expected a time such as 2026-12-31T23:59:59Z"
        ) from None
    if when.tzinfo is None:
        raise ValueError(f"event {number}: timestamp {said!r:.60} says nothing of its zone")
    try:
        return when.astimezone(UTC).isoformat(timespec="microseconds")
    except OverflowError:
        raise ValueError(f"event {number}: timestamp {said!r:.60} is no day there is") from None


def _seconds(nanoseconds: Any) -> float:
    is_number = isinstance(nanoseconds, int | float) and not isinstance(nanoseconds, bool)
    return max(0.0, nanoseconds / 1e9) if is_number else 0.0


def _given(event: Mapping[str, Any]) -> tuple[Any, str]:
    """The input and its digest; none of it where there is none, or one so deep that nothing could keep it."""
    if "input" not in event:
        return None, ""
    try:
        said = orjson.dumps(event["input"], option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return None, ""
    return event["input"], f"sha256:{hashlib.sha256(said).hexdigest()}"


def _text(value: Any, name: str) -> str:
    said = value.get(name) if isinstance(value, Mapping) else None
    return said[:_LONGEST] if isinstance(said, str) else ""


def _mapping(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    said = value.get(name)
    return said if isinstance(said, dict) else {}
