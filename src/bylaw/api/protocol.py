"""Connections of strangers: each has so much time, so many bytes, and no more than its share of the room.

uvicorn speaks HTTP; what it leaves open to those who mean harm is closed here. A client that sends its head slowly,
endlessly or in too many parts is cut, one that does not take its answer too, and no number of connections keeps the
next caller out for long: where there is no room, whoever has been waiting longest without a request makes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from typing import TYPE_CHECKING, Any, TypeAlias

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from bylaw.serving.problems import problem

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine, Mapping

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from bylaw.config import ServerSettings

Context: TypeAlias = "Callable[[], ssl.SSLContext]"
CERTIFICATE = "bylaw.certificate"
"""The extension of the ASGI scope with the client's certificate, as ``ssl`` decodes it, where TLS has verified one."""
HEAD_SECONDS = 10.0
"""Seconds in which the head of a request, or the first one of a connection, has to be there."""
HANDSHAKE_SECONDS = 5.0
"""Seconds in which TLS has to be agreed on."""
IDLE_SECONDS = 120
"""Seconds for which a connection may wait for its next request: more than the 90 for which clients written in Go keep
one, so that none is closed under a request."""
WRITE_SECONDS = 30.0
"""Seconds for which a client may take nothing of its answer."""
HEAD_BYTES = 32 * 1024
"""Bytes of a request line and its headers."""
HEAD_FIELDS = 100
"""Headers of a request."""
SPARE = 64
"""Connections over the limit that are still told so. Any more are closed without a word."""
_PIPELINED = 16  # requests of a connection that may wait for the answer to an earlier one
_PATIENT = 1.0  # seconds for which a connection may wait for its request before it has to make room
_LINGER = 1.0  # seconds for which the rest of a request that was refused is still taken in
_FLUSH = 5.0  # seconds in which the end of an answer has to be taken
_EXHAUSTION = 0.5  # seconds until connections are taken again after there was no room for their files
_ACCEPTED = 64  # connections that are taken in one go
_UPGRADE = frozenset({b"upgrade", b"http2-settings"})
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_RESERVED = 256  # open files beside the connections
_log = logging.getLogger(__name__)


