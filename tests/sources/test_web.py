"""HTTP against real servers on this machine, which are slow, broken, full of tricks, or somebody else."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import ssl
import subprocess
import threading
import time
import zlib
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from bylaw.errors import ConfigError, UndecidedError, UsageError
from bylaw.sources import web
from bylaw.sources.web import Site, UnreachableError, download

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import Message
    from pathlib import Path

TOKEN = "s3cret-token"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a server of a test was asked."""

    command: str
    path: str
    headers: Message
    body: bytes
    client_address: tuple[str, int]


class Request(BaseHTTPRequestHandler):
    """One connection to a server of a test, which says what is answered."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.requests.append(Seen(self.command, self.path, self.headers, body, self.client_address))
        with contextlib.suppress(ConnectionError):
            self.server.answering(self)

    do_POST = do_GET

    def answer(self, body: bytes = b"{}", status: int = 200, **headers: str) -> None:
        """An ordinary answer. ``Content_Type`` is a header."""
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def raw(self, sent: bytes, every: float = 0.0) -> None:
        """These very bytes, one at a time with a pause between them if there is one, and the end."""
        for part in (sent[at : at + 1] for at in range(len(sent))) if every else (sent,):
            self.wfile.write(part)
            self.wfile.flush()
            if self.server.over.wait(every):
                break
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, answering: Callable[[Request], None]) -> None:
        self.answering = answering
        self.requests: list[Seen] = []
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), Request)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:
        """The client may leave when it likes."""

    @property
    def count(self) -> int:
        return len(self.requests)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers, over TLS if a context for it is given."""
    with contextlib.ExitStack() as stack:

        def start(answering: Callable[[Request], None], context: ssl.SSLContext | None = None) -> Server:
            server = stack.enter_context(Server(answering))
            if context:
                server.socket = context.wrap_socket(server.socket, server_side=True)
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            stack.callback(server.over.set)
            return server

        yield start


@pytest.fixture(autouse=True)
def paused(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited between tries: none of them is, here. No proxy of this machine takes part."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    seconds: list[float] = []
    monkeypatch.setattr(web, "_sleep", seconds.append)
    return seconds


def failing(ask: Callable[[], object]) -> str:
    """What is said of a failure."""
    with pytest.raises(UnreachableError) as caught:
        ask()
    assert isinstance(caught.value, UndecidedError)
    assert TOKEN not in str(caught.value)
    return str(caught.value)


def get(url: str, **how: Any) -> web.Answer:
    with Site(url, how.pop("token", None), seconds=how.pop("seconds", 30.0)) as site:
        return site.get(**how)


def in_turn(*answers: Callable[[Request], None]) -> Callable[[Request], None]:
    """Each of these answers once, and the last of them from then on."""

    def answering(request: Request) -> None:
        answers[min(request.server.count, len(answers)) - 1](request)

    return answering


def test_an_answer_has_a_body_a_type_and_an_etag(serve: Any) -> None:
    server = serve(lambda each: each.answer(b'{"a": 1}', Content_Type="application/json; charset=utf-8", ETag='"x"'))
    answer = get(f"{server.url}/", path="/a/b", query={"filter": "kind=a b", "cursor": "=/"})
    assert (answer.place, answer.status, answer.etag) == (f"{server.url}/a/b", 200, '"x"')
    assert (answer.kind, answer.body, answer.json(), answer.changed) == (
        "application/json",
        b'{"a": 1}',
        {"a": 1},
        True,
    )
    assert server.requests[0].path == "/a/b?filter=kind%3Da+b&cursor=%3D%2F"
    assert server.requests[0].headers["Authorization"] is None


def test_a_token_is_shown_to_the_server_without_the_line_end_of_its_file(serve: Any) -> None:
    server = serve(lambda each: each.answer())
    get(server.url, token=f"{TOKEN}\n")
    assert server.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_question_is_posted_as_json_and_asked_again_when_the_server_stumbles(serve: Any) -> None:
    server = serve(in_turn(lambda each: each.answer(status=503), lambda each: each.answer(b"[1]")))
    with Site(server.url, TOKEN) as site:
        assert site.post_json("/refs", {"refs": ["a"]}).json() == [1]
    assert [(each.command, each.path, each.body) for each in server.requests] == [
        ("POST", "/refs", b'{"refs":["a"]}')
    ] * 2
    assert server.requests[0].headers["Content-Type"] == "application/json"


def test_what_is_still_as_it_was_is_not_sent_again(serve: Any) -> None:
    def answering(request: Request) -> None:
        request.answer(b"", 304) if request.headers["If-None-Match"] == '"x"' else request.answer(b"new", ETag='"x"')

    server = serve(answering)
    first = get(server.url)
    again = get(server.url, etag=first.etag)
    assert (again.status, again.changed, again.body) == (304, False, b"")
    for odd in ('"y\r\nCookie: a"', ""):
        assert get(server.url, etag=odd).body == b"new"
        assert server.requests[-1].headers["If-None-Match"] is None


def chunked(body: bytes, *, size: int) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def send(request: Request, body: bytes, **headers: str) -> None:
    """The headers, and a body that need not be as they say."""
    request.send_response(200)
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)


