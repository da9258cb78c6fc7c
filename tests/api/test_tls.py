"""TLS over real sockets: what is agreed on, who a client is, and certificates that change under way."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import logging
import os
import signal
import ssl
import warnings
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from bylaw.api import protocol, tls
from bylaw.callers.certificates import names
from bylaw.config import TlsSetting
from bylaw.errors import ConfigError
from tests.api.edge import Authority, answer, edge, private, request, rest
from tests.api.served import serving, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.api.edge import Edge


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def setting(folder: Path, authority: Authority, *, clients: bool = True) -> TlsSetting:
    """Files for a server in a folder."""
    certificate, key = authority.files(folder, "server")
    client_ca = str(authority.write(folder / "clients.crt")) if clients else None
    return TlsSetting(str(certificate), str(key), client_ca)


def always(setting: TlsSetting) -> Callable[[], ssl.SSLContext]:
    made = tls.context(setting)
    return lambda: made


def client(authority: Authority, own: tuple[Path, Path] | None = None) -> ssl.SSLContext:
    """A client that believes in the server's authority, with a certificate of its own if one is given."""
    made = ssl.create_default_context(cadata=authority.pem().decode())
    if own:
        made.load_cert_chain(*own)
    return made


def is_served(running: Edge, made: ssl.SSLContext) -> bool:
    """Whether a client gets an answer. With TLS 1.3 it learns only then that its certificate was refused."""
    try:
        return running.ask("/", made)[0] == 200
    except (ssl.SSLError, ConnectionError):
        return False


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def running(folder: Path, authority: Authority) -> Iterator[Edge]:
    with edge(always(setting(folder, authority))) as running:
        yield running


# -- what is agreed on


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_is_of_a_version_that_holds(
    running: Edge, folder: Path, authority: Authority, version: ssl.TLSVersion
) -> None:
    made = client(authority)
    made.minimum_version = made.maximum_version = version
    made.set_alpn_protocols(["h2", "http/1.1"])
    with running.connect(made) as connected:
        assert isinstance(connected, ssl.SSLSocket)
        assert connected.selected_alpn_protocol() == "http/1.1"
        cipher = connected.cipher()
        assert cipher is not None
        assert ("GCM" in cipher[0] or "CHACHA20" in cipher[0]) is True
        connected.sendall(request("/"))
        assert answer(connected) == (200, "/ 0  1")
        assert not connected.session_reused


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_an_older_version_is_refused(
    running: Edge, folder: Path, authority: Authority, version: ssl.TLSVersion
) -> None:
    made = client(authority)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that it is old is what is tested
        made.minimum_version = made.maximum_version = version
        made.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            running.connect(made)


@pytest.mark.parametrize("ciphers", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "NULL", "AES256-GCM-SHA384"])
def test_a_cipher_without_forward_secrecy_or_authentication_is_refused(
    running: Edge, folder: Path, authority: Authority, ciphers: str
) -> None:
    made = client(authority)
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        running.connect(made)


# -- who a client is


def test_the_certificate_of_a_client_reaches_the_application(running: Edge, folder: Path, authority: Authority) -> None:
    own = authority.files(folder, "ci", client=True)
    assert running.ask("/", client(authority, own)) == (200, "/ 0 ci 1")


def test_a_client_may_have_none(running: Edge, folder: Path, authority: Authority) -> None:
    assert running.ask("/", client(authority)) == (200, "/ 0  1")


def test_the_names_of_a_certificate_are_those_that_callers_are_known_by(folder: Path, authority: Authority) -> None:
    seen = []

    async def app(scope: object, receive: object, send: object) -> None:
        seen.append(protocol.certificate(scope))  # type: ignore[arg-type]  # of ASGI
        raise ConnectionError

    spiffe = x509.UniformResourceIdentifier("spiffe://example.com/ci")
    dns = x509.DNSName("ci.example.com")
    own = authority.files(folder, "named", client=True, san=(dns, spiffe, x509.RFC822Name("ci@example.com")))
    with edge(always(setting(folder, authority)), app=app) as running:
        running.ask("/", client(authority, own))
    [shown] = seen
    assert shown is not None
    assert names(shown) == {"named", "ci.example.com", "spiffe://example.com/ci"}


@pytest.mark.parametrize("fault", ["a stranger vouches for it", "it has ended", "it is that of a server"])
def test_a_certificate_that_is_not_good_ends_the_connection(
    running: Edge, folder: Path, authority: Authority, fault: str
) -> None:
    own = {
        "a stranger vouches for it": Authority("stranger").files(folder, "foreign", client=True),
        "it has ended": authority.files(folder, "ended", client=True, ends=-1),
        "it is that of a server": authority.files(folder, "server-as-client"),
    }[fault]
    assert not is_served(running, client(authority, own))
    assert is_served(running, client(authority))


def test_without_client_ca_nobody_is_known_by_a_certificate(tmp_path: Path, authority: Authority) -> None:
    own = authority.files(tmp_path, "ci", client=True)
    with edge(always(setting(tmp_path, authority, clients=False))) as running:
        assert running.ask("/", client(authority, own)) == (200, "/ 0  1")


