"""The results, for a person and for a program."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from bylaw.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bylaw.policy_tests.results import Coverage, Results, Subject, Trial

_LABEL = {Outcome.PASS: "ok", Outcome.FAIL: "FAIL", Outcome.ERROR: "ERROR", Outcome.NOT_APPLICABLE: "none"}
_INDENT = " " * 7


def as_text(results: Results) -> str:
    """One line for each rule; what failed under its own; what is not covered, and a summary, at the end."""
    width = max((len(each.id) for each in results.subjects), default=0)
    lines = [line for each in results.subjects for line in _lines(each, width)]
    partly = [each.coverage for each in results.subjects if each.coverage and each.coverage.uncovered]
    if partly:
        lines.extend(["", "lines that no test and no fixture reached:"])
        lines.extend(f"  {each.path}: {_ranges(each.uncovered)}" for each in partly)
    if results.without_failing_case:
        lines.extend(["", "rules that no fixture shows to find anything:"])
        lines.extend(f"  {each}" for each in results.without_failing_case)
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
        },
        "subjects": [
            {
                "id": each.id,
                "outcome": each.outcome,
                "tests": [_trial(trial) for trial in each.tests],
                "fixtures": [_trial(trial) for trial in each.fixtures],
                "coverage": _coverage(each.coverage),
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
    yield f"{_LABEL[subject.outcome]:5}  {subject.id:{width}}  {', '.join(counts)}".rstrip()
    for trial in subject.trials:
        if trial.outcome is not Outcome.PASS:
            name = trial.place if trial in subject.fixtures else f"{trial.place}: {trial.name}"
            said = "failed" if trial.outcome is Outcome.FAIL else "could not be run to its end"
            yield f"{_INDENT}{name} {said}:"
            yield from (f"{_INDENT}  {detail}" for detail in trial.details)


def _summary(results: Results) -> list[str]:
    passed, failed, errors = map(results.count, (Outcome.PASS, Outcome.FAIL, Outcome.ERROR))
    rules = sum(each.may_fail is not None for each in results.subjects)
    parts = [f"{_count(rules, 'rule')}: {passed} passed", f"{failed} failed"]
    if errors:
        parts.append(f"{errors} could not be run")
    if results.lines:
        parts.append(f"{_percent(results.covered, results.lines)} of {results.lines} lines of Rego reached")
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
