"""Gatekeeper's ConstraintTemplates and Constraints, unchanged, judged by the embedded engine as OPA would."""

from __future__ import annotations

from bylaw.admission.gatekeeper.judge import Constraints, Judge, Verdict

__all__ = ["Constraints", "Judge", "Verdict"]
