"""What the server counts and measures, as Prometheus reads it. The only module that knows prometheus_client.

Nothing that a stranger says becomes a label without a bound: each label has at most so many values, and what comes
after those counts as ``other``.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder

from bylaw.reports.terminal import visible
from bylaw.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 2.5, 3, 5, 10, 30)
"""Seconds, on both sides of the deadlines that webhooks have: 3 seconds here, 10 by default, 30 at most."""
_REFRESHES = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)

READ = {
    "bylaw_ready": ((), "Whether the server is ready: it holds a snapshot that is fresh enough to decide by."),
    "bylaw_snapshot_age_seconds": ((), "Age of the snapshot that requests are answered from."),
    "bylaw_snapshot_stale_after_seconds": ((), "Age from which on decisions say undecided."),
    "bylaw_snapshot_entities": ((), "Entities in the snapshot."),
    "bylaw_queue_depth": ((), "Requests that wait for a worker."),
    "bylaw_queue_limit": ((), "Requests that may wait for a worker; more are told to come again."),
    "bylaw_workers": (("state",), "Processes that judge."),
    "bylaw_connections": ((), "Open connections."),
    "bylaw_decision_log_queue": ((), "Decisions that wait to be written."),
    "bylaw_decision_log_dropped_total": ((), "Decisions that were made and could not be kept."),
    "bylaw_event_dropped_total": (("sink",), "Events that could not be delivered to a sink."),
    "bylaw_log_dropped_total": ((), "Lines of the server's own log that nobody took in time."),
    "bylaw_tls_certificate_expiry_timestamp_seconds": ((), "Unix time at which the server's certificate ends."),
}
"""What is asked for when Prometheus comes by: name, labels and meaning of each. Those in ``_total`` only grow."""

OTHER = "other"
"""The label of all that came after a label's last value."""
_OPENMETRICS = "application/openmetrics-text"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_MOST_ROUTES = 100
_MOST_RULES = 1_000
_MOST_SOURCES = 20
_LONGEST = 200  # characters of a label

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_log = logging.getLogger(__name__)
# Without a second series beside each, which says no more than a restart does. The function has no annotations.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The metrics of one server.

    ``request`` and ``decided`` are on the way of every request: their series are looked up once, and kept.
    """

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry(auto_describe=False)
        self._requests = Counter(
            "bylaw_http_requests", "Requests that were answered.", ("route", "method", "status"), registry=registry
        )
        self._seconds = Histogram(
            "bylaw_http_request_duration_seconds",
            "From the first byte of a request to its answer.",
            ("route",),
            buckets=BUCKETS,
            registry=registry,
        )
        self._decisions = Counter(
            "bylaw_decisions", "Decisions by gate and outcome.", ("gate", "decision"), registry=registry
        )
        self._findings = Counter(
            "bylaw_findings", "Findings that count, by rule and decision.", ("rule", "decision"), registry=registry
        )
        self._refreshes = Counter(
            "bylaw_refreshes", "Readings of the sources, by how they ended.", ("source", "result"), registry=registry
        )
        self._refreshing = Histogram(
            "bylaw_refresh_duration_seconds",
            "From the beginning of a refresh to its end.",
            ("source",),
            buckets=_REFRESHES,
            registry=registry,
        )
        self._kills = Counter(
            "bylaw_worker_kills",
            "Workers that were lost: killed at a deadline, or dead by themselves.",
            ("reason",),
            registry=registry,
        )
        for reason in ("deadline", "died"):
            self._kills.labels(reason)  # there from the start, so that the first loss is an increase
        self._read = _Read()
        registry.register(self._read)
        self._read.info("bylaw_build_info", "The version that runs.", lambda: {"version": VERSION})
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        self._by_request: dict[tuple[str, str, int], Callable[[], None]] = {}
        self._by_route: dict[str, Callable[..., None]] = {}
        self._by_decision: dict[tuple[str, str], Callable[[], None]] = {}
        self._by_rule: dict[tuple[str, str], Callable[[], None]] = {}
        self._routes = _Labels(_MOST_ROUTES)
        self._rules = _Labels(_MOST_RULES)
        self._gates = _Labels(_MOST_SOURCES)
        self._sources = _Labels(_MOST_SOURCES)

    def request(self, route: str, method: str, status: int, seconds: float, trace: str = "") -> None:
        """A request was answered. ``route`` is that of the table of routes, such as ``/v1/entities/{ref}``.

        ``trace`` is the id of a trace that is kept somewhere: it stands as an exemplar beside the bucket.
        """
        found = self._by_request.get((route, method, status))
        if found is None:
            found = self._new_request(route, method, status)
        found()
        observe = self._by_route.get(route)
        if observe is None:
            observe = _kept(self._by_route, route, self._seconds.labels(self._routes(route)).observe, _MOST_ROUTES)
        if trace:
            observe(seconds, {"trace_id": trace})
        else:
            observe(seconds)

    def decided(self, gate: str, decision: str, rules: Iterable[str]) -> None:
        """A gate has decided. ``rules`` are the ids of those with findings that count."""
        inc = self._by_decision.get((gate, decision))
        if inc is None:
            child = self._decisions.labels(self._gates(gate), _decision(decision))
            inc = _kept(self._by_decision, (gate, decision), child.inc, _MOST_SOURCES)
        inc()
        for rule in rules:
            inc = self._by_rule.get((rule, decision))
            if inc is None:
                child = self._findings.labels(self._rules(rule), _decision(decision))
                inc = _kept(self._by_rule, (rule, decision), child.inc, _MOST_RULES)
            inc()

    def refreshed(self, source: str, ok: bool, seconds: float) -> None:
        """The sources were read anew, or could not be."""
        label = self._sources(source)
        self._refreshes.labels(label, "ok" if ok else "failed").inc()
        self._refreshes.labels(label, "failed" if ok else "ok").inc(0)  # so that its first is an increase
        self._refreshing.labels(label).observe(seconds)

    def worker_lost(self, reason: str) -> None:
        """A worker is no more: ``deadline`` or ``died``."""
        self._kills.labels(reason if reason in ("deadline", "died") else OTHER).inc()

    def gauge(self, name: str, read: Callable[[], float], **labels: str) -> None:
        """Ask for a value of ``READ`` whenever Prometheus comes by.

        A value that cannot be had is left out, and the others are shown.

        Raises:
            ValueError: ``READ`` has no such name, or it has other labels.
        """
        if name not in READ:
            raise ValueError(f"{name} is no metric of bylaw; add it to READ: {', '.join(READ)}")
        if set(labels) != set(READ[name][0]):
            raise ValueError(f"{name} has the labels {READ[name][0]}, not {tuple(labels)}")
        self._read.value(name, tuple(_label(labels[each]) for each in READ[name][0]), read)

    def snapshot(self, read: Callable[[], Mapping[str, str]]) -> None:
        """Ask for what the server answers from: the digests ``catalog`` and ``policies``, and the ``engine``."""
        self._read.info("bylaw_snapshot_info", "What requests are answered from.", read)

    def render(self, accept: str | None) -> tuple[bytes, str]:
        """All of it, and its content type: OpenMetrics for those who ask for it, Prometheus' own text otherwise."""
        encode, content_type = choose_encoder(_OPENMETRICS if _OPENMETRICS in (accept or "") else "")
        return encode(self._registry), content_type

    def _new_request(self, route: str, method: str, status: int) -> Callable[[], None]:
        known = method if method in _METHODS else OTHER
        child = self._requests.labels(self._routes(route), known, str(status))
        return _kept(self._by_request, (route, method, status), child.inc, 10 * _MOST_ROUTES)


