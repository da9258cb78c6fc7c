"""Tokens of real providers of OpenID Connect: oidc-provider, which is certified, and oauth2-mock-server.

``make test-real`` installs both; BYLAW_OIDC names their ``node_modules``.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from bylaw.callers import Callers, Refused, oidc
from bylaw.config import OidcSetting, ServerSettings
from tests.api.served import serving, written
from tests.real import components

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.real

MODULES = "BYLAW_OIDC"
AUDIENCE = "bylaw"
SCOPES = {"review": ("admission:review",), "check": ("check:run",)}
BOTH = frozenset({"admission:review", "check:run"})


@dataclass(slots=True)
class Providers:
    """``certified`` and ``mock`` are the issuers: the first gives tokens to its client ``ci``, the other to anybody."""

    process: subprocess.Popen[str]
    secret: str
    certified: str
    mock: str

    def token(
        self, *, audience: str = AUDIENCE, algorithm: str = "RS256", seconds: int = 300, scope: str = "check review"
    ) -> str:
        """A token of the certified provider, as a client gets it there."""
        asked = {
            "grant_type": "client_credentials",
            "scope": scope,
            "resource": f"urn:{audience}:{algorithm}:{seconds}",
        }
        login = base64.b64encode(f"ci:{self.secret}".encode()).decode()
        request = urllib.request.Request(
            f"{self.certified}/token", urllib.parse.urlencode(asked).encode(), {"Authorization": f"Basic {login}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            token: str = json.load(answer)["access_token"]
        return token

    def signed(self, **claims: Any) -> str:
        """A token of the other one, with claims that a test chooses; None: without the claim."""
        whole = {"aud": AUDIENCE, "sub": "jane", "scope": "review", **claims}
        token: str = self._tell({"sign": whole})["token"]
        return token

    def rotate(self, generation: int) -> None:
        """The certified provider has other keys from now on."""
        self._tell({"rotate": generation})

    def forget(self) -> None:
        """The other one, too."""
        self._tell({"forget": True})

    def keys(self, issuer: str) -> list[dict[str, Any]]:
        """What an issuer publishes."""
        with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=30) as answer:
            address = json.load(answer)["jwks_uri"]
        with urllib.request.urlopen(address, timeout=30) as answer:
            listed: list[dict[str, Any]] = json.load(answer)["keys"]
        return listed

    def _tell(self, asked: dict[str, Any]) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def providers() -> Iterator[Providers]:
    node = shutil.which("node") or components.missing("oidc-provider", "node is not installed")
    folder = os.environ.get(MODULES, "")
    if not folder or not Path(folder, "oidc-provider").is_dir():
        components.missing("oidc-provider", f"{MODULES} names no folder with it: `make test-real` installs it")
    secret = secrets.token_hex(16)
    process = subprocess.Popen(
        [node, str(Path(__file__).with_name("oidc_provider.cjs"))],
        env={"PATH": os.environ["PATH"], MODULES: folder, "BYLAW_OIDC_SECRET": secret},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, f"the providers did not start: node ended with {process.wait()}"
            said = json.loads(line)
            yield Providers(process, secret, said["certified"], said["mock"])
        finally:
            process.kill()


def believing(issuer: str, **setting: Any) -> Callers:
    """Those who are let in by tokens of an issuer."""
    whole = {"issuer": issuer, "audience": AUDIENCE, "scopes": SCOPES, **setting}
    return Callers.of(ServerSettings(oidc=(OidcSetting(**whole),)), {}, loopback=False)


def scopes(callers: Callers, token: str) -> frozenset[str]:
    return asyncio.run(callers.identify(f"Bearer {token}", None)).scopes


def refusal(callers: Callers, token: str) -> str:
    with pytest.raises(Refused) as refused:
        scopes(callers, token)
    assert refused.value.status == 401
    return refused.value.detail


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_that_a_client_gets_from_its_provider_says_who_it_is_and_what_it_may_do(providers: Providers) -> None:
    callers = believing(providers.certified)
    caller = asyncio.run(callers.identify(f"Bearer {providers.token()}", None))
    assert (caller.name, caller.scopes) == (f"{providers.certified}#ci", BOTH)
    assert scopes(callers, providers.token(scope="check")) == {"check:run"}


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "EdDSA"])
def test_each_algorithm_is_believed_where_it_is_allowed_and_nowhere_else(providers: Providers, algorithm: str) -> None:
    token = providers.token(algorithm=algorithm)
    assert scopes(believing(providers.certified, algorithms=(algorithm,)), token) == BOTH
    other = "ES256" if algorithm != "ES256" else "RS256"
    assert refusal(believing(providers.certified, algorithms=(other,)), token) == (
        f"the token is signed in a way that is not allowed; allowed: {other}"
    )


def test_a_token_for_another_service_is_refused(providers: Providers) -> None:
    assert refusal(believing(providers.certified), providers.token(audience="shop")) == (
        "the token is not for here: expected bylaw in `aud`"
    )


def test_a_token_that_has_expired_is_believed_as_long_as_clocks_may_differ(providers: Providers) -> None:
    token = providers.token(seconds=1)
    while time.time() < jwt.decode(token, options={"verify_signature": False})["exp"]:
        time.sleep(0.05)
    assert scopes(believing(providers.certified, leeway=30.0), token) == BOTH
    assert refusal(believing(providers.certified, leeway=0.0), token) == "the token has expired"


def test_keys_that_were_rotated_are_learnt_and_those_before_forgotten(
    providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "PAUSE", 0.0)
    callers = believing(providers.certified)
    before = providers.token()
    assert scopes(callers, before) == BOTH
    providers.rotate(1)
    assert scopes(callers, providers.token()) == BOTH
    assert refusal(callers, before) == (
        f"the token is signed with a key that {providers.certified} does not have for RS256"
    )


def test_a_token_whose_signature_was_taken_off_is_refused(providers: Providers) -> None:
    claims = providers.token().split(".")[1]
    for algorithm in ("none", "NONE"):
        token = f"{part({'alg': algorithm, 'typ': 'at+jwt'})}.{claims}."
        assert refusal(believing(providers.certified), token) == (
            "the token is signed in a way that is not allowed; allowed: RS256, ES256"
        )


def test_a_token_that_was_signed_with_the_public_key_is_refused(providers: Providers) -> None:
    [published] = [each for each in providers.keys(providers.certified) if each["kty"] == "RSA"]
    key = jwt.PyJWK(published, "RS256").key
    pem, der = serialization.Encoding.PEM, serialization.Encoding.DER
    spki, pkcs1 = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.PKCS1
    for coding, form in ((pem, spki), (pem, pkcs1), (der, spki)):
        secret = key.public_bytes(coding, form)
        head = part({"alg": "HS256", "typ": "at+jwt", "kid": published["kid"]})
        signed = f"{head}.{providers.token().split('.')[1]}"
        mac = base64.urlsafe_b64encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest()).rstrip(b"=")
        assert refusal(believing(providers.certified), f"{signed}.{mac.decode()}") == (
            "the token is signed in a way that is not allowed; allowed: RS256, ES256"
        )


def test_a_token_of_another_issuer_is_refused_also_where_it_takes_the_name_of_the_right_one(
    providers: Providers,
) -> None:
    callers = believing(providers.certified)
    assert refusal(callers, providers.signed()) == "the token comes from an issuer that is not believed here"
    assert refusal(callers, providers.signed(iss=providers.certified)) == (
        f"the token is signed with a key that {providers.certified} does not have for RS256"
    )


def test_each_of_two_issuers_is_believed_for_itself(providers: Providers) -> None:
    settings = (
        OidcSetting(providers.certified, AUDIENCE, scopes={"check": ("check:run",)}),
        OidcSetting(providers.mock, AUDIENCE, claim="realm_access.roles", scopes={"reviewer": ("admission:review",)}),
    )
    callers = Callers.of(ServerSettings(oidc=settings), {}, loopback=False)
    assert scopes(callers, providers.token()) == {"check:run"}
    roles = {"roles": ["offline_access", "reviewer"]}
    assert scopes(callers, providers.signed(realm_access=roles, aud=[AUDIENCE, "account"])) == {"admission:review"}


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": 1}, "the token has expired"),
        (
            {"nbf": 9999999999},
            "the token holds from a later time on: does the clock of its issuer, or the one here, go wrong?",
        ),
        ({"aud": ["account", "bylaw-test"]}, "the token is not for here: expected bylaw in `aud`"),
        ({"aud": None}, "the token does not say `aud`"),
        ({"exp": None}, "the token does not say `exp`"),
        ({"sub": None}, "the token does not say `sub`"),
        ({"exp": "tomorrow"}, "the token says something that no token says"),
    ],
)
def test_a_signature_that_holds_does_not_make_good_what_the_token_says(
    providers: Providers, claims: dict[str, Any], why: str
) -> None:
    assert refusal(believing(providers.mock), providers.signed(**claims)) == why


def test_while_the_provider_is_gone_known_keys_serve_and_new_ones_do_not(
    providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "PAUSE", 0.0)
    callers = believing(providers.mock)
    known, token = providers.signed(), providers.signed(sub="joe")
    assert scopes(callers, known) == {"admission:review"}
    with silenced(providers, monkeypatch):
        assert scopes(callers, token) == {"admission:review"}
        with pytest.raises(Refused) as refused:
            scopes(believing(providers.mock), token)
        assert refused.value.status == 503
    providers.forget()
    assert scopes(callers, providers.signed()) == {"admission:review"}
    assert "does not have for RS256" in refusal(callers, known)


def test_the_server_lets_in_whom_the_provider_vouches_for(providers: Providers, tmp_path: Path) -> None:
    issuer = {"issuer": providers.certified, "audience": AUDIENCE, "scopes": {"check": ["catalog:read"]}}
    folder = written(tmp_path, f"server: {json.dumps({'oidc': [issuer]})}\n")
    with serving(folder) as server:

        def ask(token: str) -> int:
            return server.get("/v1/entities/component:default/orders", Authorization=f"Bearer {token}").status

        assert (ask(providers.token()), ask(providers.token(scope="review"))) == (200, 403)
        assert (ask(providers.token(audience="shop")), ask(providers.signed()), ask("")) == (401, 401, 401)


@contextlib.contextmanager
def silenced(providers: Providers, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The providers are there, and say nothing: their process stands still."""
    import signal

    monkeypatch.setattr(oidc, "_SECONDS", 0.3)
    providers.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        providers.process.send_signal(signal.SIGCONT)
        monkeypatch.setattr(oidc, "_SECONDS", 3.0)
