"""Who has sent a message, and whether it is new."""

from __future__ import annotations

import base64

import pytest

from bylaw.decisions.signatures import Seen, SignatureError, signature, verify
from bylaw.errors import ConfigError

# The example of the specification: standardwebhooks.com, and the tests of its libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, TIME, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
PLAIN = "a key that is a text of 32 bytes"


def headers(**more: str) -> dict[str, str]:
    said = {"webhook-id": ID, "webhook-timestamp": str(TIME), "webhook-signature": SIGNATURE}
    return {**said, **{f"webhook-{name}": value for name, value in more.items()}}


def test_a_signature_is_that_of_the_specification() -> None:
    assert signature(SECRET, ID, TIME, BODY) == SIGNATURE


def test_a_key_may_be_a_text() -> None:
    encoded = f"whsec_{base64.b64encode(PLAIN.encode()).decode()}"
    assert signature(PLAIN, ID, TIME, BODY) == signature(encoded, ID, TIME, BODY)


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ("", "has 0 bytes, expected at least 24"),
        ("too short", "has 9 bytes, expected at least 24"),
        ("whsec_dG9vIHNob3J0", "has 9 bytes, expected at least 24"),
        ("whsec_!", "begins with whsec_, but what follows is no base64"),
    ],
)
def test_a_key_that_anybody_could_guess_is_refused(secret: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        signature(secret, ID, TIME, BODY)


@pytest.mark.parametrize("seconds", [-300, 0, 299.5])
def test_a_message_of_the_last_minutes_is_believed(seconds: float) -> None:
    assert verify(SECRET, headers(), BODY, now=TIME + seconds) == ID


def test_one_signature_of_several_is_enough() -> None:
    several = f"v1,{'A' * 43}= v2,x {SIGNATURE} ü"
    assert verify(SECRET, headers(signature=several), BODY, now=TIME) == ID


@pytest.mark.parametrize(
    ("changed", "body", "told"),
    [
        ({}, b'{"test": 2432232315}', "no signature in webhook-signature"),
        ({"id": "msg_other"}, BODY, "no signature in webhook-signature"),
        ({"timestamp": str(TIME + 1)}, BODY, "no signature in webhook-signature"),
        ({"signature": "v1," + "A" * 43 + "="}, BODY, "no signature in webhook-signature"),
        ({"signature": SIGNATURE.removeprefix("v1,")}, BODY, "no signature in webhook-signature"),
        ({"signature": SIGNATURE.replace("v1", "v1a")}, BODY, "no signature in webhook-signature"),
        ({"signature": " ".join(["v1,x"] * 10 + [SIGNATURE])}, BODY, "no signature in webhook-signature"),
        ({"id": ""}, BODY, "expected the headers webhook-id, webhook-timestamp and webhook-signature"),
        ({"signature": ""}, BODY, "expected the headers"),
        ({"timestamp": ""}, BODY, "expected the headers"),
        ({"timestamp": "1e9"}, BODY, "expected a webhook-timestamp in whole seconds"),
        ({"timestamp": "-1"}, BODY, "expected a webhook-timestamp in whole seconds"),
        ({"timestamp": "٣"}, BODY, "expected a webhook-timestamp in whole seconds"),
        ({"timestamp": "9" * 400}, BODY, "expected a webhook-timestamp in whole seconds"),
        ({"id": "x" * 201}, BODY, "expected a webhook-id of at most 200"),
        ({"id": "a\nb"}, BODY, "expected a webhook-id of at most 200"),
    ],
)
def test_any_other_message_is_not_believed(changed: dict[str, str], body: bytes, told: str) -> None:
    with pytest.raises(SignatureError, match=told):
        verify(SECRET, headers(**changed), body, now=TIME)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(301, "webhook-timestamp is 301 seconds ago, expected at most 300"), (-302, "is 302 seconds in the future")],
)
def test_a_message_of_another_time_is_not_believed(seconds: float, told: str) -> None:
    with pytest.raises(SignatureError, match=told):
        verify(SECRET, headers(), BODY, now=TIME + seconds)


def test_a_message_that_is_sent_again_does_not_count() -> None:
    seen = Seen()
    seen.check("a", now=TIME)
    seen.check("b", now=TIME + 1)
    with pytest.raises(SignatureError, match="a message with this webhook-id was taken less than 600 seconds ago"):
        seen.check("a", now=TIME + 600)
    seen.check("a", now=TIME + 601)


def test_ids_are_forgotten_when_their_messages_are_too_old_to_be_believed() -> None:
    seen = Seen()
    for number in range(1_000):
        seen.check(str(number), now=TIME + number)
    assert len(seen) == 601


def test_too_many_messages_are_refused_and_not_forgotten() -> None:
    seen = Seen(most=3)
    for each in "abc":
        seen.check(each, now=TIME)
    with pytest.raises(SignatureError, match="more than 3 messages in 600 seconds: send fewer"):
        seen.check("d", now=TIME)
    with pytest.raises(SignatureError, match="was taken"):
        seen.check("a", now=TIME)
