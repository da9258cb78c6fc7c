"""HTTP, for what a gate needs from servers: bounded in time and size, and plain about what went wrong.

The only module that speaks it. A server may be slow, broken, or a stranger's by now; whatever it does ends in an
answer or in an ``UnreachableError`` that says so to a person. No message holds a token or the query of an address,
which may be a secret too.
"""

from __future__ import annotations

import contextlib
import io
import random
import tempfile
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

import orjson

from bylaw.errors import ConfigError, UndecidedError, UsageError
from bylaw.sources import connections

if TYPE_CHECKING:
    from collections.abc import Mapping

    import urllib3

SECONDS = 60.0  # that the requests to one server may take together, pauses and all
MOST = 256 * 1024 * 1024  # bytes of one answer, unpacked
_CONNECTING, _READING = 10.0, 30.0  # seconds without a sign of life
_TRIES = 4
_PAUSE = 0.5  # seconds before the second try; before each further one twice as many
_REDIRECTS = 5
_CHUNK = 256 * 1024
_FAST, _SAMPLE = 5_000_000, 50_000  # bytes a second that need no packing, and from how many on that can be told
_LONGEST_SAID = 200  # characters of a server's own words that a message repeats
_AGAIN = frozenset({429, 500, 502, 503, 504})
_MOVED = frozenset({301, 302, 303, 307, 308})
_sleep = time.sleep
_PORTS = {"http": 80, "https": 443}


class UnreachableError(UndecidedError):
    """A server that is needed could not be had. ``status`` is that of its last answer, if it gave one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered: 304 where the thing is still as its ``etag`` says, another 2xx otherwise.

    ``place`` names the request in messages. ``kind`` is the media type.
    """

    place: str
    status: int
    body: bytes
    etag: str | None
    kind: str

    @property
    def changed(self) -> bool:
        """Whether it is another thing than that of the etag the server was asked with."""
        return self.status != 304

    def json(self) -> Any:
        """The body, as JSON.

        Raises:
            UnreachableError: it is something else, such as the page of a login.
        """
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            is_page = self.body.lstrip()[:1] == b"<"
            hint = ": a page to log in? Then the address is that of a proxy before the server" if is_page else ""
            found = self.kind or "something without a type"
            raise UnreachableError(f"{self.place}: answered {found}, expected JSON{hint}", self.status) from None


