"""Who may call the server: tokens, OpenID Connect and certificates; what each may do, and how often."""

from __future__ import annotations

from bylaw.callers.caller import Caller, Refused
from bylaw.callers.callers import LOCAL, Callers
from bylaw.callers.scopes import SCOPES

__all__ = ["LOCAL", "SCOPES", "Caller", "Callers", "Refused"]
