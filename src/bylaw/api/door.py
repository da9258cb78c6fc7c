"""The way in, the same for every route: who calls and whether they may, how much and how fast, what they ask, and what
is answered, counted and logged.

The door is the ASGI application. The routes that most requests take are looked up by their method and path; FastAPI
finds those of the others, and comes back here with them.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from bylaw.api import logs
from bylaw.api.protocol import certificate
from bylaw.api.request import Request, seconds
from bylaw.api.routes import ROUTES
from bylaw.callers import Refused
from bylaw.model import Decided, Decision, Digests
from bylaw.serving.answers import admission
from bylaw.serving.frames import Question, Reply
from bylaw.serving.pool import Busy, Late, Lost
from bylaw.serving.problems import problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from bylaw.api.metrics import Metrics
    from bylaw.api.routes import Route
    from bylaw.api.tracing import Tracing
    from bylaw.callers import Callers
    from bylaw.config import ServerSettings
    from bylaw.decisions import Log
    from bylaw.serving.pool import Pool
    from bylaw.serving.recipe import Facts

Receive: TypeAlias = "Callable[[], Awaitable[Any]]"
Send: TypeAlias = "Callable[[Any], Awaitable[None]]"
App: TypeAlias = "Callable[[Any, Receive, Send], Awaitable[None]]"

CALL = "bylaw.request"
"""Where in the ASGI scope FastAPI's endpoints find the request."""
OTHER = "other"
"""The route, in metrics, of requests that have none."""
_MARGIN, _LARGEST_MARGIN = 0.1, 0.25  # of a caller's time-out, in shares and in seconds: the answer has to get there
_RETRY = {"Retry-After": "1"}
_BODILESS = frozenset({204, 304})
_GONE = 499  # the status, in logs and metrics, of a request whose caller did not wait for the answer
_ALWAYS = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-cache")]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer whose body is read from a file while it is sent."""

    status: int
    chunks: AsyncIterator[bytes]
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


Answer: TypeAlias = "Reply | Streamed"
Own: TypeAlias = "Callable[[Request, Mapping[str, str], bytes], Awaitable[Answer]]"


