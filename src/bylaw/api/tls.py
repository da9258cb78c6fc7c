"""TLS: how the server proves who it is, with certificates that may change while it runs."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from bylaw.errors import ConfigError

if TYPE_CHECKING:
    from bylaw.config import TlsSetting

CHECKED = 10.0
"""Seconds between two looks at the files."""
_CIPHERS = (
    "ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2: forward secrecy and authenticated encryption; all of 1.3 has both
)
_log = logging.getLogger(__name__)


def context(setting: TlsSetting) -> ssl.SSLContext:
    """What connections are made with: TLS 1.2 or newer, HTTP/1.1, and certificates of clients where they are asked for.

    No tickets are given out. What OpenSSL resumes by itself (sessions of TLS 1.2) ends with the context.

    Raises:
        ConfigError: a file cannot be read or does not hold what it should.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(_CIPHERS)
    made.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET | ssl.OP_CIPHER_SERVER_PREFERENCE
    made.num_tickets = 0
    made.set_alpn_protocols(["http/1.1"])
    for name in ("certificate", "key", "client_ca"):
        _must_be_readable(name, getattr(setting, name))
    try:
        made.load_cert_chain(setting.certificate, setting.key, password=_encrypted)
    except _EncryptedError:
        raise ConfigError(f"server.tls.key: {setting.key} is encrypted; expected a key without a password") from None
    except (ssl.SSLError, OSError, ValueError) as error:
        mismatch = "KEY_VALUES_MISMATCH" in str(error)
        why = (
            f"is not the key of {setting.certificate}"
            if mismatch
            else f"or {setting.certificate} is no PEM file of its kind"
        )
        raise ConfigError(f"server.tls.key: {setting.key} {why}") from None
    if setting.client_ca is not None:
        try:
            made.load_verify_locations(setting.client_ca)
        except (ssl.SSLError, OSError, ValueError):
            told = f"server.tls.client_ca: {setting.client_ca} holds no certificate, expected one or more in PEM"
            raise ConfigError(told) from None
        made.verify_mode = ssl.CERT_OPTIONAL
    return made


class Reloader:
    """Certificates that are loaded again when their files change, for the connections that are made from then on.

    ``expires`` is when the server's own one ends, in seconds since 1970.
    """

    def __init__(self, setting: TlsSetting) -> None:
        """
        Raises:
            ConfigError: as for ``context``.
        """
        self._setting = setting
        self._seen = self._state()
        self._context = context(setting)
        self.expires = _end(setting)

    def context(self) -> ssl.SSLContext:
        """What a connection is made with now. A change makes a whole new one: nothing half loaded is ever in use, and
        what was resumed with the one before is not with the new one."""
        return self._context

    def check(self, *, again: bool = False) -> bool:
        """Load the files if they have changed, or ``again`` in any case, and say whether that was done.

        Files that cannot be used are told, and the ones before stay in use.
        """
        state = self._state()
        if state == self._seen and not again:
            return False
        self._seen = state
        try:
            newest, expires = context(self._setting), _end(self._setting)
        except ConfigError as error:
            _log.error("the new certificate cannot be used, so the one before stays in use: %s", error)
            return False
        self._context, self.expires = newest, expires
        if self._state() != state:  # they were changed while they were read: look again
            self._seen = ()
        _log.info("the certificate was loaded anew: %s", self._setting.certificate)
        return True

    async def run(self) -> None:
        """Look at the files now and then, for ever."""
        while True:
            await asyncio.sleep(CHECKED)
            self.check()

    def _state(self) -> tuple[object, ...]:
        """What tells that a file is another one than before."""
        return tuple(_stat(each) for each in (self._setting.certificate, self._setting.key, self._setting.client_ca))


class _EncryptedError(ValueError):
    """A key asks for a password."""


def _encrypted() -> NoReturn:
    raise _EncryptedError


def _must_be_readable(name: str, file: str | None) -> None:
    if file is None:
        return
    try:
        with Path(file).open("rb"):
            pass
    except OSError as error:
        raise ConfigError(f"server.tls.{name}: {file} cannot be read ({error.strerror})") from None


def _stat(file: str | None) -> tuple[int, int, int] | None:
    try:
        found = Path(file).stat() if file else None
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ino, found.st_size) if found else None


def _end(setting: TlsSetting) -> float:
    """When the certificate ends, in seconds since 1970."""
    from cryptography import x509

    try:
        own, *_ = x509.load_pem_x509_certificates(Path(setting.certificate).read_bytes())
    except (OSError, ValueError):
        raise ConfigError(f"server.tls.certificate: {setting.certificate} holds no certificate in PEM") from None
    return own.not_valid_after_utc.timestamp()
