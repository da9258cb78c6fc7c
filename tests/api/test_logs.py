"""The server's own log: a line for each event, whatever strangers put into it."""

from __future__ import annotations

import errno
import io
import json
import logging
import threading
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.api import logs
from bylaw.api.logs import Logs
from bylaw.reports.terminal import Paint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOG = logging.getLogger("bylaw.tests")
TOKEN = "ghp_" + "Zx9Qw3" * 6
REQUEST = {"method": "GET", "route": "/v1/entities/{ref}", "seconds": 0.0123456789}


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """What stands in the loggers of this process is there again after a test."""
    root, names = logging.getLogger(), [*logging.root.manager.loggerDict]
    before = (root.level, root.handlers[:])
    yield
    root.level, root.handlers[:] = before
    for name in names:
        logger = logging.getLogger(name)
        logger.disabled, logger.filters[:] = False, []
        if name == "bylaw":
            logger.setLevel(logging.NOTSET)


def said(act: Callable[[], object], level: str = "info", form: str = "json") -> str:
    """What is written while something happens."""
    stream = io.StringIO()
    started = Logs.start(level, form, stream)
    try:
        act()
    finally:
        started.stop()
    return stream.getvalue()


def lines(act: Callable[[], object], level: str = "info") -> list[dict[str, Any]]:
    return [json.loads(line) for line in said(act, level).splitlines()]


def test_an_event_is_a_line_of_json_with_its_fields() -> None:
    extra = {"entities": 146, "digest": "sha256:1", "kept": True, "seconds": 0.25, "sources": ["a", "b"], "why": None}
    (line,) = lines(lambda: LOG.info("snapshot swapped", extra=extra))
    assert line.pop("time").endswith("Z")
    assert line == {"level": "info", "logger": "bylaw.tests", "event": "snapshot swapped", **extra}


def test_a_field_cannot_stand_for_what_the_line_says_itself() -> None:
    extra = {"time": "1970", "level": "debug", "event": "nothing"}
    (line,) = lines(lambda: LOG.error("snapshot refused", extra=extra))
    assert (line["level"], line["event"]) == ("error", "snapshot refused")
    assert (line["time_"], line["level_"], line["event_"]) == ("1970", "debug", "nothing")


def test_nothing_of_strangers_acts_or_begins_a_line_of_its_own() -> None:
    evil = '\x1b[2J\r\n{"level":"info","event":"all is well"}\u202e\u2028\x9b\x7f\x00\udc80'
    shown = r'\x1b[2J\r\n{"level":"info","event":"all is well"}\u202e\u2028\x9b\x7f\x00\udc80'
    (line,) = lines(lambda: LOG.warning("refused %s", evil, extra={"path": evil, evil: {evil: [evil]}}))
    assert line["event"] == f"refused {shown}"
    assert line["path"] == shown
    assert line[shown] == {shown: [shown]}


@given(st.text(), st.recursive(st.none() | st.text() | st.floats() | st.integers(), st.lists, max_leaves=20))
def test_whatever_is_said_one_line_comes_of_it_that_json_can_hold(event: str, field: object) -> None:
    record = logging.LogRecord("bylaw", logging.INFO, "", 0, "%s", (event,), None)
    record.field = field
    for text in (logs._Json().format(record), logs._Text(Paint(False)).format(record)):
        assert text.isprintable()
    assert set(json.loads(logs._Json().format(record))) == {"time", "level", "logger", "event", "field"}


def test_secrets_are_not_shown_wherever_they_stand() -> None:
    def act() -> None:
        try:
            raise ValueError(f"GET https://{TOKEN}@example.com failed")
        except ValueError:
            LOG.exception("refresh failed with %s", TOKEN, extra={"url": f"postgres://me:{TOKEN}@db/x", TOKEN: TOKEN})
        LOG.info("said", extra={"header": "Authorization: Bearer 0123456789abcdef0123456789abcdef"})

    shown = said(act)
    assert TOKEN not in shown
    assert "0123456789abcdef" not in shown
    assert '"header":"Authorization: Bearer [secret]"' in shown


def test_a_traceback_is_a_list_of_lines() -> None:
    def act() -> None:
        try:
            raise ValueError("two\nlines")
        except ValueError:
            LOG.exception("a request failed")

    (line,) = lines(act)
    assert line["exception"][0] == "Traceback (most recent call last):"
    assert line["exception"][-2:] == ["ValueError: two", "lines"]


