"""The results, for a person and for a program."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from bylaw.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bylaw.policy_tests.results import Coverage, Mutation, Results, Subject, Trial

_LABEL = {Outcome.PASS: "ok", Outcome.FAIL: "FAIL", Outcome.ERROR: "ERROR", Outcome.NOT_APPLICABLE: "none"}
_INDENT = " " * 7


def as_text(results: Results) -> str:
    """One line for each rule; what failed under its own; what nothing has tested, and a summary, at the end."""
    width = max((len(each.id) for each in results.subjects), default=0)
    lines = [line for each in results.subjects for line in _lines(each, width)]
    for heading, untested in _untested(results):
        lines.extend(["", f"{heading}:", *(f"  {each}" for each in untested)] if untested else [])
    return "\n".join([*lines, "", *_summary(results), ""])


def as_json(results: Results) -> str:
    """The same for programs, ``version: 1``."""
    shown = {
        "version": 1,
        "summary": {
            **{each.value: results.count(each) for each in (Outcome.PASS, Outcome.FAIL, Outcome.ERROR)},
            "lines": results.lines,
            "covered": results.covered,
            "threshold": results.threshold,
            "below_threshold": results.below_threshold,
            "without_failing_case": list(results.without_failing_case),
            "mutants": {
                "killed": results.killed,
                "survived": results.mutants - results.killed,
                "without_fixture": list(results.without_fixture),
            }
            if results.mutated
            else None,
        },
        "subjects": [
            {
                "id": each.id,
                "outcome": each.outcome,
                "tests": [_trial(trial) for trial in each.tests],
                "fixtures": [_trial(trial) for trial in each.fixtures],
                "coverage": _coverage(each.coverage),
                "mutants": _mutants(each.mutation),
            }
            for each in results.subjects
        ],
    }
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def _lines(subject: Subject, width: int) -> Iterator[str]:
    counts = [] if subject.is_python else [_count(len(subject.tests), "test")]
    counts.append(_count(len(subject.fixtures), "fixture"))
    if subject.coverage and subject.coverage.lines:
        counts.append(f"{_percent(subject.coverage.covered, subject.coverage.lines)} of {subject.coverage.lines} lines")
    if subject.mutation:
        counts.append(_killed(subject.mutation.killed, subject.mutation.total))
    yield f"{_LABEL[subject.outcome]:5}  {subject.id:{width}}  {', '.join(counts)}".rstrip()
    for trial in subject.trials:
        if trial.outcome is not Outcome.PASS:
            name = trial.place if trial in subject.fixtures else f"{trial.place}: {trial.name}"
            said = "failed" if trial.outcome is Outcome.FAIL else "could not be run to its end"
            yield f"{_INDENT}{name} {said}:"
            yield from (f"{_INDENT}  {detail}" for detail in trial.details)


def _untested(results: Results) -> Iterator[tuple[str, list[str]]]:
    """What the tests leave to be desired, a line each, and under which heading."""
    covered = [each.coverage for each in results.subjects if each.coverage]
    yield (
        "lines that no test and no fixture reached",
        [f"{each.path}: {_ranges(each.uncovered)}" for each in covered if each.uncovered],
    )
    yield "rules that no fixture shows to find anything", list(results.without_failing_case)
    yield (
        "mutants that no fixture tells from the rule; add an entity that does, or say more in expected.yaml",
        [f"{each.place}: {each.mutant}" for _, found in results.mutations for each in found.without_reason],
    )
    yield (
        "mutants that survived for a reason",
        [
            f"{each.place}: {each.mutant} ({each.reason})"
            for _, found in results.mutations
            for each in found.survivors
            if each.reason
        ],
    )
    yield (
        "reasons that no mutant needs; take them out of custom.survivors",
        [f"{rule_id}: {each}" for rule_id, found in results.mutations for each in found.stale],
    )
    yield "rules without a fixture to run mutants on", list(results.without_fixture)


def _summary(results: Results) -> list[str]:
    passed, failed, errors = map(results.count, (Outcome.PASS, Outcome.FAIL, Outcome.ERROR))
    rules = sum(each.may_fail is not None for each in results.subjects)
    parts = [f"{_count(rules, 'rule')}: {passed} passed", f"{failed} failed"]
    if errors:
        parts.append(f"{errors} could not be run")
    if results.lines:
        parts.append(f"{_percent(results.covered, results.lines)} of {results.lines} lines of Rego reached")
    if results.mutants:
        parts.append(_killed(results.killed, results.mutants))
    lines = [", ".join(parts)]
    if results.below_threshold:
        lines.append(f"fewer lines are reached than the {results.threshold:g} % asked for (--coverage-threshold)")
    return lines


def _trial(trial: Trial) -> dict[str, Any]:
    return {"name": trial.name, "place": trial.place, "outcome": trial.outcome, "details": list(trial.details)}


def _coverage(coverage: Coverage | None) -> dict[str, Any] | None:
    if coverage is None:
        return None
    return {
        "path": coverage.path,
        "lines": coverage.lines,
        "covered": coverage.covered,
        "uncovered": list(coverage.uncovered),
    }


def _mutants(mutation: Mutation | None) -> dict[str, Any] | None:
    if mutation is None:
        return None
    return {
        "killed": mutation.killed,
        "survivors": [
            {
                "name": str(each.mutant),
                "place": each.place,
                "kind": each.mutant.kind,
                "before": each.mutant.before,
                "after": each.mutant.after,
                "reason": each.reason,
            }
            for each in mutation.survivors
        ],
        "stale_reasons": list(mutation.stale),
    }


def _killed(killed: int, total: int) -> str:
    return f"{killed} of {_count(total, 'mutant')} killed"


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def _percent(part: int, whole: int) -> str:
    """Rounded down: 100 % means all."""
    return f"{100 * part // whole} %"


def _ranges(numbers: Sequence[int]) -> str:
    """``12, 14-16``."""
    runs = (list(run) for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]))
    spans = ((run[0][1], run[-1][1]) for run in runs)
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
