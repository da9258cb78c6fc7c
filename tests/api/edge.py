"""The edge of the server for tests: a listener with an application of the test behind it, and certificates."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import socket
import threading
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bylaw.api import protocol
from bylaw.config import ServerSettings

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

DAY = datetime.timedelta(days=1)
PATIENCE = 20.0  # seconds after which a test that waits has failed


_SIGNING = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


class Authority:
    """Vouches for certificates. ``files`` writes one for a name, and its key."""

    def __init__(self, name: str = "test-ca") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = (
            _builder(self.name, self.name, self.key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .add_extension(_SIGNING, critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def write(self, path: Path) -> Path:
        path.write_bytes(self.pem())
        return path

    def files(
        self, folder: Path, name: str, *, san: tuple[x509.GeneralName, ...] = (), client: bool = False, ends: int = 1
    ) -> tuple[Path, Path]:
        """Certificate and key of a server or client; ``ends``: in how many days."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        voucher = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())  # Python 3.13 wants it
        builder = _builder(subject, self.name, key, ends).add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        builder = builder.add_extension(voucher, critical=False)
        names = san or (
            () if client else (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        paths = folder / f"{name}.crt", folder / f"{name}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(private(key))
        return paths


def private(key: ec.EllipticCurvePrivateKey, password: bytes | None = None) -> bytes:
    coding = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, coding)


def _builder(subject: x509.Name, issuer: x509.Name, key: Any, ends: int = 1) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 2 * DAY)
        .not_valid_after(now + ends * DAY)
    )


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the path that was asked for and how many bytes came with it; at once on /early and /never."""
    size = 0
    if scope["path"] == "/never":
        await asyncio.Event().wait()
    if scope["path"] != "/early":
        while True:
            message = await receive()
            size += len(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body"):
                break
    shown = protocol.certificate(scope)
    names = [value for part in shown["subject"] for _, value in part] if shown else []
    body = f"{scope['path']} {size} {','.join(names)} {len(scope['headers'])}".encode()
    if scope["path"] == "/large":
        body = b"x" * 20_000_000
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]}
    )
    await send({"type": "http.response.body", "body": body})


class Edge:
    """A listener that runs in a thread of the test. ``faults`` are those that nobody caught."""

    def __init__(self, server: protocol.Server, port: int) -> None:
        self.server, self.port = server, port
        self.faults: list[dict[str, Any]] = []

    @property
    def listeners(self) -> list[Any]:
        return list(self.server._listeners)

    def connect(self, client: ssl.SSLContext | None = None) -> socket.socket:
        plain = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        return client.wrap_socket(plain, server_hostname="localhost") if client else plain

    def ask(self, path: str = "/", client: ssl.SSLContext | None = None) -> tuple[int, str]:
        """Status and body of a request on a connection of its own."""
        with self.connect(client) as connected:
            connected.sendall(request(path))
            return answer(connected)


def request(path: str = "/", **headers: str) -> bytes:
    fields = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "localhost", **headers}.items())
    return f"GET {path} HTTP/1.1\r\n{fields}\r\n".encode()


def answer(connected: socket.socket) -> tuple[int, str]:
    """One answer off a connection; (0, "") where it was closed instead."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connected.recv(65536)
        if not part:
            return 0, ""
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    sizes = [int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")]
    while len(body) < sizes[0]:
        body += connected.recv(65536)
    return int(lines[0].split()[1]), body.decode()


def rest(connected: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connected.recv(65536):
            received += part
    return received


@contextlib.contextmanager
def edge(
    context: protocol.Context | None = None, *, connections: int = 1000, app: Any = echo, graceful: int = 0
) -> Iterator[Edge]:
    """Listen on a port of this machine. ``graceful``: the seconds in which it finishes what it began."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = protocol.server(app, ServerSettings(connections=connections), context, timeout_graceful_shutdown=graceful)
    server.config.configure_logging()
    running = Edge(server, listening.getsockname()[1])

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, fault: running.faults.append(fault))
        await server.serve(sockets=[listening])

    factory = server.config.get_loop_factory()

    def in_thread() -> None:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(run())

    thread = threading.Thread(target=in_thread)
    thread.start()
    try:
        yield running
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive()