# -- who is slow or speaks something else


def test_who_does_not_agree_on_tls_in_time_is_cut_while_others_are_served(
    running: Edge, folder: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HANDSHAKE_SECONDS", 0.1)
    with running.connect() as silent, running.connect() as begun:
        begun.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert running.ask("/", client(authority)) == (200, "/ 0  1")
        assert (rest(silent), rest(begun)) == (b"", b"")


def test_who_does_not_speak_tls_is_cut(running: Edge, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), running.connect() as plain:
        plain.sendall(request("/"))
        assert b"HTTP/1.1 200" not in rest(plain)
    assert caplog.records == []


def test_those_who_are_still_agreeing_count(
    folder: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "SPARE", 0)
    with edge(always(setting(folder, authority)), connections=2) as running:
        with running.connect() as one, running.connect() as two:
            while running.server.connections < 2:
                pass
            with running.connect() as surplus:
                assert rest(surplus) == b""
            del one, two
        while running.server.connections:
            pass
        assert running.ask("/", client(authority)) == (200, "/ 0  1")


# -- certificates that change


@pytest.fixture
def reloader(tmp_path: Path, authority: Authority) -> tls.Reloader:
    return tls.Reloader(setting(tmp_path, authority))


def serial(running: Edge, made: ssl.SSLContext) -> str:
    """The serial number of the certificate that the server shows."""
    with running.connect(made) as connected:
        assert isinstance(connected, ssl.SSLSocket)
        shown = connected.getpeercert()
        assert shown is not None
        return str(shown["serialNumber"])


def test_a_new_certificate_is_shown_to_new_connections_and_old_ones_go_on(
    tmp_path: Path, authority: Authority, reloader: tls.Reloader
) -> None:
    made = client(authority)
    with edge(reloader.context) as running:
        before = serial(running, made)
        assert not reloader.check()
        with running.connect(made) as connected:
            authority.files(tmp_path, "server")
            assert reloader.check()
            assert not reloader.check()
            assert serial(running, made) != before
            connected.sendall(request("/"))
            assert answer(connected) == (200, "/ 0  1")


def test_it_is_shown_to_clients_that_name_no_server_too(
    tmp_path: Path, authority: Authority, reloader: tls.Reloader
) -> None:
    made = client(authority)
    made.check_hostname = False
    with edge(reloader.context) as running:

        def unnamed() -> str:
            with made.wrap_socket(running.connect()) as connected:
                shown = connected.getpeercert()
                assert shown is not None
                return str(shown["serialNumber"])

        before = unnamed()
        authority.files(tmp_path, "server")
        reloader.check()
        assert unnamed() not in {before, ""}


def test_those_who_vouch_for_clients_change_too(tmp_path: Path, authority: Authority, reloader: tls.Reloader) -> None:
    other = Authority("other")
    old = client(authority, authority.files(tmp_path, "old", client=True))
    new = client(authority, other.files(tmp_path, "new", client=True))
    with edge(reloader.context) as running:
        assert running.ask("/", old) == (200, "/ 0 old 1")
        assert not is_served(running, new)
        other.write(tmp_path / "clients.crt")
        assert reloader.check()
        assert running.ask("/", new) == (200, "/ 0 new 1")
        assert not is_served(running, old)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_session_outlives_those_who_vouched_for_it(
    tmp_path: Path, authority: Authority, reloader: tls.Reloader, version: ssl.TLSVersion
) -> None:
    old = client(authority, authority.files(tmp_path, "old", client=True))
    old.minimum_version = old.maximum_version = version
    with edge(reloader.context) as running:
        with running.connect(old) as first:
            assert isinstance(first, ssl.SSLSocket)
            first.sendall(request("/"))
            assert answer(first) == (200, "/ 0 old 1")
            session = first.session
        Authority("other").write(tmp_path / "clients.crt")
        reloader.check()
        status = 0
        with (
            contextlib.suppress(ssl.SSLError, ConnectionError),
            running.connect() as plain,
            old.wrap_socket(plain, server_hostname="localhost", session=session) as second,
        ):
            second.sendall(request("/"))
            status, _ = answer(second)
        assert status == 0


def test_a_pair_that_does_not_fit_leaves_the_one_before_and_is_told_once(
    tmp_path: Path, authority: Authority, reloader: tls.Reloader, caplog: pytest.LogCaptureFixture
) -> None:
    made = client(authority)
    key = tmp_path / "server.key"
    with edge(reloader.context) as running:
        before = serial(running, made)
        key.write_bytes(private(ec.generate_private_key(ec.SECP256R1())))
        caplog.set_level(logging.INFO)
        caplog.clear()
        assert [reloader.check() for _ in range(3)] == [False, False, False]
        assert [each.getMessage() for each in caplog.records] == [
            "the new certificate cannot be used, so the one before stays in use: "
            f"server.tls.key: {key} is not the key of {tmp_path / 'server.crt'}"
        ]
        assert serial(running, made) == before
        authority.files(tmp_path, "server")
        assert reloader.check()
        assert serial(running, made) != before


def test_files_that_are_gone_for_a_moment_leave_the_one_before(
    tmp_path: Path, authority: Authority, reloader: tls.Reloader
) -> None:
    (tmp_path / "server.crt").unlink()
    assert not reloader.check()
    authority.files(tmp_path, "server")
    assert reloader.check()


def test_files_behind_a_link_that_turns_are_new_ones(tmp_path: Path, authority: Authority) -> None:
    """As Kubernetes mounts a Secret: the folder ``..data`` is a link to the newest one."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        setting(tmp_path / name, authority)
    link = tmp_path / "..data"
    link.symlink_to("one")
    reloader = tls.Reloader(TlsSetting(str(link / "server.crt"), str(link / "server.key"), str(link / "clients.crt")))
    (tmp_path / "next").symlink_to("two")
    os.replace(tmp_path / "next", link)
    assert reloader.check()
    assert not reloader.check()


def test_files_are_loaded_again_where_that_is_asked_for(reloader: tls.Reloader) -> None:
    assert reloader.check(again=True)


def test_the_end_of_the_certificate_is_known(tmp_path: Path, authority: Authority, reloader: tls.Reloader) -> None:
    before = reloader.expires
    authority.files(tmp_path, "server", ends=30)
    reloader.check()
    assert 28 * 86400 < reloader.expires - before < 30 * 86400


# -- the whole server


def test_the_server_knows_callers_by_their_certificates_and_shows_a_new_one_of_its_own_after_sighup(
    tmp_path: Path, authority: Authority
) -> None:
    made = setting(tmp_path, authority)
    token = "bylaw_Tb2v8QmY0sL4kWcE7nR1xZpJ6hUdG3aF9oViKtSyM5"
    callers = [
        {"name": "cluster", "scopes": ["catalog:read"], "certificate": "kube-apiserver"},
        {"name": "ci", "scopes": ["catalog:read"], "token_sha256": hashlib.sha256(token.encode()).hexdigest()},
    ]
    files = {"certificate": made.certificate, "key": made.key, "client_ca": made.client_ca}
    folder = written(tmp_path / "served", f"server: {json.dumps({'tls': files, 'callers': callers})}\n")
    cluster = client(authority, authority.files(tmp_path, "kube-apiserver", client=True))
    other = client(authority, authority.files(tmp_path, "somebody", client=True))
    nobody = client(authority)
    with serving(folder, "--host", "127.0.0.1") as server:

        def ask(context: ssl.SSLContext, **headers: str) -> int:
            connection = http.client.HTTPSConnection("localhost", server.address[1], context=context, timeout=30)
            with contextlib.closing(connection):
                connection.request("GET", "/v1/entities/component:default/orders", headers=headers)
                return connection.getresponse().status

        assert server.url.startswith("https://")
        bearer = {"Authorization": f"Bearer {token}"}
        assert (ask(cluster), ask(nobody, **bearer), ask(other, **bearer)) == (200, 200, 200)
        assert (ask(nobody), ask(other), ask(cluster, **bearer)) == (401, 401, 401)
        renewed = Authority("renewed")
        renewed.files(tmp_path, "server")
        server.process.send_signal(signal.SIGHUP)
        server.until("the certificate was loaded anew")
        assert ask(client(renewed), **bearer) == 200


# -- files


@pytest.mark.parametrize("which", ["certificate", "key", "client_ca"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, authority: Authority, which: str) -> None:
    made = setting(tmp_path, authority)
    os.unlink(getattr(made, which))
    with pytest.raises(ConfigError) as error:
        tls.context(made)
    assert str(error.value) == (
        f"server.tls.{which}: {getattr(made, which)} cannot be read (No such file or directory)"
    )


@pytest.mark.parametrize(
    ("which", "content", "why"),
    [
        ("certificate", b"", "server.tls.key: {key} or {certificate} is no PEM file of its kind"),
        ("key", b"-----BEGIN NOTHING-----\n", "server.tls.key: {key} or {certificate} is no PEM file of its kind"),
        (
            "key",
            private(ec.generate_private_key(ec.SECP256R1())),
            "server.tls.key: {key} is not the key of {certificate}",
        ),
        (
            "key",
            private(ec.generate_private_key(ec.SECP256R1()), b"password"),
            "server.tls.key: {key} is encrypted; expected a key without a password",
        ),
        (
            "client_ca",
            b"no certificate",
            "server.tls.client_ca: {client_ca} holds no certificate, expected one or more in PEM",
        ),
    ],
)
def test_a_file_that_does_not_hold_what_it_should_is_named(
    tmp_path: Path, authority: Authority, which: str, content: bytes, why: str
) -> None:
    made = setting(tmp_path, authority)
    with open(getattr(made, which), "wb") as file:
        file.write(content)
    with pytest.raises(ConfigError) as error:
        tls.Reloader(made)
    told = why.format(key=made.key, certificate=made.certificate, client_ca=made.client_ca)
    assert str(error.value) == told
