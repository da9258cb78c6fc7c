"""What reports are made of by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

from bylaw.model import (
    Blast,
    Decision,
    Enforcement,
    FileChange,
    Finding,
    Location,
    Proposal,
    Report,
    RuleInfo,
    Severity,
    Standing,
    Waiver,
    WaiverStatus,
)

OWNER_UNKNOWN = "ownership/owner-unknown"
LIFECYCLE = "lifecycle/lifecycle-unknown"
DESCRIPTION = "docs/description-missing"
TECHDOCS = "docs/techdocs-missing"
DANGLING = "catalog/reference-dangling"
YAML = "catalog/yaml-invalid"

REMEDIATIONS = {
    OWNER_UNKNOWN: "Name a Group or User that is in the catalog, or add the team to it.",
    LIFECYCLE: "Use experimental, production or deprecated.",
    DESCRIPTION: "Say in one sentence what it does and for whom, so that somebody who meets it for the first time "
    "at three in the morning knows whether it matters.",
    TECHDOCS: "Add the annotation backstage.io/techdocs-ref: dir:. and an mkdocs.yml beside the descriptor.",
    DANGLING: "Correct the reference, or add what it names to the catalog.",
    YAML: "Correct the YAML.",
}
SEVERITIES = {DESCRIPTION: Severity.INFO, TECHDOCS: Severity.WARNING}
ENFORCED = {Severity.ERROR: Enforcement.DENY, Severity.WARNING: Enforcement.WARN, Severity.INFO: Enforcement.OBSERVE}

ORDERS = "services/orders/catalog-info.yaml"
ESCAPES = "\x1b[2J\x1b[31m red \x07\r\x9b1m\u202eevil\u202c\u2066\u200b\xa0\x00\x7f\ud800"


def rule_info(rule: str) -> RuleInfo:
    return RuleInfo(
        rule,
        rule.partition("/")[2],
        "Why it matters.",
        SEVERITIES.get(rule, Severity.ERROR),
        REMEDIATIONS.get(rule, "Make it right."),
        "entity",
        "rego",
        f"policies/{rule}.rego",
    )


def make_finding(rule: str, message: str, location: Location | None = None, **more: Any) -> Finding:
    severity = SEVERITIES.get(rule, Severity.ERROR)
    return Finding(
        **{
            "pointer": "/spec/owner",
            "message": message,
            "rule": rule,
            "severity": severity,
            "enforcement": ENFORCED[severity],
            "entity": "component:default/orders",
            "location": location,
            **more,
        }
    )


def make_report(*findings: Finding, **more: Any) -> Report:
    rules = {*REMEDIATIONS, *(each.rule for each in findings)}
    return Report(
        **{
            "gate": "check",
            "decision": Decision.DENIED,
            "findings": tuple(sorted(findings, key=lambda each: each.order)),
            "rules": {rule: rule_info(rule) for rule in sorted(rules)},
            "engine": "regorus 0.13.0",
            "entities": 512,
            "files": 184,
            "catalog_digest": f"sha256:{'c' * 64}",
            "policies_digest": f"sha256:{'b' * 64}",
            "waivers_digest": f"sha256:{'a' * 64}",
            "complete": True,
            "completeness": "it holds 31 Groups",
            "owners": {"component:default/orders": ("group:default/team-orders",)},
            "lines": {},
            **more,
        }
    )


def make_waiver(id: str, status: WaiverStatus, why: str, **more: Any) -> Standing:
    standing = {key: more.pop(key) for key in ("covers", "days_left", "is_soon") if key in more}
    waiver = Waiver(
        **{
            "id": id,
            "rule": OWNER_UNKNOWN,
            "entities": ("component:default/orders",),
            "reason": "the team is renamed in December",
            "requested_by": "user:default/jane",
            "approved_by": "user:default/erin",
            "approved_at": date(2026, 11, 1),
            "expires": date(2026, 12, 1),
            "location": Location("waivers.yaml", 3, 3, 9, 1),
            **more,
        }
    )
    return Standing(waiver, status, why, **{"covers": 0, **standing})


def make_proposal(**more: Any) -> Proposal:
    return Proposal(
        **{
            "base": "main (merge base 1a2b3c4d5e6f)",
            "surroundings": "snapshot base.db of 2026-11-20, 100,000 entities",
            "alone": None,
            "files": (FileChange(ORDERS, ORDERS), FileChange("groups/a.yaml", "groups/b.yaml"), FileChange("x", None)),
            "added": (),
            "edited": ("component:default/orders", "group:default/team-orders"),
            "removed": ("component:default/x",),
            "judged": 14,
            "blast": Blast(),
            **more,
        }
    )