class Site:
    """One server, over connections that stay open. ``with`` closes them.

    The token goes to no other host, port or scheme than the address says. ``seconds`` is the time for everything
    that is asked of it. It is asked to pack what it sends once that comes slowly: packing costs it more than sending
    over a fast network does.
    """

    def __init__(self, url: str, token: str | None = None, *, seconds: float = SECONDS) -> None:
        """
        Raises:
            ConfigError: the address or the token is none.
        """
        self._address = _address(url)
        self._url = url
        self._token = _token(token, self.place) if token else None
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._managers: dict[tuple[str, str], urllib3.PoolManager] = {}
        self._coding = "identity"

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *error: object) -> None:
        for manager in self._managers.values():
            connections.close(manager)

    @property
    def place(self) -> str:
        """The address, for messages."""
        return _place(self._url)

    def get(
        self, path: str = "", query: Mapping[str, str] | None = None, *, etag: str | None = None, most: int = MOST
    ) -> Answer:
        """What stands below the address. With the ``etag`` of an earlier answer it need not be sent again.

        Raises:
            UnreachableError: there is no such answer, or it has more than ``most`` bytes.
        """
        url = f"{self._url.rstrip('/')}{path}" + (f"?{urlencode(query)}" if query else "")
        return self._exchange(_Request("GET", url, _unless(etag)), io.BytesIO(), most)

    def post_json(self, path: str, value: Any, *, most: int = MOST) -> Answer:
        """What the server says to a value. It may be asked several times, so it must be a question.

        Raises:
            UnreachableError: as for ``get``.
        """
        headers = {"Content-Type": "application/json"}
        url = f"{self._url.rstrip('/')}{path}"
        return self._exchange(_Request("POST", url, headers, orjson.dumps(value)), io.BytesIO(), most)

    def receive(self, into: BinaryIO, *, etag: str | None = None, most: int = MOST) -> Answer:
        """Write what the address names into a file, and answer without a body.

        It may be kept elsewhere: a redirect to another host is followed, over https and without the token.

        Raises:
            UnreachableError: as for ``get``.
            OSError: the file cannot be written.
        """
        return self._exchange(_Request("GET", self._url, _unless(etag), elsewhere=True), into, most)

    def _exchange(self, request: _Request, into: BinaryIO, most: int) -> Answer:
        """Ask until there is an answer, it is clear that there will be none, or the time is over."""
        place = _place(request.url)
        for number in range(1, _TRIES + 1):
            after = f", after {number} tries" if number > 1 else ""
            try:
                return self._try(request, into, most)
            except _FailedError as failed:
                pause = max(failed.pause, _PAUSE * 2 ** (number - 1) * random.uniform(0.5, 1.5))  # noqa: S311  (so that many do not come back at once; no secret)
                if not failed.again or number == _TRIES:
                    raise UnreachableError(f"{place}: {failed}{after}", failed.status) from None
                if pause >= self._until - time.monotonic():
                    reason = f"asks to wait {failed.pause:.0f} seconds" if failed.pause else "there is no time for more"
                    told = f"{place}: {failed}{after}; {reason}, and all requests together have {self._seconds:g}"
                    raise UnreachableError(told, failed.status) from None
                _sleep(pause)
        raise AssertionError("unreachable")

    def _try(self, request: _Request, into: BinaryIO, most: int) -> Answer:
        """One try, redirects included.

        Raises:
            _FailedError: it came to nothing.
        """
        url = request.url
        for _ in range(_REDIRECTS + 1):
            response = self._send(request, url)
            try:
                if response.status in _MOVED:
                    url = self._moved(request, url, response.headers.get("Location", ""))
                    continue
                if response.status == 304 or 200 <= response.status < 300:
                    self._take(response, into, most)
                    kind = _plain(response.headers.get("Content-Type", "").partition(";")[0].strip().lower())
                    body = into.getvalue() if isinstance(into, io.BytesIO) else b""
                    return Answer(_place(request.url), response.status, body, response.headers.get("ETag"), kind)
                said = self._said(response)
                pause = _retry_after(response.headers.get("Retry-After", ""))
                again = response.status in _AGAIN
                raise _FailedError(f"answered {response.status}{said}", response.status, again=again, pause=pause)
            finally:
                response.close()  # a connection that was read to its end is kept for all that
        raise _FailedError(f"redirected more than {_REDIRECTS} times")

    def _send(self, request: _Request, url: str) -> urllib3.BaseHTTPResponse:
        import urllib3

        headers = {"Accept-Encoding": self._coding, "User-Agent": "bylaw", **request.headers}
        if self._token and _is_same(self._address, urlsplit(url)):
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            left = self._left()
            return self._manager(url).urlopen(
                request.method,
                url,
                body=request.body,
                headers=headers,
                timeout=urllib3.Timeout(connect=min(_CONNECTING, left), read=left),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except (urllib3.exceptions.HTTPError, TimeoutError) as error:
            raise self._failed(error) from None

    def _moved(self, request: _Request, url: str, location: str) -> str:
        """Where a redirect leads, if that may be followed."""
        try:
            target = urljoin(url, location)
            before, after = urlsplit(url), _address(target)
        except (ConfigError, ValueError):
            raise _FailedError("redirects to something that is no address") from None
        if request.method != "GET":
            raise _FailedError(f"redirects a {request.method} to {_place(target)}: name that address")
        if before.scheme == "https" and after.scheme == "http":
            raise _FailedError(f"redirects from https to {_place(target)}, which anybody could read and change")
        if _is_same(before, after) or (request.elsewhere and after.scheme == "https"):
            return target
        raise _FailedError(
            f"redirects to {_place(target)}, another server: a page to log in? If not, name that address"
        )

    def _take(self, response: urllib3.BaseHTTPResponse, into: BinaryIO, most: int) -> None:
        """Write the body of an answer, unpacked, over what an earlier try has left."""
        import urllib3

        too_large = _FailedError(f"answered more than the {most:,} bytes that are read", response.status)
        coding = response.headers.get("Content-Encoding", "identity").lower()
        if coding not in {"identity", "gzip"}:
            raise _FailedError(f"answered in the encoding {_plain(coding)}, asked for gzip", response.status)
        unzip = zlib.decompressobj(31) if coding == "gzip" else None  # 31: with the header that gzip has
        into.seek(0)
        into.truncate()
        sent = size = 0
        start = time.monotonic()
        try:
            while chunk := response.read(_CHUNK, decode_content=False):
                sent += len(chunk)
                data = unzip.decompress(chunk, most + 1 - size) if unzip else chunk
                size += len(data)
                if max(sent, size) > most:
                    raise too_large
                into.write(data)
        except (urllib3.exceptions.HTTPError, TimeoutError) as error:
            raise self._failed(error) from None
        except zlib.error:
            raise _FailedError("answered gzip that cannot be unpacked", response.status, again=True) from None
        if sent > _SAMPLE and sent < _FAST * (time.monotonic() - start):
            self._coding = "gzip"
        if unzip and sent and not unzip.eof:
            raise _FailedError("the connection broke before the answer was whole", response.status, again=True)

    def _said(self, response: urllib3.BaseHTTPResponse) -> str:
        """What a server says of its refusal, where it says it as Backstage, GitLab and the like do."""
        into = io.BytesIO()
        with contextlib.suppress(_FailedError, orjson.JSONDecodeError):
            self._take(response, into, 64 * 1024)
            said = orjson.loads(into.getvalue())
            error = said.get("error") if isinstance(said, dict) else None
            words = error.get("message") if isinstance(error, dict) else error or said
            words = words.get("message") if isinstance(words, dict) else words
            if isinstance(words, str) and words:
                return f' ("{_plain(words.replace(self._token, "…") if self._token else words)}")'
        return ""

    def _failed(self, error: Exception) -> _FailedError:
        """What an error of urllib3 means to a person."""
        from urllib3 import exceptions as wrong

        if time.monotonic() >= self._until:
            return _FailedError(f"took more than the {self._seconds:g} seconds that all requests together have")
        through = ""
        if isinstance(error, wrong.ProxyError):
            error, through = error.original_error, " to the proxy of the environment"
        cause = error.__cause__
        reason = _plain((isinstance(cause, OSError) and cause.strerror) or "nobody answers")
        match error:
            case wrong.SSLError() if "CERTIFICATE_VERIFY_FAILED" in str(error):
                untrusted = _plain(str(error).partition("verify failed: ")[2].partition(" (_ssl")[0])
                told = f"its certificate is not trusted ({untrusted}); SSL_CERT_FILE names a file of those to trust"
                return _FailedError(told)
            case wrong.SSLError():
                return _FailedError(f"no secure connection{through}", again=True)
            case wrong.NewConnectionError() | wrong.ConnectTimeoutError():
                return _FailedError(f"no connection{through} ({reason})", again=True)
            case wrong.TimeoutError() | TimeoutError():
                return _FailedError(f"was silent for {_READING:g} seconds", again=True)
            case wrong.ProtocolError():
                return _FailedError(f"the connection{through} broke before the answer was whole", again=True)
        return _FailedError(f"cannot be spoken to{through} ({type(error).__name__})")

    def _left(self) -> float:
        """The seconds that the next sign of life may take.

        Raises:
            TimeoutError: there are none left.
        """
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(left, _READING)

    def _manager(self, url: str) -> urllib3.PoolManager:
        scheme, proxy = urlsplit(url).scheme, connections.proxy_of(url)
        if (scheme, proxy) not in self._managers:
            self._managers[scheme, proxy] = connections.manager(scheme, proxy, self._left)
        return self._managers[scheme, proxy]


def download(
    url: str,
    path: Path,
    *,
    etag: str | None = None,
    token: str | None = None,
    most: int = MOST,
    seconds: float = SECONDS,
) -> Answer:
    """Put what an address names into a file, whole or not at all; with the ``etag`` of what is there, if it changed.

    Raises:
        ConfigError: the address or the token is none.
        UnreachableError: it could not be had, or has more than ``most`` bytes; the file is as it was.
        UsageError: the file cannot be written.
    """
    try:
        with (
            Site(url, token, seconds=seconds) as site,
            tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder,
        ):
            aside = Path(folder) / path.name
            with aside.open("wb") as into:
                answer = site.receive(into, etag=etag if path.exists() else None, most=most)
            if answer.changed:
                aside.replace(path)
            return answer
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from None


@dataclass(frozen=True, slots=True)
class _Request:
    """``elsewhere``: whether another host may have the answer."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    elsewhere: bool = False


class _FailedError(Exception):
    """A try came to nothing; the message is a clause about the server. ``pause``: seconds that it asks to be left."""

    def __init__(self, reason: str, status: int | None = None, *, again: bool = False, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.status, self.again, self.pause = status, again, pause


def _address(url: str) -> SplitResult:
    """The parts of an address.

    Raises:
        ConfigError: it is none, or holds a password, which would stand in logs.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    if parts.username is not None or parts.password is not None:
        name = f"{parts.scheme}://{parts.hostname}"
        raise ConfigError(f"{name}: the address holds a user or a password; a token comes from the environment")
    shown = _plain(url.partition("?")[0].rpartition("@")[2])
    if (
        parts.scheme not in _PORTS
        or not parts.hostname
        or port == 0
        or not all("!" <= each <= "~" and each != "\\" for each in url)
    ):
        raise ConfigError(f"{shown}: expected an address such as https://backstage.example.com")
    return parts


def _token(token: str, place: str) -> str:
    bare = token.strip()
    if not bare or not all("!" <= each <= "~" for each in bare):
        raise ConfigError(
            f"the token for {place} is empty or has characters that no header can have, such as a line end"
        )
    return bare


def _place(url: str) -> str:
    """An address without what may be secret in it."""
    parts = urlsplit(url)
    return _plain(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")


def _is_same(one: SplitResult, other: SplitResult) -> bool:
    """Whether both are one server, the second of them over https at the usual port at worst."""
    if one.hostname != other.hostname:
        return False
    ports = one.port or _PORTS[one.scheme], other.port or _PORTS[other.scheme]
    return (one.scheme == other.scheme and ports[0] == ports[1]) or (one.scheme == "http" and ports == (80, 443))


def _unless(etag: str | None) -> dict[str, str]:
    """The header that asks for a thing only if it is another one by now."""
    if not etag or not (etag.isascii() and etag.isprintable()):
        return {}
    return {"If-None-Match": etag}


def _retry_after(value: str) -> float:
    """The seconds that a server asks to be left alone: it says them, or a date."""
    from email.utils import parsedate_to_datetime

    if value.strip().isdecimal():
        return min(float(value[:9]), 1e9)
    with contextlib.suppress(ValueError, OverflowError):
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    return 0.0


def _plain(text: str) -> str:
    """Somebody else's words in a message of ours: one line, and not a long one."""
    shown = "".join(each if each.isprintable() else " " for each in text[: _LONGEST_SAID + 1])
    return shown if len(shown) <= _LONGEST_SAID else f"{shown[:_LONGEST_SAID]}…"