def test_one_connection_serves_all_requests_however_the_answers_are_sent(serve: Any) -> None:
    zipped = gzip.compress(b"0" * 100_000)
    server = serve(
        in_turn(
            lambda each: each.answer(b"a"),
            lambda each: send(each, chunked(b"0" * 100_000, size=1000), Transfer_Encoding="chunked"),
            lambda each: each.answer(zipped, Content_Encoding="gzip"),
            lambda each: send(each, chunked(zipped, size=50), Transfer_Encoding="chunked", Content_Encoding="gzip"),
            lambda each: each.answer(b"", 304),
            lambda each: each.answer(b"z"),
        )
    )
    with Site(server.url) as site:
        bodies = [site.get().body for _ in range(6)]
    assert bodies == [b"a", b"0" * 100_000, b"0" * 100_000, b"0" * 100_000, b"", b"z"]
    assert len({each.client_address for each in server.requests}) == 1


def test_a_server_is_asked_to_pack_what_it_sends_once_that_comes_slowly(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(in_turn(lambda each: each.answer(b"little"), lambda each: each.answer(b"a" * 100_000)))
    with Site(server.url) as site:
        monkeypatch.setattr(web, "_FAST", 0)
        for _ in range(3):
            site.get()
        monkeypatch.setattr(web, "_FAST", 1e12)
        for _ in range(2):
            site.get()
    assert [each.headers["Accept-Encoding"] for each in server.requests] == [*["identity"] * 4, "gzip"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_stumbles_is_asked_again(status: int, serve: Any, paused: list[float]) -> None:
    server = serve(in_turn(lambda each: each.answer(status=status), lambda each: each.answer(b"well")))
    assert get(server.url).body == b"well"
    assert [0.25 <= each <= 0.75 for each in paused] == [True]


def test_a_server_that_stays_down_is_given_up_after_four_tries(serve: Any, paused: list[float]) -> None:
    server = serve(lambda each: each.answer(b"", 503))
    told = failing(lambda: get(server.url, path="/a", query={"secret": "x"}, token=TOKEN))
    assert told == f"{server.url}/a: answered 503, after 4 tries"
    assert [low <= each <= 3 * low for low, each in zip((0.25, 0.5, 1.0), paused, strict=True)] == [True] * 3


def test_a_refusal_is_final_and_told_in_the_words_of_the_server(serve: Any) -> None:
    said = b'{"error": {"name": "NotAllowedError", "message": "This token s3cret-token\\u001b[2J is restricted"}}'
    server = serve(lambda each: each.answer(said, 403))
    told = failing(lambda: get(server.url, token=TOKEN))
    assert told == f'{server.url}: answered 403 ("This token … [2J is restricted")'
    assert server.count == 1


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b'{"message": "401 Unauthorized"}', ' ("401 Unauthorized")'),
        (b'{"error": "invalid_token"}', ' ("invalid_token")'),
        (b'{"error": {"message": {"message": "deep"}}}', ' ("deep")'),
        (b'{"message": "%s"}' % (b"a" * 500), f' ("{"a" * 200}…")'),
        (b'{"error": ' * 900 + b"1" + b"}" * 900, ""),
        (b'["error"]', ""),
        (b"<html>", ""),
        (b"a" * 100_000, ""),
    ],
)
def test_the_words_of_a_server_are_repeated_where_they_are_any(said: bytes, told: str, serve: Any) -> None:
    server = serve(lambda each: each.answer(said, 401))
    assert failing(lambda: get(server.url)) == f"{server.url}: answered 401{told}"


