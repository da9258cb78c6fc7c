"""Rules over entities, in workers: Rego and Python behind one signature."""

from __future__ import annotations

from bylaw.engine.evaluate import Case, Part, evaluate, evaluate_each
from bylaw.engine.lint import check
from bylaw.engine.parts import Ready
from bylaw.engine.rego import NAME

__all__ = ["NAME", "Case", "Part", "Ready", "check", "evaluate", "evaluate_each"]
