"""A server from its start to its end: whom it lets in, what it reads again, and what it does when it cannot answer."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from bylaw.decisions.signatures import signature
from tests.api.served import ORDERS, Server, assert_problem, serving, written
from tests.command import BYLAW, run, scrubbed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHECK = {"entities": [json.loads(ORDERS)]}
TOKEN, METRICS_TOKEN = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
OURS = {"authorization": f"Bearer {TOKEN}"}
CALLERS = f"""\
  callers:
  - name: ci
    scopes: [check:run, catalog:read, catalog:write, decision:read]
    token_sha256: {hashlib.sha256(TOKEN.encode()).hexdigest()}
  - name: prometheus
    scopes: [metrics:read]
    token_sha256: {hashlib.sha256(METRICS_TOKEN.encode()).hexdigest()}
    rate: 3
"""
KEY = "a key of at least 24 bytes"
EVENT = {"specversion": "1.0", "id": "1", "source": "test", "type": "dev.bylaw.catalog.changed"}
RULE = """\
import os, signal, time
from bylaw.model import Finding, Severity
from bylaw.rules import Rule

def evaluate(entity, context):
    if entity.ref.name == "endless":
        while True:
            pass
    if entity.ref.name == "fatal":
        os.kill(os.getpid(), signal.SIGKILL)
    if entity.ref.name == "slow":
        time.sleep(1)
    return [Finding("/metadata/name", "it has this name")] if entity.ref.name == "wrong" else []

