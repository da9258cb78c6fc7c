"""Tests of policies: fixture folders, ``_test.rego`` files, and how much of the Rego they reach."""

from __future__ import annotations

from bylaw.policy_tests.render import as_json, as_text
from bylaw.policy_tests.results import Coverage, Results, Subject, Trial
from bylaw.policy_tests.run import run

__all__ = ["Coverage", "Results", "Subject", "Trial", "as_json", "as_text", "run"]
