"""What /metrics shows: exact counts, bounded labels, whatever callers send."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from bylaw.api.metrics import BUCKETS, READ, Metrics
from bylaw.version import VERSION

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric
    from prometheus_client.samples import Sample

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXTS = st.text(st.characters(), max_size=300) | st.sampled_from(["a\nb", 'a"b', "a\\", "\udc80", "\x00", ""])


def samples(metrics: Metrics, name: str) -> list[Sample]:
    """The samples of one name, as a scraper reads them."""
    shown = metrics.render(None)[0].decode()
    return [each for family in parse(shown) for each in family.samples if each.name == name]


def values(metrics: Metrics, name: str, *labels: str) -> dict[tuple[str, ...], float]:
    """The values of one name by some of its labels."""
    return {tuple(each.labels[label] for label in labels): each.value for each in samples(metrics, name)}


def parse_openmetrics(shown: bytes) -> list[Metric]:
    return list(openmetrics.text_string_to_metric_families(shown.decode()))  # type: ignore[no-untyped-call]


def test_a_request_is_counted_by_route_method_and_status() -> None:
    metrics = Metrics()
    metrics.request("/v1/admission", "POST", 200, 0.004)
    metrics.request("/v1/admission", "POST", 200, 0.004)
    metrics.request("/v1/admission", "POST", 503, 3.2)
    metrics.request("/v1/entities/{ref}", "GET", 404, 0.001)
    assert values(metrics, "bylaw_http_requests_total", "route", "method", "status") == {
        ("/v1/admission", "POST", "200"): 2,
        ("/v1/admission", "POST", "503"): 1,
        ("/v1/entities/{ref}", "GET", "404"): 1,
    }


def test_the_seconds_of_a_request_stand_in_the_bucket_they_belong_to() -> None:
    metrics = Metrics()
    for seconds in (0.001, 0.004, 2.9, 3.0, 3.1, 31):
        metrics.request("/v1/admission", "POST", 200, seconds)
    counts = values(metrics, "bylaw_http_request_duration_seconds_bucket", "le")
    assert {le: counts[(le,)] for le in ("0.001", "0.005", "2.5", "3.0", "5.0", "30.0", "+Inf")} == {
        "0.001": 1,
        "0.005": 2,
        "2.5": 2,
        "3.0": 4,
        "5.0": 5,
        "30.0": 5,
        "+Inf": 6,
    }
    assert values(metrics, "bylaw_http_request_duration_seconds_sum", "route") == {
        ("/v1/admission",): pytest.approx(40.005)
    }


@pytest.mark.parametrize("deadline", [2.5, 3, 5, 10])
def test_there_are_buckets_on_both_sides_of_a_deadline_and_one_that_ends_with_it(deadline: float) -> None:
    assert deadline in BUCKETS
    assert min(BUCKETS) < deadline < max(BUCKETS)


def test_a_decision_is_counted_and_so_is_each_of_its_rules() -> None:
    metrics = Metrics()
    metrics.decided("admission", "denied", ("ownership/owner-unknown", "owned-workload"))
    metrics.decided("admission", "allowed", ("owned-workload",))
    metrics.decided("check", "undecided", ())
    assert values(metrics, "bylaw_decisions_total", "gate", "decision") == {
        ("admission", "denied"): 1,
        ("admission", "allowed"): 1,
        ("check", "undecided"): 1,
    }
    assert values(metrics, "bylaw_findings_total", "rule", "decision") == {
        ("ownership/owner-unknown", "denied"): 1,
        ("owned-workload", "denied"): 1,
        ("owned-workload", "allowed"): 1,
    }


def test_a_refresh_shows_its_failures_from_the_first_reading_on() -> None:
    metrics = Metrics()
    metrics.refreshed("files", True, 0.2)
    assert values(metrics, "bylaw_refreshes_total", "source", "result") == {("files", "ok"): 1, ("files", "failed"): 0}
    metrics.refreshed("files", False, 7.0)
    assert values(metrics, "bylaw_refreshes_total", "source", "result") == {("files", "ok"): 1, ("files", "failed"): 1}
    assert values(metrics, "bylaw_refresh_duration_seconds_count", "source") == {("files",): 2}


def test_the_workers_that_were_lost_are_zero_and_not_absent_before_the_first() -> None:
    metrics = Metrics()
    assert values(metrics, "bylaw_worker_kills_total", "reason") == {("deadline",): 0, ("died",): 0}
    metrics.worker_lost("deadline")
    metrics.worker_lost("who knows")
    assert values(metrics, "bylaw_worker_kills_total", "reason") == {("deadline",): 1, ("died",): 0, ("other",): 1}


def test_what_is_read_at_a_scrape_has_the_value_of_that_moment() -> None:
    metrics, depth = Metrics(), [3.0]
    metrics.gauge("bylaw_queue_depth", lambda: depth[0])
    metrics.gauge("bylaw_workers", lambda: 1, state="busy")
    metrics.gauge("bylaw_workers", lambda: 7, state="idle")
    metrics.gauge("bylaw_decision_log_dropped_total", lambda: 12)
    assert values(metrics, "bylaw_queue_depth") == {(): 3}
    depth[0] = 4
    assert values(metrics, "bylaw_queue_depth") == {(): 4}
    assert values(metrics, "bylaw_workers", "state") == {("busy",): 1, ("idle",): 7}
    assert values(metrics, "bylaw_decision_log_dropped_total") == {(): 12}


def test_a_value_that_cannot_be_read_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    metrics = Metrics()
    metrics.gauge("bylaw_snapshot_entities", lambda: 1 // 0)
    metrics.gauge("bylaw_ready", lambda: 0)
    metrics.snapshot(lambda: {"catalog": str(1 // 0)})
    assert values(metrics, "bylaw_snapshot_entities") == {}
    assert samples(metrics, "bylaw_snapshot_info") == []
    assert values(metrics, "bylaw_ready") == {(): 0}
    assert {vars(each)["metric"] for each in caplog.records} == {"bylaw_snapshot_entities", "bylaw_snapshot_info"}


def test_a_gauge_that_bylaw_does_not_know_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="bylaw_que_depth is no metric of bylaw"):
        Metrics().gauge("bylaw_que_depth", lambda: 0)
    with pytest.raises(ValueError, match=re.escape("bylaw_workers has the labels ('state',), not ('status',)")):
        Metrics().gauge("bylaw_workers", lambda: 0, status="busy")


def test_the_info_of_the_snapshot_changes_with_the_snapshot() -> None:
    metrics, digests = Metrics(), {"catalog": "sha256:1", "policies": "sha256:2", "engine": "regorus 0.13"}
    metrics.snapshot(lambda: digests)
    assert values(metrics, "bylaw_snapshot_info", "catalog", "policies", "engine") == {
        ("sha256:1", "sha256:2", "regorus 0.13"): 1
    }
    digests["catalog"] = "sha256:3"
    assert values(metrics, "bylaw_snapshot_info", "catalog") == {("sha256:3",): 1}


def test_version_process_and_collector_of_cycles_are_shown_from_the_start() -> None:
    metrics = Metrics()
    assert values(metrics, "bylaw_build_info", "version") == {(VERSION,): 1}
    assert values(metrics, "process_resident_memory_bytes")[()] > 0
    assert set(values(metrics, "python_gc_collections_total", "generation")) == {("0",), ("1",), ("2",)}


def test_every_name_has_a_meaning_and_none_is_there_twice() -> None:
    metrics = everything()
    families = list(parse(metrics.render(None)[0].decode()))
    assert [each.name for each in families if not each.documentation] == []
    assert [name for name, count in Counter(each.name for each in families).items() if count > 1] == []
    assert [each.name for each in families if each.name.endswith("_created")] == []


def test_openmetrics_is_shown_to_those_who_ask_for_it_with_the_trace_of_a_request() -> None:
    metrics = everything()
    metrics.request("/v1/check", "POST", 200, 0.02, "0af7651916cd43dd8448eb211c80319c")
    body, content_type = metrics.render("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2")
    assert content_type == OPEN
    told = [each for family in parse_openmetrics(body) for each in family.samples if each.exemplar]
    assert [(each.labels, each.exemplar.labels, each.exemplar.value) for each in told if each.exemplar] == [
        ({"le": "0.025", "route": "/v1/check"}, {"trace_id": "0af7651916cd43dd8448eb211c80319c"}, 0.02)
    ]


@given(TEXTS)
def test_no_accept_header_gets_anything_but_one_of_the_two_formats(accept: str) -> None:
    for each in (accept, f"application/openmetrics-text;{accept}", f"text/plain;{accept}"):
        assert Metrics().render(each)[1] in {PLAIN, OPEN}


@given(st.lists(st.tuples(TEXTS, TEXTS, st.integers(100, 599)), max_size=30))
def test_every_request_is_counted_once_whatever_it_is_called(requests: list[tuple[str, str, int]]) -> None:
    metrics = Metrics()
    for route, method, status in requests:
        metrics.request(route, method, status, 0.01)
        metrics.decided(route, method, (route,))
    assert sum(each.value for each in samples(metrics, "bylaw_http_requests_total")) == len(requests)
    assert sum(each.value for each in samples(metrics, "bylaw_decisions_total")) == len(requests)
    assert parse_openmetrics(metrics.render("application/openmetrics-text")[0])


def test_ten_thousand_names_make_no_more_series_than_the_bounds_allow() -> None:
    metrics = Metrics()
    for number in range(10_000):
        metrics.request(f"/{number}", f"M{number}", 404, 0.01)
        metrics.decided(f"gate {number}", "denied", (f"rule {number}",))
        metrics.refreshed(f"source {number}", True, 0.1)
    routes = values(metrics, "bylaw_http_requests_total", "route", "method")
    assert len(routes) == 101
    assert routes[("other", "other")] == 9_900
    assert len(samples(metrics, "bylaw_decisions_total")) == 21
    assert values(metrics, "bylaw_findings_total", "rule")[("other",)] == 9_000
    assert values(metrics, "bylaw_refreshes_total", "source", "result")[("other", "ok")] == 9_980


def everything() -> Metrics:
    """Metrics in which each name has a value."""
    metrics = Metrics()
    metrics.request("/v1/admission", "POST", 200, 0.004)
    metrics.decided("admission", "denied", ("owned-workload",))
    metrics.refreshed("files", True, 0.2)
    metrics.snapshot(lambda: {"catalog": "sha256:1", "policies": "sha256:2", "engine": "regorus 0.13"})
    for name, (labels, _) in READ.items():
        metrics.gauge(name, lambda: 1, **dict.fromkeys(labels, "one"))
    return metrics
