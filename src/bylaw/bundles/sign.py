"""Signatures of bundles, as OPA verifies them: a JSON Web Token over the hash of every file."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bylaw.config import ServerSettings

KEY_ID = "bylaw"
"""The key id that a signature names, where whoever verifies it names none."""

_CURVE = "secp256r1"
_LEAST_BITS = 2048
_STRUCTURED = (".manifest", "data.json")  # these OPA reads, and hashes what they say


class Signer:
    """Signs with a private key: RS256 where it is one of RSA, ES256 where it is one of P-256.

    Raises:
        ConfigError: the key is neither; ``named`` says where it comes from, and the message repeats nothing of it.
    """

    def __init__(self, key: str, named: str = "the key") -> None:
        from cryptography.hazmat.primitives.asymmetric import ec, rsa
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            PublicFormat,
            load_pem_private_key,
        )

        try:
            private = load_pem_private_key(key.encode(), None)
        except (ValueError, TypeError):
            raise ConfigError(f"{named} holds no private key in PEM without a password") from None
        if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= _LEAST_BITS:
            self._algorithm = "RS256"
        elif isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name == _CURVE:
            self._algorithm = "ES256"
        else:
            raise ConfigError(
                f"{named} holds another key than bundles are signed with: RSA of {_LEAST_BITS} bits, P-256"
            )
        self._key: Any = private
        public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.id = hashlib.sha256(public).hexdigest()
        """Tells the key from others; it is no secret."""

    def sign(self, files: Mapping[str, bytes]) -> str:
        """The token over the files of a bundle."""
        import jwt

        said = [{"name": name, "hash": _hash(name, files[name]), "algorithm": "SHA-256"} for name in sorted(files)]
        return jwt.encode({"files": said, "iss": "bylaw"}, self._key, self._algorithm, headers={"kid": KEY_ID})


def signer_of(settings: ServerSettings) -> Signer | None:
    """What signs bundles under these settings; None: nothing does.

    Raises:
        ConfigError: there is no key, or none that bundles are signed with.
    """
    named = settings.bundle_key_env
    if named is None:
        return None
    key = os.environ.get(named)
    if not key:
        raise ConfigError(f"server.bundle_key_env: {named} is not set; it holds the key with which bundles are signed")
    return Signer(key, named)


def _hash(name: str, content: bytes) -> str:
    return hashlib.sha256(_canonical(content) if name in _STRUCTURED else content).hexdigest()


def _canonical(content: bytes) -> bytes:
    """JSON as Go writes it, the keys in order: it escapes the two line ends that JavaScript knows besides."""
    written = orjson.dumps(orjson.loads(content), option=orjson.OPT_SORT_KEYS)
    return written.replace("\u2028".encode(), rb"\u2028").replace("\u2029".encode(), rb"\u2029")
