"""Tokens of OpenID Connect against an issuer on this machine: which are believed, and what the issuer is asked."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from jwt.algorithms import get_default_algorithms

from bylaw.callers import Caller, Refused, oidc
from bylaw.config import OidcSetting
from tests.callers.provider import AUDIENCE, Provider, jwk, key, public, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REVIEWER = frozenset({"admission:review"})
SCOPES = {"reviewer": ("admission:review",), "reader": ("catalog:read", "decision:read")}


class Clock:
    """A clock that a test sets forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


@pytest.fixture
def clock() -> Clock:
    return Clock()


def issuers(provider: Provider, clock: Callable[[], float] = time.monotonic, **setting: Any) -> oidc.Issuers:
    whole = {"issuer": provider.issuer, "audience": AUDIENCE, "scopes": SCOPES, **setting}
    return oidc.Issuers([OidcSetting(**whole)], clock)


def find(known: oidc.Issuers, token: str, allow: Callable[[], None] = lambda: None) -> Caller:
    return asyncio.run(known.find(token, allow))


def refusal(known: oidc.Issuers, token: str) -> str:
    with pytest.raises(Refused) as refused:
        find(known, token)
    assert refused.value.status == 401
    assert refused.value.headers == {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return refused.value.detail


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


# -- who is believed


def test_a_token_says_who_calls_by_issuer_and_subject_and_what_they_may_do(provider: Provider) -> None:
    assert find(issuers(provider), provider.token()) == Caller(f"{provider.issuer}#jane", REVIEWER)


@pytest.mark.parametrize(("algorithm", "kind"), [("RS256", "RS"), ("PS512", "RS"), ("ES256", "ES"), ("EdDSA", "Ed")])
def test_each_algorithm_that_is_allowed_is_believed(provider: Provider, algorithm: str, kind: str) -> None:
    provider.keys = [jwk(key(kind), algorithm, "one")]
    token = provider.token(signer=key(kind), algorithm=algorithm)
    assert find(issuers(provider, algorithms=(algorithm,)), token).scopes == REVIEWER


def test_a_key_without_algorithm_serves_each_that_fits_it(provider: Provider) -> None:
    provider.keys = [{name: value for name, value in jwk(key("RS"), "RS256", "one").items() if name != "alg"}]
    known = issuers(provider, algorithms=("RS256", "PS256", "ES256"))
    for algorithm in ("RS256", "PS256"):
        assert find(known, provider.token(signer=key("RS"), algorithm=algorithm)).scopes == REVIEWER


@pytest.mark.parametrize("audience", [AUDIENCE, ["account", AUDIENCE]])
def test_the_audience_may_be_one_or_several(provider: Provider, audience: Any) -> None:
    assert find(issuers(provider), provider.token(aud=audience)).scopes == REVIEWER


@pytest.mark.parametrize(
    ("claim", "claims"),
    [
        ("scope", {"scope": "openid reviewer"}),
        ("scp", {"scp": ["reviewer", 7, None]}),
        ("sub", {"sub": "reviewer"}),
        ("realm_access.roles", {"realm_access": {"roles": ["reviewer", "offline_access"]}}),
        ("https://example.com/roles", {"https://example.com/roles": ["reviewer"]}),
        ("https://example.com/access.roles", {"https://example.com/access": {"roles": ["reviewer"]}}),
    ],
)
def test_what_one_may_do_stands_in_the_claim_of_the_settings(provider: Provider, claim: str, claims: Any) -> None:
    token = provider.token(**{"scope": "reader", **claims})
    assert find(issuers(provider, claim=claim), token).scopes == REVIEWER


@pytest.mark.parametrize(
    "claims", [{"scope": ""}, {"scope": "admission:review"}, {"scope": {"reviewer": 1}}, {"scope": 7}]
)
def test_a_value_that_is_not_mapped_lets_do_nothing(provider: Provider, claims: Any) -> None:
    assert find(issuers(provider), provider.token(**claims)).scopes == frozenset()


def test_clocks_may_differ_by_the_leeway_and_no_more(provider: Provider) -> None:
    now = int(time.time())
    known = issuers(provider, leeway=60.0)
    assert find(known, provider.token(exp=now - 30)).scopes == REVIEWER
    assert find(known, provider.token(nbf=now + 30, iat=now + 30)).scopes == REVIEWER
    assert refusal(known, provider.token(exp=now - 90)) == "the token has expired"
    later = "the token holds from a later time on: does the clock of its issuer, or the one here, go wrong?"
    assert refusal(known, provider.token(nbf=now + 90)) == later
    assert refusal(known, provider.token(iat=now + 90)) == later


# -- who is not


def test_a_token_for_somebody_else_is_refused(provider: Provider) -> None:
    assert (
        refusal(issuers(provider), provider.token(aud="shop")) == "the token is not for here: expected bylaw in `aud`"
    )


def test_a_token_of_another_issuer_is_refused_without_asking_anybody(provider: Provider) -> None:
    foreign = "the token comes from an issuer that is not believed here"
    for issuer in ("https://evil.example.com", f"{provider.issuer}/", ["x"], None, 7):
        assert refusal(issuers(provider), provider.token(iss=str(issuer))) == foreign
    assert provider.count == 0


@pytest.mark.parametrize("claim", ["exp", "aud", "sub"])
def test_a_token_has_to_say_until_when_for_whom_and_who(provider: Provider, claim: str) -> None:
    assert refusal(issuers(provider), provider.token(without=(claim,))) == f"the token does not say `{claim}`"


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": "9999999999"}, "`exp` of the token is no number"),
        ({"nbf": True}, "`nbf` of the token is no number"),
        ({"sub": ""}, "`sub` of the token is empty, longer than 255 characters, or not printable"),
        ({"sub": "x" * 256}, "`sub` of the token is empty, longer than 255 characters, or not printable"),
        ({"sub": "a\nb"}, "`sub` of the token is empty, longer than 255 characters, or not printable"),
        ({"sub": 7}, "the token says something that no token says"),
        ({"exp": float("inf")}, "the token says something that no token says"),
        ({"exp": {}}, "the token says something that no token says"),
    ],
)
def test_what_a_token_says_has_to_be_of_its_type(provider: Provider, claims: Any, why: str) -> None:
    assert refusal(issuers(provider), provider.token(**claims)) == why


