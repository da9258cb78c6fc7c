"""Tests of policies: fixture folders, ``_test.rego`` files, how much of the Rego they reach, and mutants of it."""

from __future__ import annotations

from bylaw.policy_tests.render import as_json, as_text
from bylaw.policy_tests.results import Coverage, Mutation, Results, Subject, Survivor, Trial
from bylaw.policy_tests.run import run

__all__ = ["Coverage", "Mutation", "Results", "Subject", "Survivor", "Trial", "as_json", "as_text", "run"]
