"""The connections under ``web``: urllib3's, through the proxy of the environment, with answers read in time."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    import urllib3

_BUFFER = 64 * 1024


def proxy_of(url: str) -> str:
    """The proxy that the environment (HTTPS_PROXY, NO_PROXY and their like) names for an address; empty: none."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    return "" if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme, "")


def manager(scheme: str, proxy: str, left: Callable[[], float]) -> urllib3.PoolManager:
    """Connections for ``http`` or ``https``. ``left`` gives the seconds that the next byte may take, or raises."""
    import ssl

    import urllib3

    at = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    # To read what is trusted, by this machine or in SSL_CERT_FILE, takes a while.
    trusted = ssl.create_default_context() if "https" in {scheme, at.scheme} else None
    made = urllib3.PoolManager(ssl_context=trusted)
    if proxy:
        login = f"{unquote(at.username)}:{unquote(at.password or '')}" if at.username else None
        headers = urllib3.make_headers(proxy_basic_auth=login) if login else None
        bare = at._replace(netloc=at.netloc.rpartition("@")[2]).geturl()
        made = urllib3.ProxyManager(bare, proxy_headers=headers, ssl_context=trusted)
    made.pool_classes_by_scheme = _pools(left)
    return made


def close(made: urllib3.PoolManager) -> None:
    """Close the connections that are not in use."""
    for key in made.pools.keys():  # noqa: SIM118  (it can be walked through in no other way)
        made.pools[key].close()


class _Timely(io.RawIOBase):
    """What a socket sends, each part of it waited for no longer than there is time.

    The time-out of a socket starts anew with every byte; a server that sends one now and then would never end.
    """

    def __init__(self, file: Any, connection: socket.socket, left: Callable[[], float]) -> None:
        self._file, self._connection, self._left = file, connection, left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._connection.settimeout(self._left())
        count: int | None = self._file.readinto(buffer)
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


def _pools(left: Callable[[], float]) -> dict[str, Any]:
    """The connections of urllib3, with answers that are read in time."""
    from http.client import HTTPResponse

    from urllib3 import connection, connectionpool

    class Source:
        def __init__(self, connected: Any) -> None:
            self._connected = connected

        def makefile(self, mode: str) -> io.BufferedReader:
            return io.BufferedReader(_Timely(self._connected.makefile(mode, 0), self._connected, left), _BUFFER)

    class Response(HTTPResponse):
        def __init__(self, connected: Any, *arguments: Any, **named: Any) -> None:
            super().__init__(Source(connected), *arguments, **named)  # type: ignore[arg-type]  # it makes a file of it

    class Plain(connection.HTTPConnection):
        response_class = Response

    class Secure(connection.HTTPSConnection):
        response_class = Response

    class PlainPool(connectionpool.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(connectionpool.HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
