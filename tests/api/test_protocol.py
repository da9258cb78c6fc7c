"""Connections of strangers, over real sockets: who is cut, who is told what, and who is served all the while."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import resource
import socket
import struct
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bylaw.api import protocol
from tests.api.edge import PATIENCE, answer, echo, edge, request, rest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.api.edge import Edge

CHUNKED = b"POST /p HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def running() -> Iterator[Edge]:
    with edge() as running:
        yield running


def problem(received: bytes) -> tuple[int, str]:
    """Status and detail of an answer in the one envelope of errors, after which the connection is closed."""
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    said = json.loads(body)
    assert lines[0].split(" ", 2)[1] == str(said["status"])
    assert {"content-type: application/problem+json", "connection: close", f"content-length: {len(body)}"} <= set(lines)
    assert {"type", "title", "status", "detail"} == set(said)
    return said["status"], said["detail"]


def refusal(running: Edge, sent: bytes) -> tuple[int, str]:
    """What is answered to bytes."""
    with running.connect() as connected:
        connected.sendall(sent)
        return problem(rest(connected))


def until(true: Callable[[], bool]) -> None:
    """Wait for something."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


MALFORMED = (400, "this is no HTTP/1.1 request")
TOO_LARGE = (431, "the head of the request has more than 32,768 bytes or 100 headers")


# -- ordinary requests


def test_requests_follow_each_other_on_one_connection(running: Edge) -> None:
    with running.connect() as connected:
        for path in ("/one", "/two"):
            connected.sendall(request(path))
            assert answer(connected) == (200, f"{path} 0  1")


def test_requests_that_are_sent_at_once_are_answered_in_order(running: Edge) -> None:
    with running.connect() as connected:
        connected.sendall(b"".join(request(f"/{each}") for each in range(10)) + request("/end", Connection="close"))
        received = rest(connected).decode()
    assert [line.split()[0] for line in received.splitlines() if line.startswith("/")] == [
        *(f"/{each}" for each in range(10)),
        "/end",
    ]


def test_a_body_that_comes_in_parts_is_whole(running: Edge) -> None:
    with running.connect() as connected:
        connected.sendall(b"POST /p HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000\r\n\r\n")
        for _ in range(3):
            connected.sendall(b"x" * 100_000)
        assert answer(connected) == (200, "/p 300000  2")
        connected.sendall(CHUNKED + b"3\r\nabc\r\n0\r\n\r\n")
        assert answer(connected) == (200, "/p 3  2")


def test_a_client_that_asks_first_is_told_to_go_on(running: Edge) -> None:
    with running.connect() as connected:
        connected.sendall(b"POST /p HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert connected.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connected.sendall(b"hello")
        assert answer(connected) == (200, "/p 5  3")


@pytest.mark.parametrize("upgrade", ["h2c", "websocket"])
def test_the_wish_for_another_protocol_is_left_aside_and_the_request_answered_body_and_all(
    running: Edge, upgrade: str
) -> None:
    wish = f"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {upgrade}\r\nHTTP2-Settings: AAMAAABk\r\n"
    with running.connect() as connected:
        connected.sendall(request("/get").replace(b"\r\n\r\n", b"\r\n" + wish.encode() + b"\r\n"))
        assert answer(connected) == (200, "/get 0  2")
        connected.sendall(f"POST /p HTTP/1.1\r\nHost: localhost\r\n{wish}Content-Length: 5\r\n\r\nhel".encode())
        connected.sendall(b"lo")
        assert answer(connected) == (200, "/p 5  3")
        connected.sendall(request("/next"))
        assert answer(connected) == (200, "/next 0  1")


# -- what is no request


@pytest.mark.parametrize(
    "sent",
    [
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS to a port without
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"ffffffffffffffffff\r\n",
    ],
)
def test_what_is_no_request_is_a_bad_one(running: Edge, sent: bytes) -> None:
    assert refusal(running, sent) == MALFORMED


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 33_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: " + b"x" * 33_000,
        b"GET / HTTP/1.1\r\n" + b"x" * 33_000,
        b"GET / HTTP/1.1\r\n" + b"A: x\r\n" * 101 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + (b"A: " + b"x" * 9000 + b"\r\n") * 4,
        CHUNKED + b"1\r\nx\r\n0\r\nA: " + b"x" * 600_000,
        CHUNKED + b"1\r\nx\r\n0\r\n" + b"A: x\r\n" * 101 + b"\r\n",
        CHUNKED + b"1;" + b"x" * 600_000,
    ],
)
def test_a_head_or_a_tail_that_is_too_large_is_not_read_to_its_end(running: Edge, sent: bytes) -> None:
    assert refusal(running, sent) == TOO_LARGE