def test_a_token_that_never_ends_is_a_token(provider: Provider) -> None:
    assert find(issuers(provider), provider.token(exp=10**400)).scopes == REVIEWER


def test_a_token_without_signature_is_refused_however_it_says_so(provider: Provider) -> None:
    claims = json.loads(base64.urlsafe_b64decode(provider.token().split(".")[1] + "=="))
    known = issuers(provider)
    for algorithm in ("none", "None", "NONE", ""):
        token = f"{part({'alg': algorithm, 'typ': 'JWT', 'kid': 'one'})}.{part(claims)}."
        assert refusal(known, token) == "the token is signed in a way that is not allowed; allowed: RS256, ES256"


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_the_public_key_is_no_secret_to_sign_with(provider: Provider, algorithm: str) -> None:
    provider.keys = [jwk(key("RS"), "RS256", "one")]
    claims = provider.token().split(".")[1]
    signed = f"{part({'alg': algorithm, 'typ': 'JWT', 'kid': 'one'})}.{claims}"
    mac = hmac.new(public(key("RS")), signed.encode(), f"sha{algorithm[2:]}").digest()
    token = f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert (
        refusal(issuers(provider), token) == "the token is signed in a way that is not allowed; allowed: RS256, ES256"
    )


def test_an_algorithm_that_is_not_allowed_here_is_refused_though_the_key_has_it(provider: Provider) -> None:
    provider.keys.append(jwk(key("RS"), "RS384", "two"))
    token = provider.token(signer=key("RS"), algorithm="RS384", kid="two")
    assert (
        refusal(issuers(provider), token) == "the token is signed in a way that is not allowed; allowed: RS256, ES256"
    )


def test_the_key_of_another_algorithm_does_not_serve(provider: Provider) -> None:
    provider.keys = [jwk(key("RS"), "RS512", "one"), jwk(key(), "ES256", "two")]
    token = provider.token(signer=key("RS"), algorithm="RS256")
    assert refusal(issuers(provider), token) == (
        f"the token is signed with a key that {provider.issuer} does not have for RS256"
    )


def test_a_key_that_a_token_brings_with_it_is_not_used(provider: Provider) -> None:
    own = key("ES", 9)
    token = provider.token(
        signer=own,
        headers={
            "jwk": jwk(own, "ES256", "one"),
            "jku": "https://evil.example.com/keys",
            "x5u": "https://evil.example.com",
        },
    )
    assert refusal(issuers(provider), token) == "the signature of the token does not hold"


def test_whatever_of_a_token_is_changed_it_is_refused(provider: Provider) -> None:
    header, claims, signature = provider.token().split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    forged = f"{header}.{part({**said, 'scope': 'reviewer reader'})}.{signature}"
    assert refusal(issuers(provider), forged) == "the signature of the token does not hold"
    assert refusal(issuers(provider), f"{header}.{claims}.") == "the signature of the token does not hold"


