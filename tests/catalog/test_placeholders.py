from __future__ import annotations

import json
from typing import Any

import pytest

from bylaw.catalog.placeholders import UnreadableError, is_url, resolve
from bylaw.documents import Limits
from bylaw.model import Outcome, Problem

RULE = "catalog/placeholder-unresolved"
EXPECTED = "a file of this checkout, by a relative path"
FILES = {
    "./text.txt": "hello\n".encode("utf-8-sig"),
    "./latin.txt": b"caf\xe9",
    "./a.json": b'{"a": [1, {"b": null}], "a": [2], "\\ud83d\\ude00": 1.50}',
    "./tabs.json": b'{\n\t"' + b"k" * 2000 + b'":\n\t\t"v"\n}',
    "./broken.json": b'{"a": 1,\n"b": x}',
    "./a.yaml": b"a: [1, {$text: ./text.txt}]\n",
    "./two.yaml": b"a: 1\n---\nb: 2\n",
    "./broken.yaml": b"a: 1\na: 2\n",
    "./empty.yaml": b"",
    "./deep.json": b"[" * 101 + b"]" * 101,
    "./deeper.json": b"[" * 100_000,
    "./many.json": json.dumps(list(range(100_000))).encode(),
    "./many-keys.json": json.dumps({str(number): number for number in range(50_000)}).encode(),
    "./deep.yaml": b"[" * 101 + b"]" * 101,
}


def read(target: str) -> bytes:
    if target not in FILES:
        raise UnreadableError(f"names {target}, which does not exist")
    return FILES[target]


def resolved(value: Any, limits: Limits | None = None) -> Any:
    result, problems = resolve(value, read, limits or Limits())
    assert problems == ()
    return result


def message(value: Any) -> str:
    result, (problem,) = resolve({"x": value}, read, Limits())
    assert result == {"x": value}
    assert problem.rule == RULE
    assert problem.pointer == f"/x/{next(iter(value))}"
    return str(problem.message)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"$text": "./text.txt"}, "hello\n"),
        ({"$json": "./a.json"}, {"a": [2], "😀": 1.5}),
        ({"$json": "./tabs.json"}, {"k" * 2000: "v"}),
        ({"$yaml": "./a.yaml"}, {"a": [1, {"$text": "./text.txt"}]}),
        ([{"a": {"$text": "./text.txt"}}, 1], [{"a": "hello\n"}, 1]),
    ],
)
def test_a_placeholder_is_replaced_by_what_stands_in_the_file_and_that_is_not_searched(
    value: Any, expected: Any
) -> None:
    assert resolved({"x": value}) == {"x": expected}


@pytest.mark.parametrize(
    "value",
    [
        {"$text": "./nowhere", "other": 1},
        {"$text": "./nowhere", "$json": "./nowhere"},
        {"$unknown": "./nowhere"},
        {"$unknown": {"$text": "./nowhere"}},
        {"$": "./nowhere"},
        {"text": "$text"},
        "$text",
    ],
)
def test_what_is_no_placeholder_of_backstage_stays_as_it_is(value: Any) -> None:
    assert resolved({"x": value}) == {"x": value}


def test_a_value_without_placeholders_is_the_same_object() -> None:
    value = {"a": [{"b": 1}]}
    assert resolve(value, read, Limits())[0] is value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"$text": "./nowhere"}, "placeholder $text names ./nowhere, which does not exist"),
        ({"$text": "./latin.txt"}, "placeholder $text names ./latin.txt, which is not UTF-8 (byte 3)"),
        ({"$text": ["./text.txt"]}, 'placeholder $text names ["./text.txt"], expected a relative path'),
        ({"$text": None}, "placeholder $text names null, expected a relative path"),
        (
            {"$json": "./broken.json"},
            "placeholder $json names ./broken.json, which is not JSON (line 2)",
        ),
        (
            {"$json": "./a.yaml"},
            "placeholder $json names ./a.yaml, which is not JSON (line 1)",
        ),
        (
            {"$json": "./deep.json"},
            "placeholder $json names ./deep.json, which has more than 100 of catalog.limits.depth",
        ),
        (
            {"$json": "./many.json"},
            "placeholder $json names ./many.json, which has more than 100,000 of catalog.limits.document_nodes",
        ),
        (
            {"$json": "./many-keys.json"},
            "placeholder $json names ./many-keys.json, which has more than 100,000 of catalog.limits.document_nodes",
        ),
        (
            {"$yaml": "./broken.yaml"},
            'placeholder $yaml names ./broken.yaml, which is not YAML (line 2: duplicate key "a")',
        ),
        ({"$yaml": "./two.yaml"}, "placeholder $yaml names ./two.yaml, which has 2 documents, expected one"),
        ({"$yaml": "./empty.yaml"}, "placeholder $yaml names ./empty.yaml, which has 0 documents, expected one"),
        (
            {"$yaml": "./deep.yaml"},
            "placeholder $yaml names ./deep.yaml, which is not YAML "
            "(line 1: more than 100 collections in one another (catalog.limits.depth))",
        ),
    ],
)
def test_a_placeholder_that_cannot_be_resolved_stays_and_is_a_problem(value: Any, expected: str) -> None:
    assert message(value) == expected


def test_json_nested_without_end_is_refused() -> None:
    assert message({"$json": "./deeper.json"}).startswith(
        "placeholder $json names ./deeper.json, which is not JSON (line 1)"
    )


def test_each_problem_has_its_place_and_the_others_are_resolved() -> None:
    value = {"a/b": [{"$text": "./nowhere"}, {"$text": "./text.txt"}], "c": {"$json": "./nowhere"}}
    result, problems = resolve(value, read, Limits())
    assert result == {"a/b": [{"$text": "./nowhere"}, "hello\n"], "c": {"$json": "./nowhere"}}
    assert problems == (
        Problem(
            RULE,
            "placeholder $text names ./nowhere, which does not exist",
            "/a~1b/0/$text",
            observed="./nowhere",
            expected=EXPECTED,
        ),
        Problem(
            RULE,
            "placeholder $json names ./nowhere, which does not exist",
            "/c/$json",
            observed="./nowhere",
            expected=EXPECTED,
        ),
    )


def test_whether_a_url_can_be_fetched_is_unknown_and_it_is_not_tried() -> None:
    url = "https://petstore.swagger.io/v2/swagger.json"

    def read_nothing(target: str) -> bytes:
        raise AssertionError(target)

    result, problems = resolve({"definition": {"$text": url}}, read_nothing, Limits())
    assert result == {"definition": {"$text": url}}
    assert problems == (
        Problem(
            RULE,
            f"placeholder $text names {url}, which is outside the files read: it is not fetched",
            "/definition/$text",
            observed=url,
            outcome=Outcome.UNKNOWN,
        ),
    )


def test_a_url_begins_with_a_scheme() -> None:
    assert is_url("https://example.com/a")
    assert is_url("git+ssh://example.com")
    assert not is_url("./a?b=https://example.com")
    assert not is_url("//example.com/a")
    assert not is_url("C:/a")
