"""The one envelope of errors: problem+json (RFC 9457)."""

from __future__ import annotations

import orjson

from bylaw.serving.frames import PROBLEM, Reply

_TITLES = {
    400: "Bad request",
    401: "Who is calling?",
    403: "Not allowed to call this",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    408: "Request timeout",
    409: "Conflict",
    413: "Body too large",
    415: "Unsupported media type",
    422: "Cannot be processed",
    429: "Too many requests",
    431: "Header too large",
    500: "Internal error",
    501: "Not configured",
    503: "Not available now",
    504: "No answer in time",
}


def problem(status: int, detail: str, *, headers: dict[str, str] | None = None, **more: object) -> Reply:
    """The answer to a request that got none: ``detail`` names what was seen, what is expected and the next step."""
    said = {"type": "about:blank", "title": _TITLES[status], "status": status, "detail": detail, **more}
    return Reply(status, orjson.dumps(said), PROBLEM, headers or {})
