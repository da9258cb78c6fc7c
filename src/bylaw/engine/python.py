"""Python rules: the boundary at which whatever a rule does wrong becomes an ``error`` outcome."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bylaw.model import Finding

if TYPE_CHECKING:
    from bylaw.rules import Context, Rule


class RuleError(Exception):
    """A rule came to no answer. The message has the place in the rule."""


def findings(rule: Rule, subject: Any, context: Context) -> list[Finding]:
    """What a rule says about one entity or document.

    Raises:
        RuleError: it raised, or yielded something that is no Finding.
    """
    evaluate = rule.evaluate
    if evaluate is None:
        raise RuleError(f"{rule.shown_source}: {rule.id} has no evaluate function")
    try:
        found = list(evaluate(subject, context))
    except Exception as error:  # noqa: BLE001  (the rule boundary: one bad rule must not hide the others)
        raise RuleError(f"{_place(error) or where(rule)}: {type(error).__name__}: {error}") from None
    for each in found:
        if not isinstance(each, Finding):
            raise RuleError(f"{where(rule)}: yielded {type(each).__name__}, expected a Finding")
    return found


def where(rule: Rule) -> str:
    """``file:line`` of a rule's function."""
    code = getattr(rule.evaluate, "__code__", None)
    return f"{Path(code.co_filename).name}:{code.co_firstlineno}" if code else rule.shown_source


def _place(error: Exception) -> str | None:
    """``file:line`` of the last step inside the rule, if it got that far."""
    steps = traceback.extract_tb(error.__traceback__)[1:]  # the first is ours
    mine = [step for step in steps if step.filename == steps[0].filename]
    return f"{Path(mine[-1].filename).name}:{mine[-1].lineno}" if mine else None
