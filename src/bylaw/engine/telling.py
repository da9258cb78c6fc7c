"""What a rule may say, in either language, and how it travels from a worker to the parent.

Rules are written by others: whatever one says is looked at here, in the worker and at the rule's own turn,
so that what is wrong with it is that rule's error and nobody else's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from bylaw.documents import secrets
from bylaw.model import Finding, Location, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MOST = 200  # findings of one rule on one entity: a hostile one could bring on a hundred thousand
_LONGEST_TEXT = 2_000
_LONGEST_INDEX = 10  # digits: Python refuses to read a number of thousands
_LONGEST_OBSERVED = 1_000
SHOWN = 60  # characters of a wrong value that a message repeats


class ShapeError(Exception):
    """What a rule said is no finding."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_nearest_of(value: Any) -> bool:
    return isinstance(value, dict) and set(value) in ({"kinds"}, {"values"}) and all(map(_are_texts, value.values()))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


_FIELDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "pointer": (lambda value: _is_text(value) and value[:1] in {"", "/"}, "a JSON pointer such as /spec/owner"),
    "message": (lambda value: _is_text(value) and value != "", "a sentence"),
    "observed": (lambda value: True, "a value"),
    "expected": (_is_text, "a text"),
    "suggestion": (_is_text, "a text"),
    "fix": (
        lambda value: isinstance(value, list | tuple) and all(isinstance(each, dict) for each in value),
        "a list of JSON Patch operations",
    ),
    "outcome": (
        lambda value: _is_text(value) and value in {Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR},
        "fail, unknown or error: an entity passes by having no finding",
    ),
    "key": (_is_text, "a text"),
    "line": (lambda value: type(value) is int and value > 0, "a number from 1"),
    "nearest_of": (_is_nearest_of, '{"kinds": [texts]} or {"values": [texts]}'),
}
"""What a rule can say of a finding: the test of each field, and what it expects in words."""

_ROOT = frozenset({"apiVersion", "kind", "metadata", "spec"})
_OPTIONAL = frozenset({"observed", "expected", "suggestion", "line", "nearest_of"})


def from_rego(value: Any) -> Finding:
    """One element of a ``findings`` set.

    Raises:
        ShapeError: it has not the shape of a finding.
    """
    if not isinstance(value, dict):
        raise ShapeError(f"findings holds {value!r:.{SHOWN}}, expected objects with pointer and message")
    for name in ("pointer", "message"):
        if name not in value:
            raise ShapeError(f"a finding has no {name}")
    _check(value)
    outcome = Outcome(value.get("outcome", Outcome.FAIL))
    return Finding(**{**value, "fix": tuple(value.get("fix", ())), "outcome": outcome})


def nearest_above(pointer: str, data: Any) -> str:
    """The pointer, or as much of it as can lead to a value in an entity.

    What is missing may be pointed to where it could be added: keys of mappings, below a field that entities have.
    """
    steps = pointer.split("/")[1:]
    for index, step in enumerate(steps):
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(data, dict) and key in data:
            data = data[key]
        elif isinstance(data, list) and key.isdecimal() and len(key) < _LONGEST_INDEX and int(key) < len(data):
            data = data[int(key)]
        elif isinstance(data, dict | None) and (index or key in _ROOT):
            return pointer
        else:
            return "".join(f"/{each}" for each in steps[:index])
    return pointer


def told(findings: list[Finding]) -> list[orjson.Fragment]:
    """The findings of one rule on one entity as they travel: what the parent does not know anyway, bounded.

    Raises:
        ShapeError: one that is not of the shape of a finding, or no JSON.
    """
    if not findings:  # nearly always
        return []
    parts = list(map(_told, findings[:_MOST]))
    hidden = {each.outcome for each in findings[_MOST:]}
    if hidden:
        worst = next(each for each in (Outcome.ERROR, Outcome.FAIL, Outcome.UNKNOWN) if each in hidden)
        message = f"{len(findings) - _MOST} more findings of this rule here are not listed"
        parts.append(_told(Finding("", message, outcome=worst, key="more")))
    return parts


def _told(finding: Finding) -> orjson.Fragment:
    said = {name: getattr(finding, name) for name in _FIELDS}
    _check({name: value for name, value in said.items() if value is not None or name not in _OPTIONAL})
    if not isinstance(finding.location, Location | None):
        raise ShapeError(f"location of a finding is {finding.location!r:.{SHOWN}}, expected a Location")
    said = _without_secrets(said)
    if len(said["pointer"]) > _LONGEST_TEXT:
        said["pointer"] = said["pointer"][:_LONGEST_TEXT].rpartition("/")[0]  # what is nearest above
    for name in ("message", "expected", "suggestion", "key"):
        said[name] = said[name] and said[name][:_LONGEST_TEXT]
    try:
        said["observed"] = _bounded(said["observed"])
        return orjson.Fragment(orjson.dumps({**said, "location": finding.location}))
    except TypeError as error:
        raise ShapeError(f"a finding cannot be written as JSON: {error}") from None


def _without_secrets(said: dict[str, Any]) -> dict[str, Any]:
    """What a finding says without the secrets in it, before anything is cut: part of one could not be told for one."""
    try:
        if not secrets.suspected_in(said):  # nearly always
            return said
    except TypeError as error:
        raise ShapeError(f"a finding cannot be written as JSON: {error}") from None
    fix = () if secrets.suspected_in(said["fix"]) else said["fix"]  # it would write what is shown in place of one
    return {**secrets.redact(said), "pointer": secrets.without_secret(said["pointer"]), "fix": fix}


def heard(value: dict[str, Any]) -> Finding:
    """A finding as ``told`` told it."""
    place = value["location"]
    return Finding(
        **{
            **value,
            "fix": tuple(value["fix"]),
            "outcome": Outcome(value["outcome"]),
            "location": Location(**place) if place else None,
        }
    )


def _check(said: Mapping[str, Any]) -> None:
    for name, value in said.items():
        if name not in _FIELDS:
            raise ShapeError(f"a finding has {name}: known are {', '.join(_FIELDS)}")
        test, expected = _FIELDS[name]
        if not test(value):
            raise ShapeError(f"{name} of a finding is {value!r:.{SHOWN}}, expected {expected}")


def _bounded(value: Any) -> Any:
    """The value, or its beginning: an entity may hold megabytes, a report should not repeat them."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return value if len(text) <= _LONGEST_OBSERVED else f"{text[:_LONGEST_OBSERVED]}…"
