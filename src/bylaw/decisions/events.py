"""Denials, what could not be decided, and verdicts that changed, sent to those who want to know: CloudEvents 1.0 in
the structured JSON form over HTTP, signed as Standard Webhooks has it.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import orjson

from bylaw.decisions.signatures import Seen, SignatureError, key, signature, verify
from bylaw.errors import ConfigError
from bylaw.model import Decision
from bylaw.sources import connections
from bylaw.sources.web import Site

if TYPE_CHECKING:
    from collections.abc import Mapping

    import urllib3

    from bylaw.config import SinkSetting
    from bylaw.model import Decided

__all__ = ["Event", "Seen", "SignatureError", "Sink", "event", "key", "signature", "verify"]

TYPE = "dev.bylaw.decision."
"""What the types of events begin with; the decision is the rest."""

_TRIES = 8
_PAUSE, _LONGEST_PAUSE = 0.5, 60.0  # seconds before the second try; before each further one twice as many
_SECONDS = 10.0  # for one try
_READ = 64 * 1024  # bytes of an answer, which says nothing to us, so that its connection can be used again
_AGAIN = frozenset({408, 429})  # beside those from 500 on
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """What is sent of a decision, and why: denied, undecided or changed, or several of them."""

    id: str
    reasons: frozenset[str]
    body: bytes


def event(decided: Decided, before: Decision | None) -> Event | None:
    """What there is to tell of a decision, if there is; ``before`` is the one before it on the same subject.

    What was asked is not in it.
    """
    is_changed = before is not None and before is not decided.decision
    reasons = {decided.decision.value} - {Decision.ALLOWED.value} | ({"changed"} if is_changed else set())
    if not reasons:
        return None
    digests = decided.digests
    said = {
        "specversion": "1.0",
        "id": decided.id,
        "source": f"/bylaw/gates/{quote(decided.gate, safe='')}",
        "type": f"{TYPE}{decided.decision.value}",
        "subject": decided.subject,
        "time": decided.time,
        "datacontenttype": "application/json",
        "data": {
            "gate": decided.gate,
            "subject": decided.subject,
            "decision": decided.decision.value,
            "before": before and before.value,
            "changed": is_changed,
            "rules": decided.rules,
            "reason": decided.reason,
            "caller": decided.caller,
            "engine": decided.engine,
            "catalog": digests.catalog,
            "policies": digests.policies,
            "waivers": digests.waivers,
            "constraints": digests.constraints,
            "trace": decided.trace,
        },
    }
    return Event(decided.id, frozenset(reasons), orjson.dumps({name: each for name, each in said.items() if each}))


class Sink:
    """One receiver of events, with a thread and a queue of its own: a slow one holds up nobody else."""

    def __init__(self, setting: SinkSetting, environment: Mapping[str, str]) -> None:
        """
        Raises:
            ConfigError: its address is none, or its key is not in the environment, or is none.
        """
        self._setting = setting
        with Site(setting.url) as site:
            self.place = site.place
        self._secret = ""
        if setting.secret_env is not None:
            self._secret = environment.get(setting.secret_env, "").strip()
            if not self._secret:
                raise ConfigError(f"server.decisions.sinks: {self.place}: the environment has no {setting.secret_env}")
            key(self._secret)
        self.dropped = 0
        """How many events were not delivered."""
        self._queue: deque[Event] = deque()
        self._changed = threading.Condition()
        self._is_ending, self._gives_up = False, threading.Event()
        self._until = 0.0
        self._manager: urllib3.PoolManager | None = None
        self._thread = threading.Thread(target=self._run, name="bylaw-events", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def offer(self, event: Event) -> None:
        """Send an event some time, if this receiver wants it and not too many wait."""
        if event.reasons.isdisjoint(self._setting.events):
            return
        with self._changed:
            if self._is_ending or len(self._queue) >= self._setting.queue:
                self.dropped += 1
                return
            self._queue.append(event)
            self._changed.notify()

    def end(self, seconds: float) -> None:
        """Send what waits, as far as that takes no longer; what is left is dropped."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(seconds)
        self._gives_up.set()
        with self._changed:
            self.dropped += len(self._queue)
            self._queue.clear()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._is_ending:
                    self._changed.wait()
                if not self._queue or self._gives_up.is_set():
                    break
                event = self._queue.popleft()
            try:
                trouble = self._deliver(event)
            except Exception as error:  # noqa: BLE001  (the edge: one event that cannot be sent is not the last one)
                trouble = f"cannot be sent ({type(error).__name__})"
            if trouble:
                with self._changed:
                    self.dropped += 1
                _log.warning("%s: %s; event %s is not delivered", self.place, trouble, event.id)
        if self._manager is not None:
            connections.close(self._manager)

    def _deliver(self, event: Event) -> str:
        """Send an event, several times if need be; why it could not be, or nothing."""
        trouble = ""
        for number in range(_TRIES):
            trouble, again, asked = self._try(event)
            if not trouble or not again:
                return trouble
            pause = max(min(asked, _LONGEST_PAUSE), _PAUSE * 2**number * random.uniform(0.5, 1.5))  # noqa: S311  (so that many do not come back at once; no secret)
            if number + 1 < _TRIES and self._gives_up.wait(min(pause, _LONGEST_PAUSE)):
                return f"{trouble}, and the server ends"
        return f"{trouble}, after {_TRIES} tries"

    def _try(self, event: Event) -> tuple[str, bool, float]:
        """Send an event: what went wrong (nothing: it was taken), whether to try again, and after how many seconds at
        the earliest."""
        import urllib3

        self._until = time.monotonic() + _SECONDS
        try:
            response = self._connections().urlopen(
                "POST",
                self._setting.url,
                body=event.body,
                headers=self._headers(event),
                timeout=urllib3.Timeout(total=_SECONDS),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                response.read(_READ, decode_content=False)
            finally:
                response.close()
        except (urllib3.exceptions.HTTPError, TimeoutError, OSError) as error:
            return f"cannot be reached ({type(error).__name__})", True, 0.0
        if 200 <= response.status < 300:
            return "", False, 0.0
        again = response.status >= 500 or response.status in _AGAIN
        return f"answered {response.status}", again, _seconds(response.headers.get("Retry-After", ""))

    def _headers(self, event: Event) -> dict[str, str]:
        headers = {"Content-Type": "application/cloudevents+json; charset=utf-8", "User-Agent": "bylaw"}
        if self._secret:
            now = int(time.time())
            headers |= {
                "webhook-id": event.id,
                "webhook-timestamp": str(now),
                "webhook-signature": signature(self._secret, event.id, now, event.body),
            }
        return headers

    def _connections(self) -> urllib3.PoolManager:
        if self._manager is None:
            scheme, proxy = urlsplit(self._setting.url).scheme, connections.proxy_of(self._setting.url)
            self._manager = connections.manager(scheme, proxy, self._left)
        return self._manager

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _seconds(retry_after: str) -> float:
    """The seconds that a receiver asks to be left alone: it says them, or a date."""
    said = retry_after.strip()
    if said.isascii() and said.isdecimal():
        return float(said[:9])
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0
