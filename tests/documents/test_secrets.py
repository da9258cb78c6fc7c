"""Secrets in texts: each kind is found, what is plainly an example is none, and nothing of one is ever passed on.

The secrets here are made up, and put together from parts, so that no scanner takes them for real ones.
"""

from __future__ import annotations

import base64
import random
import string
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bylaw.documents import secrets
from bylaw.documents.secrets import Found
from tests.shared import examples

RANDOM = random.Random(7)
ALPHANUMERIC = string.ascii_letters + string.digits


def some(count: int, alphabet: str = ALPHANUMERIC) -> str:
    """Random characters."""
    return "".join(RANDOM.choices(alphabet, k=count))


def token(payload: str) -> str:
    """A JSON Web Token."""
    parts = ['{"alg": "HS256", "typ": "JWT"}', payload]
    coded = [base64.urlsafe_b64encode(each.encode()).decode().rstrip("=") for each in parts]
    return ".".join([*coded, some(43)])


KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{some(64)}\n{some(64)}\n{some(20)}==\n-----END RSA PRIVATE KEY-----"
LOWER = string.ascii_lowercase + string.digits
SECRETS = {
    "Anthropic key": f"sk-ant-api03-{some(93)}AA",
    "AWS key": f"AKIA{some(16, string.ascii_uppercase + string.digits)}",
    "Azure storage key": f"AccountName=it;AccountKey={some(86)}==;",
    "Discord token": f"M{some(23)}.{some(6)}.{some(27)}",
    "GitHub token": f"ghp_{some(36)}",
    "GitHub fine-grained token": f"github_pat_{some(82)}",
    "GitLab token": f"glpat-{some(20)}",
    "JSON Web Token": token('{"sub": "somebody", "exp": 1}'),
    "Mailchimp key": f"{some(32, LOWER)}-us12",
    "npm token": f"npm_{some(36)}",
    "OpenAI key": f"sk-proj-{some(40)}T3BlbkFJ{some(40)}",
    "password in a URL": f"https://orders:{some(12)}@example.com",
    "private key": KEY,
    "PyPI token": f"pypi-AgEIcHlwaS5vcmc{some(80)}",
    "SendGrid key": f"SG.{some(22)}.{some(43)}",
    "Slack token": f"xoxb-{some(12, string.digits)}-{some(24, LOWER)}",
    "Square secret": f"sq0csp-{some(43)}",
    "Stripe key": f"sk_live_{some(24)}",
    "Vault token": f"hvs.{some(95)}",
}


def kinds(text: str) -> list[str]:
    return [each.kind for each in secrets.find(text)]


REDACTED = {
    "Azure storage key": "AccountName=it;[secret];",
    "password in a URL": "https[secret]example.com",
    "private key": "-----[secret] RSA PRIVATE KEY-----",
}
"""What is left of those of which the rest is told."""


@pytest.mark.parametrize("kind", secrets.KINDS)
def test_each_kind_is_found_and_redacted(kind: str) -> None:
    secret, left = SECRETS[kind], REDACTED.get(kind, "[secret]")
    assert kinds(secret) == [kind]
    value = {"text": [f"before {secret} after", 5, None], secret: "key"}
    assert secrets.redact(value) == {"text": [f"before {left} after", 5, None], left: "key"}
    assert kinds(left) == []


@pytest.mark.parametrize("kind", [name for name, each in secrets._KINDS.items() if each.detector])
@settings(max_examples=examples(40), deadline=None)
@given(data=st.data())
def test_where_the_library_finds_something_there_is_a_clue(kind: str, data: st.DataObject) -> None:
    known = secrets._KINDS[kind]
    assert known.detector
    pattern = data.draw(st.sampled_from(list(secrets._detector(*known.detector).denylist)))
    text = data.draw(st.from_regex(pattern))
    assert known.is_hinted_at(text.casefold())
    assert secrets.suspected(text)


