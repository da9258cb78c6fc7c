"""What holds for any text at all."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from bylaw.documents import Limits, load, locate

SMALL = Limits(file_bytes=2_000, depth=8, document_nodes=60, file_nodes=150)

# Not: halves of surrogate pairs, and the private characters behind which others are hidden.
text = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Co")), max_size=20)
scalar = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
json_value = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4), max_leaves=12
)
yaml_pieces = st.sampled_from(
    [
        *(
            "a",
            "b",
            "x y",
            "é",
            "😀",
            "1",
            "~",
            "true",
            "null",
            ".5",
            "a: ",
            "b: ",
            "- ",
            "? ",
            ": ",
            ":",
            ", ",
            "<<: ",
        ),
        *(
            "\n",
            "\n",
            "\n ",
            "\n  ",
            "\n    ",
            " ",
            "\t",
            "\r\n",
            "{",
            "}",
            "[",
            "]",
            '"',
            "'",
            '"x"',
            "'y'",
            "#",
            " # c",
        ),
        *("|", ">", "|-\n  ", ">+\n  ", "|2\n", "&a ", "&b ", "*a", "*b ", "!", "!!str ", "!t ", "!!int ", "!e!x "),
        *(
            "---",
            "\n---\n",
            "\n--- ",
            "\n...\n",
            "%",
            "%YAML 1.1\n",
            "%TAG ! x\n",
            "\\",
            "\\n",
            "\\ud83d\\ude00",
            "@",
            "`",
        ),
        *("{{ x }}", "${{ x }}", "\0", "\x07", "\r", "\x85", "\u2028", "\ufeff", "\ue000"),
    ]
)
yaml_text = st.lists(yaml_pieces, max_size=40).map("".join)


def as_javascript(value: Any) -> Any:
    """What is left of a JSON value when JavaScript has read it."""
    if isinstance(value, list):
        return [as_javascript(item) for item in value]
    if isinstance(value, dict):
        return {key: as_javascript(item) for key, item in value.items()}
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    number = float(value) if abs(value) < 2**1024 else float("inf")
    if not isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def types(value: Any) -> Any:
    """The types in a value, which == does not tell apart."""
    if isinstance(value, list):
        return [types(item) for item in value]
    if isinstance(value, dict):
        return {key: types(item) for key, item in value.items()}
    return type(value)


def pointers(value: Any, around: str = "") -> list[str]:
    """The JSON pointers to a value and to all that it holds."""
    found = [around]
    if isinstance(value, dict):
        for key, item in value.items():
            found += pointers(item, f"{around}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += pointers(item, f"{around}/{index}")
    return found


@given(json_value, st.sampled_from([None, 1, 2]))
@example({"a": "😀\ufe0f", "é": "\x85\u2028\u2029"}, None)
@example([2**53, 2**53 - 1, -(2**53), 1e16, -0.0, 10**400], None)
def test_any_json_value_is_read_from_its_json(value: Any, indent: int | None) -> None:
    loaded = load(json.dumps(value, indent=indent).encode())
    expected = as_javascript(value)
    assert [document.value for document in loaded] == ([] if expected is None else [expected])
    assert [types(document.value) for document in loaded] == ([] if expected is None else [types(expected)])


@given(st.binary(max_size=200))
@example(b"\xff\xfe")
@example(b"a: !%ED%A0%80 b")
def test_no_bytes_raise_anything_and_nothing_has_both_a_value_and_a_fault(data: bytes) -> None:
    for document in load(data, SMALL):
        assert (document.value is None) != (document.fault is None)


@given(yaml_text)
def test_no_text_raises_anything_and_every_fault_lies_in_the_file(source: str) -> None:
    data = source.encode()
    lines = source.split("\n")
    for document in load(data, SMALL):
        assert (document.value is None) != (document.fault is None)
        if document.fault:
            place = document.fault
            assert 1 <= place.line <= place.end_line <= len(lines) + 1
            assert (place.line, place.column) <= (place.end_line, place.end_column)
            assert 1 <= place.column <= len((*lines, "")[place.line - 1]) + 1


@given(yaml_text)
def test_every_value_of_every_text_has_a_place_in_the_file(source: str) -> None:
    data = source.encode()
    lines = source.removeprefix("\ufeff").split("\n")
    for document in load(data, SMALL):
        for pointer, span in locate(data, document.index, pointers(document.value), SMALL).items():
            assert (span.line, span.column) <= (span.end_line, span.end_column), pointer
            assert 1 <= span.line <= span.end_line <= len(lines) + 1, pointer
            assert span.column <= len((*lines, "")[span.line - 1]) + 1, pointer
            assert span.end_column <= len((*lines, "")[span.end_line - 1]) + 1, pointer


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.integers(0, 99), min_size=1, max_size=5))
def test_a_place_found_holds_what_was_read_from_it(value: dict[str, int]) -> None:
    source = "# c\n---\n[broken\n---\nk:\n" + "".join(f"  {key}:   {item}  # c\n" for key, item in value.items())
    for pointer, span in locate(source.encode(), 1, [f"/k/{key}" for key in value]).items():
        line = source.split("\n")[span.line - 1]
        assert int(line[span.column - 1 : span.end_column - 1]) == value[pointer.removeprefix("/k/")]


@given(
    st.lists(
        json_value.map(json.dumps) | st.sampled_from(["a: 1\na: 2", "a: [1", "'x", "a: @", "# c", "a: b: c", "*x"]),
        min_size=1,
        max_size=6,
    )
)
def test_documents_are_read_together_as_they_are_alone(sources: list[str]) -> None:
    together = {document.index: document for document in load("".join(f"---\n{each}\n" for each in sources).encode())}
    for index, source in enumerate(sources):
        alone = load(source.encode())
        document = together.get(index)
        assert (document.value if document else None) == (alone[0].value if alone else None)
        assert bool(document and document.fault) == bool(alone and alone[0].fault)
