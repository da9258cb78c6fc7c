"""What operators install names things that are there: metrics, runbooks, values, versions."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
import yaml

from bylaw.api.metrics import READ, Metrics
from bylaw.version import VERSION
from tests.command import run
from tests.shared import ROOT
from tests.test_project import LOCK, pins_of_requirements, pins_of_uv

DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "bylaw"
OPERATING = (ROOT / "docs" / "operating.md").read_text()
RULES = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())["groups"][0]["rules"]
TESTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts_test.yaml").read_text())["tests"]
BOARD = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
NAME = re.compile(r"\b(?:bylaw|process)_[a-z_]+\b")
COUNTED = {
    "bylaw_http_requests_total",
    "bylaw_http_request_duration_seconds",
    "bylaw_decisions_total",
    "bylaw_findings_total",
    "bylaw_refreshes_total",
    "bylaw_refresh_duration_seconds",
    "bylaw_worker_kills_total",
    "bylaw_build_info",
    "bylaw_snapshot_info",
}


def expressions() -> list[str]:
    panels = [each["expr"] for panel in BOARD["panels"] for each in panel.get("targets", [])]
    return [*(each["expr"] for each in RULES), *panels, *(each["expr"] for each in BOARD["annotations"]["list"])]


def shown() -> set[str]:
    """The names that a server shows."""
    metrics = Metrics()
    metrics.snapshot(lambda: {"catalog": "c", "policies": "p", "engine": "e"})
    for name, (labels, _) in READ.items():
        metrics.gauge(name, lambda: 1, **dict.fromkeys(labels, "one"))
    families = re.findall(r"^# TYPE (\S+)", metrics.render(None)[0].decode(), re.M)
    return set(families)


def test_every_metric_that_a_rule_or_panel_asks_for_is_one_that_the_server_shows() -> None:
    asked = {re.sub("_bucket$", "", name) for each in expressions() for name in NAME.findall(each)}
    assert asked - shown() == set()


def test_every_metric_of_bylaw_is_in_the_documentation_and_none_that_is_not_there() -> None:
    rows = "\n".join(line for line in OPERATING.splitlines() if line.startswith("| `bylaw_"))
    assert set(re.findall(r"`(bylaw_\w+)`", rows)) == {each for each in shown() if each.startswith("bylaw_")}
    assert {each for each in shown() if each.startswith("bylaw_")} == COUNTED | set(READ)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_its_runbook_is_there(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == (
        f"https://github.com/bylaw/bylaw/blob/main/docs/operating.md#{rule['alert'].lower()}"
    )
    assert f"\n### {rule['alert']}\n" in OPERATING


def test_every_runbook_is_that_of_an_alert() -> None:
    assert re.findall(r"^### (\w+)$", OPERATING, re.M) == [each["alert"] for each in RULES]


def test_every_alert_fires_in_a_test_and_there_are_tests_in_which_none_does() -> None:
    fired = {
        match
        for test in TESTS
        for each in test["promql_expr_test"]
        for sample in each["exp_samples"]
        for match in re.findall(r'alertname="(\w+)"', sample["labels"])
    }
    assert fired == {each["alert"] for each in RULES}
    quiet = [test["name"] for test in TESTS if not any(each["exp_samples"] for each in test["promql_expr_test"])]
    assert "a server that is well wakes nobody" in quiet


def test_panels_stand_beside_each_other_and_have_names_of_their_own() -> None:
    taken: dict[tuple[int, int], int] = {}
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["id"]) == panel["id"]
                assert x < 24
    titles = [panel["title"] for panel in BOARD["panels"]]
    assert sorted(set(titles)) == sorted(titles)


def test_the_values_fit_their_schema_which_knows_no_others() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(VALUES, SCHEMA)
    assert set(SCHEMA["properties"]) == {*VALUES, "global"}

    def same(values: Any, schema: Any) -> None:
        if schema.get("additionalProperties") is False:
            assert set(values) == set(schema["properties"])
            for name, value in values.items():
                same(value, schema["properties"][name])

    for name, value in VALUES.items():
        same(value, SCHEMA["properties"][name])


@pytest.mark.parametrize(
    "values",
    [
        {"webhook": {"failurepolicy": "Fail"}},
        {"webhook": {"failurePolicy": "fail"}},
        {"webhook": {"timeoutSeconds": 31}},
        {"store": {"url": "postgresql://bylaw:secret@db/bylaw"}},
        {"catalog": {"../x.yaml": ""}},
        {"policies": {"/etc/passwd": ""}},
        {"policies": {"a//b.rego": ""}},
        {"logLevel": "loud"},
        {"insecure": "false"},
    ],
    ids=str,
)
def test_a_value_that_cannot_be_meant_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(values, SCHEMA)


def test_the_chart_is_of_the_version_of_the_package() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (VERSION, VERSION)


def test_the_chart_and_the_plain_files_are_the_same() -> None:
    for plain, packed in (("prometheus/alerts.yaml", "alerts.yaml"), ("grafana/dashboard.json", "dashboard.json")):
        assert (DEPLOY / plain).resolve() == CHART / "files" / packed


def test_every_file_and_value_that_the_documentation_names_is_there() -> None:
    for page in ("operating.md", "kubernetes-install.md"):
        text = (ROOT / "docs" / page).read_text()
        for target in re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", text):
            assert (ROOT / "docs" / target).exists(), target
        for anchor in re.findall(r"\]\(#([\w-]+)\)", text):
            assert anchor in {heading.lower() for heading in re.findall(r"^#+ (\w+)$", text, re.M)}


def test_the_sample_catalog_has_no_faults() -> None:
    done = run("check", str(DEPLOY / "samples" / "catalog.yaml"), "--format", "json", cwd=ROOT)
    assert (done.code, done.findings) == (0, [])


def test_the_image_holds_what_bylaw_and_its_server_need_by_hash() -> None:
    extras = {"server", "postgres", "opa", "otel"}
    needed = needed_to_run(extras)
    assert {"fastapi", "psycopg", "opa-python-client", "opentelemetry-sdk"} <= needed
    assert pins_of_requirements("requirements-server.lock") == {
        pin: hashes for pin, hashes in pins_of_uv().items() if pin[0] in needed
    }
    assert re.findall(r"://|^ *-(?!-hash=).*", (ROOT / "requirements-server.lock").read_text(), re.M) == []
    assert "install --require-hashes -r requirements-server.lock\n" in (ROOT / "Dockerfile").read_text()


def needed_to_run(extras: set[str]) -> set[str]:
    """The names that bylaw with these extras needs, directly or not."""
    packages = {package["name"]: package for package in LOCK["package"]}
    left = [("bylaw", frozenset(extras))]
    found: set[tuple[str, frozenset[str]]] = set()
    while left:
        name, wanted = left.pop()
        package = packages[name]
        more = [each for extra in wanted for each in package.get("optional-dependencies", {}).get(extra, [])]
        for each in [*package.get("dependencies", []), *more]:
            pair = (each["name"], frozenset(each.get("extra", [])))
            if pair not in found:
                found.add(pair)
                left.append(pair)
    return {name for name, _ in found}
