"""Addresses that secrets or trust depend on: over https, or of this very machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and nothing else: ``localhost``, or an address such as 127.0.0.1."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def fault(address: str) -> str:
    """What is wrong with an address that must not be listened to or changed on its way; empty: nothing."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is no address, expected such as https://id.example.com"
    if parts.username is not None or parts.query or parts.fragment or not host:
        return "expected an address such as https://id.example.com, without user, query or fragment"
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        return "expected https: whoever is between could make the keys that are believed; http only on this machine"
    return ""


def host_of(header: str) -> str:
    """The host that a ``Host`` header names, in lower case, without its port."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""
