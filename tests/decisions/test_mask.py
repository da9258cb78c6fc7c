"""What of a decision is not kept."""

from __future__ import annotations

import base64
import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bylaw.config import DecisionSettings
from bylaw.decisions.mask import MOST, Mask, is_masked, written
from bylaw.errors import ConfigError
from bylaw.store import chain
from tests.store.making import decided

PASSWORD = "correct-horse-battery"
ENCODED = base64.b64encode(PASSWORD.encode()).decode()
GITLAB = "glpat-" + "aB3xQ9wZk7Lm2pRt5Vn8"  # in two pieces, so that no scanner takes this file for a leak
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "data": {"password": ENCODED}}


def masked(input: Any, *pointers: str, **more: Any) -> Any:
    return Mask(pointers)(decided(input=input, **more)).input


def review(object: Any, **more: Any) -> dict[str, Any]:
    """An input of the admission gate."""
    return {"request": {"uid": "u-1", "kind": {"group": "", "version": "v1", "kind": "X"}, "object": object, **more}}


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/a/b", {"a": {"b": "[masked]", "c": [1, {"b": 2}]}, "d/e": {"~": "x"}}),
        ("/a", {"a": {"[masked]": []}, "d/e": {"~": "x"}}),
        ("/a/c", {"a": {"b": "x", "c": ["[masked]"]}, "d/e": {"~": "x"}}),
        ("/a/c/1/b", {"a": {"b": "x", "c": [1, {"b": "[masked]"}]}, "d/e": {"~": "x"}}),
        ("/a/c/*", {"a": {"b": "x", "c": ["[masked]", {"[masked]": []}]}, "d/e": {"~": "x"}}),
        ("/a/c/*/b", {"a": {"b": "x", "c": [1, {"b": "[masked]"}]}, "d/e": {"~": "x"}}),
        ("/*/b", {"a": {"b": "[masked]", "c": [1, {"b": 2}]}, "d/e": {"~": "x"}}),
        ("/d~1e/~0", {"a": {"b": "x", "c": [1, {"b": 2}]}, "d/e": {"~": "[masked]"}}),
        ("/nothing/there", {"a": {"b": "x", "c": [1, {"b": 2}]}, "d/e": {"~": "x"}}),
        ("/a/c/7", {"a": {"b": "x", "c": [1, {"b": 2}]}, "d/e": {"~": "x"}}),
        ("/a/c/-1", {"a": {"b": "x", "c": [1, {"b": 2}]}, "d/e": {"~": "x"}}),
        ("/a/b/c/d", {"a": {"b": "x", "c": [1, {"b": 2}]}, "d/e": {"~": "x"}}),
    ],
)
def test_what_a_pointer_names_is_masked_and_keeps_its_type(pointer: str, expected: Any) -> None:
    given = {"a": {"b": "x", "c": [1, {"b": 2}]}, "d/e": {"~": "x"}}
    assert masked(given, pointer) == expected


def test_what_is_masked_by_default_is_personal_and_no_rule_reads_it() -> None:
    given = review({"kind": "Pod"}, options={"kind": "CreateOptions"})
    given["request"]["userInfo"] = {"username": "jane", "uid": "42", "groups": ["dev"], "extra": {"scopes": ["x"]}}
    kept = masked(given, *DecisionSettings().mask)["request"]
    assert kept["userInfo"] == {
        "username": "jane",
        "uid": "[masked]",
        "groups": ["dev"],
        "extra": {"[masked]": []},
    }
    assert kept["options"] == {"[masked]": []}
    assert kept["object"] == {"kind": "Pod"}


@pytest.mark.parametrize("pointer", ["", "request", "request/uid", "$.request"])
def test_what_is_no_pointer_is_said(pointer: str) -> None:
    with pytest.raises(
        ConfigError, match=r"^server.decisions.mask: expected a JSON pointer such as /request/uid, found"
    ):
        Mask([pointer])


@pytest.mark.parametrize("field", ["data", "stringData"])
@pytest.mark.parametrize(
    "wrap",
    [
        review,
        lambda each: review({"kind": "Deployment"}, oldObject=each),
        lambda each: review({"kind": "List", "items": [each]}),
        lambda each: {"entities": [{"spec": {"entity": each}}]},
        lambda each: review({key: value for key, value in each.items() if key != "kind"}, kind={"kind": "Secret"}),
        lambda each: review({**each, "kind": "secret"}),
        lambda each: review(
            {key: value for key, value in each.items() if key != "kind"}, resource={"group": "", "resource": "secrets"}
        ),
    ],
)
def test_the_values_of_a_secret_are_never_kept(field: str, wrap: Any) -> None:
    values = {"password": ENCODED, "number": 7, "deep": {"a": [1]}}
    secret = {"kind": "Secret", "metadata": {"name": "db"}, field: values}
    kept = wrap({**secret, field: dict.fromkeys(values, "[masked]")})
    assert masked(wrap(secret)) == kept


@pytest.mark.parametrize("value", ["text", ["a list"], 7])
def test_the_values_of_a_secret_that_is_none_are_not_kept_either(value: Any) -> None:
    kept = masked(review({**SECRET, "data": value}))["request"]["object"]["data"]
    assert kept == (["[masked]"] if isinstance(value, list) else "[masked]")


def test_what_was_applied_last_is_not_kept() -> None:
    key = "kubectl.kubernetes.io/last-applied-configuration"
    kept = masked(review({"kind": "Pod", "metadata": {"annotations": {key: '{"data": {"a": "b"}}', "other": "x"}}}))
    assert kept["request"]["object"]["metadata"]["annotations"] == {key: "[masked]", "other": "x"}