def test_what_is_long_deep_or_cannot_say_what_it_is_is_cut() -> None:
    class Silent:
        def __str__(self) -> str:
            raise RuntimeError("no")

    deep: Any = []
    for _ in range(1_000):
        deep = [deep]
    (line,) = lines(
        lambda: LOG.info("x" * 90_000 + "end", extra={"all": list(range(99)), "deep": deep, "silent": Silent()})
    )
    assert line["event"] == f"{'x' * 1_000}…{'x' * 996}end"
    assert line["all"] == list(range(50))
    assert line["silent"] == "<Silent>"


def test_on_a_terminal_a_line_is_for_people() -> None:
    shown = said(lambda: LOG.warning("refresh failed", extra={"source": "the folder x", "tries": 3}), form="text")
    assert shown[8:] == ' warning refresh failed  source="the folder x"  tries=3\n'


@pytest.mark.parametrize(
    ("level", "status", "shown"),
    [
        ("debug", 200, "debug"),
        ("info", 200, None),
        ("info", 304, None),
        ("info", 401, "info"),
        ("warning", 404, None),
        ("warning", 503, "warning"),
        ("error", 500, None),
    ],
)
def test_a_request_has_a_line_by_how_it_went(level: str, status: int, shown: str | None) -> None:
    found = lines(lambda: logs.request(**REQUEST, status=status, caller="ci", path=""), level)  # type: ignore[arg-type]
    for line in found:
        line.pop("time")
    wanted = {
        "logger": "bylaw.access",
        "event": "request",
        "method": "GET",
        "route": "/v1/entities/{ref}",
        "status": status,
        "seconds": 0.012346,
        "caller": "ci",
    }
    assert found == ([{"level": shown, **wanted}] if shown else [])


def test_a_flood_of_refused_requests_is_no_flood_of_lines_and_its_size_is_told() -> None:
    limit = logs._Limit()

    def kept(second: int, count: int) -> list[logging.LogRecord]:
        records = [logging.makeLogRecord({"created": second + number / count}) for number in range(count)]
        return [each for each in records if limit.filter(each)]

    assert len(kept(7, 5_000)) == 100
    (first, second) = kept(8, 2)
    assert vars(first)["left_out"] == 4_900
    assert "left_out" not in vars(second)


@pytest.mark.filterwarnings("always:an old way")
def test_the_web_server_and_warnings_of_python_are_said_in_the_same_form_and_its_own_access_lines_are_not() -> None:
    def act() -> None:
        logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
        logging.getLogger("uvicorn.access").warning('%s - "GET /?token=secret HTTP/1.1" 200', "127.0.0.1")
        logging.getLogger("urllib3").info("connection dropped")
        warnings.warn("an old way", UserWarning, stacklevel=1)

    found = lines(act)
    assert [(each["logger"], each["level"]) for each in found] == [
        ("uvicorn.error", "warning"),
        ("py.warnings", "warning"),
    ]


def test_a_reader_that_is_stuck_does_not_keep_the_server_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck(io.StringIO):
        def write(self, text: str) -> int:
            taken.wait()
            return len(text)

    monkeypatch.setattr(logs, "_ENDING", 0.01)
    monkeypatch.setattr(logs, "_WAITING", 2)
    taken = threading.Event()
    started = Logs.start("info", "json", Stuck())
    for number in range(5):
        LOG.info("event %d", number)
    started.stop()
    taken.set()


def test_a_disk_that_is_full_costs_the_lines_it_has_no_room_for_and_no_more() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            if "lost" in text:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(text)

    stream = Full()
    started = Logs.start("info", "json", stream)
    for event in ("kept", "lost", "kept again"):
        LOG.info(event)
    started.stop()
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["kept", "kept again"]
    assert started.dropped == 1


def test_lines_that_nobody_takes_are_dropped_and_counted_and_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck(io.StringIO):
        def write(self, text: str) -> int:
            taken.wait()
            return super().write(text)

    monkeypatch.setattr(logs, "_WAITING", 5)
    taken, stream = threading.Event(), Stuck()
    started = Logs.start("info", "json", stream)
    for number in range(20):
        LOG.info("event %d", number)
    dropped = started.dropped
    taken.set()
    started.stop()
    written = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert len(written) + dropped == 20
    assert written[:5] == [f"event {number}" for number in range(5)]
    assert dropped >= 14
