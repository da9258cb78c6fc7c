"""The JSON report keeps its contract whatever the catalog holds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bylaw
from bylaw.model import Finding, Location, Report
from bylaw.reports import render
from tests.reports.anything import reports as any_reports
from tests.reports.anything import turned

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = json.loads((resources.files("bylaw.reports") / "report.schema.json").read_text(encoding="utf-8"))
TOP = [
    *("version", "tool", "gate", "decision", "catalog", "policies", "waivers", "summary", "findings"),
    *("notes", "proposal"),  # beyond the contract's own keys
]
BEFORE_PLACE = ["rule", "category", "severity", "outcome", "enforcement", "status", "entity", "message", "pointer"]
AFTER_PLACE = ["observed", "expected", "suggestion", "fix", "remediation", "fingerprint", "waiver"]

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))  # lone surrogates included
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)


def read(report: Report) -> Any:
    """The report as a strict reader of JSON gets it, from bytes."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(render(report, "json").encode("utf-8"), parse_constant=refuse)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_report_satisfies_the_schema(case: str, reports: dict[str, Report]) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    assert [error.message for error in validator.iter_errors(read(reports[case]))] == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("decision",), "maybe"),
        (("findings", 0, "outcome"), "pass"),
        (("findings", 0, "location", "line"), 0),
        (("findings", 0, "location"), None),  # without an entity_url
        (("findings", 0, "fingerprint"), "abc"),
        (("summary", "new"), -1),
        (("waivers", "list", 0, "status"), "eternal"),
        (("waivers", "list", 0, "expires"), "soon"),
        (("proposal", "judged"), None),
        (("proposal", "files", 0), {"before": "a"}),
        (("proposal", "law", "flips", 0, "after"), "maybe"),
    ],
)
def test_the_schema_refuses_what_breaks_the_contract(
    place: tuple[str | int, ...], value: Any, reports: dict[str, Report]
) -> None:
    report = read(reports["gate"])
    inner = report
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(report)


@pytest.mark.parametrize("key", TOP)
def test_the_schema_asks_for_every_key_of_the_report(key: str, reports: dict[str, Report]) -> None:
    report = read(reports["denied"])
    del report[key]
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(report)


@pytest.mark.parametrize("key", [*BEFORE_PLACE, "location", *AFTER_PLACE])
def test_the_schema_asks_for_every_key_of_a_finding(key: str, reports: dict[str, Report]) -> None:
    report = read(reports["denied"])
    del report["findings"][0][key]
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(report)


def test_the_keys_stand_in_the_order_of_the_contract(reports: dict[str, Report]) -> None:
    report = read(reports["denied"])
    assert list(report) == TOP
    assert list(report["tool"]) == ["name", "version", "engine"]
    assert list(report["catalog"]) == ["digest", "entities", "complete", "reason"]
    assert list(report["policies"]) == ["digest", "rules"]
    assert list(report["waivers"]) == ["digest", "active", "expired", "unused", "invalid", "over_broad", "list"]
    assert list(report["summary"]) == ["fail", "unknown", "error", "waived", "new", "existing", "fixed"]
    assert list(report["findings"][0]) == [*BEFORE_PLACE, "location", *AFTER_PLACE]
    assert list(report["findings"][0]["location"]) == ["path", "line", "column", "end_line", "end_column"]


def test_the_report_names_the_tool_that_made_it(reports: dict[str, Report]) -> None:
    tool = {"name": "bylaw", "version": bylaw.__version__, "engine": "regorus 0.13.0"}
    assert read(reports["denied"])["tool"] == tool


def test_entity_url_stands_only_where_no_file_exists(reports: dict[str, Report]) -> None:
    found = {each["rule"]: each for each in read(reports["without_files"])["findings"]}
    server = found["ownership/owner-unknown"]
    assert list(server) == [*BEFORE_PLACE, "location", "entity_url", *AFTER_PLACE]
    assert server["location"] is None
    assert server["entity_url"] == "https://portal.example.com/catalog/default/component/orders"
    assert found["lifecycle/lifecycle-unknown"]["entity_url"] is None


def test_every_finding_counts_once_by_what_became_of_it_and_once_by_status(
    case: str, reports: dict[str, Report]
) -> None:
    summary = read(reports[case])["summary"]
    stands = summary["fail"] + summary["unknown"] + summary["error"] + summary["waived"]
    assert stands == summary["new"] + summary["existing"]
    assert stands + summary["fixed"] == len(reports[case].findings)


def test_a_waived_finding_is_no_failure_and_a_fixed_one_counts_apart(reports: dict[str, Report]) -> None:
    assert read(reports["waived"])["summary"] == {
        "fail": 1,
        "unknown": 0,
        "error": 0,
        "waived": 1,
        "new": 1,
        "existing": 1,
        "fixed": 1,
    }


def test_of_a_catalog_there_is_no_proposal(reports: dict[str, Report]) -> None:
    assert read(reports["denied"])["proposal"] is None


