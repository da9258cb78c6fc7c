"""What the server says of itself: a line of JSON for each event on stderr, or a line for people on a terminal.

Any module says things with the standard library's ``logging``: the message names the event, and ``extra`` holds its
fields: ``_log.warning("a worker was killed", extra={"route": route, "seconds": 3.0})``. Here it is made safe to
read: nothing of strangers acts on a terminal or forges a line, no secret is shown, nothing is endlessly long. A thread
writes the lines, so that no request waits for whoever reads them; lines that nobody takes are dropped and counted.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import sys
import threading
from datetime import UTC, datetime
from logging.handlers import QueueHandler
from queue import Full, Queue
from typing import Any, TextIO

from bylaw.documents import secrets
from bylaw.reports.terminal import Paint, visible

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("auto", "json", "text")

_WAITING = 10_000  # lines that may wait to be written
_ENDING = 2.0  # seconds
_LONGEST = 2_000  # characters of a text
_LONGEST_TRACE = 20_000
_LARGEST = 2**64
_MOST = 50  # entries of a list or object, and lines of a traceback
_DEEPEST = 4
_LINES_A_SECOND = 100
_ROUTED = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "asyncio", "fastapi")
_FLOODED = ("bylaw.access", "uvicorn.error")  # by requests that are refused, and by what is no HTTP
_CREDENTIALS = re.compile(r"(?i)\b(bearer|basic)(\s+)[\w.~+/=:-]{16,}")
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_RESERVED = frozenset({"time", "level", "logger", "event", "exception"})
_STYLES = {"DEBUG": "dim", "INFO": "info", "WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}

_access = logging.getLogger("bylaw.access")


class Logs:
    """The log of a running server, from ``start`` to ``stop``."""

    def __init__(self, handler: _Handler, writer: _Writer) -> None:
        self._handler = handler
        self._writer = writer
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)

    @classmethod
    def start(cls, level: str = "info", form: str = "auto", stream: TextIO | None = None) -> Logs:
        """Take over what all loggers say, those of the web server too. ``auto`` is text on a terminal."""
        stream = stream or sys.stderr
        text = form == "text" or (form == "auto" and stream.isatty())
        writer = _Writer(stream)
        coloured = stream.isatty() and not os.environ.get("NO_COLOR")
        writer.setFormatter(_Text(Paint(coloured)) if text else _Json())
        handler = _Handler(Queue(_WAITING))
        root = logging.getLogger()
        root.handlers[:] = [handler]
        root.setLevel(logging.WARNING)  # of libraries only what went wrong
        logging.getLogger("bylaw").setLevel(level.upper())
        for name in _ROUTED:
            logger = logging.getLogger(name)
            logger.handlers.clear()
            logger.propagate = True
        for name in _FLOODED:
            logging.getLogger(name).filters[:] = [_Limit()]
        logging.getLogger("uvicorn.access").disabled = True  # it knows neither route nor caller, and shows the query
        logging.captureWarnings(True)
        started = cls(handler, writer)
        started._thread.start()
        return started

    @property
    def dropped(self) -> int:
        """Lines that nobody took, in time or at all."""
        return self._handler.dropped + self._writer.failed

    def stop(self) -> None:
        """Write what waits, if somebody takes it within seconds, and take no more."""
        logging.getLogger().removeHandler(self._handler)
        logging.captureWarnings(False)
        with contextlib.suppress(Full):
            self._handler.queue.put(None, timeout=_ENDING)
            self._thread.join(_ENDING)

    def _write(self) -> None:
        while (record := self._handler.queue.get()) is not None:
            self._writer.handle(record)


def request(
    *,
    method: str,
    route: str,
    status: int,
    seconds: float,
    caller: str = "",
    peer: str = "",
    path: str = "",
    trace: str = "",
    **more: object,
) -> None:
    """A line for a request that was answered: at debug if it went well, at info if refused, a warning if it failed.

    ``path`` without its query, where it says more than the route.
    """
    level = logging.DEBUG if status < 400 else logging.INFO if status < 500 else logging.WARNING
    if not _access.isEnabledFor(level):
        return
    fields = {
        "method": method,
        "route": route,
        "status": status,
        "seconds": round(seconds, 6),
        "caller": caller,
        "peer": peer,
        "path": path,
        "trace": trace,
        **more,
    }
    _access.log(level, "request", extra={key: value for key, value in fields.items() if value not in ("", None)})


class _Limit(logging.Filter):
    """At most a hundred lines a second of what strangers can cause, so that a flood of them is not one on the disk.

    The next line that is written says how many were left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._second = self._written = self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        second = int(record.created)
        if second != self._second:
            self._second, self._written = second, 0
        if self._written >= _LINES_A_SECOND:
            self._left_out += 1
            return False
        self._written += 1
        if self._left_out:
            record.left_out, self._left_out = self._left_out, 0
        return True


