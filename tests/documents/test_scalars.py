"""What the scalars of a document are read as: YAML 1.2 core, with JavaScript's numbers."""

from __future__ import annotations

from typing import Any

import pytest

from bylaw.documents import load
from tests.shared import oracle


def value_of(scalar: str) -> Any:
    (loaded,) = load(f"k: {scalar}\n".encode())
    assert loaded.fault is None
    return loaded.value["k"]


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


def test_every_scalar_is_read_as_backstage_reads_it() -> None:
    for case in oracle("backstage-yaml.json"):
        (loaded,) = load(case["yaml"].encode())
        if case["error"]:
            assert loaded.fault is not None, case
            assert loaded.value is None
        else:
            assert loaded.fault is None, case
            assert same(loaded.value["k"], case["value"]), case


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_the_five_words_for_nothing(text: str) -> None:
    assert value_of(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False), ("FALSE", False)],
)
def test_the_six_words_for_truth(text: str, value: bool) -> None:
    assert value_of(text) is value


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "no", "on", "off", "y", "n", "Yes", "OFF", "tRUE", "nULL", "none"),
        *("2024-01-01", "2024-01-01T00:00:00Z", "12:30:45", "1:30", "1_000", "0b11", "0X1F", "0O7", "-0x1", "+0o7"),
        *("0o", "0o8", "0x", "0xg", "1e", "e1", ".e1", ".", "..", "+", "+.", "-.nan", "+.nan", ".iNf", "1.2.3"),
        *("=", "v1", "1a", "١", "１", "infinity", "nan", "Infinity", "NaN"),
    ],
)
def test_what_only_looks_like_something_else_is_a_string(text: str) -> None:
    assert value_of(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(
            ("0", 0),
            ("-0", 0),
            ("+1", 1),
            ("-1", -1),
            ("014", 14),
            ("08", 8),
            ("0o14", 12),
            ("0x1F", 31),
            ("0xff", 255),
        ),
        *((".5", 0.5), ("-.5", -0.5), ("1.", 1), ("1.0", 1), ("1e3", 1000), ("1E+3", 1000), ("1.5e-3", 0.0015)),
        *(("-0.0", 0), ("1e-400", 0), ("0.1", 0.1), ("1.e2", 100)),
    ],
)
def test_numbers_are_whole_where_they_can_be(text: str, value: float) -> None:
    assert same(value_of(text), value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9007199254740991", 2**53 - 1),
        ("-9007199254740991", 1 - 2**53),
        ("9007199254740992", 9007199254740992.0),
        ("9007199254740993", 9007199254740992.0),
        ("12345678901234567890", 12345678901234567000.0),
        ("1e20", 1e20),
        ("0x20000000000001", 9007199254740992.0),
        ("0o1000000000000000000001", 2.0**63),
    ],
)
def test_numbers_beyond_2_to_the_53_are_rounded_as_javascript_rounds_them(text: str, value: float) -> None:
    assert same(value_of(text), value)


@pytest.mark.parametrize(
    "text",
    [
        *(".inf", "-.inf", "+.Inf", ".INF", ".nan", ".NaN", ".NAN", "1e999", "-1e400"),
        *("9" * 5000, "0x" + "f" * 5000, "0o" + "7" * 5000),
    ],
)
def test_what_is_no_finite_number_is_nothing(text: str) -> None:
    assert value_of(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("'1'", "1"), ('"true"', "true"), ("'~'", "~"), ('""', "")),
        *(("! 12", "12"), ("!!str 1", "1"), ("!!str", ""), ("!<tag:yaml.org,2002:str> ~", "~")),
        *(("!!int '12'", 12), ("!!int 12", 12), ("!!int 0x10", 16), ("!!float 1.0", 1), ("!!float '.5'", 0.5)),
        *(("!!bool 'true'", True), ("!!null ''", None), ("!!float .inf", None)),
    ],
)
def test_quotes_and_core_tags_decide_over_the_look(text: str, value: Any) -> None:
    assert same(value_of(text), value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("!!int abc", "abc"), ("!!int 1.0", "1.0"), ("!!float 1", "1"), ("!!bool yes", "yes"), ("!!null x", "x")),
        *(("!!map x", "x"), ("!foo bar", "bar"), ("!foo 12", "12"), ("!!x ~", "~")),
        *(("!!seq {x: 1}", {"x": 1}), ("!foo [1]", [1]), ("!!str {x: 1}", {"x": 1})),
        ("!!python/object/apply:os.system [ls]", ["ls"]),
        ("!!python/name:os.system x", "x"),
    ],
)
def test_a_tag_that_does_not_fit_is_only_a_warning_to_backstage(text: str, value: Any) -> None:
    assert same(value_of(text), value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\x41\u0042\U00000043"', "ABC"),
        (r'"\n\t\\\"\/\e\0\_"', '\n\t\\"/\x1b\0\xa0'),
        (r'"\N\L\P"', "\x85\u2028\u2029"),
        ('"two\n  lines"', "two lines"),
        ("'it''s'", "it's"),
        ("|\n  a\n\n  b\n", "a\n\nb\n"),
        ("|-\n  a\n", "a"),
        ("|+\n  a\n", "a\n\n"),
        (">\n  a\n  b\n\n  c\n", "a b\nc\n"),
        ("|2\n    a\n", "  a\n"),
        ("a\n  b # c\n", "a b"),
    ],
)
def test_the_styles_of_text(text: str, value: str) -> None:
    assert value_of(text) == value


def test_a_block_ends_with_a_line_feed_even_at_the_end_of_the_file() -> None:
    assert [each.value for each in load(b"k: |\n  a")] == [{"k": "a\n"}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud83d\ude00"', "😀"),
        (r'"\uD83D\uDE00!\uD83d\uDe00"', "😀!😀"),
        (r"'\ud83d\uDE00'", r"\ud83d\uDE00"),
        (r"\uDbff\udFfF", r"\uDbff\udFfF"),
        (r'"\\ud83d\\ude00"', r"\ud83d\ude00"),
        ("|\n  \\ud83d\\ude00", "\\ud83d\\ude00\n"),
    ],
)
def test_the_surrogate_pairs_of_json_are_one_character_in_double_quotes_only(text: str, value: str) -> None:
    assert value_of(text) == value


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029", "\ufeff", "\ue000", "\U0010ffff"])
def test_characters_that_yaml_1_1_breaks_lines_at_are_ordinary(character: str) -> None:
    for text in (f"a{character}b", f"'a{character}b'", f'"a{character}b"'):
        assert value_of(text) == f"a{character}b"
    assert load(f"a{character}b: 1".encode())[0].value == {f"a{character}b": 1}
