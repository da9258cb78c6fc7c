"""Who may call, by bylaw.yaml: by default nobody."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bylaw.callers import addresses, scopes, tokens
from bylaw.callers.caller import Caller, Refused, unknown, wrong
from bylaw.callers.certificates import Certificates
from bylaw.callers.limits import Limits
from bylaw.callers.tokens import Tokens
from bylaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from bylaw.callers.oidc import Issuers
    from bylaw.config import CallerSetting, ServerSettings

LOCAL = Caller("local", scopes.ALL)
"""Anyone on this machine, where nobody is configured and nobody else reaches the server."""
_LONGEST_TOKEN = 16 * 1024  # characters
_LONGEST_NAME = 100  # characters
_VISIBLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class _Known:
    """Those who are known, by what they show."""

    tokens: Tokens
    certificates: Certificates
    issuers: Issuers | None
    both: frozenset[str]
    """The names of those who have to show both a token and a certificate."""
    anyone: Caller | None
    """Whoever shows neither."""


class Callers:
    """Who calls, what they may do, and how often."""

    def __init__(self, known: _Known | None) -> None:
        self._known = known
        self._limits = Limits()
        self._attempts = Limits()

    @classmethod
    def of(cls, settings: ServerSettings, environment: Mapping[str, str], *, loopback: bool) -> Callers:
        """Those that the settings name. ``loopback``: the server is reached from its own machine alone.

        Raises:
            ConfigError: the settings say something that cannot hold; every fault of them, a line each.
        """
        faults = [*_faults(settings), *_missing(settings, environment)]
        if faults:
            raise ConfigError("\n".join(faults))
        if loopback and not settings.callers and not settings.oidc:
            return cls(None)
        return cls(_known(settings))

    @property
    def open(self) -> bool:
        """Whether anyone on this machine may call and do everything."""
        return self._known is None

    async def identify(
        self,
        authorization: str | None,
        certificate: Mapping[str, Any] | None,
        *,
        peer: str = "",
        host: str | None = None,
    ) -> Caller:
        """Who calls, by the ``Authorization`` header and the certificate that TLS has verified, as ``ssl`` decodes it.

        ``peer`` is the address of the other side: attempts that fail are counted by it. ``host`` is the ``Host``
        header. A server that is open to its own machine demands that it names this machine; otherwise a page that
        somebody looks at here could call in their name, from a host that was made to lead here.

        Raises:
            Refused: nobody who is known (401), a strange host (403), too many attempts (429), or nothing to know them
                by at this time (503).
        """
        if self._known is None:
            if host is not None and not addresses.is_loopback(addresses.host_of(host)):
                raise Refused(403, "this server is open to its own machine alone; call it as localhost or 127.0.0.1")
            return LOCAL
        try:
            return await self._identify(self._known, authorization, certificate, peer)
        except Refused as refused:
            if refused.status == 401:
                self._attempts.attempt(peer)
            raise

    def enter(self, caller: Caller, scope: str) -> AbstractContextManager[None]:
        """One request of a caller for a route of that scope, from here to the end of the ``with`` block.

        Raises:
            Refused: it may not do that (403), or has more requests than it may (429).
        """
        if scope not in caller.scopes:
            self._limits.count(caller)
            may = ", ".join(sorted(caller.scopes)) or "nothing"
            header = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
            raise Refused(403, f"{caller.name} may not do this: it takes {scope}, and may do {may}", header)
        return self._limits.enter(caller)

    async def _identify(
        self, known: _Known, authorization: str | None, certificate: Mapping[str, Any] | None, peer: str
    ) -> Caller:
        shown = known.certificates.find(certificate) if certificate else None
        if authorization is None:
            if shown is None and certificate:
                raise unknown("the certificate is of nobody who may call; name it in server.callers, or send a token")
            if shown is None and known.anyone:
                return known.anyone
            if shown is None:
                raise unknown("nothing says who calls; send `Authorization: Bearer` with a token, or a certificate")
            if shown.name in known.both:
                raise unknown(f"{shown.name} has to send its token, too")
            return shown
        token = _bearer(authorization)
        caller = known.tokens.find(token)
        if caller is None and known.issuers:
            caller = await known.issuers.find(token, lambda: self._attempts.allow(peer))
        if caller is None:
            raise wrong("the token is none of those configured here")
        if shown is not None and shown != caller:
            raise wrong(f"the token is that of {caller.name}, and the certificate that of {shown.name}")
        if shown is None and caller.name in known.both:
            raise wrong(f"{caller.name} has to show its certificate, too")
        return caller


def _bearer(authorization: str) -> str:
    """The token of an ``Authorization`` header.

    Raises:
        Refused: there is none in it.
    """
    scheme, _, token = authorization.strip(" \t").partition(" ")
    token = token.strip(" ")
    if scheme.lower() != "bearer" or not token:
        raise unknown("the Authorization header has no token; expected `Bearer` and the token")
    if len(token) > _LONGEST_TOKEN or not _VISIBLE.fullmatch(token):
        raise wrong(f"the token has more than {_LONGEST_TOKEN:,} characters, or some that no token has")
    return token


def _known(settings: ServerSettings) -> _Known:
    callers = {each.name: _caller(each) for each in settings.callers}
    issuers: Issuers | None = None
    if settings.oidc:
        from bylaw.callers.oidc import Issuers

        issuers = Issuers(settings.oidc)
    return _Known(
        Tokens({each.token_sha256: callers[each.name] for each in settings.callers if each.token_sha256}),
        Certificates({each.certificate: callers[each.name] for each in settings.callers if each.certificate}),
        issuers,
        frozenset(each.name for each in settings.callers if each.token_sha256 and each.certificate),
        next((callers[each.name] for each in settings.callers if each.anyone), None),
    )


def _caller(setting: CallerSetting) -> Caller:
    return Caller(setting.name, frozenset(setting.scopes), setting.rate, setting.concurrent)


def _faults(settings: ServerSettings) -> Iterator[str]:
    """What is wrong with those who may call, a line each."""
    for number, caller in enumerate(settings.callers):
        where = f"server.callers.{number} ({caller.name})"
        if not 0 < len(caller.name) <= _LONGEST_NAME or not caller.name.isprintable() or "#" in caller.name:
            where = f"server.callers.{number}"
            yield f"{where}: name: expected 1 to {_LONGEST_NAME} printable characters without #"
        yield from (f"{where}: {fault}" for fault in _faults_of(caller, settings))
    yield from _twice("name", [(each.name, each.name) for each in settings.callers])
    hashes = [(each.token_sha256.lower(), each.name) for each in settings.callers if each.token_sha256]
    yield from _twice("token_sha256", hashes)
    yield from _twice("anyone", [("", each.name) for each in settings.callers if each.anyone])
    yield from _twice("certificate", [(each.certificate, each.name) for each in settings.callers if each.certificate])
    if settings.oidc:
        from bylaw.callers import oidc

        for number, issuer in enumerate(settings.oidc):
            yield from (f"server.oidc.{number} ({issuer.issuer}): {fault}" for fault in oidc.faults(issuer))
        issuers = Counter(each.issuer for each in settings.oidc)
        yield from (
            f"server.oidc: {name} stands there {count} times, expected once"
            for name, count in issuers.items()
            if count > 1
        )


def _twice(what: str, given: Sequence[tuple[str, str]]) -> Iterator[str]:
    """What is given to more than one caller; ``given``: the value, and the name of the caller."""
    for value, count in Counter(value for value, _ in given).items():
        if count > 1:
            names = ", ".join(name for each, name in given if each == value)
            yield f"server.callers: {count} have the same {what}: {names}; expected one each"


def _faults_of(caller: CallerSetting, settings: ServerSettings) -> Iterator[str]:
    yield from (f"scopes: {fault}" for fault in scopes.faults(caller.scopes))
    if caller.token_sha256 is None and caller.certificate is None and not caller.anyone:
        yield "has neither token_sha256 nor certificate, so nobody can be it; `bylaw token` makes a token"
    if caller.anyone and (caller.token_sha256 is not None or caller.certificate is not None):
        yield "anyone: is whoever shows nothing, so it has neither token_sha256 nor certificate"
    if caller.token_sha256 is not None and (fault := tokens.fault(caller.token_sha256)):
        yield fault
    if caller.certificate is not None:
        if not caller.certificate:
            yield "certificate: is empty, expected a name that stands in the certificate"
        if settings.tls is None or settings.tls.client_ca is None:
            yield "certificate: none is ever asked for; server.tls.client_ca names those who vouch for it"


def _missing(settings: ServerSettings, environment: Mapping[str, str]) -> Iterator[str]:
    """The secrets by which callers are known, and which the environment does not have."""
    name = settings.events_secret_env
    if name is not None and not environment.get(name):
        yield f"server.events_secret_env: {name} is not set, or empty; expected the key that events are signed with"