def certificate(scope: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The certificate of the client, out of an ASGI scope."""
    extensions: Mapping[str, Any] = scope.get("extensions") or {}
    return extensions.get(CERTIFICATE)


def server(app: Any, settings: ServerSettings, context: Context | None = None, **more: Any) -> Server:
    """A server for an ASGI application: ``await it.serve(sockets=[...])``. ``more`` goes to ``uvicorn.Config``.

    ``context`` gives what TLS is spoken with, for each connection anew; without it TLS is not spoken.
    """
    options: dict[str, Any] = {
        "http": Protocol,
        "ws": "none",
        "loop": "auto",
        "lifespan": "off",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,  # whoever says where they call from could say anything
        "timeout_keep_alive": IDLE_SECONDS,
        "timeout_graceful_shutdown": 30,
    }
    return Server(uvicorn.Config(app, **{**options, **more}), settings.connections, context)


class Crowd:
    """The connections there are. ``arriving`` are those that are not made yet, and ``waiting`` those without a request,
    the one that has waited longest first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.arriving: set[object] = set()
        self.waiting: dict[Protocol, float] = {}

    def make_room(self, now: float) -> bool:
        """Close the connection that has waited longest, if it has for long enough."""
        longest = next(iter(self.waiting), None)
        if longest is None or now - self.waiting[longest] < _PATIENT:
            return False
        longest.end()
        return True


class _RefusedError(Exception):
    """What a client sends is not read further. The parser lets it through to whoever feeds it."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


class Protocol(HttpToolsProtocol):
    """One connection. ``arrival`` is what it is called among those that arrive; ``surplus``: it is one too many, and is
    told so."""

    def __init__(
        self,
        *arguments: Any,
        crowd: Crowd | None = None,
        arrival: object = None,
        surplus: bool = False,
        **named: Any,
    ) -> None:
        super().__init__(*arguments, **named)
        self._crowd = crowd or Crowd(0)
        self._arrival, self._surplus = arrival, surplus
        self._extensions: dict[str, Any] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._ending = False
        self._reading_head = True
        self._head_bytes = self._head_fields = 0
        self._silent = 0  # bytes since a head was whole or a part of a body was there

    # -- from the transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._crowd.arriving.discard(self._arrival)
        if shown := transport.get_extra_info("peercert"):
            self._extensions = {CERTIFICATE: shown}
        if self._surplus:
            self._refuse(503, "there are too many connections (server.connections)", {"Retry-After": "1"})
            return
        self._wait()
        self._limit("head", HEAD_SECONDS, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ending = True
        self._crowd.waiting.pop(self, None)
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._ending:
            return
        self._unset_keepalive_if_required()
        self._silent += len(data)
        try:
            self.parser.feed_data(data)
            if self._silent > HEAD_BYTES:
                raise _too_large()
        except httptools.HttpParserUpgrade as upgrade:
            self._feed_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__ if isinstance(error.__context__, _RefusedError) else _malformed()
            self._refuse(cause.status, cause.detail)
        except httptools.HttpParserError:
            self._refuse(_malformed().status, _malformed().detail)
        except _RefusedError as refused:
            self._refuse(refused.status, refused.detail)
        if not self._ending and not self._busy:
            self._limit("head", HEAD_SECONDS, self._too_slow)

    def pause_writing(self) -> None:
        self._limit("write", WRITE_SECONDS, self._abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        self._unlimit("write")
        super().resume_writing()

    # -- from the parser

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._reading_head = True
        self._head_bytes = self._head_fields = 0
        if self._extensions:
            self.scope["extensions"] = self._extensions

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_fields += 1
        self._count(len(name) + len(value) + 4)
        if self._reading_head:  # those after the body say nothing here: the request is being answered by then
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            return  # the parser stops here; see _feed_without_upgrade
        self._reading_head = False
        self._silent = 0
        self._unlimit("head")
        self._crowd.waiting.pop(self, None)
        if len(self.pipeline) >= _PIPELINED:
            raise _RefusedError(400, "too many requests at once on one connection")
        super().on_headers_complete()
        self.cycle.transport = _Outlet(self.transport, self._answered, self.cycle)  # type: ignore[assignment]

    def on_body(self, body: bytes) -> None:
        self._silent = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._reading_head:
            super().on_message_complete()

    # -- from the application

    def on_response_complete(self) -> None:
        if self._ending:
            self.server_state.total_requests += 1
            return
        super().on_response_complete()
        if not self.transport.is_closing() and not self._busy:
            if self.cycle.more_body:  # what comes next is the rest of a request that was answered already
                self._linger()
            else:
                self._wait()

    def timeout_keep_alive_handler(self) -> None:
        self.end()

    def end(self) -> None:
        """Close the connection, with what was written to it."""
        self._ending = True
        self._crowd.waiting.pop(self, None)
        if not self.transport.is_closing():
            self.transport.close()
            self._limit("flush", _FLUSH, self._abort)

    # -- within

    @property
    def _busy(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def _feed_without_upgrade(self, after: bytes) -> None:
        """Read a request as it would be without its wish to speak another protocol, which a server may leave aside.

        Java's client has that wish with every request, and the parser would take the body for the other protocol.
        """
        fields = [each for each in self.headers if each[0] not in _UPGRADE]
        version = self.parser.get_http_version().encode()
        first = b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)
        lines = [first, *(b"%s: %s" % each for each in fields)]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._silent = 0
        self.data_received(b"\r\n".join([*lines, b"", b""]) + after)

    def _answered(self) -> None:
        """The application has no more to say on a connection that is to be closed."""
        if self.cycle.more_body:
            self._linger()
        else:
            self.end()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES or self._head_fields > HEAD_FIELDS:
            raise _too_large()

    def _wait(self) -> None:
        self._crowd.waiting[self] = self.loop.time()

    def _too_slow(self) -> None:
        self._timers.pop("head", None)
        if self._head_bytes or self._silent:
            self._refuse(408, f"the head of the request did not come within {HEAD_SECONDS:g} s")
        else:
            self.end()

    def _refuse(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        """Answer what is no request, or no whole one, and close the connection."""
        if self._busy:
            if self.pipeline or not self.cycle.more_body or self.cycle.response_started:
                self._abort()  # an answer to an earlier request is due, and this one would be taken for it
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        reply = problem(status, detail, headers=headers)
        fields = {"content-type": reply.content_type, "content-length": str(len(reply.body)), **reply.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**fields, "connection": "close"}.items())
        self.transport.write(b"".join((STATUS_LINE[status], lines.encode("ascii"), b"\r\n", reply.body)))
        self._linger()

    def _linger(self) -> None:
        """Close the connection, but take in what is still coming first: one that is closed with something unread is
        reset, and with it goes the answer."""
        self._ending = True
        self._crowd.waiting.pop(self, None)
        self._unset_keepalive_if_required()
        self._unlimit("head")
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            with contextlib.suppress(OSError, RuntimeError):  # it is gone by now
                self.transport.write_eof()
        self._limit("linger", _LINGER, self.end)

    def _abort(self) -> None:
        self._ending = True
        self._crowd.waiting.pop(self, None)
        self.transport.abort()

    def _limit(self, what: str, seconds: float, then: Callable[[], None]) -> None:
        if what not in self._timers:
            self._timers[what] = self.loop.call_later(seconds, then)

    def _unlimit(self, what: str) -> None:
        if timer := self._timers.pop(what, None):
            timer.cancel()


class _Outlet:
    """What a request's answer is written to: it closes the connection in its own way, and sends the head of an answer
    with the beginning of its body, since to hand something to the network costs as much as to judge a small object."""

    __slots__ = ("_close", "_cycle", "_head", "_held", "_write", "is_closing")

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None], cycle: RequestResponseCycle) -> None:
        self._write, self.is_closing, self._close = transport.write, transport.is_closing, close
        self._cycle = cycle
        self._head: bytes | None = None
        self._held = cycle.scope["method"] == "HEAD"  # whether the head has been held already, or never will be

    def write(self, data: bytes) -> None:
        if self._head is not None:
            data, self._head = self._head + data, None
        elif not self._held and self._cycle.response_started:
            self._head, self._held = data, True
            return
        self._write(data)

    def close(self) -> None:
        if self._head is not None:
            self.write(b"")
        self._close()


class Server(uvicorn.Server):
    """uvicorn, letting in no more connections than there is room for."""

    def __init__(self, config: uvicorn.Config, connections: int, context: Context | None = None) -> None:
        super().__init__(config)
        self._context = context
        self._crowd = Crowd(connections)
        self._listeners: list[_Listener] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen on sockets that are bound."""
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            raise RuntimeError("the application did not start")
        _room_for(self._crowd.most + SPARE + _RESERVED)
        self._listeners = [_Listener(self, each) for each in sockets or []]
        self.servers = self._listeners  # type: ignore[assignment]  # they are closed as asyncio's servers are
        self.started = True

    @property
    def connections(self) -> int:
        """How many connections there are, those that are still agreeing on TLS included."""
        return len(self.server_state.connections) + len(self._crowd.arriving)

    def arrive(self, connected: socket.socket, now: float) -> Coroutine[Any, Any, None] | None:
        """What is to be done to let a connection in; None: it was closed, since there is no room at all."""
        there = self.connections
        surplus = there >= self._crowd.most and not self._crowd.make_room(now)
        if there >= self._crowd.most + SPARE:
            connected.close()
            return None
        arrival = object()
        self._crowd.arriving.add(arrival)
        return self._admit(connected, arrival, surplus=surplus)

    async def _admit(self, connected: socket.socket, arrival: object, *, surplus: bool) -> None:
        """Make a connection of a socket, or close it."""

        def protocol() -> Protocol:
            state: Any = self.lifespan.state
            return Protocol(self.config, self.server_state, state, crowd=self._crowd, arrival=arrival, surplus=surplus)

        tls: dict[str, Any] = {}
        if self._context is not None:
            tls = {
                "ssl": self._context(),
                "ssl_handshake_timeout": HANDSHAKE_SECONDS,
                "ssl_shutdown_timeout": _FLUSH,
            }
        try:
            connected.setblocking(False)
            if connected.family != socket.AF_UNIX:
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().connect_accepted_socket(protocol, connected, **tls)
        except OSError as error:  # it left, or TLS was not agreed on in time or at all
            _log.debug("a connection was not made: %s", error)
            connected.close()
        except asyncio.CancelledError:
            connected.close()
            raise
        finally:
            self._crowd.arriving.discard(arrival)


class _Listener:
    """A socket that is listened on."""

    def __init__(self, server: Server, listening: socket.socket) -> None:
        self._server = server
        self._listening = listening
        self._loop = asyncio.get_running_loop()
        self._arriving: set[asyncio.Task[Any]] = set()
        self._is_open = True
        self.is_listening = False
        listening.setblocking(False)
        listening.listen(server.config.backlog)
        self._listen()

    def close(self) -> None:
        """Let nobody in any more."""
        if self._is_open:
            self._is_open = False
            self._rest()
            self._listening.close()
            for each in self._arriving:
                each.cancel()

    async def wait_closed(self) -> None:
        """Wait for those who were on their way in."""
        if self._arriving:
            await asyncio.wait(self._arriving)

    def _accept(self) -> None:
        for _ in range(_ACCEPTED):
            try:
                connected, _ = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                _log.error("no connection can be taken: %s; it is tried again soon", error.strerror)
                self._rest()
                self._loop.call_later(_EXHAUSTION, self._listen)
                return
            if admission := self._server.arrive(connected, self._loop.time()):
                task = self._loop.create_task(admission)
                self._arriving.add(task)
                task.add_done_callback(self._arriving.discard)

    def _listen(self) -> None:
        if self._is_open:
            self._loop.add_reader(self._listening.fileno(), self._accept)
            self.is_listening = True

    def _rest(self) -> None:
        if self.is_listening:
            self._loop.remove_reader(self._listening.fileno())
            self.is_listening = False


def _room_for(files: int) -> None:
    """Raise the limit of open files to so many, as far as that is allowed."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= files:
        return
    most = files if hard == resource.RLIM_INFINITY else min(files, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    if most < files:
        _log.warning("only %d files may be open (ulimit -n), expected %d for server.connections", most, files)


def _too_large() -> _RefusedError:
    return _RefusedError(431, f"the head of the request has more than {HEAD_BYTES:,} bytes or {HEAD_FIELDS} headers")


def _malformed() -> _RefusedError:
    return _RefusedError(400, "this is no HTTP/1.1 request")
