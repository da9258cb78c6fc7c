"""One request: what its head says, and its body, each within bounds."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from bylaw.api.tracing import Trace
from bylaw.callers import Refused
from bylaw.model import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bylaw.api.routes import Parameter, Route

_ONCE = ("authorization", "content-type", "content-length", "content-encoding", "host")
_MOST_PARAMETERS = 20
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SHOWN = 60
_NO_TRACE = Trace("")


class Request:
    """A request as it came from the network, and what becomes known of it on its way."""

    __slots__ = (
        "_headers",
        "_receive",
        "caller",
        "decision",
        "gate",
        "method",
        "path",
        "route",
        "scope",
        "started",
        "status",
        "trace",
    )

    def __init__(self, scope: Any, receive: Callable[[], Awaitable[Any]]) -> None:
        self.scope, self._receive = scope, receive
        self.started = time.perf_counter()
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self._headers: dict[str, str] | None = None
        self.route = ""
        self.caller = ""
        self.status = 0
        self.gate = self.decision = ""
        self.trace = _NO_TRACE

    @property
    def headers(self) -> Mapping[str, str]:
        """By their names in lower case.

        Raises:
            Refused: one that says who calls, or what the body is, stands twice.
        """
        if self._headers is None:
            pairs = self.scope["headers"]
            found = {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}
            self._headers = found
            if len(found) != len(pairs):
                names = [name.decode("latin-1") for name, _ in pairs]
                twice = next((name for name in _ONCE if names.count(name) > 1), None)
                if twice:
                    raise Refused(400, f"the header {twice} stands twice: readers differ on which counts")
        return self._headers

    @property
    def peer(self) -> str:
        """The address of whoever holds the other end of the connection."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    def arguments(self, route: Route, in_path: Mapping[str, str]) -> dict[str, str]:
        """What the path and the query say, by the parameters of the route; defaults are not filled in.

        Raises:
            Refused: the query says what the route does not know, says it twice, or says too little.
        """
        said = self.scope["query_string"]
        known = {each.name: each for each in route.parameters if each.where == "query"}
        found = dict(in_path)
        if said:
            for name, value in _pairs(said):
                if name not in known:
                    takes = f"; it takes {', '.join(known)}" if known else ""
                    hint = did_you_mean(name, known) if len(name) <= _SHOWN else ""
                    raise Refused(400, f"{name:.{_SHOWN}} is no parameter of {route.template}{hint}{takes}")
                if name in found:
                    raise Refused(400, f"{name} stands twice in the query")
                found[name] = _valid(known[name], value)
        for name, parameter in known.items():
            if parameter.required and name not in found:
                raise Refused(400, f"{name} is missing in the query: {parameter.meaning}")
        return found

    async def body(self, route: Route, most: int, seconds: float) -> bytes:
        """The body, of at most so many bytes, which has so many seconds to come.

        Raises:
            Refused: it is too large, too slow, or of another type than the route takes.
        """
        headers = self.headers
        length = headers.get("content-length", "")
        if not route.takes:
            if length not in ("", "0") or "transfer-encoding" in headers:
                raise Refused(400, f"{self.method} {route.template} takes no body", _CLOSE)
            return b""
        self._refuse_other_types(route)
        if length.isdecimal() and int(length[:20]) > most:
            raise _too_large(most)
        try:
            async with asyncio.timeout(seconds):
                return await self._read(most)
        except TimeoutError:
            raise Refused(408, f"the body did not come within {seconds:g} s", _CLOSE) from None

    async def _read(self, most: int) -> bytes:
        message = await self._receive()
        first: bytes = message.get("body", b"")
        if not message.get("more_body") and message["type"] == "http.request":
            if len(first) > most:
                raise _too_large(most)
            return first
        parts, size = [first], len(first)
        while message["type"] == "http.request" and message.get("more_body") and size <= most:
            message = await self._receive()
            parts.append(message.get("body", b""))
            size += len(parts[-1])
        if message["type"] != "http.request":
            raise Refused(400, "the connection was closed before the body was there", _CLOSE)
        if size > most:
            raise _too_large(most)
        return b"".join(parts)

    def _refuse_other_types(self, route: Route) -> None:
        said = self.headers.get("content-type", "")
        media, _, more = said.partition(";")
        if media.strip().lower() not in route.takes:
            raise Refused(
                415, f"the body is {said[:_SHOWN] or 'of no type'}, expected Content-Type: {route.takes[0]}", _CLOSE
            )
        name, _, charset = more.strip().partition("=")
        if name.lower() == "charset" and charset.strip('"').lower() not in _CHARSETS:
            raise Refused(415, f"the body is in {charset:.{_SHOWN}}, expected UTF-8", _CLOSE)
        encoding = self.headers.get("content-encoding", "identity").strip().lower()
        if encoding != "identity" and encoding not in route.encodings:
            takes = " or ".join(("identity", *route.encodings))
            raise Refused(
                415,
                f"the body is encoded by {encoding:.{_SHOWN}}, expected {takes}",
                {**_CLOSE, "Accept-Encoding": takes},
            )


_CLOSE = {"Connection": "close"}
"""What comes after a body that was not read is no request."""


def seconds(duration: str) -> float:
    """The seconds of a duration as Go writes it: ``3s``, ``1m30s``, ``500ms``.

    Raises:
        Refused: it is none, or none is left.
    """
    found = _DURATION.findall(duration[:_SHOWN])
    total = sum(float(number) * _SECONDS[unit] for number, unit in found)
    if "".join(number + unit for number, unit in found) != duration or not total:
        raise Refused(400, f"timeout is {duration!r:.{_SHOWN}}, expected a duration such as 3s or 500ms")
    return total


def _pairs(query: bytes) -> list[tuple[str, str]]:
    """The names and values of a query.

    Raises:
        Refused: it cannot be read.
    """
    try:
        return parse_qsl(query.decode("ascii"), True, True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise Refused(400, "the query cannot be read: expected name=value pairs, joined by &") from None


def _too_large(most: int) -> Refused:
    return Refused(413, f"the body has more than {most:,} bytes (server.body_bytes)", _CLOSE)


def _valid(parameter: Parameter, value: str) -> str:
    """The value of a parameter, if its schema takes it.

    Raises:
        Refused: it does not.
    """
    schema = parameter.schema
    fits = True
    expected = f"expected {parameter.meaning[0].lower()}{parameter.meaning[1:]}"
    if "enum" in schema:
        fits, expected = value in schema["enum"], f"expected {' or '.join(schema['enum'])}"
    elif schema.get("type") == "integer":
        least, most = schema.get("minimum", 0), schema.get("maximum", 2**53)
        fits = value.isascii() and value.isdecimal() and len(value) <= 16 and least <= int(value) <= most
        expected = f"expected a whole number from {least} to {most:,}"
    elif schema.get("minLength"):
        fits = bool(value)
    if not fits:
        raise Refused(400, f"{parameter.name} is {value!r:.{_SHOWN}}, {expected}")
    return value