def test_a_head_that_is_just_not_too_large_is_one(running: Edge) -> None:
    with running.connect() as connected:
        connected.sendall(request("/", **{f"X-{each}": "x" * 300 for each in range(99)}))
        assert answer(connected) == (200, "/ 0  100")


def test_what_stands_after_the_body_is_no_header(running: Edge) -> None:
    with running.connect() as connected:
        connected.sendall(CHUNKED + b"1\r\nx\r\n0\r\nAuthorization: Bearer x\r\n\r\n")
        assert answer(connected) == (200, "/p 1  2")


def test_more_requests_at_once_than_anybody_makes_end_the_connection(running: Edge) -> None:
    with running.connect() as connected:
        connected.sendall(request("/never") * 200)
        assert rest(connected) == b""


def test_what_is_wrong_with_a_request_is_not_taken_for_the_answer_to_the_one_before(running: Edge) -> None:
    with running.connect() as connected:
        connected.sendall(request("/never") + b"GARBAGE\r\n\r\n")
        assert rest(connected) == b""


def test_who_sends_more_than_is_read_still_gets_the_answer(running: Edge) -> None:
    with running.connect() as connected:
        connected.sendall(b"POST /early HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000\r\n\r\n")
        connected.sendall(b"x" * 8_000_000)
        assert answer(connected) == (200, "/early 0  2")
        assert rest(connected) == b""


def test_a_request_that_came_to_nothing_is_told_to_nobody_but_its_sender(
    running: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        refusal(running, b"GARBAGE\r\n\r\n")
    assert caplog.records == []


PIECES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"GET ",
            b"POST ",
            b"CONNECT ",
            b"/",
            b"/early",
            b"?a=%00",
            b" HTTP/1.1\r\n",
            b" HTTP/1.0\r\n",
            b"\r\n",
            b"\r\n\r\n",
            b"Host: localhost\r\n",
            b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
            b"Connection: close\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Content-Length: 5\r\n",
            b"Content-Length: 99999999999999999999\r\n",
            b"Expect: 100-continue\r\n",
            b"5\r\nhello\r\n0\r\n\r\n",
            b"0\r\nA: b\r\n\r\n",
            request("/whole"),
            CHUNKED,
        ]
    ),
)


@given(st.lists(PIECES, min_size=1, max_size=12))
@settings(max_examples=150)
def test_whatever_is_sent_there_is_an_answer_or_an_end_and_the_next_one_is_served(
    running: Edge, pieces: list[bytes]
) -> None:
    with running.connect() as connected:
        connected.sendall(b"".join(pieces))
        with contextlib.suppress(OSError):  # it has ended the connection already
            connected.shutdown(socket.SHUT_WR)
        received = rest(connected)
    assert received == b"" or received.startswith(b"HTTP/1.1 ")
    assert b"Internal Server Error" not in received
    assert running.ask("/next") == (200, "/next 0  1")
    assert running.faults == []


# -- who is slow


def test_a_head_that_comes_slowly_is_cut_while_others_are_served(
    running: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    with running.connect() as slow:
        slow.sendall(b"GET / HTTP/1.1\r\n")
        slow.settimeout(0.02)
        received, served = b"", 0
        end = time.monotonic() + PATIENCE
        while not received and time.monotonic() < end:
            try:
                slow.sendall(b"X: y\r\n")
                received = slow.recv(65536)
            except TimeoutError:
                pass
            assert running.ask("/other") == (200, "/other 0  1")
            served += 1
        assert problem(received) == (408, "the head of the request did not come within 0.3 s")
        assert served > 1


def test_who_says_nothing_is_cut_without_a_word(running: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)
    with running.connect() as silent:
        assert rest(silent) == b""


def test_empty_lines_between_requests_keep_no_connection(running: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.1)
    with running.connect() as connected:
        connected.sendall(request("/"))
        answer(connected)
        connected.settimeout(0.02)
        received = b""
        end = time.monotonic() + PATIENCE
        while not received and time.monotonic() < end:
            try:
                connected.sendall(b"\r\n")
                received = connected.recv(65536)
            except TimeoutError:
                pass
        assert problem(received)[0] == 408


def test_who_does_not_take_the_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "WRITE_SECONDS", 0.1)
    with edge() as running, running.connect() as connected:
        connected.sendall(request("/large"))
        until(lambda: running.server.connections == 1)
        until(lambda: running.server.connections == 0)


