"""How often callers may come: buckets that fill up with time, and how many requests each may have at once.

A bucket holds what fills it in one second. One that nobody drew from for that long is full, and can be forgotten: of
ever so many callers only the latest are remembered.
"""

from __future__ import annotations

import ipaddress
import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bylaw.callers.caller import later

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bylaw.callers.caller import Caller, Refused

REMEMBERED = 10_000
"""Callers, and addresses of strangers, of whom is known how often they came."""
ATTEMPTS = 20.0
"""Attempts a second, on average, that one address may make without saying who calls; so many at once, too."""


class _Meter:
    """How much one caller may still do now. ``full`` is what the bucket holds at most."""

    __slots__ = ("at", "full", "left", "rate", "running")

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        self.full = self.left = max(1.0, rate)
        self.at = now
        self.running = 0

    def take(self, now: float) -> float:
        """Draw one, or say after how many seconds that can be done."""
        wait = self.wait(now)
        if not wait:
            self.left -= 1.0
        return wait

    def wait(self, now: float) -> float:
        """The seconds until one can be drawn."""
        self.left = min(self.full, self.left + max(0.0, now - self.at) * self.rate)
        self.at = now
        return 0.0 if self.left >= 1.0 else (1.0 - self.left) / self.rate


class Limits:
    """What each caller has taken of what it may."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, remembered: int = REMEMBERED) -> None:
        self._clock = clock
        self._remembered = remembered
        self._meters: dict[str, _Meter] = {}

    def __len__(self) -> int:
        return len(self._meters)

    @contextmanager
    def enter(self, caller: Caller) -> Iterator[None]:
        """One request of a caller, from here to the end of the block.

        Raises:
            Refused: it has too many at once, or had too many in a short time (429).
        """
        if math.isinf(caller.rate):
            yield
            return
        meter = self._meter(caller.name, caller.rate)
        if meter.running >= caller.concurrent:
            raise later(429, f"{caller.name} has {meter.running} requests here; it may have no more at a time", 1.0)
        self.count(caller)
        meter.running += 1
        try:
            yield
        finally:
            meter.running -= 1

    def count(self, caller: Caller) -> None:
        """Count a request of a caller.

        Raises:
            Refused: it had too many in a short time (429).
        """
        if not math.isinf(caller.rate) and (wait := self._meter(caller.name, caller.rate).take(self._clock())):
            raise later(429, f"{caller.name} may make {caller.rate:g} requests a second", wait)

    def attempt(self, peer: str) -> None:
        """Count an attempt by somebody who is not known.

        Raises:
            Refused: there were too many from that address (429).
        """
        if wait := self._meter(_network(peer), ATTEMPTS).take(self._clock()):
            raise _too_many(wait)

    def allow(self, peer: str) -> None:
        """Let somebody at that address attempt something that costs, without counting it yet.

        Raises:
            Refused: there were too many attempts from there (429).
        """
        meter = self._meters.get(_network(peer))
        if meter and (wait := meter.wait(self._clock())):
            raise _too_many(wait)

    def _meter(self, name: str, rate: float) -> _Meter:
        """The meter of a name, which from now on is the latest one."""
        meter = self._meters.pop(name, None)
        if meter is None:
            meter = _Meter(rate, self._clock())
            while len(self._meters) >= self._remembered:
                idle = next((each for each, one in self._meters.items() if not one.running), None)
                if idle is None:
                    break
                del self._meters[idle]
        self._meters[name] = meter
        return meter


def _too_many(wait: float) -> Refused:
    return later(429, "too many attempts from this address without a valid token or certificate", wait)


def _network(peer: str) -> str:
    """Who an address stands for: of IPv6 a whole /64, since whoever has one address there has them all."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
