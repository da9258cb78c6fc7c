"""Spans arrive at a collector as OpenTelemetry's own SDK sends them, inside the trace of whoever called.

make test-real
"""

from __future__ import annotations

import asyncio
import gzip
import http.server
import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bylaw.api import tracing
from bylaw.version import VERSION
from tests.api.served import Server, serving, written
from tests.command import entity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

pytestmark = pytest.mark.real

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED, NOT_SAMPLED = f"00-{TRACE}-{CALLER}-01", f"00-{TRACE}-{CALLER}-00"
SERVER, INTERNAL, ERROR = 2, 1, 2  # opentelemetry/proto/trace/v1/trace.proto


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes what is sent to /v1/traces."""

    got: list[ExportTraceServiceRequest]
    headers_got: list[str | None]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers["content-encoding"] == "gzip":
            body = gzip.decompress(body)
        assert self.path == "/v1/traces"
        self.got.append(ExportTraceServiceRequest.FromString(body))
        self.headers_got.append(self.headers["x-tenant"])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Collector]]:
    """A collector that the environment names."""
    kind = type("Collecting", (Collector,), {"got": [], "headers_got": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=shop")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    yield kind
    server.shutdown()
    server.server_close()
    thread.join()


def spans(collector: type[Collector]) -> list[Span]:
    return [
        span
        for request in collector.got
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def decisions(server: Server) -> list[dict[str, Any]]:
    """What the decision log has, as soon as it has something: it is written a moment after the answer."""
    for _ in range(100):
        found: list[dict[str, Any]] = server.get("/v1/decisions", traceparent=NOT_SAMPLED).json["decisions"]
        if found:
            return found
        time.sleep(0.1)
    return []


def told(attributes: Any) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in attributes}


def test_a_request_is_a_span_inside_the_callers_trace_and_judging_is_one_inside_it(collector: type[Collector]) -> None:
    made = tracing.of(os.environ)
    trace = made.begin("POST", SAMPLED, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")
    trace.judged(1_000_000_000, 1_004_000_000)
    trace.end("/v1/admission", 200, gate="admission", decision="denied", caller="kube\x1b")
    asyncio.run(made.stop())
    judge, request = sorted(spans(collector), key=lambda span: span.name)[::-1]
    assert (request.name, request.kind, request.status.code) == ("POST /v1/admission", SERVER, 0)
    assert (trace.id, trace.kept) == (TRACE, True)
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, CALLER)
    assert request.trace_state == "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
    assert told(request.attributes) == {
        "http.request.method": "POST",
        "http.route": "/v1/admission",
        "http.response.status_code": 200,
        "bylaw.gate": "admission",
        "bylaw.decision": "denied",
        "bylaw.caller": "kube\\x1b",
    }
    assert (judge.name, judge.kind) == ("judge", INTERNAL)
    assert (judge.trace_id.hex(), judge.parent_span_id) == (TRACE, request.span_id)
    assert judge.end_time_unix_nano - judge.start_time_unix_nano == 4_000_000
    resource = told(collector.got[0].resource_spans[0].resource.attributes)
    assert (resource["service.name"], resource["service.version"]) == ("bylaw", VERSION)
    assert collector.headers_got == ["shop"]


def test_a_request_that_got_no_answer_is_an_error_in_a_trace_of_its_own(collector: type[Collector]) -> None:
    made = tracing.of(os.environ)
    trace = made.begin("BREW", "no-trace-of-anybody")
    trace.end("/v1/check", 503)
    asyncio.run(made.stop())
    (span,) = spans(collector)
    assert (span.name, span.status.code, span.parent_span_id) == ("_OTHER /v1/check", ERROR, b"")
    assert span.trace_id.hex() == trace.id != TRACE


def test_what_the_caller_does_not_sample_is_not_sent(collector: type[Collector]) -> None:
    made = tracing.of(os.environ)
    trace = made.begin("POST", NOT_SAMPLED)
    trace.judged(1, 2)
    trace.end("/v1/check", 200)
    asyncio.run(made.stop())
    assert (trace.id, trace.kept, spans(collector)) == (TRACE, False, [])


def test_the_name_of_the_service_and_the_sampler_come_from_the_environment(
    collector: type[Collector], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "law-of-the-shop")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    made = tracing.of(os.environ)
    made.begin("POST").end("/v1/check", 200)
    made.begin("POST", SAMPLED).end("/v1/check", 200)
    asyncio.run(made.stop())
    (span,) = spans(collector)
    assert span.trace_id.hex() == TRACE
    assert told(collector.got[0].resource_spans[0].resource.attributes)["service.name"] == "law-of-the-shop"


def test_a_served_request_is_a_span_with_its_decision_and_the_log_knows_its_trace(
    collector: type[Collector], tmp_path: Path
) -> None:
    names = {name: value for name, value in os.environ.items() if name.startswith("OTEL_")}
    with serving(written(tmp_path), environment=names) as server:
        unknown = json.loads(entity("orders", type="service", lifecycle="experimental", owner="nobody"))
        answer = server.post("/v1/check", {"entities": [unknown]}, traceparent=SAMPLED)
        assert (answer.status, answer.json["decision"]) == (200, "denied")
        assert server.get("/v1/nothing", traceparent=NOT_SAMPLED).status == 404
        assert [each["trace"] for each in decisions(server)] == [TRACE]
        assert server.stop() == 0
    judge, request = sorted(spans(collector), key=lambda span: span.name)[::-1]
    assert (request.name, request.parent_span_id.hex()) == ("POST /v1/check", CALLER)
    told_of = told(request.attributes)
    assert (told_of["http.response.status_code"], told_of["bylaw.decision"]) == (200, "denied")
    assert (judge.name, judge.parent_span_id) == ("judge", request.span_id)
    assert request.start_time_unix_nano <= judge.start_time_unix_nano < judge.end_time_unix_nano
    assert judge.end_time_unix_nano <= request.end_time_unix_nano


def test_a_collector_that_is_not_there_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(tracing, "_FLUSHING", 0.05)
    made = tracing.of(os.environ)
    made.begin("POST").end("/v1/check", 200)
    asyncio.run(made.stop())
    assert "the last traces could not be sent" in [each.getMessage() for each in caplog.records]
