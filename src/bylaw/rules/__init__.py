"""The rules: what a rule is, which there are, and those written in Python."""

from __future__ import annotations

from bylaw.rules.metadata import Module
from bylaw.rules.registry import Policies, bundled_policies, load
from bylaw.rules.rule import Context, Reads, Rule

__all__ = ["Context", "Module", "Policies", "Reads", "Rule", "bundled_policies", "load"]