def test_what_was_in_a_secret_is_not_kept_elsewhere_either() -> None:
    said = f"the password {PASSWORD} is known, its code is {ENCODED}"
    given = decided(
        input=review(SECRET, note=[said, {PASSWORD: 1}]),
        reason=said,
        subject=f"v1 Secret shop/{PASSWORD}",
        caller=PASSWORD,
        rules=(PASSWORD, "right"),
    )
    kept = Mask()(given)
    assert kept.reason == "the password [masked] is known, its code is [masked]"
    assert (kept.subject, kept.caller, kept.rules) == ("v1 Secret shop/[masked]", "[masked]", ("[masked]", "right"))
    assert PASSWORD not in chain.text(kept)
    assert ENCODED not in chain.text(kept)


def test_a_short_value_of_a_secret_does_not_erase_every_text_that_holds_it() -> None:
    kept = masked(review({**SECRET, "stringData": {"user": "admin"}}, note="an administrator"))
    assert kept["request"]["note"] == "an administrator"


def test_a_secret_with_many_values_costs_no_time_and_is_kept_without_anything_of_it() -> None:
    many = {str(number): f"value number {number}" for number in range(5_000)}
    kept = Mask()(decided(input=review({**SECRET, "stringData": many}), reason="found value number 4999 there"))
    assert kept.input == {"[masked]": ["a Secret with more than 64 values"]}
    assert kept.reason == "found [masked] there"


@pytest.mark.parametrize(
    "place",
    [
        lambda: {"input": {"a": [f"token {GITLAB} here"]}},
        lambda: {"input": {GITLAB: "x"}},
        lambda: {"reason": f"bad token {GITLAB}"},
        lambda: {"subject": GITLAB},
        lambda: {"caller": GITLAB},
        lambda: {"rules": (GITLAB,)},
        lambda: {"input": {"url": f"https://joe:{PASSWORD}@example.com/x"}},
    ],
)
def test_what_looks_like_a_secret_is_kept_nowhere(place: Any) -> None:
    kept = chain.text(Mask()(decided(**place())))
    assert GITLAB not in kept
    assert PASSWORD not in kept
    assert "[secret]" in kept


def test_what_holds_nothing_secret_is_kept_as_it_is() -> None:
    given = decided(input=review({"kind": "Secretary", "data": {"x": "y"}}, note="secret"), reason="because")
    assert Mask(DecisionSettings().mask)(given) == given


def test_what_is_given_is_not_changed() -> None:
    given = decided(input=review(SECRET))
    before = copy.deepcopy(given.input)
    Mask(["/request/uid"])(given)
    assert given.input == before


def test_a_large_input_is_not_kept_and_its_size_is() -> None:
    given = {"a": "x" * MOST}
    kept = masked(given)
    assert kept == {"[masked]": [f"{MOST + 8:,} bytes, of which at most {MOST:,} are kept"]}


def test_an_input_that_is_nested_deep_is_masked_or_left_out() -> None:
    deep: Any = SECRET
    for _ in range(240):
        deep = [deep]
    assert ENCODED not in chain.text(Mask()(decided(input={"a": deep})))
    for _ in range(200):
        deep = [deep]
    assert masked({"a": deep}) == {"[masked]": ["no JSON that can be kept"]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": "b"}, False),
        ({"a": "[masked]"}, True),
        ({"[masked]": []}, True),
        ({"a": ["x", "a [secret] b"]}, True),
    ],
)
def test_it_is_told_whether_something_was_masked(value: Any, expected: bool) -> None:
    assert is_masked(value) is expected


hidden = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=8, max_size=20).map(
    lambda text: f"§{text}§"
)


@st.composite
def secretive(draw: st.DrawFn) -> tuple[dict[str, Any], list[str], list[str]]:
    """An input, pointers into it, and the texts in it that are not to be kept."""
    texts = draw(st.lists(hidden, min_size=1, max_size=4, unique=True))
    value: dict[str, Any] = {"note": "plain"}
    pointers = []
    for number, text in enumerate(texts):
        kind = draw(st.sampled_from(["pointer", "star", "secret", "encoded", "applied"]))
        if kind == "pointer":
            value[f"p{number}"] = {"x/y": [text, {"deep": text}]}
            pointers.append(f"/p{number}/x~1y")
        elif kind == "star":
            value[f"s{number}"] = [{"env": [{"name": "A", "value": text}]}, {"env": [{"name": "B", "value": text}]}]
            pointers.append(f"/s{number}/*/env/*/value")
        elif kind == "secret":
            value[f"o{number}"] = {"kind": "Secret", "stringData": {"k": text}, "note": f"it is {text}"}
        elif kind == "encoded":
            code = base64.b64encode(text.encode()).decode()
            value[f"e{number}"] = {"items": [{"kind": "Secret", "data": {"k": code}}], "note": [code, text]}
        else:
            value[f"a{number}"] = {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": text}}
    return value, pointers, texts


@settings(max_examples=200)
@given(secretive())
def test_no_masked_value_survives_in_the_row(given: tuple[dict[str, Any], list[str], list[str]]) -> None:
    value, pointers, texts = given
    kept = Mask(pointers)(decided(input=value))
    row = chain.text(kept)
    assert kept.input is not None
    assert kept.input["note"] == "plain"
    assert [text for text in texts if text in row or written(text).decode()[1:-1] in row] == []
