"""An issuer of OpenID Connect on this machine, as broken as a test wants it, and the tokens it signs."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

if TYPE_CHECKING:
    from collections.abc import Iterator

AUDIENCE = "bylaw"
MAKERS = {
    "RS": lambda: rsa.generate_private_key(65537, 2048),
    "ES": lambda: ec.generate_private_key(ec.SECP256R1()),
    "Ed": ed25519.Ed25519PrivateKey.generate,
}


@cache
def key(kind: str = "ES", number: int = 0) -> Any:
    """A private key; with the same number, the same one."""
    assert number >= 0
    return MAKERS[kind]()


def public(key: Any) -> bytes:
    coded: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return coded


def jwk(key: Any, algorithm: str, kid: str | None = None, **more: Any) -> dict[str, Any]:
    """The public key as an issuer publishes it."""
    made: dict[str, Any] = get_default_algorithms()[algorithm].to_jwk(key.public_key(), as_dict=True)
    made.pop("key_ops", None)
    return {**made, "use": "sig", "alg": algorithm, **({"kid": kid} if kid else {}), **more}


class Provider(ThreadingHTTPServer):
    """``said`` overrides what it says of itself, ``status`` is that of every answer, ``count`` how often it was asked
    for its keys."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.keys: list[Any] = [jwk(key(), "ES256", "one")]
        self.said: dict[str, Any] = {}
        self.body: bytes | None = None
        self.status = 200
        self.count = 0
        self.held = threading.Event()
        self.held.set()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def token(
        self,
        *,
        signer: Any = None,
        algorithm: str = "ES256",
        kid: str | None = "one",
        headers: dict[str, Any] | None = None,
        without: tuple[str, ...] = (),
        **claims: Any,
    ) -> str:
        """A token that is right, but for what the test says."""
        now = int(time.time())
        whole = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "jane",
            "iat": now,
            "exp": now + 300,
            "scope": "reviewer",
            **claims,
        }
        left = {name: value for name, value in whole.items() if name not in without}
        named = {**({"kid": kid} if kid else {}), **(headers or {})}
        return jwt.encode(left, signer or key(), algorithm=algorithm, headers=named)

    def handle_error(self, *_: Any) -> None:
        """The client may leave when it likes."""


class _Request(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        provider = self.server
        if self.path == "/keys":
            provider.count += 1
            value: Any = {"keys": provider.keys}
        elif self.path == "/.well-known/openid-configuration":
            value = {"issuer": provider.issuer, "jwks_uri": f"{provider.issuer}/keys", **provider.said}
        else:
            value = {}
        provider.held.wait(20)
        body = json.dumps(value).encode() if provider.body is None else provider.body
        self.send_response(provider.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def running() -> Iterator[Provider]:
    """Run one."""
    with Provider() as provider:
        thread = threading.Thread(target=provider.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield provider
        finally:
            provider.held.set()
            provider.shutdown()
            thread.join()
