"""Bodies are read strictly, within the limits of a file, and as YAML would be where JSON is YAML."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.config import LimitSettings
from bylaw.documents import load
from bylaw.serving.bodies import MalformedError, read

LIMITS = LimitSettings()
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5)
numbers = st.one_of(
    st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([1.0, -0.0, 1e21])
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)


def _written(value: Any) -> bytes:
    import json

    return json.dumps(value).encode()


@given(st.dictionaries(texts, values, max_size=4))
def test_a_body_is_read_as_the_same_text_in_a_file_is(value: dict[str, Any]) -> None:
    text = _written(value)
    (document,) = load(text)
    if document.fault is None:
        assert orjson.dumps(read(text, LIMITS)) == orjson.dumps(document.value)


@given(st.binary(max_size=40))
def test_any_bytes_are_an_object_or_malformed(body: bytes) -> None:
    try:
        assert isinstance(read(body, LIMITS), dict)
    except MalformedError as error:
        assert str(error).startswith("the body ") or "stands twice" in str(error)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"a": 1, "a": 1}', "the key a stands twice in one object"),
        (b'{"a": {"b": [{"c": 1, "c": 2}]}}', "the key c stands twice in one object"),
        (b'{"a": "\\u0061", "\\u0061": 2}', "the key a stands twice in one object"),
        (b'{"a": Infinity}', "the body is not JSON"),
        (b'{"a": 1e999}', "the body is not JSON"),
        (b"7", "the body is a number, expected a JSON object"),
        (b'"x"', "the body is a text, expected a JSON object"),
        (b"null", "the body is null, expected a JSON object"),
        (b'{"a": %s1%s}' % (b"[" * 7, b"]" * 7), "the body has more than 5 collections in one another"),
        (b'{"a": [%s]}' % b",".join([b"1"] * 10), "the body has more than 10 values"),
    ],
)
def test_what_is_wrong_is_named(body: bytes, said: str) -> None:
    limits = LimitSettings(file_nodes=10, depth=5)
    with pytest.raises(MalformedError) as caught:
        read(body, limits)
    assert said in str(caught.value)


def test_many_keys_of_which_one_stands_twice_are_found_quickly() -> None:
    keys = ",".join(f'"k{number}": 1' for number in range(200_000))
    with pytest.raises(MalformedError, match="the key k7 stands twice"):
        read(f'{{{keys}, "k7": 2}}'.encode(), LIMITS)
