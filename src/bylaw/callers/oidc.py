"""Tokens of OpenID Connect: whose signature holds, and what they let do.

Nothing that a token says is used before its signature holds, but for which issuer and which key it names. Neither the
keys nor the algorithms ever come from the token: keys are those that the issuer publishes, algorithms those of the
settings, each bound to a kind of key.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jwt

from bylaw.callers import addresses
from bylaw.callers.caller import Caller, later, wrong
from bylaw.errors import BylawError
from bylaw.sources.web import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bylaw.config import OidcSetting

ALGORITHMS: Mapping[str, tuple[str, frozenset[str]]] = {
    **{name: ("RSA", frozenset()) for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")},
    "ES256": ("EC", frozenset({"P-256"})),
    "ES384": ("EC", frozenset({"P-384"})),
    "ES512": ("EC", frozenset({"P-521"})),
    "EdDSA": ("OKP", frozenset({"Ed25519", "Ed448"})),
}
"""The algorithms that may be allowed, and the kind of key and the curves that go with each. All are asymmetric: who can
check a signature cannot make one."""
FRESH = 300.0
"""Seconds for which keys are used before they are asked for again: a key that the issuer takes back holds no longer."""
KEPT = 3600.0
"""Seconds for which keys are used while the issuer cannot be had."""
PAUSE = 10.0
"""Seconds between two times that an issuer is asked, whatever tokens arrive."""
MOST_LEEWAY = 300.0
"""Seconds by which clocks may be said to differ."""
_PATIENCE = 1.0  # seconds that a call waits for newer keys while there are known ones
_SECONDS = 3.0  # that the issuer may take for one of its two answers, tries and pauses and all
_ANSWER = 512 * 1024  # bytes of an answer of the issuer
_KEYS = 100  # of an issuer
_SUBJECT = 255  # characters, as OpenID Connect has it
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_REMEMBERED = 4096  # tokens whose signature was seen to hold
_LONGEST = 3600.0  # seconds for which that is remembered
_FOREVER_AGO = -math.inf

_log = logging.getLogger(__name__)
_Keys = dict[tuple[str | None, str], jwt.PyJWK]


def faults(setting: OidcSetting) -> Iterator[str]:
    """What is wrong with the settings of an issuer, a clause each."""
    from bylaw.callers import scopes
    from bylaw.model import did_you_mean

    if fault := addresses.fault(setting.issuer):
        yield f"issuer: {fault}"
    if not setting.audience:
        yield "audience: is empty, expected what has to stand in `aud`"
    if not setting.algorithms:
        yield "algorithms: names none; expected some of " + ", ".join(ALGORITHMS)
    for name in setting.algorithms:
        if name.lower() == "none" or name.startswith("HS"):
            yield f"algorithms: {name} is never believed: anybody could sign with it; expected such as RS256"
        elif name not in ALGORITHMS:
            yield f"algorithms: there is no {name}{did_you_mean(name, ALGORITHMS)}; there are {', '.join(ALGORITHMS)}"
    if not 0 <= setting.leeway <= MOST_LEEWAY:
        yield f"leeway: {setting.leeway:g} seconds, expected 0 to {MOST_LEEWAY:g}"
    if not setting.claim:
        yield "claim: is empty, expected such as scope or realm_access.roles"
    if not setting.scopes:
        yield "scopes: maps no value, so its tokens let do nothing; expected such as {reviewer: [admission:review]}"
    for value, named in setting.scopes.items():
        yield from (f"scopes, {value}: {fault}" for fault in scopes.faults(named))


class Issuers:
    """All whose tokens are believed."""

    def __init__(self, settings: Sequence[OidcSetting], clock: Callable[[], float] = time.monotonic) -> None:
        self._issuers = {setting.issuer: _Issuer(setting, clock) for setting in settings}
        self._known: dict[bytes, tuple[_Keys, float, Caller]] = {}

    async def find(self, token: str, allow: Callable[[], None]) -> Caller:
        """Whose token it is. ``allow`` is called before its signature is checked, and may raise.

        Raises:
            Refused: the token is not believed (401), or there are no keys to check it with (503).
        """
        header, claims = _read(token)
        issuer = self._issuers.get(claims["iss"]) if isinstance(claims.get("iss"), str) else None
        if issuer is None:
            raise wrong("the token comes from an issuer that is not believed here")
        digest = hashlib.sha256(token.encode()).digest()
        keys = await issuer.keys()
        known = self._known.pop(digest, None)
        if known and known[0] is keys and time.time() < known[1]:
            self._known[digest] = known  # the latest one again
            return known[2]
        allow()
        key, keys = await issuer.key(header, keys)
        caller, end = issuer.caller(token, key)
        while len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[digest] = (keys, end, caller)
        return caller


class _Issuer:
    """One issuer, and the keys it was last seen to have."""

    def __init__(self, setting: OidcSetting, clock: Callable[[], float]) -> None:
        self._setting = setting
        self._clock = clock
        self._keys: _Keys = {}
        self._had = _FOREVER_AGO  # when the keys were had
        self._again = _FOREVER_AGO  # from when on the issuer may be asked again
        self._asking: asyncio.Task[None] | None = None

    async def keys(self) -> _Keys:
        """The keys to go by now; as long as the issuer says the same, the same object.

        Raises:
            Refused: there are none, or none that were had not long ago (503).
        """
        age = self._clock() - self._had
        if age > FRESH:
            await self._ask(_PATIENCE if age <= KEPT else None)
            age = self._clock() - self._had
        if age > KEPT:
            wait = self._again - self._clock()
            raise later(
                503, f"the keys of {self._setting.issuer} cannot be had now, so no token of it is believed", wait
            )
        return self._keys

    async def key(self, header: Mapping[str, Any], keys: _Keys) -> tuple[jwt.PyJWK, _Keys]:
        """The key that the header of a token names, and all it is among: where ``keys`` do not have it, those that the
        issuer has by now.

        Raises:
            Refused: it has none such.
        """
        named, algorithm = header.get("kid"), header.get("alg")
        if algorithm not in self._setting.algorithms:
            allowed = ", ".join(self._setting.algorithms)
            raise wrong(f"the token is signed in a way that is not allowed; allowed: {allowed}")
        found = _find(keys, named, algorithm)
        if found is None:
            await self._ask(None)
            found, keys = _find(self._keys, named, algorithm), self._keys
        if found is None:
            raise wrong(f"the token is signed with a key that {self._setting.issuer} does not have for {algorithm}")
        return found, keys

    def caller(self, token: str, key: jwt.PyJWK) -> tuple[Caller, float]:
        """Who a token stands for, by its signature and all it says, and until when (seconds since 1970) it need not be
        looked at again.

        Raises:
            Refused: the signature does not hold, or the token is not for here and now.
        """
        setting = self._setting
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=setting.audience,
                issuer=setting.issuer,
                leeway=setting.leeway,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:  # the last two: values that nobody foresaw
            raise wrong(_why(error, setting)) from None
        for name in ("exp", "nbf", "iat"):
            if isinstance(claims.get(name, 0), bool | str):
                raise wrong(f"`{name}` of the token is no number")
        subject = claims["sub"]
        if not 0 < len(subject) <= _SUBJECT or not subject.isprintable():
            raise wrong(f"`sub` of the token is empty, longer than {_SUBJECT} characters, or not printable")
        scopes = frozenset(scope for value in _values(claims, setting.claim) for scope in setting.scopes.get(value, ()))
        caller = Caller(f"{setting.issuer}#{subject}", scopes, setting.rate, setting.concurrent)
        return caller, min(claims["exp"], time.time() + _LONGEST) + setting.leeway

    async def _ask(self, patience: float | None) -> None:
        """Ask the issuer for its keys, if that was not done just now, and wait for the answer, however it turns out.

        With a ``patience`` only who asks waits, for so many seconds: the others have keys to go on with.
        """
        if self._asking is None:
            if self._clock() < self._again:
                return
            self._asking = asyncio.create_task(self._fetch())
            self._asking.add_done_callback(self._asked)
        elif patience is not None:
            return
        await asyncio.wait({self._asking}, timeout=patience)

    async def _fetch(self) -> None:
        try:
            keys = await asyncio.to_thread(_fetch, self._setting)
        except BylawError as error:
            left = KEPT - (self._clock() - self._had)
            then = f"known keys are used for {left:.0f} seconds more" if left > 0 else "no token of it is believed"
            _log.warning("the keys of an issuer cannot be had: %s; %s", error, then)
            return
        self._had = self._clock()
        if _material(keys) != _material(self._keys):
            self._keys = keys
            _log.info("the issuer %s has %d keys", self._setting.issuer, len({kid for kid, _ in keys}))

    def _asked(self, _: asyncio.Task[None]) -> None:
        self._asking = None
        self._again = self._clock() + PAUSE


def _find(keys: _Keys, named: object, algorithm: str) -> jwt.PyJWK | None:
    """The key of that name, or the only one that fits where a token names none."""
    if named is not None:
        return keys.get((named, algorithm)) if isinstance(named, str) else None
    fitting = [key for (_, fits), key in keys.items() if fits == algorithm]
    return fitting[0] if len(fitting) == 1 else None


def _read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the claims of a token, of which nothing is proven yet.

    Raises:
        Refused: it is no token in the compact form, or one that demands something of its reader.
    """
    if token.count(".") != 2:
        raise wrong("the token is none of those configured here, and no JWT")
    try:
        read = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError):
        raise wrong("the token is none of those configured here, and no JWT that can be read") from None
    header, claims = read["header"], read["payload"]
    if {"crit", "b64"} & header.keys():
        raise wrong("the token demands extensions (`crit`, `b64`) that are not known here")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise wrong("the token is of another type (`typ`) than JWT and at+jwt")
    return header, claims