def test_a_server_that_asks_to_be_left_alone_for_a_while_is(serve: Any, paused: list[float]) -> None:
    later = formatdate(time.time() + 20, usegmt=True)
    server = serve(
        in_turn(
            lambda each: each.answer(status=429, Retry_After="7"),
            lambda each: each.answer(status=503, Retry_After=later),
            lambda each: each.answer(status=503, Retry_After="soon"),
            lambda each: each.answer(b"well"),
        )
    )
    assert get(server.url).body == b"well"
    assert paused[0] == 7
    assert 15 < paused[1] <= 20
    assert paused[2] < 4


def test_a_server_that_asks_for_more_time_than_there_is_ends_it_at_once(serve: Any, paused: list[float]) -> None:
    server = serve(lambda each: each.answer(status=429, Retry_After="3600"))
    told = failing(lambda: get(server.url, seconds=20.0))
    asks = "asks to wait 3600 seconds, and all requests together have 20"
    assert told == f"{server.url}: answered 429; {asks}"
    assert paused == []


@pytest.mark.parametrize(
    "sent", [b"HTTP/1.1 200 OK\r\nX: " + b"a" * 9999, b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b"a" * 9999]
)
def test_a_server_that_sends_a_byte_now_and_then_does_not_hold_us_up(sent: bytes, serve: Any) -> None:
    server = serve(lambda each: each.raw(sent, every=0.05))
    start = time.monotonic()
    told = failing(lambda: get(server.url, seconds=0.5))
    assert told == f"{server.url}: took more than the 0.5 seconds that all requests together have"
    assert time.monotonic() - start < 5


def test_a_silent_server_is_asked_again_and_then_given_up(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_READING", 0.1)
    server = serve(lambda each: each.server.over.wait() and None)
    assert failing(lambda: get(server.url)) == f"{server.url}: was silent for 0.1 seconds, after 4 tries"
    assert server.count == 4


BROKEN = "the connection broke before the answer was whole, after 4 tries"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\n12345\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(os.urandom(999))[:500],
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: a\r\n" % number for number in range(200)) + b"\r\n",
    ],
    ids=["nothing", "length", "chunk missing", "chunk broken", "gzip", "another protocol", "headers without end"],
)
def test_half_an_answer_is_none(sent: bytes, serve: Any) -> None:
    server = serve(lambda each: each.raw(sent))
    assert failing(lambda: get(server.url)) == f"{server.url}: {BROKEN}"
    assert server.count == 4


