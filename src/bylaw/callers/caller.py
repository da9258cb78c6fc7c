"""Who calls, and how a call is refused."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who is known, and what they may do.

    ``name`` is the one of the settings, or ``issuer#subject`` where a token of OpenID Connect says who it is. No name
    of the settings has a ``#``, so neither can be taken for the other.
    """

    name: str
    scopes: frozenset[str]
    rate: float = field(default=math.inf, compare=False)
    """Requests a second, on average."""
    concurrent: int = field(default=sys.maxsize, compare=False)
    """Requests at a time."""


class Refused(Exception):
    """A call that is not answered. ``detail`` says why, to the caller: it holds no secret and nothing of another's."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.headers: dict[str, str] = dict(headers or {})


def unknown(detail: str) -> Refused:
    """The refusal of a call without anything that says who calls."""
    return Refused(401, detail, {"WWW-Authenticate": "Bearer"})


def wrong(detail: str) -> Refused:
    """The refusal of a call whose token or certificate is not believed."""
    return Refused(401, detail, {"WWW-Authenticate": 'Bearer error="invalid_token"'})


def later(status: int, detail: str, seconds: float) -> Refused:
    """The refusal of a call that may come again after so many seconds."""
    return Refused(status, detail, {"Retry-After": str(max(1, math.ceil(seconds)))})