def _fetch(setting: OidcSetting) -> _Keys:
    """The keys that an issuer publishes. It may take its time: call it in a thread.

    Raises:
        BylawError: it cannot be had, or says something else than an issuer says.
    """
    with Site(setting.issuer, seconds=_SECONDS) as site:
        answer = site.get("/.well-known/openid-configuration", most=_ANSWER)
        said, place = answer.json(), answer.place
    if not isinstance(said, dict) or said.get("issuer") != setting.issuer:
        raise BylawError(f"{place}: is not the issuer {setting.issuer}; the two must be the same to the letter")
    address = said.get("jwks_uri")
    if not isinstance(address, str) or addresses.fault(address):
        raise BylawError(f"{place}: `jwks_uri` is no https address")
    if urlsplit(setting.issuer).scheme == "https" and urlsplit(address).scheme != "https":
        raise BylawError(f"{place}: `jwks_uri` is no https address")
    with Site(address, seconds=_SECONDS) as site:
        answer = site.get(most=_ANSWER)
        said, place = answer.json(), answer.place
    listed = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(listed, list) or len(listed) > _KEYS:
        raise BylawError(f"{place}: expected `keys`, a list of at most {_KEYS}")
    keys = _usable(listed, setting.algorithms)
    if not keys:
        raise BylawError(f"{place}: has no key for {', '.join(setting.algorithms)}")
    return keys