class _Handler(QueueHandler):
    """Hands records to the thread that writes them; never waits for it."""

    queue: Queue[Any]

    def __init__(self, waiting: Queue[Any]) -> None:
        super().__init__(waiting)
        self.dropped = 0

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.queue.put_nowait(record)
        except Full:
            self.dropped += 1

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """The message as it is now; what it is made of may change before it is written."""
        record.msg, record.args = record.getMessage(), None
        return record


class _Writer(logging.StreamHandler[TextIO]):
    """Writes lines. One that cannot be written is counted; nobody could be told, and the next may do better."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.failed = 0

    def handleError(self, record: logging.LogRecord) -> None:
        self.failed += 1


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = _said(record)
        line = {"time": _time(record), "level": said.pop("level"), "logger": record.name, **said}
        return json.dumps(line, separators=(",", ":"))


class _Text(logging.Formatter):
    def __init__(self, paint: Paint) -> None:
        super().__init__()
        self._paint = paint

    def format(self, record: logging.LogRecord) -> str:
        said = _said(record)
        level, event, trace = said.pop("level"), said.pop("event"), said.pop("exception", [])
        fields = "".join(f"  {self._paint('dim', key + '=')}{_plain(value)}" for key, value in said.items())
        head = f"{_time(record)[11:19]} {self._paint(_STYLES.get(record.levelname, ''), level.ljust(7))} {event}"
        return "\n".join((head + fields, *(f"    {line}" for line in trace)))


def _said(record: logging.LogRecord) -> dict[str, Any]:
    """What a record says: level, event, its fields, and the lines of a traceback; all of it safe to show."""
    fields = {_key(key): value for key, value in vars(record).items() if key not in _OWN}
    said: dict[str, Any] = {"level": record.levelname.lower(), "event": record.getMessage(), **fields}
    if record.exc_info and record.exc_info[0] is not None:
        trace = _redacted(logging.Formatter().formatException(record.exc_info)[-_LONGEST_TRACE:])
        said["exception"] = trace.splitlines()[-_MOST:]
    safe: dict[str, Any] = _safe(said)
    return safe


def _key(name: str) -> str:
    return f"{name}_" if name in _RESERVED else name


def _safe(value: Any, depth: int = 0) -> Any:
    """A value in JSON's types: bounded, visible, and without secrets."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) < _LARGEST:  # NaN is not
        return value
    if isinstance(value, dict) and depth < _DEEPEST:
        return {_text(key): _safe(each, depth + 1) for key, each in list(value.items())[:_MOST]}
    if isinstance(value, list | tuple | set | frozenset) and depth < _DEEPEST:
        return [_safe(each, depth + 1) for each in list(value)[:_MOST]]
    return _text(value)


def _text(value: object) -> str:
    try:
        text = value if isinstance(value, str) else str(value)
    except Exception:  # noqa: BLE001  a thing that cannot say what it is must not cost the line it stands in
        text = f"<{type(value).__name__}>"
    return visible(_cut(_redacted(_cut(text, 4 * _LONGEST)), _LONGEST))


def _cut(text: str, most: int) -> str:
    """The two ends of a text that is too long: a traceback says at its end what is wrong."""
    return text if len(text) <= most else f"{text[: most // 2]}…{text[1 - most // 2 :]}"


def _redacted(text: str) -> str:
    safe = text.encode("utf-8", "backslashreplace").decode()  # lone surrogates have no place in JSON
    return _CREDENTIALS.sub(rf"\1\2{secrets.REDACTED}", str(secrets.redact(safe)))


def _plain(value: Any) -> str:
    if isinstance(value, str) and value and " " not in value and '"' not in value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
