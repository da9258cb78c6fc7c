"""Signatures of bundles, read by PyJWT; OPA's own verdict on them is in tests/real/test_bundles.py."""

from __future__ import annotations

import hashlib
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from bylaw.bundles import Signer, signer_of
from bylaw.config import ServerSettings
from bylaw.errors import ConfigError

P256 = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)


def pem(key: Any, password: bytes | None = None) -> str:
    locked: Any = BestAvailableEncryption(password) if password else NoEncryption()
    said: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)
    return said.decode()


@pytest.mark.parametrize(("key", "algorithm"), [(P256, "ES256"), (RSA, "RS256")])
def test_every_file_is_signed_by_its_hash(key: Any, algorithm: str) -> None:
    files = {"data.json": b'{"b": 1, "a": ["\xe2\x80\xa8"]}', "a.rego": b"package a\n", ".manifest": b'{"roots": []}'}
    token = Signer(pem(key)).sign(files)
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "kid": "bylaw", "typ": "JWT"}
    said = jwt.decode(token, key.public_key(), [algorithm])
    assert said == {
        "iss": "bylaw",
        "files": [
            {"name": name, "algorithm": "SHA-256", "hash": hashlib.sha256(hashed).hexdigest()}
            for name, hashed in (
                (".manifest", b'{"roots":[]}'),
                ("a.rego", b"package a\n"),
                ("data.json", b'{"a":["\\u2028"],"b":1}'),
            )
        ],
    }


WRONG = {
    "no key": "nothing",
    "empty": "",
    "a public key's shape": "-----BEGIN PUBLIC KEY-----\nMFkwEwYH\n-----END PUBLIC KEY-----\n",
    "a password": pem(P256, b"word"),
    "another curve": pem(ec.generate_private_key(ec.SECP384R1())),
    "another algorithm": pem(ed25519.Ed25519PrivateKey.generate()),
    "a short key": pem(rsa.generate_private_key(65537, 1024)),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_key_that_bundles_are_not_signed_with_is_refused_and_not_repeated(what: str) -> None:
    with pytest.raises(ConfigError, match=r"^BUNDLE_KEY holds ") as caught:
        Signer(WRONG[what], "BUNDLE_KEY")
    assert caught.value.__cause__ is None
    assert not any(line in str(caught.value) for line in WRONG[what].split("\n") if line)


def test_a_key_that_settings_name_has_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert signer_of(ServerSettings()) is None
    settings = ServerSettings(bundle_key_env="BUNDLE_KEY")
    monkeypatch.delenv("BUNDLE_KEY", raising=False)
    with pytest.raises(ConfigError, match=r"^server\.bundle_key_env: BUNDLE_KEY is not set"):
        signer_of(settings)
    monkeypatch.setenv("BUNDLE_KEY", pem(P256))
    signer = signer_of(settings)
    assert signer and signer.id == Signer(pem(P256)).id != Signer(pem(RSA)).id
