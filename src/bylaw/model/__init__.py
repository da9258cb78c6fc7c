"""The vocabulary: frozen values that know nothing of files, YAML or rules."""

from __future__ import annotations

from bylaw.model.decided import Decided, Digests
from bylaw.model.entity import Document, Entity, Location, Problem
from bylaw.model.finding import Finding
from bylaw.model.nearest import Names, did_you_mean, nearest
from bylaw.model.proposal import Blast, FileChange, LawChange, Proposal
from bylaw.model.ref import DEFAULT_NAMESPACE, EntityRef, RefError
from bylaw.model.report import Decision, Report, RuleInfo
from bylaw.model.waiver import Standing, Waiver, WaiverStatus
from bylaw.model.words import Enforcement, Outcome, Severity, Status

__all__ = [
    "DEFAULT_NAMESPACE",
    "Blast",
    "Decided",
    "Decision",
    "Digests",
    "Document",
    "Enforcement",
    "Entity",
    "EntityRef",
    "FileChange",
    "Finding",
    "LawChange",
    "Location",
    "Names",
    "Outcome",
    "Problem",
    "Proposal",
    "RefError",
    "Report",
    "RuleInfo",
    "Severity",
    "Standing",
    "Status",
    "Waiver",
    "WaiverStatus",
    "did_you_mean",
    "nearest",
]
