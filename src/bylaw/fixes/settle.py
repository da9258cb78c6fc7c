"""Which files may be written: those whose new text makes nothing worse, anywhere in the catalog."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bylaw.fixes.fix import Edit, Fix, Judged, Refusal
from bylaw.model import Enforcement, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from bylaw.model import Finding

_ROUNDS = 3  # judgements of the whole catalog, at most
_UNTOLD = "is in one of several files that together make something worse"
_BY_OUTCOME = {Outcome.UNKNOWN: 1, Outcome.ERROR: 5}
_BY_ENFORCEMENT = {Enforcement.OFF: 2, Enforcement.OBSERVE: 2, Enforcement.WARN: 3, Enforcement.DENY: 4}

_Identity = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """The edits that can be written together, the fixes of the others, and what comes to light where they are made."""

    edits: list[Edit]
    refusals: list[Refusal]
    revealed: int


def settle(edits: Iterable[Edit], before: Judged, judged: Callable[[Mapping[str, bytes]], Judged]) -> Settled:
    """Find out which edits make nothing worse. ``judged`` judges the catalog with texts laid over its files.

    Worse is what is found that was not found before, or that weighed less, unless it weighs less than what the edit
    puts right: that comes to light by it. A component of a lifecycle that nobody knows escapes the rules for
    production; that they hold for it again is no harm. (An ownership moved by hand weighs as much as a warning.)

    What is worse is blamed on the edit of its own file, else on those of its neighbours in the graph, else on all;
    after a few rounds those that are left are given up. So the number of judgements does not grow with the files.
    """
    kept = {edit.path: edit for edit in edits}
    refusals: list[Refusal] = []
    known = _weights(before.findings)
    for number in range(1, _ROUNDS + 1):
        if not kept:
            break
        after = judged({path: edit.after for path, edit in kept.items()})
        blamed, revealed = _blamed(kept, known, after)
        if not blamed:
            return Settled(list(kept.values()), refusals, revealed)
        for path in list(kept) if number == _ROUNDS else blamed:
            refusals += (Refusal(fix, blamed.get(path, _UNTOLD)) for fix in kept.pop(path).fixes)
    return Settled([], refusals, 0)


def _blamed(kept: Mapping[str, Edit], known: Mapping[_Identity, int], after: Judged) -> tuple[dict[str, str], int]:
    """The files that must not be written as they are, and why; and how many findings come to light."""
    blamed: dict[str, str] = {}
    weights = {path: max(map(_worth, edit.fixes)) for path, edit in kept.items()}
    lightest = min(weights.values())
    worst: Finding | None = None  # of those that nobody is near
    revealed = 0
    for finding in after.findings:
        weight = _weight(finding)
        if weight <= known.get(_identity(finding), 0):
            continue
        suspects = _suspects(finding, kept, after)
        guilty = [path for path in suspects if weights[path] <= weight]
        if not suspects and weight >= lightest:
            worst = max(worst or finding, finding, key=_weight)
        elif not guilty:
            revealed += 1
        for path in guilty:
            blamed.setdefault(path, _brings_about(finding))
    if worst:
        blamed = {path: _brings_about(worst) for path in kept if weights[path] <= _weight(worst)} | blamed
    left = {_identity(finding) for finding in after.findings}
    for path, edit in kept.items():
        if any(fix.finding and _identity(fix.finding) in left for fix in edit.fixes):
            blamed.setdefault(path, "is in a file of which a finding would stay in spite of its fix")
    return blamed, revealed


def _worth(fix: Fix) -> int:
    """The weight of what a fix puts right."""
    return _weight(fix.finding) if fix.finding else _BY_ENFORCEMENT[Enforcement.WARN]


def _weights(findings: Iterable[Finding]) -> dict[_Identity, int]:
    weights: dict[_Identity, int] = {}
    for finding in findings:
        weights[_identity(finding)] = max(weights.get(_identity(finding), 0), _weight(finding))
    return weights


def _weight(finding: Finding) -> int:
    return _BY_OUTCOME.get(finding.outcome) or _BY_ENFORCEMENT[finding.enforcement]


def _identity(finding: Finding) -> _Identity:
    """What a finding is about, by its place in the files: a fix of its kind gives an entity another ref."""
    document = finding.document
    place = (document.path, document.index, document.url) if document else finding.entity
    return finding.rule, finding.pointer, finding.key, place


def _suspects(finding: Finding, kept: Mapping[str, Edit], after: Judged) -> Collection[str]:
    """The files whose edits are likely to have brought a finding about; none of them where it may be any."""
    own = finding.document.path if finding.document else None
    if own is not None and own in kept:
        return [own]
    if finding.entity is None or finding.entity not in after.graph:
        return ()
    near = map(after.catalog.entities.get, after.graph.neighbourhood(finding.entity))
    return {entity.document.path or "" for entity in near if entity} & kept.keys()


def _brings_about(finding: Finding) -> str:
    return f"is in a file whose fixes would bring about {finding.rule}: {finding.message}"
