"""Signatures of webhooks as Standard Webhooks has them (standardwebhooks.com): who sent this, and is it new?"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from bylaw.errors import BylawError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

TOLERANCE = 300
"""Seconds by which the time of a message and ours may differ."""
_PREFIX = "whsec_"  # before a key in base64
_SHORTEST_KEY = 24  # bytes
_LONGEST_ID = 200  # characters
_MOST_SIGNATURES = 10  # of one message: a sender has two keys while it changes them
_MOST_KNOWN = 100_000  # ids


class SignatureError(BylawError):
    """A message is not believed. The message of the error says why, and may be told to its sender."""


def signature(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """The signature of a message: ``v1,`` and the HMAC-SHA256 of id, timestamp (seconds of Unix time) and body.

    ``secret`` is the key: a text, or ``whsec_`` and base64.

    Raises:
        ConfigError: it is none, or too short.
    """
    mac = hmac.digest(key(secret), f"{id}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(mac).decode()}"


def key(secret: str) -> bytes:
    """The bytes of a key.

    Raises:
        ConfigError: it has too few, or is no base64.
    """
    try:
        found = base64.b64decode(secret.removeprefix(_PREFIX), validate=True) if secret.startswith(_PREFIX) else None
    except binascii.Error:
        raise ConfigError(f"the key of a webhook begins with {_PREFIX}, but what follows is no base64") from None
    found = secret.encode() if found is None else found
    if len(found) < _SHORTEST_KEY:
        raise ConfigError(f"the key of a webhook has {len(found)} bytes, expected at least {_SHORTEST_KEY}")
    return found


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> str:
    """Make sure that who knows the key has sent a message, in the last minutes; its id.

    The names of the headers are in lower case. A message that is sent again by a stranger is believed here: ``Seen``
    is for that.

    Raises:
        SignatureError: it is not so.
    """
    id, said, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not id or not said or not signatures:
        raise SignatureError("expected the headers webhook-id, webhook-timestamp and webhook-signature")
    if len(id) > _LONGEST_ID or not id.isprintable() or not id.isascii():
        raise SignatureError(f"expected a webhook-id of at most {_LONGEST_ID} printable characters of ASCII")
    if not (said.isascii() and said.isdecimal() and len(said) < 16):
        raise SignatureError("expected a webhook-timestamp in whole seconds of Unix time")
    expected = signature(secret, id, int(said), body).encode()
    given = [each.encode("utf-8", "replace") for each in signatures.split(" ")[:_MOST_SIGNATURES]]
    if not sum(hmac.compare_digest(each, expected) for each in given):  # a sum looks at all of them, whichever fits
        raise SignatureError("no signature in webhook-signature (v1,…) is that of this message with the key known here")
    away = int(said) - (time.time() if now is None else now)
    if abs(away) > TOLERANCE:
        when = "in the future" if away > 0 else "ago"
        raise SignatureError(f"webhook-timestamp is {abs(away):.0f} seconds {when}, expected at most {TOLERANCE}")
    return id


class Seen:
    """The ids of the messages of the last minutes, so that none counts twice. For one thread."""

    def __init__(self, most: int = _MOST_KNOWN) -> None:
        self._most = most
        self._until: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until)

    def check(self, id: str, *, now: float | None = None) -> None:
        """Note an id.

        Raises:
            SignatureError: it was noted before, or there are so many that no more can be told apart.
        """
        now = time.time() if now is None else now
        while self._until and next(iter(self._until.values())) < now:
            self._until.popitem(last=False)
        if id in self._until:
            raise SignatureError(f"a message with this webhook-id was taken less than {2 * TOLERANCE} seconds ago")
        if len(self._until) >= self._most:
            raise SignatureError(f"more than {self._most:,} messages in {2 * TOLERANCE} seconds: send fewer")
        self._until[id] = now + 2 * TOLERANCE

    def forget(self, id: str) -> None:
        """What the message says could not be done: it may come again."""
        self._until.pop(id, None)