@pytest.mark.parametrize("kind", [name for name, each in secrets._KINDS.items() if each.pattern])
@settings(max_examples=examples(40), deadline=None)
@given(data=st.data())
def test_where_a_pattern_finds_something_there_is_a_clue(kind: str, data: st.DataObject) -> None:
    known = secrets._KINDS[kind]
    assert known.pattern
    assert secrets.suspected(data.draw(st.from_regex(known.pattern)))


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "aws-keys: /docs/services/orders/configuration/keys",
        f"ghp_{'x' * 36}",
        f"ghp_{'0' * 36}",
        f"ghp_{'a1' * 18}",
        f"ghp_{string.ascii_lowercase}{string.digits}",
        "ghs_16C7e42F292c6912E7710c838347Ae178B4a",
        f"glpat-your-{'token' * 6}",
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        "https://user:password@example.com",
        "https://postgres:postgres@example.com",
        "https://user:changeme@example.com",
        "https://user:{password}@example.com",
        "https://user:<password>@example.com",
        "https://user:${PASSWORD}@example.com",
        "https://user:$PASSWORD@example.com",
        "https://user:***@example.com",
        "https://user:zzz@example.com",
        "https://example.com:8443/a@b",
        "https://example.com/a:b@c",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n...",
        "-----BEGIN PUBLIC KEY-----\n" + "MIIBIjANBgkqhkiG9w0B" * 10,
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.4Adcj3UFYzPUVaVF43Fm",
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODB9.dBjftJeZ4CVPmB92K27uhbUJ",
        "5f0e3a1b9c7d2e4f6a8b0c1d3e5f7a9b1c3d5e7f",
        "123e4567-e89b-12d3-a456-426614174000",
        token("no JSON"),
        token("[" * 100_000),
        "password: hunter2",
        "${{ secrets.TOKEN }}",
    ],
    ids=lambda text: text[:40],
)
def test_what_is_plainly_an_example_or_nothing_is_no_secret(text: str) -> None:
    assert kinds(text) == []
    assert secrets.redact(text) == text


def test_places_are_those_of_the_values_and_no_place_holds_a_secret() -> None:
    key, url = SECRETS["AWS key"], SECRETS["password in a URL"]
    secret = f"{some(20)}aA1{some(17)}"
    value = {
        "a": [{"b": f"{key} {key}"}],
        key: {"c": {"d": key}},
        url: {"e": 5},
        "aws-secret-key": [secret],
        "text": f"one\ntwo {key}\n",
        "f": None,
    }
    assert sorted(secrets.find_in(value), key=str) == sorted(
        [
            Found(("a", 0, "b"), "AWS key"),
            Found(("a", 0, "b"), "AWS key"),
            Found((), "AWS key", is_key=True),
            Found(("c", "d"), "AWS key"),
            Found((), "password in a URL", is_key=True),
            Found(("aws-secret-key", 0), "AWS key"),
            Found(("text",), "AWS key", line=2),
        ],
        key=str,
    )
    assert list(secrets.find_in(None)) == list(secrets.find_in(["nothing"])) == []


def test_a_pointer_ends_before_a_secret() -> None:
    key, url = SECRETS["AWS key"], SECRETS["password in a URL"].replace("/", "~1")
    assert secrets.without_secret(f"/metadata/{key}/a") == "/metadata"
    assert secrets.without_secret(f"/metadata/{url}/a") == "/metadata"
    assert secrets.without_secret("/metadata/name") == "/metadata/name"
    assert secrets.redact(f"{url} is wrong") == "https[secret]example.com is wrong"


def test_lines_are_those_that_hold_any_part_of_a_secret() -> None:
    key = KEY.replace("\n", "\n      ")
    escaped = KEY.replace("\n", "\\n")
    text = f'a: |\n      {key}\nb: "{escaped}"\nc: {SECRETS["GitHub token"]}\nd: nothing\n'
    assert secrets.lines(text) == {2, 3, 4, 5, 6, 7, 8}
    assert secrets.lines("a: nothing\n") == set()


def test_a_token_that_is_longer_than_its_detector_knows_is_redacted_whole() -> None:
    token = f"{SECRETS['Stripe key']}{some(80)}"
    assert secrets.redact(f"({token})") == "([secret])"


def test_lines_may_end_as_on_windows() -> None:
    text = "a: |\r\n  " + KEY.replace("\n", "\r\n  ") + "\r\nb: x\r\n"
    assert secrets.lines(text) == {2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    "part", ["eyJ", "sk-T3BlbkFJ", "://a:", "xoxb-1-", "glpat-", "BEGIN PRIVATE KEY", "BEGIN ", "npm_", "hvs.", ":"]
)
def test_the_time_grows_with_the_length_of_a_text_and_not_with_its_square(part: str) -> None:
    def seconds(count: int) -> float:
        text = f"T3BlbkFJ eyJ.a ://{part * count}"
        start = time.process_time()
        secrets.find(text)
        return time.process_time() - start

    seconds(10)  # imports
    assert min(seconds(40_000) for _ in range(3)) < 1  # by the square it would be minutes


def test_secrets_within_one_another_are_redacted_whole() -> None:
    url = f"https://orders:{SECRETS['GitHub token']}@example.com and {SECRETS['AWS key']}"
    assert secrets.redact(url) == "https[secret]example.com and [secret]"


def test_the_library_is_imported_only_when_there_is_a_clue() -> None:
    code = (
        "import sys\nfrom bylaw.documents import secrets\nsecrets.find(sys.argv[1])\nprint('requests' in sys.modules)"
    )
    for text, imported in (("https://example.com/a:b", "False\n"), (SECRETS["AWS key"], "True\n")):
        done = subprocess.run([sys.executable, "-c", code, text], capture_output=True, check=True, encoding="utf-8")
        assert done.stdout == imported
