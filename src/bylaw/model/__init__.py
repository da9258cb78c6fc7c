"""The vocabulary: frozen values that know nothing of files, YAML or rules."""

from __future__ import annotations

from bylaw.model.entity import Document, Entity, Location, Problem
from bylaw.model.finding import Finding
from bylaw.model.nearest import Names, did_you_mean, nearest
from bylaw.model.ref import DEFAULT_NAMESPACE, EntityRef, RefError
from bylaw.model.report import Decision, Report, RuleInfo
from bylaw.model.words import Enforcement, Outcome, Severity, Status

__all__ = [
    "DEFAULT_NAMESPACE",
    "Decision",
    "Document",
    "Enforcement",
    "Entity",
    "EntityRef",
    "Finding",
    "Location",
    "Names",
    "Outcome",
    "Problem",
    "RefError",
    "Report",
    "RuleInfo",
    "Severity",
    "Status",
    "did_you_mean",
    "nearest",
]