@pytest.mark.parametrize("headers", [{"crit": ["exp"], "exp": 1}, {"crit": []}, {"b64": True}])
def test_extensions_that_a_token_demands_are_refused(provider: Provider, headers: dict[str, Any]) -> None:
    _, claims, signature = provider.token().split(".")
    token = f"{part({'alg': 'ES256', 'kid': 'one', **headers})}.{claims}.{signature}"
    why = refusal(issuers(provider), token)
    assert why in {
        "the token demands extensions (`crit`, `b64`) that are not known here",
        "the token is none of those configured here, and no JWT that can be read",
    }


@pytest.mark.parametrize("kind", ["logout+jwt", "secevent+jwt", "dpop+jwt", 7, None])
def test_a_token_of_another_type_is_refused(provider: Provider, kind: Any) -> None:
    _, claims, signature = provider.token().split(".")
    token = f"{part({'alg': 'ES256', 'kid': 'one', 'typ': kind})}.{claims}.{signature}"
    assert refusal(issuers(provider), token) == "the token is of another type (`typ`) than JWT and at+jwt"


@pytest.mark.parametrize("kind", ["JWT", "at+jwt", "AT+JWT", "application/at+jwt"])
def test_an_access_token_may_say_that_it_is_one(provider: Provider, kind: str) -> None:
    assert find(issuers(provider), provider.token(headers={"typ": kind})).scopes == REVIEWER


@pytest.mark.parametrize(
    "token",
    [
        "..",
        "a.b.c",
        "e30.e30.",
        "bnVsbA.bnVsbA.",
        "a.b",
        "a.b.c.d",
        "é.é.é",
        part([]) + "." + part({}) + ".x",
        part({"alg": "ES256"}) + "." + base64.urlsafe_b64encode(b"[" * 5000).decode().rstrip("=") + ".x",
        part({"alg": "ES256", "kid": 7}) + "." + part({}) + ".x",
    ],
)
def test_what_is_no_token_is_refused_and_nobody_is_asked(provider: Provider, token: str) -> None:
    assert refusal(issuers(provider), token).startswith("the token ")
    assert provider.count == 0


# -- keys


def test_a_key_is_believed_that_came_after_the_last_look(provider: Provider, clock: Clock) -> None:
    known = issuers(provider, clock)
    find(known, provider.token())
    clock.now += oidc.PAUSE
    provider.keys = [jwk(key("ES", 2), "ES256", "two")]
    assert find(known, provider.token(signer=key("ES", 2), kid="two")).scopes == REVIEWER
    assert provider.count == 2


def test_a_key_that_was_taken_back_holds_no_longer_even_for_a_token_that_was_believed(
    provider: Provider, clock: Clock
) -> None:
    known = issuers(provider, clock)
    token = provider.token()
    find(known, token)
    provider.keys = [jwk(key("ES", 2), "ES256", "two")]
    clock.now += oidc.FRESH + 1
    assert refusal(known, token) == f"the token is signed with a key that {provider.issuer} does not have for ES256"


def test_tokens_with_made_up_keys_cause_no_storm_of_questions(provider: Provider, clock: Clock) -> None:
    known = issuers(provider, clock)
    for number in range(50):
        refusal(known, provider.token(kid=f"made-up-{number}"))
    assert provider.count == 1
    clock.now += oidc.PAUSE
    for number in range(50):
        refusal(known, provider.token(kid=f"made-up-again-{number}"))
    assert provider.count == 2


def test_many_who_come_at_once_ask_once(provider: Provider) -> None:
    known = issuers(provider)

    async def all_of_them() -> list[Caller]:
        calls = (known.find(provider.token(sub=f"user-{each}"), lambda: None) for each in range(20))
        return await asyncio.gather(*calls)

    assert {each.scopes for each in asyncio.run(all_of_them())} == {REVIEWER}
    assert provider.count == 1


def test_a_token_that_names_no_key_is_checked_with_the_only_one_that_fits(provider: Provider) -> None:
    provider.keys.append(jwk(key("RS"), "RS256", "other"))
    assert find(issuers(provider), provider.token(kid=None)).scopes == REVIEWER
    provider.keys.append(jwk(key("ES", 2), "ES256", "two"))
    assert "does not have for ES256" in refusal(issuers(provider), provider.token(kid=None))