def test_a_connection_that_breaks_once_is_made_again(serve: Any) -> None:
    server = serve(in_turn(lambda each: each.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nold"), Request.answer))
    assert get(server.url).body == b"{}"


def test_a_body_that_is_too_large_is_not_read_to_its_end(serve: Any) -> None:
    server = serve(lambda each: each.answer(b"a" * 1001))
    told = f"{server.url}: answered more than the 1,000 bytes that are read"
    assert failing(lambda: get(server.url, most=1000)) == told
    assert len(get(server.url, most=1001).body) == 1001


def test_a_small_body_that_unpacks_to_a_large_one_is_not_unpacked_to_its_end(serve: Any) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(200)) + packer.flush()
    server = serve(lambda each: each.answer(bomb, Content_Encoding="gzip"))
    told = f"{server.url}: answered more than the 1,048,576 bytes that are read"
    assert failing(lambda: get(server.url, most=2**20)) == told
    assert server.count == 1


@pytest.mark.parametrize(
    ("coding", "told"),
    [
        ("br", "answered in the encoding br, asked for gzip"),
        ("gzip", "answered gzip that cannot be unpacked, after 4 tries"),
    ],
)
def test_a_body_that_cannot_be_unpacked_is_refused(coding: str, told: str, serve: Any) -> None:
    server = serve(lambda each: each.answer(b"what is this", Content_Encoding=coding))
    assert failing(lambda: get(server.url)) == f"{server.url}: {told}"


def test_the_page_of_a_login_is_no_answer(serve: Any) -> None:
    server = serve(lambda each: each.answer(b"\n<!doctype html>", Content_Type="text/html"))
    told = failing(lambda: get(server.url).json())
    hint = "a page to log in? Then the address is that of a proxy before the server"
    assert told == f"{server.url}: answered text/html, expected JSON: {hint}"


def test_what_only_claims_to_be_json_is_no_answer(serve: Any) -> None:
    server = serve(lambda each: each.answer(b'{"a": ', Content_Type="application/json"))
    assert failing(lambda: get(server.url).json()) == f"{server.url}: answered application/json, expected JSON"


def test_a_redirect_on_the_same_server_is_followed_with_the_token(serve: Any) -> None:
    server = serve(in_turn(lambda each: each.answer(b"", 302, Location="/new?a=1"), lambda each: each.answer(b"here")))
    assert get(server.url, path="/old", token=TOKEN).body == b"here"
    assert [each.path for each in server.requests] == ["/old", "/new?a=1"]
    assert server.requests[1].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_redirect_to_another_server_is_not_followed(serve: Any) -> None:
    other = serve(lambda each: each.answer())
    server = serve(lambda each: each.answer(b"", 302, Location=f"{other.url}/login?state=secret"))
    told = failing(lambda: get(server.url, token=TOKEN))
    hint = "another server: a page to log in? If not, name that address"
    assert told == f"{server.url}: redirects to {other.url}/login, {hint}"
    assert other.count == 0


@pytest.mark.parametrize("location", ["", "ftp://example.com/", "//user:word@example.com/", "http://[", "/a b"])
def test_a_redirect_to_nowhere_is_not_followed(location: str, serve: Any) -> None:
    server = serve(lambda each: each.answer(b"", 302, Location=location))
    told = failing(lambda: get(server.url))
    assert "word" not in told
    assert told.startswith(f"{server.url}: redirect")


def test_redirects_without_end_are_ended(serve: Any) -> None:
    server = serve(lambda each: each.answer(b"", 302, Location="/"))
    assert failing(lambda: get(server.url)) == f"{server.url}: redirected more than 5 times"
    assert server.count == 6


def test_a_question_is_not_posted_to_where_a_redirect_leads(serve: Any) -> None:
    server = serve(lambda each: each.answer(b"", 307, Location="/elsewhere"))
    with Site(server.url) as site:
        told = failing(lambda: site.post_json("/refs", {}))
    assert told == f"{server.url}/refs: redirects a POST to {server.url}/elsewhere: name that address"


@pytest.mark.parametrize(
    "url",
    [
        "backstage.example.com",
        "file:///etc/passwd",
        "https://",
        "https://example.com:port/",
        "https://example.com:0/",
        "https://example.com/a b",
        "https://example.com/\r\nHost: a",
        "https://example.com\\.evil.example",
        "https://ex\u0430mple.com/",
        "http://[",
        "http://[bot:s3cret@",
        "bot:s3cret@example.com",
        "",
    ],
)
def test_what_is_no_address_is_a_fault_of_the_configuration(url: str) -> None:
    with pytest.raises(ConfigError, match=r"expected an address such as https://backstage\.example\.com") as caught:
        Site(url)
    assert str(caught.value).isprintable()
    assert "s3cret" not in str(caught.value)


def test_an_address_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(ConfigError) as caught:
        Site("https://bot:s3cret-token@example.com/base.db")
    told = "https://example.com: the address holds a user or a password; a token comes from the environment"
    assert str(caught.value) == told


@pytest.mark.parametrize("token", [" ", "a\r\nHost: evil.example", "a b", "schlüssel"])
def test_a_token_that_would_be_more_than_a_token_is_refused_without_repeating_it(token: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Site("https://example.com", token)
    told = "the token for https://example.com is empty or has characters that no header can have, such as a line end"
    assert str(caught.value) == told


def test_nobody_there_is_told_as_that(serve: Any) -> None:
    server = Server(lambda each: each.answer())
    server.server_close()
    assert failing(lambda: get(server.url)) == f"{server.url}: no connection (Connection refused), after 4 tries"


def test_a_host_without_an_address_is_told_as_that() -> None:
    told = failing(lambda: get("http://nowhere.invalid/a", seconds=60.0))
    assert told.startswith("http://nowhere.invalid/a: no connection (")
    assert told.endswith("), after 4 tries")


def test_the_proxy_of_the_environment_is_used_but_for_hosts_that_want_none(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(lambda each: each.answer(b"by proxy"))
    server = serve(lambda each: each.answer(b"directly"))
    monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//user:w%6Frd@"))
    assert get(server.url, path="/a").body == b"by proxy"
    assert proxy.requests[0].path == f"{server.url}/a"
    assert proxy.requests[0].headers["Proxy-Authorization"] == "Basic dXNlcjp3b3Jk"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert get(server.url).body == b"directly"


def test_a_proxy_that_is_not_there_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Server(lambda each: each.answer())
    gone.server_close()
    monkeypatch.setenv("https_proxy", f"http://user:{TOKEN}@127.0.0.1:{gone.server_port}")
    told = failing(lambda: get("https://example.com/a"))
    assert told == (
        "https://example.com/a: no connection to the proxy of the environment (Connection refused), after 4 tries"
    )


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A certificate of 127.0.0.1 and localhost that nobody trusts, and its file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the certificate of the test's server, is not on PATH")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
    made = [
        openssl,
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    files = ["-subj", "/CN=test", "-addext", names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


def test_a_certificate_is_trusted_only_if_it_is_known(
    secure: tuple[ssl.SSLContext, Path], serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(lambda each: each.answer(b"well"), secure[0])
    url = server.url.replace("http:", "https:")
    told = failing(lambda: get(url))
    trusted = "its certificate is not trusted (self-signed certificate); SSL_CERT_FILE names a file of those to trust"
    assert told.replace("self signed", "self-signed") == f"{url}: {trusted}"
    monkeypatch.setenv("SSL_CERT_FILE", str(secure[1]))
    assert get(url).body == b"well"


def test_a_server_without_tls_is_told_as_that(serve: Any) -> None:
    server = serve(lambda each: each.answer())
    url = server.url.replace("http:", "https:")
    assert failing(lambda: get(url)) == f"{url}: no secure connection, after 4 tries"


def test_a_redirect_from_https_to_http_is_not_followed(
    secure: tuple[ssl.SSLContext, Path], serve: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(secure[1]))
    other = serve(lambda each: each.answer())
    server = serve(lambda each: each.answer(b"", 302, Location=other.url), secure[0])
    url = server.url.replace("http:", "https:")
    told = f"{url}: redirects from https to {other.url}, which anybody could read and change"
    assert failing(lambda: get(url, token=TOKEN)) == told
    assert failing(lambda: download(url, tmp_path / "base.db")) == told
    assert other.count == 0


def test_a_file_may_be_kept_elsewhere_which_gets_no_token(
    secure: tuple[ssl.SSLContext, Path], serve: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(secure[1]))
    store = serve(lambda each: each.answer(b"data"), secure[0])
    kept = store.url.replace("http://127.0.0.1", "https://localhost") + "/bucket/base.db?signature=x"
    server = serve(lambda each: each.answer(b"", 302, Location=kept), secure[0])
    download(server.url.replace("http:", "https:"), tmp_path / "base.db", token=TOKEN)
    assert (tmp_path / "base.db").read_bytes() == b"data"
    assert server.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert store.requests[0].headers["Authorization"] is None


def test_a_file_is_fetched_once_and_again_only_when_it_changed(serve: Any, tmp_path: Path) -> None:
    def answering(request: Request) -> None:
        request.answer(b"", 304) if request.headers["If-None-Match"] == '"1"' else request.answer(b"data", ETag='"1"')

    server, path = serve(answering), tmp_path / "base.db"
    first = download(f"{server.url}/base.db", path, etag='"1"')
    assert (first.changed, first.etag, path.read_bytes()) == (True, '"1"', b"data")
    path.write_bytes(b"kept")
    again = download(f"{server.url}/base.db", path, etag='"1"')
    assert (again.changed, path.read_bytes()) == (False, b"kept")
    assert list(tmp_path.iterdir()) == [path]


def test_a_try_that_fails_leaves_nothing_of_itself_in_the_file(serve: Any, tmp_path: Path) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + b"x" * 800
    server = serve(in_turn(lambda each: each.raw(half), lambda each: each.answer(b"data")))
    download(server.url, tmp_path / "base.db")
    assert (tmp_path / "base.db").read_bytes() == b"data"


def test_a_file_that_cannot_be_had_stays_as_it_was(serve: Any, tmp_path: Path) -> None:
    path = tmp_path / "base.db"
    path.write_bytes(b"old")
    server = serve(lambda each: each.answer(b"a" * 2000))
    failing(lambda: download(server.url, path, most=1000))
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"old", [path])


def test_a_folder_that_is_not_there_is_told_as_that(serve: Any, tmp_path: Path) -> None:
    server = serve(lambda each: each.answer())
    path = tmp_path / "gone" / "base.db"
    with pytest.raises(UsageError) as caught:
        download(server.url, path)
    assert str(caught.value) == f"{path}: cannot be written (No such file or directory)"