class _Labels:
    """The values of a label: the first so many are themselves, later ones are ``other``."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        value = _label(value)
        if value not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(value)
        return value


class _Read:
    """What is asked for at the time, as a collector of prometheus_client."""

    def __init__(self) -> None:
        self._values: dict[str, dict[tuple[str, ...], Callable[[], float]]] = {}
        self._infos: dict[str, tuple[str, Callable[[], Mapping[str, str]]]] = {}

    def value(self, name: str, labels: tuple[str, ...], read: Callable[[], float]) -> None:
        self._values.setdefault(name, {})[labels] = read

    def info(self, name: str, meaning: str, read: Callable[[], Mapping[str, str]]) -> None:
        self._infos[name] = (meaning, read)

    def collect(self) -> Iterator[Any]:
        for name, reads in self._values.items():
            labels, meaning = READ[name]
            kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            family = kind(name, meaning, labels=labels)
            for values, read in reads.items():
                value = _asked(name, read)
                if value is not None:
                    family.add_metric(values, value)
            yield family
        for name, (meaning, said) in self._infos.items():
            labels_of = _asked(name, said)
            if labels_of is not None:
                shown = {key: _label(value) for key, value in labels_of.items()}
                family = GaugeMetricFamily(name, meaning, labels=tuple(shown))
                family.add_metric(tuple(shown.values()), 1)
                yield family


def _asked(name: str, read: Callable[[], _Value]) -> _Value | None:
    try:
        return read()
    except Exception:  # noqa: BLE001  one value that cannot be had must not hide all others
        _log.warning("a metric cannot be read", extra={"metric": name}, exc_info=True)
        return None


def _kept(cache: dict[_Key, _Value], key: _Key, value: _Value, most: int) -> _Value:
    if len(cache) < most:
        cache[key] = value
    return value


def _decision(decision: str) -> str:
    return decision if decision in ("allowed", "denied", "undecided") else OTHER


def _label(value: str) -> str:
    """A text as the value of a label: of limited length, without what does not show or UTF-8 cannot hold."""
    return visible(value[:_LONGEST])