@pytest.mark.parametrize(
    "useless",
    [
        {"use": "enc"},
        {"key_ops": ["encrypt"]},
        {"alg": "ES384"},
        {"crv": "P-384"},
        {"x": "AAAA"},
        {"d": "AAAA"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kid": ["one"]},
    ],
)
def test_keys_that_are_for_something_else_or_broken_are_left_aside(provider: Provider, useless: Any) -> None:
    other = jwk(key("ES", 2), "ES256", "two")
    provider.keys = [{**jwk(key(), "ES256", "one"), **useless}, "no key", None, other]
    known = issuers(provider)
    assert "does not have for ES256" in refusal(known, provider.token())
    assert find(known, provider.token(signer=key("ES", 2), kid="two")).scopes == REVIEWER


def test_a_key_that_is_published_whole_is_left_aside_since_anybody_could_sign_with_it(provider: Provider) -> None:
    whole = get_default_algorithms()["ES256"].to_jwk(key(), as_dict=True)
    provider.keys = [{**whole, "kid": "one", "key_ops": ["verify"]}, jwk(key("ES", 2), "ES256", "two")]
    assert "does not have for ES256" in refusal(issuers(provider), provider.token())


def test_a_key_that_is_too_short_is_left_aside(provider: Provider) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    short = rsa.generate_private_key(65537, 1024)
    provider.keys = [jwk(short, "RS256", "one"), jwk(key(), "ES256", "two")]
    header = part({"alg": "RS256", "kid": "one"})
    token = f"{header}.{provider.token().split('.')[1]}.AAAA"
    assert "does not have for RS256" in refusal(issuers(provider), token)


def test_known_keys_serve_for_an_hour_while_the_issuer_is_gone_and_then_nobody_is_believed(
    provider: Provider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "_SECONDS", 0.2)
    known = issuers(provider, clock)
    find(known, provider.token())
    provider.status = 500
    clock.now += oidc.KEPT - 1
    assert find(known, provider.token()).scopes == REVIEWER
    clock.now += 2
    with pytest.raises(Refused) as refused:
        find(known, provider.token())
    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "8"})
    assert refused.value.detail == f"the keys of {provider.issuer} cannot be had now, so no token of it is believed"
    provider.status = 200
    clock.now += oidc.PAUSE
    assert find(known, provider.token()).scopes == REVIEWER


@pytest.mark.parametrize(
    "broken",
    [
        {"body": b"<html>please log in</html>"},
        {"body": b"{"},
        {"body": b"[]"},
        {"body": b'"' + b"x" * 600_000 + b'"'},
        {"status": 302},
        {"status": 404},
        {"said": {"issuer": "https://evil.example.com"}},
        {"said": {"jwks_uri": "http://evil.example.com/keys"}},
        {"said": {"jwks_uri": "file:///etc/passwd"}},
        {"said": {"jwks_uri": None}},
        {"said": {"jwks_uri": ["x"]}},
        {"keys": []},
        {"keys": {}},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "one"}]},
        {"keys": [{}] * 101},
    ],
)
def test_an_issuer_that_lies_or_is_broken_lets_nobody_in(
    provider: Provider, broken: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(oidc, "_SECONDS", 0.2)
    for name, value in broken.items():
        setattr(provider, name, value)
    with pytest.raises(Refused) as refused:
        find(issuers(provider), provider.token())
    assert refused.value.status == 503
    [told] = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert told.startswith(f"the keys of an issuer cannot be had: {provider.issuer}/")
    assert told.endswith("; no token of it is believed")


def test_the_server_goes_on_while_an_issuer_does_not_answer(
    provider: Provider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "_PATIENCE", 0.2)
    known = issuers(provider, clock)
    find(known, provider.token())
    clock.now += oidc.FRESH + 1
    provider.held.clear()

    async def meanwhile() -> int:
        asked = asyncio.create_task(known.find(provider.token(), lambda: None))
        await asyncio.sleep(0)
        other = await known.find(provider.token(sub="joe"), lambda: None)
        assert (other.name, asked.done()) == (f"{provider.issuer}#joe", False)
        turns = 0
        while not asked.done():
            turns += 1
            await asyncio.sleep(0)
        assert asked.result().scopes == REVIEWER
        provider.held.set()
        return turns

    assert asyncio.run(meanwhile()) > 100


# -- tokens that were seen


def test_a_token_that_was_believed_is_not_checked_again_until_it_ends(provider: Provider) -> None:
    known = issuers(provider, leeway=0.0)
    checked: list[int] = []
    token = provider.token(exp=int(time.time()) + 300)
    for _ in range(3):
        find(known, token, lambda: checked.append(1))
    assert checked == [1]
    digest = hashlib.sha256(token.encode()).digest()
    keys, _, caller = known._known[digest]
    known._known[digest] = (keys, time.time() - 1, caller)
    find(known, token, lambda: checked.append(1))
    assert checked == [1, 1]


def test_only_so_many_tokens_are_remembered(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc, "_REMEMBERED", 3)
    known = issuers(provider)
    tokens = [provider.token(sub=f"user-{each}") for each in range(5)]
    for each in tokens:
        find(known, each)
    assert list(known._known) == [hashlib.sha256(each.encode()).digest() for each in tokens[2:]]


def test_whoever_has_tried_too_often_gets_no_signature_checked(provider: Provider) -> None:
    def never() -> None:
        raise Refused(429, "too many", {})

    with pytest.raises(Refused, match="too many"):
        find(issuers(provider), provider.token(), never)