def test_of_a_change_it_says_all_there_is(reports: dict[str, Report]) -> None:
    proposal = read(reports["gate"])["proposal"]
    assert {
        **proposal,
        "blast_radius": {**proposal["blast_radius"], "direct": proposal["blast_radius"]["direct"][:1]},
    } == {
        "base": "main (merge base 1a2b3c4d5e6f)",
        "surroundings": "snapshot base.db of 2026-11-20, 100,000 entities",
        "alone": None,
        "files": [
            {"before": "services/orders/catalog-info.yaml", "after": "services/orders/catalog-info.yaml"},
            {"before": "groups/a.yaml", "after": "groups/b.yaml"},
            {"before": "x", "after": None},
        ],
        "added": [],
        "edited": ["component:default/orders", "group:default/team-orders"],
        "removed": ["component:default/x"],
        "judged": 14,
        "only_new": True,
        "blast_radius": {
            "direct": ["component:default/s00"],
            "transitive": ["component:default/web"],
            "owners": ["group:default/team-payments", "group:default/team-stock"],
            "further_owners": ["group:default/team-web"],
            "uncounted": False,
        },
        "law": {
            "files": ["bylaw.yaml", "waivers.yaml"],
            "fault": None,
            "lines": ["ownership/owner-unknown: deny -> off", "waiver W-9 is added"],
            "flips": [
                {
                    "subject": "component:default/orders",
                    "before": "denied",
                    "after": "allowed",
                    "rules": ["ownership/owner-unknown"],
                }
            ],
        },
    }


def test_every_waiver_counts_once_and_stands_in_the_list(reports: dict[str, Report]) -> None:
    waivers = read(reports["gate"])["waivers"]
    counts = {key: waivers[key] for key in ("active", "expired", "unused", "invalid", "over_broad")}
    assert counts == {"active": 2, "expired": 2, "unused": 0, "invalid": 1, "over_broad": 0}
    assert [each["id"] for each in waivers["list"]] == ["W-2026-07", "W-2026-08", "W-2026-09", "W-2026-10", "W-2026-11"]
    assert waivers["list"][0] == {
        "id": "W-2026-07",
        "rule": "catalog/reference-dangling",
        "entities": ["component:default/orders"],
        "fingerprints": [],
        "reason": "the team is renamed in December",
        "ticket": None,
        "requested_by": "user:default/jane",
        "approved_by": "user:default/erin",
        "approved_at": "2026-11-01",
        "expires": "2026-12-01",
        "location": {"path": "waivers.yaml", "line": 3, "column": 3, "end_line": 9, "end_column": 1},
        "status": "active",
        "why": "expires soon, in 10 days",
        "covers": 1,
        "days_left": 10,
    }


def test_a_change_counts_its_findings_by_outcome_and_by_status(reports: dict[str, Report]) -> None:
    assert read(reports["gate"])["summary"] == {
        "fail": 4,
        "unknown": 2,
        "error": 1,
        "waived": 1,
        "new": 6,
        "existing": 2,
        "fixed": 1,
    }


@given(any_reports())
def test_any_report_satisfies_the_schema(report: Report) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    assert [error.message for error in validator.iter_errors(read(report))] == []
    assert render(turned(report), "json") == render(report, "json")


def test_a_screen_changes_nothing(reports: dict[str, Report]) -> None:
    assert render(reports["hostile"], "json", color=True, width=40) == render(reports["hostile"], "json")


def test_text_of_all_languages_stays_readable(finding: Callable[..., Finding], report: Callable[..., Report]) -> None:
    shown = render(report(finding("docs/description-missing", "注文サービス – größer 🚀")), "json")
    assert '"message": "注文サービス – größer 🚀"' in shown


def test_numbers_that_json_cannot_hold_are_text(finding: Callable[..., Finding], report: Callable[..., Report]) -> None:
    observed = [float("nan"), float("inf"), -float("inf"), 2**63 - 1, -(2**63) + 1, 2**64, 10**5000, 0.5]
    shown = read(report(finding("docs/description-missing", "numbers", observed=observed)))["findings"][0]["observed"]
    assert shown[:6] == ["nan", "inf", "-inf", 2**63 - 1, -(2**63) + 1, "0x10000000000000000"]
    assert int(shown[6], 16) == 10**5000
    assert shown[7] == 0.5


def whole(value: Any) -> Any:
    """What a reader should get: half characters replaced, numbers that JSON lacks as text."""
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return hex(value)
    if isinstance(value, list):
        return [whole(each) for each in value]
    if isinstance(value, dict):
        return {whole(key): whole(each) for key, each in value.items()}
    return value


@given(message=ANY_TEXT.filter(bool), path=ANY_TEXT.filter(bool), observed=VALUES, owner=ANY_TEXT)
def test_any_text_anywhere_is_valid_json_and_comes_back_as_it_was(
    message: str,
    path: str,
    observed: Any,
    owner: str,
    finding: Callable[..., Finding],
    report: Callable[..., Report],
) -> None:
    one = finding(
        "ownership/owner-unknown",
        message,
        Location(path, 1, 1, 1, 1),
        observed=observed,
        entity=owner,
        fix=({"op": "replace", "path": "/spec/owner", "value": observed},),
    )
    shown = read(report(one, notes=(message,), completeness=owner))
    got = shown["findings"][0]
    assert got["message"] == whole(message)
    assert got["location"]["path"] == whole(path)
    assert got["observed"] == whole(observed)
    assert got["fix"][0]["value"] == whole(observed)
    assert got["entity"] == shown["catalog"]["reason"] == whole(owner)
    assert shown["notes"] == [whole(message)]


@given(message=ANY_TEXT.filter(bool))
def test_nothing_that_acts_on_a_terminal_stands_raw_in_json(
    message: str, finding: Callable[..., Finding], report: Callable[..., Report]
) -> None:
    shown = render(report(finding("docs/description-missing", message)), "json")
    assert re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", shown) == []


def test_the_same_findings_in_another_report_give_the_same_bytes(reports: dict[str, Report]) -> None:
    report = reports["denied"]
    turned = replace(report, rules=dict(sorted(report.rules.items(), reverse=True)), owners={}, lines={})
    assert render(turned, "json") == render(report, "json")
