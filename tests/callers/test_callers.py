"""Who may call, from the settings and what a request shows to a caller or a refusal."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.callers import LOCAL, SCOPES, Caller, Callers, Refused
from bylaw.callers.limits import ATTEMPTS
from bylaw.config import CallerSetting, OidcSetting, ServerSettings, TlsSetting
from bylaw.errors import ConfigError
from tests.callers.provider import AUDIENCE, Provider, running

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "bylaw_Tb2v8QmY0sL4kWcE7nR1xZpJ6hUdG3aF9oViKtSyM5"
OTHER = "bylaw_9oViKtSyM5Tb2v8QmY0sL4kWcE7nR1xZpJ6hUdG3aF"
BOTH = "bylaw_3aF9oViKtSyM5Tb2v8QmY0sL4kWcE7nR1xZpJ6hUdG"
TLS = TlsSetting("server.crt", "server.key", "clients.crt")


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


CI = CallerSetting("ci", ("check:run",), token_sha256=sha256(TOKEN))
OPS = CallerSetting("ops", ("decision:read", "metrics:read"), token_sha256=sha256(OTHER))
CLUSTER = CallerSetting("cluster", ("admission:review",), certificate="kube-apiserver")
STRICT = CallerSetting("strict", ("catalog:write",), token_sha256=sha256(BOTH), certificate="strict.example.com")
SETTINGS = ServerSettings(callers=(CI, OPS, CLUSTER, STRICT), tls=TLS)


@pytest.fixture
def callers() -> Callers:
    return Callers.of(SETTINGS, {}, loopback=False)


def certificate(name: str) -> dict[str, Any]:
    return {"subject": ((("commonName", name),),), "notAfter": "Jan  1 00:00:00 2100 GMT"}


def identify(callers: Callers, authorization: str | None = None, shown: Any = None, **more: Any) -> str:
    return asyncio.run(callers.identify(authorization, shown, **more)).name


def refusal(callers: Callers, authorization: str | None = None, shown: Any = None, **more: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        identify(callers, authorization, shown, **more)
    return refused.value


# -- nobody is configured


def test_without_callers_anyone_on_this_machine_may_do_everything() -> None:
    callers = Callers.of(ServerSettings(), {}, loopback=True)
    assert callers.open
    assert asyncio.run(callers.identify(None, None)) == LOCAL == Caller("local", frozenset(SCOPES))
    assert identify(callers, "Bearer whatever") == "local"


def test_without_callers_nobody_may_call_from_elsewhere() -> None:
    callers = Callers.of(ServerSettings(), {}, loopback=False)
    assert not callers.open
    refused = refusal(callers)
    assert (refused.status, refused.headers) == (401, {"WWW-Authenticate": "Bearer"})


def test_with_callers_nobody_else_may_call_even_on_this_machine() -> None:
    callers = Callers.of(ServerSettings(callers=(CI,)), {}, loopback=True)
    assert not callers.open
    assert refusal(callers).status == 401
    assert identify(callers, f"Bearer {TOKEN}") == "ci"


@pytest.mark.parametrize(
    "host", ["localhost:8080", "127.0.0.1:8080", "127.1.2.3", "[::1]:8080", "LOCALHOST", "a.localhost"]
)
def test_an_open_server_answers_those_who_mean_this_machine(host: str) -> None:
    assert identify(Callers.of(ServerSettings(), {}, loopback=True), host=host) == "local"


@pytest.mark.parametrize(
    "host",
    ["evil.example.com:8080", "localhost.example.com", "", "192.0.2.1", "[::2]", "[", "127.0.0.1.evil.example.com"],
)
def test_an_open_server_answers_no_page_whose_host_was_made_to_lead_here(host: str) -> None:
    refused = refusal(Callers.of(ServerSettings(), {}, loopback=True), host=host)
    assert (refused.status, refused.detail) == (
        403,
        "this server is open to its own machine alone; call it as localhost or 127.0.0.1",
    )


# -- tokens and certificates


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER   {TOKEN} "])
def test_a_token_says_who_calls(callers: Callers, header: str) -> None:
    assert asyncio.run(callers.identify(header, None)) == Caller("ci", frozenset({"check:run"}))


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (None, "nothing says who calls; send `Authorization: Bearer` with a token, or a certificate"),
        ("", "the Authorization header has no token; expected `Bearer` and the token"),
        ("Bearer", "the Authorization header has no token; expected `Bearer` and the token"),
        (f"Basic {TOKEN}", "the Authorization header has no token; expected `Bearer` and the token"),
        (TOKEN, "the Authorization header has no token; expected `Bearer` and the token"),
        (f"Bearer {TOKEN} {TOKEN}", "the token has more than 16,384 characters, or some that no token has"),
        (f"Bearer {TOKEN}\x00", "the token has more than 16,384 characters, or some that no token has"),
        ("Bearer " + "x" * 16385, "the token has more than 16,384 characters, or some that no token has"),
        (f"Bearer {TOKEN}x", "the token is none of those configured here"),
        (f"Bearer {sha256(TOKEN)}", "the token is none of those configured here"),
        ("Bearer a.b.c", "the token is none of those configured here"),
    ],
)
def test_anything_else_says_nothing(callers: Callers, header: str | None, why: str) -> None:
    refused = refusal(callers, header)
    assert (refused.status, refused.detail) == (401, why)
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


@given(st.text(max_size=80))
def test_no_header_is_a_caller_by_chance_or_a_crash(header: str) -> None:
    assert refusal(Callers.of(SETTINGS, {}, loopback=False), header).status == 401


def test_a_certificate_says_who_calls(callers: Callers) -> None:
    assert identify(callers, None, certificate("kube-apiserver")) == "cluster"


def test_a_certificate_that_is_nobodys_is_not_enough(callers: Callers) -> None:
    assert refusal(callers, None, certificate("somebody")).detail == (
        "the certificate is of nobody who may call; name it in server.callers, or send a token"
    )


def test_a_certificate_that_is_nobodys_does_not_stand_in_the_way_of_a_token(callers: Callers) -> None:
    assert identify(callers, f"Bearer {TOKEN}", certificate("mesh.example.com")) == "ci"


def test_token_and_certificate_have_to_be_the_same_ones(callers: Callers) -> None:
    refused = refusal(callers, f"Bearer {TOKEN}", certificate("kube-apiserver"))
    assert (refused.status, refused.detail) == (401, "the token is that of ci, and the certificate that of cluster")


def test_a_wrong_token_is_not_made_good_by_a_certificate(callers: Callers) -> None:
    assert refusal(callers, "Bearer wrong", certificate("kube-apiserver")).detail == (
        "the token is none of those configured here"
    )


def test_a_caller_that_has_both_has_to_show_both(callers: Callers) -> None:
    shown = certificate("strict.example.com")
    assert identify(callers, f"Bearer {BOTH}", shown) == "strict"
    assert refusal(callers, f"Bearer {BOTH}").detail == "strict has to show its certificate, too"
    assert refusal(callers, f"Bearer {BOTH}", certificate("other")).detail == "strict has to show its certificate, too"
    assert refusal(callers, None, shown).detail == "strict has to send its token, too"


# -- OpenID Connect beside them


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


def with_oidc(provider: Provider) -> Callers:
    issuer = OidcSetting(provider.issuer, AUDIENCE, scopes={"reviewer": ("admission:review",)})
    return Callers.of(ServerSettings(callers=(CI, CLUSTER), oidc=(issuer,), tls=TLS), {}, loopback=False)


def test_tokens_of_an_issuer_and_static_ones_go_side_by_side(provider: Provider) -> None:
    callers = with_oidc(provider)
    assert identify(callers, f"Bearer {TOKEN}") == "ci"
    assert provider.count == 0
    assert identify(callers, f"Bearer {provider.token()}") == f"{provider.issuer}#jane"
    assert refusal(callers, f"Bearer {OTHER}").status == 401


def test_a_subject_of_an_issuer_is_not_who_a_certificate_stands_for(provider: Provider) -> None:
    refused = refusal(with_oidc(provider), f"Bearer {provider.token(sub='cluster')}", certificate("kube-apiserver"))
    assert refused.detail == f"the token is that of {provider.issuer}#cluster, and the certificate that of cluster"


def test_the_limits_of_an_issuer_hold_for_each_subject(provider: Provider) -> None:
    issuer = OidcSetting(provider.issuer, AUDIENCE, scopes={"reviewer": ("admission:review",)}, concurrent=1)
    callers = Callers.of(ServerSettings(oidc=(issuer,)), {}, loopback=True)
    jane, joe = (asyncio.run(callers.identify(f"Bearer {provider.token(sub=each)}", None)) for each in ("jane", "joe"))
    with (
        callers.enter(jane, "admission:review"),
        callers.enter(joe, "admission:review"),
        pytest.raises(Refused) as refused,
        callers.enter(jane, "admission:review"),
    ):
        pass
    assert refused.value.status == 429


# -- what a caller may do


def test_a_caller_may_do_what_its_scopes_say_and_nothing_else(callers: Callers) -> None:
    caller = asyncio.run(callers.identify(f"Bearer {OTHER}", None))
    for scope in SCOPES:
        if scope in {"decision:read", "metrics:read"}:
            with callers.enter(caller, scope):
                pass
            continue
        with pytest.raises(Refused) as refused, callers.enter(caller, scope):
            pass
        assert (refused.value.status, refused.value.detail) == (
            403,
            f"ops may not do this: it takes {scope}, and may do decision:read, metrics:read",
        )
        assert refused.value.headers == {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}


def test_what_a_caller_may_not_do_counts_for_how_often_it_may_come() -> None:
    rare = CallerSetting("rare", ("metrics:read",), token_sha256=sha256(TOKEN), rate=2.0)
    callers = Callers.of(ServerSettings(callers=(rare,)), {}, loopback=False)
    caller = asyncio.run(callers.identify(f"Bearer {TOKEN}", None))
    statuses = []
    for scope in ("check:run", "check:run", "check:run", "metrics:read"):
        with pytest.raises(Refused) as refused, callers.enter(caller, scope):
            pass
        statuses.append(refused.value.status)
    assert statuses == [403, 403, 429, 429]


def test_a_scope_that_nobody_knows_is_nobodys(callers: Callers) -> None:
    with pytest.raises(Refused), callers.enter(LOCAL, "everything"):
        pass


# -- strangers


def test_strangers_who_try_too_often_are_told_to_come_later_and_those_who_are_known_are_not(callers: Callers) -> None:
    statuses = [refusal(callers, "Bearer wrong", peer="192.0.2.1").status for _ in range(int(ATTEMPTS) + 1)]
    assert statuses[: int(ATTEMPTS)] == [401] * int(ATTEMPTS)
    refused = refusal(callers, None, peer="192.0.2.1")
    assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
    assert identify(callers, f"Bearer {TOKEN}", peer="192.0.2.1") == "ci"
    assert refusal(callers, peer="192.0.2.2").status == 401


# -- settings


def faults(settings: ServerSettings, **environment: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        Callers.of(settings, environment, loopback=True)
    return str(error.value).splitlines()


def test_every_fault_of_the_callers_is_told_at_once() -> None:
    known = ", ".join(sorted(SCOPES))
    settings = ServerSettings(
        callers=(
            CallerSetting("ci", ("check:rum",), token_sha256="abc"),
            CallerSetting("ci", ("everything",), token_sha256=sha256(TOKEN)),
            CallerSetting("", (), certificate="x"),
            CallerSetting("https://id.example.com#jane", ("check:run",)),
            CallerSetting("d", ("check:run",), token_sha256=sha256(TOKEN).upper()),
        )
    )
    assert faults(settings) == [
        "server.callers.0 (ci): scopes: there is no scope check:rum (did you mean check:run?)",
        "server.callers.0 (ci): token_sha256: expected 64 hexadecimal digits, found 3 characters; "
        "`bylaw token` makes a token and its hash",
        f"server.callers.1 (ci): scopes: there is no scope everything; there are {known}",
        "server.callers.2: name: expected 1 to 100 printable characters without #",
        f"server.callers.2: scopes: names no scope, so it lets do nothing; expected some of {known}",
        "server.callers.2: certificate: none is ever asked for; server.tls.client_ca names those who vouch for it",
        "server.callers.3: name: expected 1 to 100 printable characters without #",
        "server.callers.3: has neither token_sha256 nor certificate, so nobody can be it; `bylaw token` makes a token",
        "server.callers: 2 have the same name: ci, ci; expected one each",
        "server.callers: 2 have the same token_sha256: ci, d; expected one each",
    ]


def test_whoever_shows_nothing_is_the_caller_that_anyone_is_and_may_no_more() -> None:
    anyone = CallerSetting("any-api-server", ("admission:review",), anyone=True)
    callers = Callers.of(ServerSettings(callers=(CI, anyone)), {}, loopback=False)

    assert identify(callers) == "any-api-server"
    assert identify(callers, f"Bearer {TOKEN}") == "ci"
    assert refusal(callers, f"Bearer {OTHER}").status == 401
    caller = asyncio.run(callers.identify(None, None))
    with callers.enter(caller, "admission:review"):
        pass
    with pytest.raises(Refused, match="it takes decision:read"):
        callers.enter(caller, "decision:read")


def test_anyone_is_one_caller_and_shows_nothing() -> None:
    anyone = CallerSetting("a", ("admission:review",), anyone=True)
    also = CallerSetting("b", ("check:run",), token_sha256=sha256(TOKEN), anyone=True)
    with pytest.raises(ConfigError) as refused:
        Callers.of(ServerSettings(callers=(anyone, also)), {}, loopback=False)
    assert str(refused.value).splitlines() == [
        "server.callers.1 (b): anyone: is whoever shows nothing, so it has neither token_sha256 nor certificate",
        "server.callers: 2 have the same anyone: a, b; expected one each",
    ]


def test_two_callers_may_not_have_one_certificate() -> None:
    second = CallerSetting("second", ("check:run",), certificate="kube-apiserver")
    assert faults(ServerSettings(callers=(CLUSTER, second), tls=TLS)) == [
        "server.callers: 2 have the same certificate: cluster, second; expected one each"
    ]


def test_every_fault_of_an_issuer_is_told_at_once() -> None:
    issuer = "https://id.example.com"
    settings = ServerSettings(
        oidc=(
            OidcSetting("http://id.example.com", "", ("none", "HS256", "RS265"), leeway=3600.0, claim=""),
            OidcSetting(issuer, "bylaw", (), scopes={"r": ("admission:reviw",)}),
            OidcSetting(issuer, "bylaw", scopes={"r": ("admission:review",)}),
        )
    )
    algorithms = "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA"
    first, second = "server.oidc.0 (http://id.example.com)", f"server.oidc.1 ({issuer})"
    assert faults(settings) == [
        f"{first}: issuer: expected https: whoever is between could make the keys that are believed; http only on this "
        "machine",
        f"{first}: audience: is empty, expected what has to stand in `aud`",
        f"{first}: algorithms: none is never believed: anybody could sign with it; expected such as RS256",
        f"{first}: algorithms: HS256 is never believed: anybody could sign with it; expected such as RS256",
        f"{first}: algorithms: there is no RS265 (did you mean RS256?); there are {algorithms}",
        f"{first}: leeway: 3600 seconds, expected 0 to 300",
        f"{first}: claim: is empty, expected such as scope or realm_access.roles",
        f"{first}: scopes: maps no value, so its tokens let do nothing; "
        "expected such as {reviewer: [admission:review]}",
        f"{second}: algorithms: names none; expected some of {algorithms}",
        f"{second}: scopes, r: there is no scope admission:reviw (did you mean admission:review?)",
        f"server.oidc: {issuer} stands there 2 times, expected once",
    ]


@pytest.mark.parametrize(
    ("issuer", "why"),
    [
        ("id.example.com", "expected an address such as https://id.example.com, without user, query or fragment"),
        (
            "https://u:p@id.example.com",
            "expected an address such as https://id.example.com, without user, query or fragment",
        ),
        (
            "https://id.example.com/?a=b",
            "expected an address such as https://id.example.com, without user, query or fragment",
        ),
        ("https://[", "is no address, expected such as https://id.example.com"),
        (
            "ftp://localhost/",
            "expected https: whoever is between could make the keys that are believed; http only on this machine",
        ),
    ],
)
def test_an_issuer_is_an_address_that_nobody_can_come_between(issuer: str, why: str) -> None:
    settings = ServerSettings(oidc=(OidcSetting(issuer, "bylaw", scopes={"r": ("check:run",)}),))
    assert faults(settings) == [f"server.oidc.0 ({issuer}): issuer: {why}"]


@pytest.mark.parametrize("environment", [{}, {"EVENTS": ""}])
def test_a_secret_that_the_environment_does_not_have_is_told(environment: dict[str, str]) -> None:
    assert faults(ServerSettings(events_secret_env="EVENTS"), **environment) == [
        "server.events_secret_env: EVENTS is not set, or empty; expected the key that events are signed with"
    ]
    assert Callers.of(ServerSettings(events_secret_env="EVENTS"), {"EVENTS": "k"}, loopback=True).open
