"""What the head of a request says, and its body, within their bounds."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bylaw.api.request import Request, seconds
from bylaw.api.routes import ROUTES
from bylaw.callers import Refused

CHECK = next(route for route in ROUTES if route.path == "/v1/check")
JSON = (b"content-type", b"application/json")


def _request(*headers: tuple[bytes, bytes], parts: Any = (), query: bytes = b"") -> Request:
    waiting = list(parts)

    async def receive() -> Any:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    scope = {"method": "POST", "path": "/v1/check", "headers": headers, "query_string": query, "client": ("1.2.3.4", 5)}
    return Request(scope, receive)


def _part(body: bytes, more: bool = False) -> Any:
    return {"type": "http.request", "body": body, "more_body": more}


def _body(request: Request, most: int = 10, seconds: float = 5.0) -> bytes:
    return asyncio.run(request.body(CHECK, most, seconds))


def _refusal(request: Request, **bounds: Any) -> tuple[int, str, dict[str, str]]:
    with pytest.raises(Refused) as caught:
        _body(request, **bounds)
    return caught.value.status, caught.value.detail, caught.value.headers


@pytest.mark.parametrize(
    ("duration", "wanted"),
    [("3s", 3.0), ("500ms", 0.5), ("1m30s", 90.0), ("1.5s", 1.5), ("1h", 3600.0), ("1m0s", 60.0)],
)
def test_a_duration_is_read_as_go_writes_it(duration: str, wanted: float) -> None:
    assert seconds(duration) == wanted


@pytest.mark.parametrize(
    "duration", ["", "3", "s", "-3s", "0s", "3 s", "3sec", "1e3s", "3s3", "∞", "١s", "9" * 100 + "s"]
)
def test_what_is_no_duration_is_refused(duration: str) -> None:
    with pytest.raises(Refused) as caught:
        seconds(duration)
    assert caught.value.status == 400
    assert "expected a duration such as 3s or 500ms" in caught.value.detail


def test_a_body_may_come_in_parts() -> None:
    assert (
        _body(_request(JSON, parts=[_part(b"01234", more=True), _part(b"", more=True), _part(b"56789")]))
        == b"0123456789"
    )


def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    status, detail, headers = _refusal(_request(JSON, (b"content-length", b"11")))
    assert (status, headers) == (413, {"Connection": "close"})
    assert "more than 10 bytes (server.body_bytes)" in detail


def test_a_body_that_says_nothing_of_its_size_is_read_no_further_than_it_may_be() -> None:
    endless = [_part(b"x" * 4, more=True) for _ in range(100)]
    request = _request(JSON, parts=endless)
    assert _refusal(request)[0] == 413


def test_a_body_that_lies_about_its_size_is_counted_nevertheless() -> None:
    assert _refusal(_request(JSON, (b"content-length", b"2"), parts=[_part(b"x" * 11)]))[0] == 413


def test_a_body_that_does_not_come_in_time_is_not_waited_for() -> None:
    status, detail, headers = _refusal(_request(JSON, parts=[_part(b"x", more=True)]), seconds=0.01)
    assert (status, detail, headers) == (408, "the body did not come within 0.01 s", {"Connection": "close"})


def test_a_body_of_somebody_who_left_is_none() -> None:
    parts = [_part(b"x", more=True), {"type": "http.disconnect"}]
    assert _refusal(_request(JSON, parts=parts))[0] == 400


@pytest.mark.parametrize(
    "headers",
    [
        (JSON, JSON),
        (JSON, (b"host", b"a"), (b"host", b"b")),
        (JSON, (b"authorization", b"a"), (b"authorization", b"a")),
        (JSON, (b"content-length", b"1"), (b"content-length", b"2")),
    ],
)
def test_a_header_that_readers_could_take_differently_is_refused(headers: Any) -> None:
    status, detail, _ = _refusal(_request(*headers, parts=[_part(b"x")]))
    assert (status, "stands twice" in detail) == (400, True)


def test_other_headers_may_stand_twice() -> None:
    assert _body(_request(JSON, (b"accept", b"a"), (b"accept", b"b"), parts=[_part(b"x")])) == b"x"


@pytest.mark.parametrize(
    "said", [b"Application/JSON", b"application/json;charset=UTF-8", b"application/json ; charset=utf8"]
)
def test_a_type_may_be_written_in_several_ways(said: bytes) -> None:
    assert _body(_request((b"content-type", said), parts=[_part(b"x")])) == b"x"
