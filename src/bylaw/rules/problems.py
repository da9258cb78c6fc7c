"""Rules about what was found wrong while reading: the reader has judged, the rule tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Document, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bylaw.rules.rule import Context


def told_by_reader(rule_id: str) -> Callable[[Document, Context], Iterable[Finding]]:
    """An ``evaluate`` that turns the problems filed under a rule into its findings."""
    return _Told(rule_id)


class _Told:
    """A class, so that it pickles."""

    def __init__(self, rule_id: str) -> None:
        self._rule = rule_id

    def __call__(self, document: Document, context: Context) -> Iterable[Finding]:
        return [
            Finding(
                problem.pointer,
                problem.message,
                observed=problem.observed,
                expected=problem.expected,
                suggestion=problem.suggestion,
                outcome=problem.outcome,
                location=problem.location,
            )
            for problem in document.problems
            if problem.rule == self._rule
        ]
