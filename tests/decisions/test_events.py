"""Events: who wants to know of denials and changed verdicts hears of them, from us and of nothing else."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from bylaw.config import DecisionSettings, SinkSetting
from bylaw.decisions import Log, events
from bylaw.decisions.events import Event, Sink, event
from bylaw.decisions.signatures import verify
from bylaw.errors import ConfigError
from bylaw.model import Decision
from bylaw.store import open_store
from tests.store.making import OWNED, decided

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bylaw.model import Decided

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ALLOWED, DENIED, UNDECIDED = Decision.ALLOWED, Decision.DENIED, Decision.UNDECIDED


@dataclass
class Receiver:
    """A server that takes events. ``faults`` happen to the next requests: a status with headers, or ``hang``."""

    url: str = ""
    faults: list[Any] = field(default_factory=list)
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, count: int) -> list[tuple[dict[str, str], bytes]]:
        """What was sent, once it is so much."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.taken) >= count, 30), self.taken
            return list(self.taken)

    def ids(self, count: int) -> list[str]:
        return [json.loads(body)["id"] for _, body in self.wait(count)]


@contextmanager
def receiving(*faults: Any) -> Iterator[Receiver]:
    receiver, over = Receiver(faults=list(faults)), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            fault = receiver.faults.pop(0) if receiver.faults else (204, {})
            with receiver.changed:
                receiver.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
                receiver.changed.notify_all()
            if fault == "hang":
                over.wait(60)
                self.close_connection = True
                return
            status, headers = fault
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("content-length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook?token=in-the-query"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def sink(setting: SinkSetting, environment: dict[str, str] | None = None, *, seconds: float = 20) -> Iterator[Sink]:
    found = Sink(setting, environment or {})
    found.start()
    try:
        yield found
    finally:
        found.end(seconds)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were paused before a further try: they do not really pass."""
    found: list[float] = []

    class Recorded(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            if timeout is not None:
                found.append(timeout)
            return self.is_set()

    original = Sink.__init__

    def begin(self: Sink, setting: SinkSetting, environment: dict[str, str]) -> None:
        original(self, setting, environment)
        self._gives_up = Recorded()

    monkeypatch.setattr(Sink, "__init__", begin)
    return found


def of(decided: Decided, before: Decision | None = None) -> Event:
    found = event(decided, before)
    assert found is not None
    return found


def test_an_event_is_a_cloud_event_without_what_was_asked() -> None:
    denied = decided(7, decision=DENIED, rules=(OWNED,), gate="admission", input={"password": "hunter2"}, trace="ab")
    assert json.loads(of(denied, ALLOWED).body) == {
        "specversion": "1.0",
        "id": "d-7",
        "source": "/bylaw/gates/admission",
        "type": "dev.bylaw.decision.denied",
        "subject": "component:default/orders",
        "time": "2026-11-21T09:00:07.000000Z",
        "datacontenttype": "application/json",
        "data": {
            "gate": "admission",
            "subject": "component:default/orders",
            "decision": "denied",
            "before": "allowed",
            "changed": True,
            "rules": ["ownership/owner-unknown"],
            "reason": "",
            "caller": "ci",
            "engine": "regorus 0.13.0",
            "catalog": "sha256:cat",
            "policies": "sha256:pol",
            "waivers": "sha256:wai",
            "constraints": "sha256:con",
            "trace": "ab",
        },
    }


@pytest.mark.parametrize(
    ("before", "after", "reasons"),
    [
        (None, ALLOWED, None),
        (ALLOWED, ALLOWED, None),
        (DENIED, ALLOWED, {"changed"}),
        (UNDECIDED, ALLOWED, {"changed"}),
        (None, DENIED, {"denied"}),
        (DENIED, DENIED, {"denied"}),
        (ALLOWED, DENIED, {"denied", "changed"}),
        (DENIED, UNDECIDED, {"undecided", "changed"}),
    ],
)
def test_what_there_is_to_tell(before: Decision | None, after: Decision, reasons: set[str] | None) -> None:
    found = event(decided(decision=after), before)
    assert (None if found is None else set(found.reasons)) == reasons


def test_an_event_is_signed_so_that_its_receiver_can_tell_who_sent_it() -> None:
    with receiving() as receiver:
        with sink(SinkSetting(receiver.url, secret_env="KEY"), {"KEY": f"{SECRET}\n"}) as found:
            found.offer(of(decided(1, decision=DENIED)))
        ((headers, body),) = receiver.wait(1)
    assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert headers["webhook-id"] == "d-1"
    assert verify(SECRET, headers, body) == "d-1"
    assert found.dropped == 0


def test_an_event_is_not_signed_without_a_key() -> None:
    with receiving() as receiver:
        with sink(SinkSetting(receiver.url)) as found:
            found.offer(of(decided(1, decision=DENIED)))
        ((headers, _),) = receiver.wait(1)
    assert [name for name in headers if name.startswith("webhook")] == []


def test_a_receiver_hears_only_what_it_wants_to() -> None:
    with receiving() as receiver, sink(SinkSetting(receiver.url, events=("changed",))) as found:
        found.offer(of(decided(1, decision=DENIED)))
        found.offer(of(decided(2, decision=DENIED), ALLOWED))
        found.offer(of(decided(3, decision=ALLOWED), DENIED))
        assert receiver.ids(2) == ["d-2", "d-3"]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_receiver_that_cannot_take_it_now_is_asked_again(status: int) -> None:
    with receiving((status, {}), (status, {})) as receiver, sink(SinkSetting(receiver.url)) as found:
        found.offer(of(decided(1, decision=DENIED)))
        found.offer(of(decided(2, decision=DENIED)))
        assert receiver.ids(4) == ["d-1", "d-1", "d-1", "d-2"]
    assert found.dropped == 0


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422, 301, 302, 307])
def test_a_receiver_that_does_not_want_it_is_not_asked_again(status: int, caplog: pytest.LogCaptureFixture) -> None:
    with receiving() as elsewhere, receiving((status, {"location": elsewhere.url})) as receiver:
        with sink(SinkSetting(receiver.url, secret_env="KEY"), {"KEY": SECRET}) as found:
            found.offer(of(decided(1, decision=DENIED)))
            found.offer(of(decided(2, decision=DENIED)))
            assert receiver.ids(2) == ["d-1", "d-2"]
        assert elsewhere.taken == []
    assert found.dropped == 1
    place = receiver.url.partition("?")[0]
    assert f"{place}: answered {status}; event d-1 is not delivered" in caplog.text
    assert "in-the-query" not in caplog.text


def test_pauses_grow_and_a_receiver_may_ask_for_longer_ones(pauses: list[float]) -> None:
    faults = [(503, {}), (503, {"retry-after": "7"}), (503, {"retry-after": "Fri, 21 Nov 2200 07:28:00 GMT"})]
    with (
        receiving(*faults, *[(503, {"retry-after": "soon"})] * 2) as receiver,
        sink(SinkSetting(receiver.url)) as found,
    ):
        found.offer(of(decided(1, decision=DENIED)))
        receiver.wait(6)
    assert found.dropped == 0
    first, second, third, fourth, fifth = pauses
    assert 0.25 <= first <= 0.75
    assert (second, third) == (7.0, 60.0)
    assert 2 <= fourth <= 6
    assert 4 <= fifth <= 12


def test_an_event_that_nobody_takes_is_given_up_and_the_next_one_has_its_turn(caplog: pytest.LogCaptureFixture) -> None:
    with receiving(*[(503, {})] * 8) as receiver, sink(SinkSetting(receiver.url)) as found:
        found.offer(of(decided(1, decision=DENIED)))
        found.offer(of(decided(2, decision=DENIED)))
        assert receiver.ids(9) == [*["d-1"] * 8, "d-2"]
    assert found.dropped == 1
    assert "answered 503, after 8 tries; event d-1 is not delivered" in caplog.text


def test_a_receiver_that_hangs_holds_up_no_longer_than_one_try_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_SECONDS", 0.2)
    with receiving("hang") as receiver, sink(SinkSetting(receiver.url)) as found:
        found.offer(of(decided(1, decision=DENIED)))
        assert receiver.ids(2) == ["d-1", "d-1"]
    assert found.dropped == 0


def test_an_event_that_cannot_be_sent_is_not_the_last_one(caplog: pytest.LogCaptureFixture) -> None:
    with receiving() as receiver, sink(SinkSetting(receiver.url, secret_env="KEY"), {"KEY": SECRET}) as found:
        found.offer(of(decided(1, decision=DENIED, id="no header\nholds this")))
        found.offer(of(decided(2, decision=DENIED)))
        assert receiver.ids(1) == ["d-2"]
    assert found.dropped == 1
    assert "cannot be sent (ValueError)" in caplog.text


def test_events_beyond_the_queue_are_dropped_and_counted() -> None:
    found = Sink(SinkSetting("http://127.0.0.1:9/", queue=2), {})
    for number in range(5):
        found.offer(of(decided(number, decision=DENIED)))
    assert found.dropped == 3
    found.end(0)
    assert found.dropped == 5
    found.offer(of(decided(6, decision=DENIED)))
    assert found.dropped == 6


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (SinkSetting("ftp://x/"), "expected an address such as"),
        (SinkSetting("http://joe:hunter2@x/"), "the address holds a user or a password"),
        (
            SinkSetting("http://x/?a=1", secret_env="KEY"),
            "server.decisions.sinks: http://x/: the environment has no KEY",
        ),
        (SinkSetting("http://x/", secret_env="SHORT"), "the key of a webhook has 3 bytes, expected at least 24"),
    ],
)
def test_a_receiver_that_cannot_be_sent_to_is_said_at_the_start(setting: SinkSetting, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as error:
        Sink(setting, {"KEY": " ", "SHORT": "abc"})
    assert "hunter2" not in str(error.value)


def test_the_log_tells_of_denials_and_of_changes_against_what_was_decided_before(tmp_path: Path) -> None:
    store = open_store("sqlite:///x.db", tmp_path)
    store.append([decided(0, decision=DENIED, subject="known")])

    async def work(settings: DecisionSettings) -> None:
        log = Log(store, settings, {})
        await log.start()
        log.record(decided(1))
        log.record(decided(2, decision=DENIED, input={"password": "hunter2"}))
        log.record(decided(3))
        log.record(decided(4, subject="known"))
        log.record(decided(5, subject="known"))
        await log.stop()

    with receiving() as receiver:
        asyncio.run(work(DecisionSettings(sinks=(SinkSetting(receiver.url),))))
        sent = [json.loads(body) for _, body in receiver.wait(3)]
    assert [(each["id"], each["type"], each["data"]["before"]) for each in sent] == [
        ("d-2", "dev.bylaw.decision.denied", "allowed"),
        ("d-3", "dev.bylaw.decision.allowed", "denied"),
        ("d-4", "dev.bylaw.decision.allowed", "denied"),
    ]
    assert "hunter2" not in json.dumps(sent)
    store.close()


def test_no_log_record_of_urllib3_shows_the_query_of_an_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with receiving((500, {})) as receiver, sink(SinkSetting(receiver.url)) as found:
        found.offer(of(decided(1, decision=DENIED)))
        receiver.wait(2)
    assert "in-the-query" not in caplog.text