RULE = Rule(id="tests/odd", title="t", description="d", remediation="r", severity=Severity.ERROR, evaluate=evaluate)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker, of which each question is answered within a second and one may wait; callers, and events."""
    settings = (
        "policies: {paths: [rules]}\n"
        "server:\n  deadline: 1\n  workers: 1\n  queue: 1\n  most_lost: 1\n  events_secret_env: EVENTS_KEY\n"
    )
    folder = written(tmp_path_factory.mktemp("served"), settings + CALLERS, **{"rules/odd.py": RULE})
    with serving(folder, ".", environment={"EVENTS_KEY": KEY}) as running:
        yield running


def _named(name: str) -> dict[str, Any]:
    said = json.loads(ORDERS)
    said["metadata"]["name"] = name
    return {"entities": [said]}


def _until(ask: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """The first answer that is as wanted; the test fails if none of many is."""
    for _ in range(300):
        said = ask()
        if wanted(said):
            return said
        time.sleep(0.02)
    raise AssertionError(f"it never came to be: {said}")


# Who is let in


@pytest.mark.parametrize(
    ("settings", "missing"),
    [("", "server.callers or server.oidc and no server.tls"), (f"server:\n{CALLERS}", "server.tls")],
)
def test_on_an_address_that_others_reach_it_does_not_start_without_callers_and_tls(
    tmp_path: Path, settings: str, missing: str
) -> None:
    ran = run("serve", ".", "--host", "0.0.0.0", "--port", "0", cwd=written(tmp_path, settings))
    assert (ran.code, ran.out) == (2, "")
    assert f"bylaw.yaml has no {missing}" in ran.err
    assert "--insecure" in ran.err


def test_a_port_that_is_taken_is_the_users_mistake(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = run("serve", ".", "--port", port, cwd=written(tmp_path))
    assert (ran.code, ran.err) == (
        2,
        f"bylaw: cannot listen on 127.0.0.1:{port} (Address already in use); choose another --port\n",
    )


def test_a_server_is_refused_in_plain_words_where_its_packages_are_missing(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['fastapi'] = None\n")
    ran = run("serve", ".", cwd=written(tmp_path / "catalog"), environment={"PYTHONPATH": str(hidden)})
    assert (ran.code, ran.err) == (2, "bylaw: fastapi is not installed: pip install 'bylaw[server]'\n")


def test_a_catalog_that_cannot_be_read_ends_it_before_anybody_is_answered(tmp_path: Path) -> None:
    ran = run("serve", "nowhere", "--port", "0", cwd=written(tmp_path))
    assert ran.code == 2
    assert "nowhere" in ran.err.splitlines()[-1]


def test_one_that_is_ended_while_it_begins_leaves_nothing_behind(tmp_path: Path) -> None:
    endless = "import pathlib, time\npathlib.Path('begun').touch()\ntime.sleep(600)\n"
    folder = written(tmp_path / "served", "policies: {paths: [rules]}\n", **{"rules/endless.py": endless})
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        [*BYLAW, "serve", ".", "--port", "0"],
        cwd=folder,
        env=scrubbed({"TMPDIR": str(tmp_path / "tmp")}),
        stderr=subprocess.DEVNULL,
    )
    _until((folder / "begun").exists, bool)
    process.terminate()
    assert process.wait(timeout=30) == 0
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("port", ["-1", "65536", "http", "8080 "])
def test_what_is_no_port_is_wrong_usage(tmp_path: Path, port: str) -> None:
    ran = run("serve", ".", f"--port={port}", cwd=tmp_path)
    assert (ran.code, "is no port, expected a number from 0 to 65535" in ran.err) == (2, True)


def test_insecure_is_said_aloud_and_what_was_decided_is_there_when_it_serves_again(tmp_path: Path) -> None:
    folder = written(tmp_path, "policies: {paths: [rules]}\n", **{"rules/odd.py": RULE})
    with serving(folder, ".", "--host", "0.0.0.0", "--insecure") as server:
        told = [server.until("anyone who can reach it may call"), server.until("--insecure")]
        assert [each["level"] for each in told] == ["warning", "warning"]
        assert [server.post("/v1/check", CHECK).status for _ in range(20)] == [200] * 20

        under_way: list[int] = []
        asking = threading.Thread(target=lambda: under_way.append(server.post("/v1/check", _named("slow")).status))
        asking.start()
        _until(lambda: server.get("/metrics").body, lambda text: b'bylaw_workers{state="busy"} 1.0' in text)
        assert server.stop(signal.SIGTERM) == 0
        asking.join()
        assert under_way == [200]
        assert server.log[-1]["event"] == "the server ends"
    with serving(folder, ".") as again:
        again.until("anyone on this machine may call")
        assert len(again.get("/v1/decisions").json["decisions"]) == 21
        assert again.stop(signal.SIGINT) == 0


def test_with_callers_nobody_else_is_answered(server: Server) -> None:
    anybody = server.post("/v1/check", CHECK)
    assert_problem(anybody, 401, "nothing says who calls")
    assert anybody.headers["www-authenticate"] == "Bearer"
    assert_problem(server.post("/v1/check", CHECK, authorization="Bearer wrong"), 401, "none of those configured")
    assert server.post("/v1/check", CHECK, **OURS).json["decision"] == "allowed"


def test_a_caller_does_what_its_scopes_say_and_no_more(server: Server) -> None:
    assert_problem(server.get("/metrics", **OURS), 403, "it takes metrics:read")
    assert server.get("/metrics", authorization=f"Bearer {METRICS_TOKEN}").status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json"])
def test_anybody_may_ask_how_it_is_and_what_it_offers(server: Server, path: str) -> None:
    assert server.get(path).status == 200


def test_who_comes_too_often_is_told_when_to_come_again(server: Server) -> None:
    said = [server.get("/metrics", authorization=f"Bearer {METRICS_TOKEN}") for _ in range(10)]
    refused = next(each for each in said if each.status != 200)
    assert_problem(refused, 429, "prometheus")
    assert int(refused.headers["retry-after"]) >= 1


def test_a_body_is_not_read_of_somebody_who_may_not_call(server: Server) -> None:
    assert_problem(server.post("/v1/check", b"{", content_type="text/plain"), 401, "nothing says who calls")


# When it cannot answer


def test_a_rule_that_does_not_end_costs_its_own_request_and_no_other(server: Server) -> None:
    assert_problem(server.post("/v1/check", _named("endless"), **OURS), 504, "no answer within 1 s")
    assert server.post("/v1/check", CHECK, **OURS).json["decision"] == "allowed"


def test_a_worker_that_dies_costs_its_own_request_and_no_other(server: Server) -> None:
    answer = server.post("/v1/check", _named("fatal"), **OURS)
    assert_problem(answer, 503, "the worker that judged it was lost")
    assert answer.headers["retry-after"] == "1"
    assert server.post("/v1/check", CHECK, **OURS).json["decision"] == "allowed"


def test_where_too_many_wait_the_next_is_told_to_come_again_and_health_is_answered(server: Server) -> None:
    said: list[int] = []

    def ask() -> None:
        said.append(server.post("/v1/check", _named("endless"), **OURS).status)

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for each in asking:
        each.start()
    for each in asking:
        assert server.get("/healthz").status == 200
        each.join()
    assert sorted(said) == [503, 504, 504]


# What it reads again


def _signed(body: bytes, id: str, type: str = "application/cloudevents+json") -> dict[str, str]:
    now = int(time.time())
    named = {"webhook_id": id, "webhook_timestamp": str(now), "webhook_signature": signature(KEY, id, now, body)}
    return {**OURS, "content_type": type, **named}


def _event(data: Any = None, **more: Any) -> bytes:
    return json.dumps({**EVENT, **({"data": data} if data is not None else {}), **more}).encode()


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{}", 400, "no CloudEvent 1.0"),
        (b"[]", 400, "the body is a list"),
        (_event(specversion="0.3"), 400, "no CloudEvent 1.0"),
        (_event(type="com.example.other"), 400, "expected dev.bylaw.catalog.changed"),
        (_event("text"), 400, "no object"),
        (_event({"entities": {}}), 400, "no list of objects"),
        (_event({"deleted": [1]}), 400, "no list of references"),
        (_event({"removed": []}), 400, "removed"),
        (_event({"entities": [{"kind": "Component"}]}), 422, ""),
    ],
    ids=range(9),
)
def test_an_event_that_says_nothing_here_is_refused(server: Server, body: bytes, status: int, said: str) -> None:
    assert_problem(server.post("/v1/events", body, **_signed(body, hashlib.sha256(body).hexdigest())), status, said)


def test_an_event_that_is_not_signed_is_not_believed(server: Server) -> None:
    body = _event({"deleted": ["component:default/orders"]})
    plain = {**OURS, "content_type": "application/cloudevents+json"}
    assert_problem(server.post("/v1/events", body, **plain), 400, "webhook-id")
    assert_problem(server.post("/v1/events", body + b" ", **_signed(body, "forged")), 400, "no signature")
    assert server.get("/v1/entities/component:default/orders", **OURS).status == 200


def test_what_is_pushed_is_in_the_catalog_soon_and_counts_once(server: Server) -> None:
    pushed = _named("pushed")["entities"]
    body = _event({"entities": pushed, "deleted": ["component:default/billing"]})
    once = _signed(body, "push")
    assert server.post("/v1/events", body, **once).status == 202
    assert_problem(server.post("/v1/events", body, **once), 409, "was taken")
    path = "/v1/entities/component:default/pushed"
    assert _until(lambda: server.get(path, **OURS).status, lambda status: status == 200)
    assert server.get("/v1/entities/component:default/billing", **OURS).status == 404

    data = b'{"deleted": ["component:default/pushed"]}'
    binary = {f"ce_{name}": value for name, value in EVENT.items()}
    assert server.post("/v1/events", data, **_signed(data, "binary", "application/json"), **binary).status == 202
    assert _until(lambda: server.get(path, **OURS).status, lambda status: status == 404)


def test_sighup_reads_the_law_again_and_bad_law_is_not_taken(server: Server, tmp_path: Path) -> None:
    def rules() -> list[str]:
        return [each["rule"] for each in server.post("/v1/check", _named("wrong"), **OURS).json["findings"]]

    folder = next(each for each in (tmp_path.parent).glob("served*") if (each / "rules").is_dir())
    assert rules() == ["tests/odd"]
    (folder / "rules" / "odd.py").write_text("RULE = 1\n")
    server.process.send_signal(signal.SIGHUP)
    assert "exports no RULE" in server.until("what there is now is kept")["event"]
    assert rules() == ["tests/odd"]
    (folder / "rules" / "odd.py").write_text(RULE.replace('== "wrong"', '== "another"'))
    server.process.send_signal(signal.SIGHUP)
    assert _until(rules, lambda said: said == []) == []


def test_past_its_time_a_catalog_decides_nothing(tmp_path: Path) -> None:
    settings = "server: {stale_after: 0.001, refresh: 3600}\n"
    with serving(written(tmp_path, settings), ".") as server:
        assert_problem(server.get("/readyz"), 503, "server.stale_after")
        assert server.get("/healthz").status == 200
        report = server.post("/v1/check", CHECK).json
        assert (report["decision"], "server.stale_after" in report["notes"][0]) == ("undecided", True)
