"""The W3C context is taken over as it stands, or not at all; without a collector a trace is only an id."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.api import tracing
from bylaw.api.tracing import _parent, _state

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
HEX = "0123456789abcdef"


@pytest.mark.parametrize(
    "header",
    [
        f"00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-00",
        f"00-{TRACE}-{SPAN}-ff",
        f"01-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-what-the-future-will-bring",
    ],
)
def test_the_id_of_a_trace_is_taken_over(header: str) -> None:
    assert tracing.of({}).begin("POST", header).id == TRACE


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01\n",
        f" 00-{TRACE}-{SPAN}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE[:-1]}g-{SPAN}-01",
        f"00-{TRACE[:-1]}\u0665-{SPAN}-01",
        f"01-{TRACE}-{SPAN}-01-{'x' * 300}",
    ],
)
def test_a_malformed_traceparent_counts_as_not_there(header: str) -> None:
    assert _parent(header) is None
    assert tracing.of({}).begin("POST", header).id == ""


@given(st.text(HEX, min_size=32, max_size=32), st.text(HEX, min_size=16, max_size=16), st.integers(0, 255))
def test_what_a_traceparent_says_is_what_is_taken_over(trace: str, span: str, flags: int) -> None:
    found = _parent(f"00-{trace}-{span}-{flags:02x}")
    if trace.strip("0") and span.strip("0"):
        assert found == (trace, span, flags & 1)
    else:
        assert found is None


@pytest.mark.parametrize(
    ("header", "members"),
    [
        ("congo=t61rcWkgMzE", [("congo", "t61rcWkgMzE")]),
        ("rojo=00f067aa0ba902b7 , congo=t61 rc", [("rojo", "00f067aa0ba902b7"), ("congo", "t61 rc")]),
        ("a=b,,c=d", [("a", "b"), ("c", "d")]),
        ("tenant@system=1", [("tenant@system", "1")]),
        ("a=b,a=c", []),
        ("A=b", []),
        ("a=", []),
        ("a", []),
        ("a=b=c", []),
        ("a=\x1b[31m", []),
        (",".join(f"k{each}=1" for each in range(33)), []),
        (f"a={'b' * 257}", []),
        (None, []),
    ],
)
def test_a_tracestate_is_taken_over_whole_or_not_at_all(header: str | None, members: list[tuple[str, str]]) -> None:
    assert _state(header) == members


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_SERVICE_NAME": "bylaw"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "True"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_without_a_place_for_them_no_spans_are_made(environment: dict[str, str]) -> None:
    made = tracing.of(environment)
    assert type(made) is tracing.Tracing
    trace = made.begin("POST", f"00-{TRACE}-{SPAN}-01")
    trace.judged(1, 2)
    trace.end("/v1/admission", 200, decision="denied")
    assert (trace.id, trace.kept) == (TRACE, False)
    asyncio.run(made.stop())


def test_open_telemetry_is_not_imported_where_nobody_collects() -> None:
    code = "import sys; from bylaw.api import tracing; tracing.of({}); assert 'opentelemetry' not in sys.modules"
    assert subprocess.run([sys.executable, "-P", "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        (
            {"OTEL_TRACES_EXPORTER": "zipkin"},
            "OTEL_TRACES_EXPORTER is zipkin; bylaw sends traces by otlp",
        ),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "the protocol of OTLP is grpc; bylaw speaks http/protobuf (port 4318): set OTEL_EXPORTER_OTLP_PROTOCOL",
        ),
    ],
)
def test_traces_that_cannot_be_sent_are_told_and_stop_nothing(
    environment: dict[str, str], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert type(tracing.of(environment)) is tracing.Tracing
    assert [(each.levelno, each.getMessage(), vars(each)["reason"]) for each in caplog.records] == [
        (logging.WARNING, "no traces are sent", reason)
    ]


def test_an_environment_that_open_telemetry_cannot_read_is_told_and_stops_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many")
    assert type(tracing.of(os.environ)) is tracing.Tracing
    assert [vars(each)["reason"] for each in caplog.records if each.name == "bylaw.api.tracing"] == [
        "OpenTelemetry: OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT must be a non-negative integer but got many"
    ]