def _usable(listed: Iterable[Any], algorithms: Sequence[str]) -> _Keys:
    """The keys that can check signatures, by id and algorithm: public ones, long enough, meant for that."""
    keys: _Keys = {}
    for each in listed:
        if not isinstance(each, dict) or "d" in each or each.get("use", "sig") != "sig":
            continue
        if "verify" not in each.get("key_ops", ["verify"]):
            continue
        for algorithm in algorithms:
            kind, curves = ALGORITHMS[algorithm]
            if each.get("kty") != kind or each.get("alg", algorithm) != algorithm:
                continue
            if curves and each.get("crv") not in curves:
                continue
            try:
                key = jwt.PyJWK(each, algorithm)
            except (jwt.PyJWTError, ValueError, TypeError):
                continue  # one that cannot be used says nothing of the others
            if key.Algorithm.check_key_length(key.key) is None and isinstance(key.key_id, str | None):
                keys.setdefault((key.key_id, algorithm), key)
    return keys


def _material(keys: _Keys) -> dict[tuple[str | None, str], Any]:
    return {name: key.Algorithm.to_jwk(key.key, as_dict=True) for name, key in keys.items()}


def _values(claims: Mapping[str, Any], path: str) -> list[str]:
    """What stands in a claim: the texts of a list, or the words of a text. Dots of the path lead into objects, but for
    those that belong to a name, as in `https://example.com/roles`."""
    found = _at(claims, path)
    if isinstance(found, str):
        return found.split()
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _at(value: object, path: str) -> object:
    if not isinstance(value, dict):
        return None
    if path in value:
        return value[path]
    for at in (place for place, sign in enumerate(path) if sign == "."):
        if path[:at] in value:
            return _at(value[path[:at]], path[at + 1 :])
    return None


def _why(error: Exception, setting: OidcSetting) -> str:
    match error:
        case jwt.ExpiredSignatureError():
            return "the token has expired"
        case jwt.ImmatureSignatureError():
            return "the token holds from a later time on: does the clock of its issuer, or the one here, go wrong?"
        case jwt.InvalidAudienceError():
            return f"the token is not for here: expected {setting.audience} in `aud`"
        case jwt.MissingRequiredClaimError():
            return f"the token does not say `{error.claim}`"
        case jwt.InvalidSignatureError():
            return "the signature of the token does not hold"
    return "the token says something that no token says"
