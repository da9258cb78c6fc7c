"""Traces of requests: the W3C context taken over, and spans for whoever collects them.

Spans are made only where the environment says where to (``OTEL_EXPORTER_OTLP_ENDPOINT`` and its like) and the extra
``bylaw[otel]`` is there. Everywhere else a trace is no more than the id that a request came with. The only module that
knows OpenTelemetry. https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import threading
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from bylaw.reports.terminal import visible
from bylaw.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.context import Context
    from opentelemetry.trace import Span

_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_MEMBER = re.compile(r"[a-z0-9][a-z0-9_*/@-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]")
_MOST_MEMBERS = 32
_LONGEST_STATE = 512 * _MOST_MEMBERS
_LONGEST_PARENT = 256
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SAMPLED = 1
_SPOKEN = "http/protobuf"
_FLUSHING = 5.0  # seconds that the last spans get at the end

_log = logging.getLogger(__name__)


class Trace:
    """The trace that a request belongs to: ``id`` is its 32 hexadecimal digits, or empty. This one makes no spans."""

    __slots__ = ("id", "kept")

    def __init__(self, trace: str, kept: bool = False) -> None:
        self.id = trace
        self.kept = kept  # whether its spans are sent somewhere, so that the id leads there

    def judged(self, started: int, ended: int) -> None:
        """A worker judged from one time to another, in nanoseconds of ``time.time_ns``."""

    def end(self, route: str, status: int, **more: str) -> None:
        """The request was answered. ``more`` is what else is known, such as ``gate``, ``decision`` and ``caller``."""


class Tracing:
    """Where traces begin. This one makes no spans."""

    async def stop(self) -> None:
        """Send what was not sent yet, for a few seconds at most."""

    def begin(self, method: str, traceparent: str | None = None, tracestate: str | None = None) -> Trace:
        """A request came in, with these headers; what of them is malformed counts as not there."""
        parent = _parent(traceparent) if traceparent else None
        return Trace(parent.trace) if parent else _NO_TRACE


_NO_TRACE = Trace("")


def of(environment: Mapping[str, str]) -> Tracing:
    """Tracing as the environment wants it. What it wants and cannot have is told, and does not stop the server.

    The exporter reads the same variables itself, so ``environment`` has to be that of the process.
    """
    if not _is_wanted(environment):
        return Tracing()
    reason = _why_not(environment)
    if reason:
        _log.warning("no traces are sent", extra={"reason": reason})
        return Tracing()
    try:
        return _Sent(environment)
    except Exception as error:  # noqa: BLE001  what OpenTelemetry cannot make of its variables must not stop the server
        _log.warning("no traces are sent", extra={"reason": f"OpenTelemetry: {error}"})
        return Tracing()


def _is_wanted(environment: Mapping[str, str]) -> bool:
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if exporter:
        return exporter != "none"
    return any(environment.get(name) for name in _ENDPOINTS)


def _why_not(environment: Mapping[str, str]) -> str:
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower() or "otlp"
    if exporter != "otlp":
        return f"OTEL_TRACES_EXPORTER is {exporter}; bylaw sends traces by otlp"
    protocol = next((environment[name] for name in _PROTOCOLS if environment.get(name)), _SPOKEN).strip()
    if protocol != _SPOKEN:
        return f"the protocol of OTLP is {protocol}; bylaw speaks {_SPOKEN} (port 4318): set {_PROTOCOLS[1]}"
    try:
        there = find_spec("opentelemetry.sdk") and find_spec("opentelemetry.exporter.otlp.proto.http")
    except ModuleNotFoundError:
        there = None
    return "" if there else "OpenTelemetry is not installed: pip install 'bylaw[otel]'"


class _Sent(Tracing):
    """Tracing whose spans are sent by OpenTelemetry's SDK, from a thread of its own."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._trace = trace
        self._provider = TracerProvider(resource=Resource.create(_resource(environment)), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("bylaw", VERSION)

    async def stop(self) -> None:
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def shut() -> None:
            self._provider.shutdown()
            with contextlib.suppress(RuntimeError):  # the loop has ended without waiting for it
                loop.call_soon_threadsafe(done.set)

        threading.Thread(target=shut, daemon=True).start()
        try:
            await asyncio.wait_for(done.wait(), _FLUSHING)
        except TimeoutError:
            _log.warning("the last traces could not be sent", extra={"seconds": _FLUSHING})

    def begin(self, method: str, traceparent: str | None = None, tracestate: str | None = None) -> Trace:
        known = method if method in _METHODS else "_OTHER"
        context = self._context(traceparent, tracestate) if traceparent else None
        attributes = {"http.request.method": known}
        return _Spans(self, known, self._tracer.start_span(known, context, self._trace.SpanKind.SERVER, attributes))

    def _context(self, traceparent: str, tracestate: str | None) -> Context | None:
        parent, trace = _parent(traceparent), self._trace
        if parent is None:
            return None
        known = trace.SpanContext(
            int(parent.trace, 16),
            int(parent.span, 16),
            is_remote=True,
            trace_flags=trace.TraceFlags(parent.flags),
            trace_state=trace.TraceState(_state(tracestate)),
        )
        context: Context = trace.set_span_in_context(trace.NonRecordingSpan(known))
        return context

    def inside(self, span: Span, name: str, started: int, ended: int) -> None:
        """A span inside another that was over before anybody knew of it."""
        child = self._tracer.start_span(name, self._trace.set_span_in_context(span), start_time=started)
        child.end(ended)

    def failed(self, span: Span) -> None:
        """Say of a span that what it is about failed."""
        span.set_status(self._trace.StatusCode.ERROR)


class _Spans(Trace):
    """The span of a request, and those inside it."""

    __slots__ = ("_made", "_method", "_span")

    def __init__(self, made: _Sent, method: str, span: Span) -> None:
        super().__init__(f"{span.get_span_context().trace_id:032x}", span.is_recording())
        self._made = made
        self._method = method
        self._span = span

    def judged(self, started: int, ended: int) -> None:
        if self.kept:
            self._made.inside(self._span, "judge", started, ended)

    def end(self, route: str, status: int, **more: str) -> None:
        span = self._span
        if self.kept:
            span.update_name(f"{self._method} {route}")
            span.set_attributes({"http.route": route, "http.response.status_code": status})
            span.set_attributes({f"bylaw.{name}": visible(value) for name, value in more.items() if value})
            if status >= 500:
                self._made.failed(span)
        span.end()


class _Parent(NamedTuple):
    """What a traceparent says: the ids of trace and span, in hexadecimal, and the flags."""

    trace: str
    span: str
    flags: int


def _parent(header: str) -> _Parent | None:
    """What a traceparent says, or None where it is malformed."""
    found = _PARENT.fullmatch(header) if len(header) <= _LONGEST_PARENT else None
    if not found:
        return None
    version, trace, span, flags, rest = found.groups()
    if version == "ff" or (version == "00" and rest) or not trace.strip("0") or not span.strip("0"):
        return None
    return _Parent(trace, span, int(flags, 16) & _SAMPLED)


def _state(header: str | None) -> list[tuple[str, str]]:
    """The members of a tracestate; none of them where one is malformed or there twice."""
    if not header or len(header) > _LONGEST_STATE:
        return []
    members = [each.strip(" \t") for each in header.split(",")]
    pairs = [(name, value) for name, _, value in (each.partition("=") for each in members if each)]
    fits = len(pairs) <= _MOST_MEMBERS and len({name for name, _ in pairs}) == len(pairs)
    return pairs if fits and all(_MEMBER.fullmatch(each) for each in members if each) else []


def _resource(environment: Mapping[str, str]) -> dict[str, str]:
    """What is sent with all spans, where the environment does not say it."""
    said = "service.name=" in environment.get("OTEL_RESOURCE_ATTRIBUTES", "") or environment.get("OTEL_SERVICE_NAME")
    return {"service.version": VERSION} if said else {"service.name": "bylaw", "service.version": VERSION}