class Door:
    """What every request goes through.

    ``own`` are the answers that need no worker, by the names that the table of routes has for them. ``now`` is the day
    of every judgement, where the server was started for one. ``is_local``: other machines do not reach it.
    """

    def __init__(
        self,
        *,
        pool: Pool,
        callers: Callers,
        server: ServerSettings,
        log: Log,
        metrics: Metrics,
        tracing: Tracing,
        own: Mapping[str, Own],
        now: str = "",
        is_local: bool = True,
    ) -> None:
        self.rest: App = _nothing_else
        """What finds the routes that are not looked up here: the FastAPI application."""
        self._pool, self._log = pool, log
        self.callers = callers
        self._server = server
        self._metrics, self._tracing = metrics, tracing
        self._own, self._now, self._is_local = own, now, is_local
        self._hot = {(route.method, route.path): route for route in ROUTES if route.hot}
        self._head: tuple[object, int, list[tuple[bytes, bytes]]] = (None, -1, [])

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request. Whatever goes wrong is answered, too, and in the same words."""
        if scope["type"] != "http":
            raise NotImplementedError(f"this server speaks HTTP, not {scope['type']}")
        request = Request(scope, receive)
        if scope["method"] == "HEAD":  # the answer to GET, of which the web server sends the head
            scope = {**scope, "method": "GET"}
        route = self._hot.get((scope["method"], request.path))
        try:
            if route is not None:
                await self._send(request, await self.answer(request, route, {}), send)
            else:
                scope[CALL] = request
                await self.rest(scope, receive, send)
        except Exception:  # noqa: BLE001  (the edge: a fault of ours is told as one, and the next request is served)
            _log.exception("a request could not be answered", extra={"route": request.route or OTHER})
            if not request.status:
                await self._send(request, _broken(), send)
        finally:
            self._tell(request)

    async def answer(self, request: Request, route: Route, in_path: Mapping[str, str]) -> Answer:
        """The answer to a request for a route; ``in_path`` are the parts of its path that have names."""
        request.route = route.template
        try:
            headers = request.headers
            request.trace = self._tracing.begin(request.method, headers.get("traceparent"), headers.get("tracestate"))
            with await self._entered(request, route):
                arguments = request.arguments(route, in_path)
                deadline = self._deadline(arguments.pop("timeout", None))
                body = await request.body(route, self._server.body_bytes, deadline)
                if not route.here:
                    return await self._asked(request, route, arguments, body, deadline)
                async with asyncio.timeout(deadline):
                    return await self._own[route.by](request, arguments, body)
        except Refused as refused:
            return problem(refused.status, refused.detail, headers=refused.headers)
        except TimeoutError:
            return problem(504, f"no answer within {self._server.deadline:g} s (server.deadline)")
        except Exception:  # noqa: BLE001  (the edge, as above)
            _log.exception("a request could not be answered", extra={"route": request.route})
            return _broken()

    async def _entered(self, request: Request, route: Route) -> Any:
        """Who calls, and may; for as long as the context lasts.

        Raises:
            Refused: nobody known, or somebody who may not do this, or not so often.
        """
        headers = request.headers
        if not route.scope:
            return nullcontext()
        caller = await self.callers.identify(
            headers.get("authorization"),
            certificate(request.scope),
            peer=request.peer,
            host=headers.get("host", "") if self._is_local else None,
        )
        request.caller = caller.name
        return self.callers.enter(caller, route.scope)

    def _deadline(self, timeout: str | None) -> float:
        """Seconds until the answer has to be there."""
        most = self._server.deadline
        if timeout is None:
            return most
        wanted = seconds(timeout)
        return min(most, wanted - min(wanted * _MARGIN, _LARGEST_MARGIN))

    async def _asked(
        self, request: Request, route: Route, arguments: dict[str, str], body: bytes, deadline: float
    ) -> Reply:
        """The answer of a worker."""
        if route.about:
            arguments["about"] = route.about
        if self._now:
            arguments["now"] = self._now
        if "if-none-match" in request.headers:
            arguments["if-none-match"] = request.headers["if-none-match"]
        end = request.started + deadline
        if route.decides and not await self._has_room(end - time.perf_counter()):
            return problem(503, "the decision log is full, and takes no more now; come again", headers=_RETRY)
        question = Question(route.by, body, arguments, request.caller, self.stale())
        facts, began = self._pool.facts, time.time_ns()
        try:
            reply = await self._pool.ask(question, deadline=end - time.perf_counter())
            if reply.decided and not _is_same(facts, self._pool.facts):  # nobody knows by which of them it was decided
                facts = self._pool.facts
                reply = await self._pool.ask(question, deadline=end - time.perf_counter())
        except Busy:
            return problem(503, "too many requests wait for a worker (server.queue); come again", headers=_RETRY)
        except (Late, Lost) as lost:
            reply = self._unanswered(route, body, lost, deadline)
        request.trace.judged(began, time.time_ns())
        if reply.decided:
            self._decided(request, reply.decided, body, facts)
        return reply

    def stale(self) -> str:
        """Why the snapshot is too old to decide by; empty: it is not."""
        facts, most = self._pool.facts, self._server.stale_after
        if facts is None:
            return "no catalog has been read yet"
        age = facts.age
        if age <= most:
            return ""
        return (
            f"the catalog is of {int(age):,} s ago, and by one older than {most:g} s (server.stale_after) nothing is "
            f"decided: see why {facts.source} could not be read since then"
        )

    async def _has_room(self, seconds: float) -> bool:
        """Whether the decision log takes another one, if need be in so many seconds."""
        if self._server.decisions.when_full == "drop":
            return True
        try:
            async with asyncio.timeout(seconds):
                await self._log.room()
        except TimeoutError:
            return False
        return True

    def _unanswered(self, route: Route, body: bytes, lost: Exception, deadline: float) -> Reply:
        """What is said where no worker has answered: undecided, so not allowed."""
        late = isinstance(lost, Late)
        status = 504 if late else 503
        reason = f"no answer within {deadline:.3g} s" if late else "the worker that judged it was lost; ask again"
        if route.by != "admission":
            return problem(status, reason, headers=None if late else _RETRY)
        return admission.undecided(body, reason, status)

    def _decided(self, request: Request, told: Mapping[str, Any], body: bytes, facts: Facts | None) -> None:
        """Count a decision and have it kept."""
        taken = time.perf_counter() - request.started
        request.gate, request.decision = told["gate"], told["decision"]
        rules = tuple(told.get("rules", ()))
        self._metrics.decided(request.gate, request.decision, rules)
        self._log.record(
            Decided(
                id=f"{random.getrandbits(128):032x}",
                time=datetime.now(UTC).isoformat(timespec="microseconds"),
                gate=request.gate,
                caller=request.caller,
                subject=told["subject"],
                decision=Decision(request.decision),
                rules=rules,
                digests=facts.digests if facts else Digests("", "", ""),
                engine=told.get("engine") or (facts.engine if facts else ""),
                input_digest=f"sha256:{hashlib.sha256(body).hexdigest()}",
                duration=taken,
                input=told.get("input"),
                reason=told.get("reason", ""),
                trace=request.trace.id,
            )
        )

    async def _send(self, request: Request, answer: Answer, send: Send) -> None:
        """Put an answer on the network."""
        request.status = status = answer.status
        headers = [*self._every(), *((k.lower().encode(), v.encode()) for k, v in answer.headers.items())]
        if status not in _BODILESS:
            headers.append((b"content-type", answer.content_type.encode()))
        if isinstance(answer, Reply):
            if status not in _BODILESS:
                headers.append((b"content-length", b"%d" % len(answer.body)))
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": answer.body})
            return
        await send({"type": "http.response.start", "status": status, "headers": headers})
        async for chunk in answer.chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def refuse(self, request: Request, refusal: Reply, send: Send) -> None:
        """Answer a request that no route takes."""
        await self._send(request, refusal, send)

    async def through(self, request: Request, route: Route, in_path: Mapping[str, str], send: Send) -> None:
        """Answer a request whose route FastAPI has found."""
        await self._send(request, await self.answer(request, route, in_path), send)

    def _every(self) -> list[tuple[bytes, bytes]]:
        """The headers that every answer has: what it was drawn from, and how old that is."""
        facts = self._pool.facts
        if facts is None:
            return _ALWAYS
        age = int(facts.age)
        known, second, headers = self._head
        if known is not facts or second != age:
            digest = facts.digests.catalog.encode()
            headers = [(b"bylaw-catalog-digest", digest), (b"bylaw-snapshot-age", b"%d" % age), *_ALWAYS]
            self._head = (facts, age, headers)
        return headers

    def _tell(self, request: Request) -> None:
        """Count and log a request, now that it is over."""
        taken = time.perf_counter() - request.started
        route, status = request.route or OTHER, request.status or _GONE
        trace = request.trace
        self._metrics.request(route, request.method, status, taken, trace.id if trace.kept else "")
        trace.end(route, status, gate=request.gate, decision=request.decision, caller=request.caller)
        logs.request(
            method=request.method,
            route=route,
            status=status,
            seconds=taken,
            caller=request.caller,
            peer=request.peer,
            path=request.path,
            trace=trace.id,
        )


def _is_same(one: Facts | None, other: Facts | None) -> bool:
    return one is other or (one is not None and other is not None and one.number == other.number)


def _broken() -> Reply:
    return problem(500, "the server itself failed, and nothing was decided; its log says why")


async def _nothing_else(scope: Any, receive: Receive, send: Send) -> None:
    """No route but those of the table in the door."""
