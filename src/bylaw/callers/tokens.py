"""Static tokens: long random texts of which only the SHA-256 stands in bylaw.yaml.

A hash without salt is enough for them: they are as random as a key, so there is nothing to try out. It is not for
words that people think of, which is why those are told.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bylaw.callers.caller import Caller

PREFIX = "bylaw_"
"""What a token of ours begins with, so that one that got into a file or a log is found."""
_BYTES = 32
_SHORTEST = 32  # characters that a token should have
_DIFFERENT = 12  # characters that should differ in it
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_GUESSED = ("", "\n", "admin", "bylaw", "changeme", "password", "secret", "test", "token")

_log = logging.getLogger(__name__)


def new() -> str:
    """A token that nobody can guess."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def digest(token: str) -> bytes:
    """The SHA-256 of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def fault(token_sha256: str) -> str:
    """What is wrong with the hash of a token in the settings, as a clause; empty: nothing."""
    if not _HEX.fullmatch(token_sha256):
        found = f"{len(token_sha256)} characters" if len(token_sha256) != 64 else "64 that are not all hexadecimal"
        return f"token_sha256: expected 64 hexadecimal digits, found {found}; `bylaw token` makes a token and its hash"
    if bytes.fromhex(token_sha256) in map(digest, _GUESSED):
        return "token_sha256: is the hash of nothing, or of a word that anybody guesses; `bylaw token` makes a token"
    return ""


def weakness(token: str) -> str:
    """Why a token can be guessed, as a clause; empty: it looks random."""
    if len(token) < _SHORTEST:
        return f"has {len(token)} characters, expected {_SHORTEST} or more"
    if len(set(token)) < _DIFFERENT:
        return f"has {len(set(token))} different characters, expected {_DIFFERENT} or more"
    return ""


class Tokens:
    """The callers that static tokens stand for."""

    def __init__(self, callers: Mapping[str, Caller]) -> None:
        """``callers``: by the hash of their tokens, 64 hexadecimal digits."""
        self._callers = [(bytes.fromhex(each), caller) for each, caller in callers.items()]
        self._told: set[str] = set()

    def find(self, token: str) -> Caller | None:
        """Whose token it is. It takes as long whether it is the first one's, the last one's or nobody's."""
        presented = digest(token)
        found: Caller | None = None
        for known, caller in self._callers:
            if hmac.compare_digest(presented, known):
                found = caller
        if found and found.name not in self._told:
            self._told.add(found.name)
            if why := weakness(token):
                _log.warning("the token of caller %s %s; `bylaw token` makes a better one", found.name, why)
        return found
