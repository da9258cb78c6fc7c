"""``expected.yaml``: the findings that a rule should have in a fixture, and how those it has differ."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from bylaw.documents import load
from bylaw.errors import ConfigError
from bylaw.model import Outcome, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from bylaw.model import Finding

DAY = date(2026, 1, 1)
"""The day of the judgement where a fixture names none: no fixture may change its mind overnight."""

_TYPES: dict[str, tuple[type, ...]] = {
    "entity": (str, type(None)),
    "pointer": (str,),
    "message": (str,),
    "outcome": (str,),
    "observed": (object,),
    "expected": (str, type(None)),
    "suggestion": (str, type(None)),
    "fix": (list,),
    "key": (str,),
    "path": (str,),
    "line": (int,),
    "column": (int,),
}
_REQUIRED = ("entity", "pointer", "message")

Said = dict[str, Any]
"""What is said of a finding: all of it, or (expected) what its author cared to say."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The content of one ``expected.yaml``."""

    findings: tuple[Said, ...]
    now: date
    actor: str | None = None
    approvers: tuple[str, ...] | None = None


def read(path: Path) -> Expected:
    """Read one.

    ``findings`` is a list of ``{entity, pointer, message}``, and as much of ``outcome`` (default: fail),
    ``observed``, ``expected``, ``suggestion``, ``fix``, ``key``, ``path``, ``line`` and ``column`` as should be
    compared. ``entity`` is null for a document that has no name. ``now`` is the day of the judgement; ``actor`` and
    ``approvers`` (refs) are the people of a change.

    Raises:
        ConfigError: it cannot be read, or says something else.
    """
    try:
        documents = load(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    for each in documents:
        if each.fault:
            raise ConfigError(f"{path}:{each.fault.line}:{each.fault.column}: {each.fault.message}")
    value = documents[0].value if len(documents) == 1 else None
    if not isinstance(value, dict) or not isinstance(value.get("findings"), list):
        raise ConfigError(f"{path}: expected one mapping with `findings:`, a list (empty: `findings: []`)")
    _refuse_unknown(path, "", value, ("findings", "now", "actor", "approvers"))
    findings = [_finding(f"{path}: findings.{index}", each) for index, each in enumerate(value["findings"])]
    actor, approvers = value.get("actor"), value.get("approvers")
    if not isinstance(actor, str | None):
        raise ConfigError(f"{path}: actor: found {actor!r:.60}, expected a ref such as user:default/jane")
    if approvers is not None and not (isinstance(approvers, list) and all(isinstance(each, str) for each in approvers)):
        raise ConfigError(f"{path}: approvers: found {approvers!r:.60}, expected a list of refs")
    return Expected(
        tuple(findings), _day(path, value.get("now")), actor, None if approvers is None else tuple(approvers)
    )


def said(finding: Finding) -> Said:
    """All that an ``expected.yaml`` can say of a finding."""
    place = finding.location
    return {
        "entity": finding.entity,
        "pointer": finding.pointer,
        "message": finding.message,
        "outcome": str(finding.outcome),
        "observed": finding.observed,
        "expected": finding.expected,
        "suggestion": finding.suggestion,
        "fix": list(finding.fix),
        "key": finding.key,
        "path": place.path if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
    }


def differences(expected: Sequence[Said], found: Iterable[Said]) -> list[str]:
    """What is missing, what is unexpected, and what is there but otherwise; nothing if all is as expected."""
    unexpected = list(found)
    missing: list[Said] = []
    for each in sorted(expected, key=len, reverse=True):  # who says most chooses first
        same = next((other for other in unexpected if not _differing(each, other)), None)
        if same is None:
            missing.append(each)
        else:
            unexpected.remove(same)
    lines: list[str] = []
    for each in list(missing):
        alike = next((other for other in unexpected if _place(other) == _place(each)), None)
        if alike is not None:
            missing.remove(each)
            unexpected.remove(alike)
            lines.append(f"differs     {_place(each)}")
            for name in _differing(each, alike):
                lines.append(f"            - {name}: {each[name]}")
                lines.append(f"            + {name}: {alike[name]}")
    lines.extend(f"missing     {_whole(each)}" for each in missing)
    lines.extend(f"unexpected  {_whole(each)}" for each in unexpected)
    return lines


def _differing(expected: Said, found: Said) -> list[str]:
    return [name for name, value in expected.items() if found[name] != value]


def _place(finding: Said) -> str:
    return f"{finding['entity'] or 'a document without a name'} {finding['pointer'] or '(the whole)'}"


def _whole(finding: Said) -> str:
    outcome = "" if finding["outcome"] == Outcome.FAIL else f"{finding['outcome']}: "
    return f"{_place(finding)}: {outcome}{finding['message']}"


def _finding(where: str, value: Any) -> Said:
    if not isinstance(value, dict) or not set(_REQUIRED) <= value.keys():
        raise ConfigError(f"{where}: expected a mapping with {', '.join(_REQUIRED)}")
    _refuse_unknown(where, ".", value, tuple(_TYPES))
    for name, each in value.items():
        if not isinstance(each, _TYPES[name]):
            raise ConfigError(f"{where}.{name}: found {each!r:.60}, expected {_TYPES[name][0].__name__}")
    outcome = value.get("outcome", Outcome.FAIL)
    if outcome not in {Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR}:
        raise ConfigError(f"{where}.outcome: found {outcome!r:.60}, expected fail, unknown or error")
    return {**value, "outcome": str(outcome)}


def _day(path: Path, value: Any) -> date:
    try:
        return DAY if value is None else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ConfigError(f"{path}: now: found {value!r:.60}, expected a date such as 2026-12-31") from None


def _refuse_unknown(where: object, dot: str, value: dict[str, Any], names: Iterable[str]) -> None:
    names = tuple(names)
    for name in value:
        if name not in names:
            known = did_you_mean(name, names) or f"; known are {', '.join(names)}"
            raise ConfigError(f"{where}{dot or ': '}{name} is not known here{known}")
