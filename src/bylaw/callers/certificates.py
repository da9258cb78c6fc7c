"""Certificates of clients: who a certificate that TLS has verified stands for."""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any

from bylaw.callers.caller import wrong

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bylaw.callers.caller import Caller

_ALTERNATIVES = frozenset({"DNS", "URI"})


def names(certificate: Mapping[str, Any]) -> frozenset[str]:
    """The names in a certificate, as ``ssl`` decodes one: DNS names, URIs, and the common names of its subject."""
    subject = {value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"}
    alternatives = {value for kind, value in certificate.get("subjectAltName", ()) if kind in _ALTERNATIVES}
    return frozenset(subject | alternatives)


class Certificates:
    """The callers that certificates stand for."""

    def __init__(self, callers: Mapping[str, Caller]) -> None:
        """``callers``: by the name that their certificates have."""
        self._callers = dict(callers)

    def find(self, certificate: Mapping[str, Any]) -> Caller | None:
        """Whose certificate it is: that of the one caller whose name, to the letter, is among its names.

        Raises:
            Refused: it stands for more than one caller, or has ended since the connection was made.
        """
        found = {name: self._callers[name] for name in names(certificate) if name in self._callers}
        if not found:
            return None
        if len(found) > 1:
            raise wrong(f"the certificate stands for more than one caller: it has the names {', '.join(sorted(found))}")
        end = certificate.get("notAfter")
        if end is None or ssl.cert_time_to_seconds(end) < time.time():
            raise wrong("the certificate has ended; connect again with a new one")
        return next(iter(found.values()))
