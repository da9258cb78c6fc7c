"""Static tokens: how they are made, kept and found."""

from __future__ import annotations

import hashlib
import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.callers import Caller, tokens
from bylaw.callers.tokens import Tokens

TOKEN = "bylaw_Tb2v8QmY0sL4kWcE7nR1xZpJ6hUdG3aF9oViKtSyM5"
CI, OPS = Caller("ci", frozenset({"check:run"})), Caller("ops", frozenset({"decision:read"}))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_new_token_is_like_no_other_and_looks_random() -> None:
    made = [tokens.new() for _ in range(100)]
    assert len(set(made)) == 100
    assert all(re.fullmatch(r"bylaw_[A-Za-z0-9_-]{43}", each) for each in made)
    assert {tokens.weakness(each) for each in made} == {""}


def test_a_token_is_found_by_its_hash_however_that_is_spelt() -> None:
    known = Tokens({sha256(TOKEN).upper(): CI, sha256("another-token-of-somebody-else-altogether"): OPS})
    assert known.find(TOKEN) == CI
    assert known.find("another-token-of-somebody-else-altogether") == OPS


@given(st.text())
def test_any_other_text_is_nobodys(text: str) -> None:
    known = Tokens({sha256(TOKEN): CI})
    assert known.find(text) == (CI if text == TOKEN else None)


@given(st.integers(0, len(TOKEN) - 1), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_token_with_one_other_letter_is_nobodys(at: int, letter: str) -> None:
    changed = TOKEN[:at] + letter + TOKEN[at + 1 :]
    assert Tokens({sha256(TOKEN): CI}).find(changed) == (CI if changed == TOKEN else None)


def test_the_hash_itself_is_no_token() -> None:
    assert Tokens({sha256(TOKEN): CI}).find(sha256(TOKEN)) is None


def test_every_hash_is_compared_whichever_one_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(other)
        return one == other

    known = Tokens({sha256(str(each)): Caller(str(each), frozenset()) for each in range(5)})
    monkeypatch.setattr("bylaw.callers.tokens.hmac.compare_digest", compare)
    for text in ("0", "4", "nobody's"):
        compared.clear()
        known.find(text)
        assert compared == [bytes.fromhex(sha256(str(each))) for each in range(5)]


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("swordfish", "has 9 characters, expected 32 or more"),
        ("a" * 40, "has 1 different characters, expected 12 or more"),
    ],
)
def test_a_token_that_can_be_guessed_is_told_once_and_not_shown(
    token: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    known = Tokens({sha256(token): CI})
    with caplog.at_level(logging.WARNING):
        assert [known.find(token) for _ in range(3)] == [CI, CI, CI]
    assert [each.getMessage() for each in caplog.records] == [
        f"the token of caller ci {why}; `bylaw token` makes a better one"
    ]


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (sha256(TOKEN), ""),
        (sha256(TOKEN).upper(), ""),
        (
            "abc",
            "token_sha256: expected 64 hexadecimal digits, found 3 characters; "
            "`bylaw token` makes a token and its hash",
        ),
        (
            TOKEN.ljust(64, "x"),
            "token_sha256: expected 64 hexadecimal digits, found 64 that are not all hexadecimal; "
            "`bylaw token` makes a token and its hash",
        ),
        (
            sha256(""),
            "token_sha256: is the hash of nothing, or of a word that anybody guesses; `bylaw token` makes a token",
        ),
        (
            sha256("changeme"),
            "token_sha256: is the hash of nothing, or of a word that anybody guesses; `bylaw token` makes a token",
        ),
    ],
)
def test_the_settings_hold_a_hash_and_not_that_of_a_guess(written: str, why: str) -> None:
    assert tokens.fault(written) == why
