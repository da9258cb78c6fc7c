"""Whoever means harm to a running server costs it little, and the others nothing."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.served import ORDERS, Answer, Server, assert_problem, serving, written

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECK = {"entities": [json.loads(ORDERS)]}
HEAD = b"POST /v1/check HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that waits a second for a body."""
    with serving(
        written(tmp_path_factory.mktemp("served"), "server: {deadline: 1, connections: 1100}\n"), "."
    ) as running:
        yield running


def _said(connected: socket.socket) -> Answer:
    """All that comes back on a connection, up to its end, as one answer."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while chunk := connected.recv(65536):
            said += chunk
    head, _, body = said.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(int(first.split(" ")[1]), headers, body)


def _sent(server: Server, *parts: bytes) -> Answer:
    with socket.create_connection(server.address, timeout=30) as connected:
        for part in parts:
            with contextlib.suppress(ConnectionError):  # it has said by then what it has to say
                connected.sendall(part)
        return _said(connected)


@contextlib.contextmanager
def _many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(4096, hard)), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _is_well(server: Server) -> bool:
    """Whether it judges, as soon as it has done what it was asked before."""
    for _ in range(100):
        said = server.post("/v1/check", CHECK)
        if said.status not in (503, 504):
            break
    return said.status == 200 and said.json["decision"] == "allowed"


def test_a_body_that_does_not_come_is_not_waited_for_and_others_are_served_meanwhile(server: Server) -> None:
    with socket.create_connection(server.address, timeout=30) as slow:
        slow.sendall(HEAD + b'content-length: 100\r\n\r\n{"en')
        assert _is_well(server)
        answer = _said(slow)
    assert_problem(answer, 408, "the body did not come within 1 s")
    assert answer.headers["connection"] == "close"


def test_a_body_without_an_end_is_cut_at_the_limit(server: Server) -> None:
    chunk = b"%x\r\n%s\r\n" % (1 << 20, b" " * (1 << 20))
    assert_problem(_sent(server, HEAD + b"transfer-encoding: chunked\r\n\r\n", *[chunk] * 9), 413, "server.body_bytes")


def test_a_body_that_says_it_is_huge_is_refused_before_it_is_sent(server: Server) -> None:
    answer = _sent(server, HEAD + b"content-length: 999999999999\r\n\r\n")
    assert_problem(answer, 413, "server.body_bytes")


def test_what_comes_behind_a_refused_body_is_no_request(server: Server) -> None:
    smuggled = b"GET /v1/snapshot HTTP/1.1\r\nhost: localhost\r\n\r\n"
    answer = _sent(server, HEAD.replace(b"json", b"xml") + b"content-length: 5000\r\n\r\n" + smuggled)
    assert_problem(answer, 415, "expected Content-Type: application/json")
    assert b"HTTP/1.1 200" not in answer.body


@pytest.mark.parametrize(
    "lines",
    [
        b"content-length: 2\r\ncontent-length: 3\r\n",
        b"content-length: 2\r\ntransfer-encoding: chunked\r\n",
        b"content-length: -1\r\n",
        b"content-length: 2, 2\r\n",
        b"transfer-encoding: chunked, identity\r\n",
        b" folded: yes\r\n",
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_refused(server: Server, lines: bytes) -> None:
    assert _sent(server, HEAD + lines + b"connection: close\r\n\r\n{}").status in (400, 413)
    assert _is_well(server)


@pytest.mark.parametrize("text", [b"\x00\x01\x02\x03\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"GET / SPDY/3\r\n\r\n"])
def test_what_is_no_http_is_answered_and_closed(server: Server, text: bytes) -> None:
    with socket.create_connection(server.address, timeout=30) as connected:
        connected.sendall(text)
        connected.shutdown(socket.SHUT_WR)
        said = connected.recv(65536)
    assert said == b"" or said.startswith(b"HTTP/1.1 400 ")
    assert _is_well(server)


def test_a_target_that_is_no_path_is_no_route(server: Server) -> None:
    last = b"host: localhost\r\nconnection: close\r\n\r\n"
    assert_problem(_sent(server, b"OPTIONS * HTTP/1.1\r\n" + last), 404, "/openapi.json")
    assert _sent(server, b"GET http://elsewhere.example.com/healthz HTTP/1.1\r\n" + last).status == 200


def test_a_body_of_seven_mebibytes_is_read_and_judged(server: Server) -> None:
    said = json.loads(ORDERS)
    said["metadata"]["description"] = "x" * (7 * 1024 * 1024 - 1024)
    assert server.post("/v1/check", {"entities": [said]}).status in (200, 504)
    assert _is_well(server)


def test_a_thousand_connections_at_once_are_all_answered(server: Server) -> None:
    request = b"GET /v1/graph/owners?ref=component:orders HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    with contextlib.ExitStack() as opened:
        opened.enter_context(_many_files())
        connections = [opened.enter_context(socket.create_connection(server.address, timeout=60)) for _ in range(1000)]
        assert server.get("/healthz").status == 200
        for each in connections:
            each.sendall(request)
        answers = [_said(each) for each in connections]
    statuses = [each.status for each in answers]
    assert set(statuses) <= {200, 503, 504}  # 503: more wait for a worker than server.queue lets
    assert 200 in statuses
    for refused in (each for each in answers if each.status == 503):
        assert_problem(refused, 503, "server.queue")
        assert refused.headers["retry-after"] == "1"
    assert _is_well(server)


def test_callers_who_leave_before_they_are_answered_leave_nothing_behind(server: Server) -> None:
    body = json.dumps(CHECK).encode()
    for _ in range(50):
        with socket.create_connection(server.address, timeout=30) as connected:
            connected.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)
    assert _is_well(server)
    text = server.get("/metrics").body.decode()
    assert "bylaw_queue_depth 0.0" in text


def test_many_who_ask_at_once_get_each_the_answer_to_what_they_asked(server: Server) -> None:
    found: dict[int, Any] = {}

    def ask(number: int) -> None:
        said = json.loads(ORDERS)
        said["metadata"]["name"] = f"orders-{number}"
        said["spec"]["owner"] = f"team-{number}"
        found[number] = server.post("/v1/check", {"entities": [said]}).json["findings"]

    asking = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    for number, findings in found.items():
        assert {each["entity"] for each in findings} == {f"component:default/orders-{number}"}
        assert f"team-{number}" in {each["observed"] for each in findings}