def test_a_connection_that_nobody_uses_is_closed() -> None:
    with edge() as running, running.connect() as connected:
        connected.sendall(request("/never"))
        running.server.config.timeout_keep_alive = 0
        with running.connect() as idle:
            idle.sendall(request("/"))
            assert answer(idle)[0] == 200
            assert rest(idle) == b""
        assert running.server.connections == 1


# -- how many there are


def test_a_thousand_connections_are_served_one_as_the_other() -> None:
    with files(4096), edge(connections=1000) as running, ExitStack() as stack:
        connected = [stack.enter_context(running.connect()) for _ in range(1000)]
        for each in connected:
            each.sendall(request("/"))
        assert {answer(each) for each in connected} == {(200, "/ 0  1")}
        for each in connected:
            each.sendall(request("/again"))
        assert {answer(each) for each in connected} == {(200, "/again 0  1")}


def test_one_connection_too_many_is_told_so() -> None:
    with edge(connections=3) as running, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(running.connect()).sendall(request("/never"))
        until(lambda: running.server.connections == 3)
        with running.connect() as surplus:
            surplus.sendall(request("/"))
            received = rest(surplus)
        assert problem(received) == (503, "there are too many connections (server.connections)")
        assert b"\r\nRetry-After: 1\r\n" in received


def test_far_too_many_connections_are_closed_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "SPARE", 2)
    monkeypatch.setattr(protocol, "_LINGER", PATIENCE)
    with edge(connections=1) as running, ExitStack() as stack:
        stack.enter_context(running.connect()).sendall(request("/never"))
        until(lambda: running.server.connections == 1)
        for _ in range(2):
            assert problem(rest(stack.enter_context(running.connect())))[0] == 503
        with running.connect() as surplus:
            assert rest(surplus) == b""


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nA: b\r\n"])
def test_who_waits_longest_without_a_request_makes_room_for_the_next(
    monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(protocol, "_PATIENT", 0.0)
    with edge(connections=3) as running, ExitStack() as stack:
        busy, oldest, newer = (stack.enter_context(running.connect()) for _ in range(3))
        for each in (oldest, newer):
            each.sendall(request("/"))
            assert answer(each) == (200, "/ 0  1")
        oldest.sendall(begun)
        busy.sendall(request("/never"))
        until(lambda: len(running.server._crowd.waiting) == 2)
        assert running.ask("/next") == (200, "/next 0  1")
        assert rest(oldest) == b""
        newer.sendall(request("/still"))
        assert answer(newer) == (200, "/still 0  1")


def test_clients_that_are_gone_without_a_word_take_no_room(running: Edge) -> None:
    before = running.server.connections
    for sent in (b"", b"GET / HT", request("/never"), CHUNKED + b"5\r\nab"):
        gone = running.connect()
        gone.sendall(sent)
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset instead of farewell
        gone.close()
    until(lambda: running.server.connections <= before)
    assert running.ask("/") == (200, "/ 0  1")


@contextlib.contextmanager
def files(most: int) -> Iterator[None]:
    """So many files may be open, for as long as the context lasts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_when_no_file_can_be_opened_connections_are_taken_later() -> None:
    with edge() as running, socket.socket() as waiting:
        assert running.ask("/") == (200, "/ 0  1")
        with files(waiting.fileno() + 1):
            waiting.connect(("127.0.0.1", running.port))
            until(lambda: any(not each.is_listening for each in running.listeners))
        waiting.settimeout(PATIENCE)
        waiting.sendall(request("/late"))
        assert answer(waiting) == (200, "/late 0  1")


def test_the_server_makes_room_for_the_files_that_its_connections_are() -> None:
    with files(300), edge(connections=500):
        until(lambda: resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 500 + 64 + 256)


def test_a_server_that_ends_finishes_what_it_began() -> None:
    begun = asyncio.Event()
    may_end: list[bool] = []

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        begun.set()
        while not may_end:
            await asyncio.sleep(0.005)
        await echo(scope, receive, send)

    with edge(app=slow, graceful=20) as running, running.connect() as connected, running.connect() as idle:
        connected.sendall(request("/begun"))
        until(begun.is_set)
        running.server.should_exit = True
        assert rest(idle) == b""
        may_end.append(True)
        assert answer(connected) == (200, "/begun 0  1")
        assert rest(connected) == b""
