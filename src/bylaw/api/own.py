"""What the server answers itself, without a worker: how it is, its files, its log, and what is pushed to it."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
import zlib
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.api import openapi
from bylaw.api.door import Streamed
from bylaw.callers import Refused
from bylaw.decisions.lines import shown
from bylaw.decisions.signatures import Seen, SignatureError, verify
from bylaw.errors import BylawError
from bylaw.serving.bodies import MalformedError, read
from bylaw.serving.frames import Reply
from bylaw.serving.problems import problem
from bylaw.store import Filter, StoreError
from bylaw.version import VERSION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from typing import BinaryIO

    from bylaw.api.door import Answer, Own
    from bylaw.api.metrics import Metrics
    from bylaw.api.request import Request
    from bylaw.config import Settings
    from bylaw.decisions import Log
    from bylaw.serving.pool import Pool
    from bylaw.serving.recipe import Facts
    from bylaw.store import Store

CHANGED = "dev.bylaw.catalog.changed"
"""The type of the events that tell of a change of the catalog."""
_CHUNK = 256 * 1024  # bytes
_STORE_ASKED = 5.0  # seconds between two times that anybody's question makes the store be looked at
_STORE_ANSWERS = 2.0  # seconds
_RETRY = {"Retry-After": "5"}
_GZIP = 31  # zlib's window bits for a gzip stream
_MEMBER = re.compile(r'(?:W/)?"([^"]*)"')
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Here:
    """The answers that need no worker. ``answers`` has them by the names of the table of routes."""

    pool: Pool
    store: Store
    log: Log
    metrics: Metrics
    settings: Settings
    kick: Callable[[], None]
    """Has the sources read anew, soon."""
    events_key: str | None
    """The key that events are signed with; None: none are taken."""
    stale: Callable[[], str] = lambda: ""
    """Why the snapshot is too old to decide by; empty: it is not."""
    stopping: bool = False
    """Whether the server is about to end: no new request should come to it."""
    _seen: Seen = field(default_factory=Seen)
    _asked: float = float("-inf")
    _reachable: bool = True

    @property
    def answers(self) -> Mapping[str, Own]:
        """Each by its name."""
        return {
            "healthz": self._healthz,
            "readyz": self._readyz,
            "metrics": self._metrics,
            "openapi": self._openapi,
            "snapshot": self._snapshot,
            "events": self._events,
            "decisions": self._decisions,
            "decision": self._decision,
            "uploads": self._uploads,
        }

    @property
    def facts(self) -> Facts:
        """What is known of the catalog.

        Raises:
            Refused: none has been read yet.
        """
        if self.pool.facts is None:
            raise Refused(503, "no catalog has been read yet", _RETRY)
        return self.pool.facts

    @property
    def is_ready(self) -> bool:
        """Whether requests should come here."""
        return not self.stopping and not self.stale()

    @property
    def made_from(self) -> dict[str, str]:
        """What is answered from."""
        facts = self.facts
        return {"catalog": facts.digests.catalog, "policies": facts.digests.policies, "engine": facts.engine}

    async def _healthz(self, request: Request, arguments: Mapping[str, str], body: bytes) -> Answer:
        return Reply(200, orjson.dumps({"status": "alive", "version": VERSION}))

    async def _readyz(self, request: Request, arguments: Mapping[str, str], body: bytes) -> Answer:
        if self.stopping:
            return problem(503, "the server is about to end", headers=_RETRY)
        if stale := self.stale():
            return problem(503, stale, headers=_RETRY)
        store = "reachable" if await self._store_answers() else "unreachable"
        return Reply(200, orjson.dumps({"status": "ready", "age": round(self.facts.age, 1), "store": store}))

    async def _metrics(self, request: Request, arguments: Mapping[str, str], body: bytes) -> Answer:
        said, content_type = self.metrics.render(request.headers.get("accept"))
        return Reply(200, said, content_type)

    async def _openapi(self, request: Request, arguments: Mapping[str, str], body: bytes) -> Answer:
        return Reply(200, _described())

    async def _snapshot(self, request: Request, arguments: Mapping[str, str], body: bytes) -> Answer:
        facts = self.facts
        tag = facts.fingerprint.rpartition("/")[2]  # of the content, where documents stand included
        known = _MEMBER.findall(request.headers.get("if-none-match", ""))
        headers = {"ETag": f'"{tag}"', "Vary": "Accept-Encoding"}
        if tag in known or f"{tag}-gzip" in known:
            return Reply(304, b"", headers=headers)
        try:
            file = await asyncio.to_thread(facts.snapshot.open, "rb")
        except FileNotFoundError:  # the next catalog has come since, and this one is gone
            raise Refused(503, "the catalog was replaced just now; come again", _RETRY) from None
        if not _takes_gzip(request.headers.get("accept-encoding", "")):
            headers["Content-Length"] = str(os.fstat(file.fileno()).st_size)
            return Streamed(200, _chunks(file, lambda chunk: chunk, lambda: b""), _SQLITE, headers)
        packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
        headers |= {"Content-Encoding": "gzip", "ETag": f'"{tag}-gzip"'}
        return Streamed(200, _chunks(file, packer.compress, packer.flush), _SQLITE, headers)

    async def _events(self, request: Request, arguments: Mapping[str, str], body: bytes) -> Answer:
        if self.events_key is None:
            return problem(404, "no events are taken here: server.events_secret_env names no key that signs them")
        try:
            id = verify(self.events_key, request.headers, body)
        except SignatureError as error:
            return problem(400, str(error))
        try:
            event = _event(request, read(body, self.settings.catalog.limits))
            entities, deleted = _pushed(event)
            self._seen.check(id)
        except MalformedError as error:
            return problem(400, str(error))
        except SignatureError as error:
            return problem(409, str(error))
        if entities or deleted:
            try:
                await asyncio.to_thread(self.store.push, entities, deleted)
            except StoreError as error:
                self._seen.forget(id)  # the sender will come again with it
                return _unkept(error)
            except BylawError as error:
                return problem(422, str(error))
        self.kick()
        return Reply(202, b"")

    async def _decisions(self, request: Request, arguments: Mapping[str, str], body: bytes) -> Answer:
        limit = int(arguments.get("limit", "100"))
        after = int(arguments["after"]) if "after" in arguments else None
        wanted = Filter(**{name: value for name, value in arguments.items() if name not in {"limit", "after"}})
        try:
            rows = await asyncio.to_thread(self.store.rows, after=after, limit=limit, where=wanted)
        except StoreError as error:
            return _unkept(error)
        following = rows[-1].seq if len(rows) == limit else None
        return Reply(200, orjson.dumps({"decisions": list(map(shown, rows)), "next": following}))

    async def _decision(self, request: Request, arguments: Mapping[str, str], body: bytes) -> Answer:
        try:
            rows = await asyncio.to_thread(self.store.rows, limit=1, where=Filter(id=arguments["id"]))
        except StoreError as error:
            return _unkept(error)
        if not rows:
            return problem(404, f"no decision {arguments['id'][:60]!r} is in the log; it may not have been written yet")
        return Reply(200, orjson.dumps(shown(rows[0])))

    async def _uploads(self, request: Request, arguments: Mapping[str, str], body: bytes) -> Answer:
        from bylaw.bundles import uploads

        try:
            found = await asyncio.to_thread(uploads.read, body, request.headers.get("content-encoding", ""))
        except ValueError as error:
            return problem(400, str(error))
        for each in found:
            await self.log.room()
            self.metrics.decided(each.gate, each.decision, each.rules)
            self.log.record(each)
        return Reply(204, b"")

    async def _store_answers(self) -> bool:
        """Whether the store can be reached, as far as was known some seconds ago."""
        if time.monotonic() - self._asked > _STORE_ASKED:
            self._asked = time.monotonic()
            try:
                await asyncio.wait_for(asyncio.to_thread(self.store.head), _STORE_ANSWERS)
                self._reachable = True
            except (StoreError, TimeoutError):
                self._reachable = False
        return self._reachable


_SQLITE = "application/vnd.sqlite3"


@cache
def _described() -> bytes:
    return orjson.dumps(openapi.description())


async def _chunks(file: BinaryIO, each: Callable[[bytes], bytes], last: Callable[[], bytes]) -> AsyncIterator[bytes]:
    """A file in pieces, each changed on its way."""

    def some() -> tuple[bool, bytes]:
        said = file.read(_CHUNK)
        return bool(said), each(said)

    with file:
        more = True
        while more:
            more, chunk = await asyncio.to_thread(some)
            if chunk:
                yield chunk
        if rest := last():
            yield rest


def _takes_gzip(accepted: str) -> bool:
    """Whether an ``Accept-Encoding`` takes gzip."""
    for each in accepted.lower().split(","):
        name, _, quality = each.partition(";")
        if name.strip() in {"gzip", "*"}:
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _event(request: Request, said: dict[str, Any]) -> Mapping[str, Any]:
    """The data of a CloudEvent, which is all of the body or told of in headers.

    Raises:
        MalformedError: it is none, or of a type that says nothing here.
    """
    headers = request.headers
    if "ce-specversion" in headers:
        about: dict[str, Any] = {name: headers.get(f"ce-{name}") for name in ("specversion", "id", "source", "type")}
        data: Any = said
    elif headers.get("content-type", "").startswith("application/cloudevents+json"):
        about, data = said, said.get("data")
    else:
        raise MalformedError("this is no CloudEvent: expected application/cloudevents+json, or headers ce-…")
    missing = next((name for name in ("id", "source", "type") if not isinstance(about.get(name), str)), None)
    if about.get("specversion") != "1.0" or missing:
        raise MalformedError(f"this is no CloudEvent 1.0: {missing or 'specversion'} is not there, or another")
    if about["type"] != CHANGED:
        raise MalformedError(f"the event is of type {about['type']:.60}, expected {CHANGED}")
    if data is not None and not isinstance(data, dict):
        raise MalformedError("the data of the event is no object; expected entities, deleted, or nothing")
    return data or {}


def _pushed(data: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """The entities that an event brings, and the refs of those that it takes away.

    Raises:
        MalformedError: they are none.
    """
    unknown = sorted(data.keys() - {"entities", "deleted"})
    entities, deleted = data.get("entities", []), data.get("deleted", [])
    if unknown:
        raise MalformedError(f"the data of the event says {unknown[0]:.60}, expected entities and deleted")
    if not isinstance(entities, list) or not all(isinstance(each, dict) for each in entities):
        raise MalformedError("entities of the event is no list of objects")
    if not isinstance(deleted, list) or not all(isinstance(each, str) for each in deleted):
        raise MalformedError("deleted of the event is no list of references")
    return entities, deleted


def _unkept(error: StoreError) -> Reply:
    _log.warning("the store cannot be used", extra={"reason": str(error)})
    return problem(503, "the store cannot be used now; come again", headers=_RETRY)
