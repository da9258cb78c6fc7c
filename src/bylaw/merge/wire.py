"""A report as it travels between a server and ``bylaw gate``, which finds the places and renders it.

Unlike the JSON report it holds all that any format says: of each finding the document and what its fingerprint is made
of, of each rule its metadata, of each waiver the entry.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from bylaw.model import (
    Blast,
    Decision,
    Document,
    Enforcement,
    FileChange,
    Finding,
    Location,
    Outcome,
    Proposal,
    Report,
    RuleInfo,
    Severity,
    Standing,
    Status,
    Waiver,
    WaiverStatus,
)
from bylaw.reports.json_v1 import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

FORM = "whole"
"""What a request says to be answered like this."""


def written(report: Report) -> dict[str, Any]:
    """The report as JSON values."""
    return {
        "gate": report.gate,
        "decision": report.decision,
        "findings": list(map(_finding, report.findings)),
        "rules": list(map(_fields, report.rules.values())),
        "engine": report.engine,
        "entities": report.entities,
        "files": report.files,
        "catalog_digest": report.catalog_digest,
        "policies_digest": report.policies_digest,
        "waivers_digest": report.waivers_digest,
        "complete": report.complete,
        "completeness": report.completeness,
        "owners": report.owners,
        "notes": report.notes,
        "waivers": [{**_fields(each), "waiver": _fields(each.waiver)} for each in report.waivers],
        "proposal": report.proposal and {**_fields(report.proposal), "law": None},
    }


def read(said: Mapping[str, Any]) -> Report:
    """The report again, its findings without places.

    Raises:
        ValueError: it is none of this form.
    """
    try:
        rules = (RuleInfo(**{**each, "severity": Severity(each["severity"])}) for each in said["rules"])
        return Report(
            **{
                **said,
                "decision": Decision(said["decision"]),
                "findings": tuple(map(_heard, said["findings"])),
                "rules": {rule.id: rule for rule in rules},
                "owners": {key: tuple(owners) for key, owners in said["owners"].items()},
                "lines": {},
                "notes": tuple(said["notes"]),
                "waivers": tuple(map(_standing, said["waivers"])),
                "proposal": _proposal(said["proposal"]) if said["proposal"] else None,
            }
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _finding(finding: Finding) -> dict[str, Any]:
    document = finding.document
    stub = document and {"path": document.path, "index": document.index, "url": document.url}
    observed, fix = plain(finding.observed), plain(finding.fix)
    return {**_fields(finding), "document": stub, "observed": observed, "fix": fix, "nearest_of": None}


def _heard(said: dict[str, Any]) -> Finding:
    stub, place = said["document"], said["location"]
    return Finding(
        **{
            **said,
            "document": Document(stub["path"], stub["index"], None, url=stub["url"]) if stub else None,
            "location": Location(**place) if place else None,
            "fix": tuple(said["fix"]),
            "outcome": Outcome(said["outcome"]),
            "severity": Severity(said["severity"]),
            "enforcement": Enforcement(said["enforcement"]),
            "status": Status(said["status"]),
        }
    )


def _standing(said: dict[str, Any]) -> Standing:
    waiver = said["waiver"]
    place = waiver["location"]
    written = {
        **waiver,
        "entities": tuple(waiver["entities"]),
        "fingerprints": tuple(waiver["fingerprints"]),
        "expires": _day(waiver["expires"]),
        "approved_at": _day(waiver["approved_at"]),
        "location": Location(**place) if place else None,
    }
    return Standing(**{**said, "waiver": Waiver(**written), "status": WaiverStatus(said["status"])})


def _day(said: str | None) -> date | None:
    return date.fromisoformat(said) if said else None


def _proposal(said: dict[str, Any]) -> Proposal:
    lists = {name: tuple(said[name]) for name in ("added", "edited", "removed")}
    files = tuple(FileChange(each["before"], each["after"]) for each in said["files"])
    radius: dict[str, Any] = {
        name: value if isinstance(value, bool) else tuple(value) for name, value in said["blast"].items()
    }
    return Proposal(**{**said, **lists, "files": files, "blast": Blast(**radius)})
