from __future__ import annotations

import re
import sys
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bylaw.sources.globs import is_glob, select

names = st.text("ab.[]!-^*?\n", min_size=1, max_size=4).filter(lambda name: name not in {".", "..", "**"})
paths = st.lists(names, min_size=1, max_size=5).map("/".join)
steps = st.one_of(st.sampled_from(["**", "*", "a*", "*b", "?", "[ab]", "[!a]", "[]a]", "[b-a]", "*a*b"]), names)
patterns = st.lists(steps, min_size=1, max_size=6).map("/".join).filter(lambda text: text[0] != "!")


def matches(path: str, pattern: str) -> bool:
    return list(select([path], [pattern])) == [path]


def naive(parts: list[str], steps: list[str]) -> bool:
    """What a glob means, tried out in every way."""
    if not steps:
        return not parts
    if steps == ["**"]:
        return bool(parts)
    if steps[0] == "**":
        return naive(parts, steps[1:]) or (bool(parts) and naive(parts[1:], steps))
    return bool(parts) and fnmatchcase(parts[0], steps[0]) and naive(parts[1:], steps[1:])


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("**/catalog-info.yaml", ["a/b/catalog-info.yaml", "a/catalog-info.yaml", "catalog-info.yaml"]),
        ("catalog-info.yaml", ["catalog-info.yaml"]),
        ("./catalog-info.yaml", ["catalog-info.yaml"]),
        ("*/catalog-info.yaml", ["a/catalog-info.yaml"]),
        ("a/**", ["a/b/catalog-info.yaml", "a/catalog-info.yaml", "a/x[1].yml"]),
        ("**/b/**", ["a/b/catalog-info.yaml"]),
        ("**/**/b/**/*.yaml", ["a/b/catalog-info.yaml"]),
        ("a/x[[]1[]].yml", ["a/x[1].yml"]),
        ("a/x[1].yml", []),
        ("a/?[[]*.ym[!a]", ["a/x[1].yml"]),
        ("**", ["a/b/catalog-info.yaml", "a/catalog-info.yaml", "a/x[1].yml", "catalog-info.yaml"]),
        ("A/**", []),
        ("catalog-info.yaml/**", []),
    ],
)
def test_a_star_stays_inside_one_name_and_two_stars_stand_for_any_number_of_folders(
    pattern: str, expected: list[str]
) -> None:
    there = ["a/b/catalog-info.yaml", "a/catalog-info.yaml", "a/x[1].yml", "catalog-info.yaml"]
    assert list(select(there, [pattern])) == expected


def test_what_a_pattern_with_an_exclamation_mark_names_is_left_out_whatever_the_order() -> None:
    there = ["a/b.yaml", "a/skeleton/b.yaml", "c.yaml"]
    assert list(select(there, ["!**/skeleton/**", "**/*.yaml", "!c.*"])) == ["a/b.yaml"]


def test_patterns_that_only_leave_out_name_nothing() -> None:
    assert list(select(["a", "b"], ["!a"])) == []


def test_a_text_is_a_glob_if_it_has_one_of_the_three_characters() -> None:
    assert [text for text in ("a", "a*", "a?", "a[", "a]", "!a", "a/**/b") if is_glob(text)] == [
        "a*",
        "a?",
        "a[",
        "a/**/b",
    ]


@given(paths, patterns)
@example("a/b", "**/**")
@example("[]", "[]")
@example("a\nb", "a?b")
def test_a_path_matches_as_trying_every_way_says(path: str, pattern: str) -> None:
    expected = naive(path.split("/"), [step for step in pattern.split("/") if step not in {"", "."}])
    assert matches(path, pattern) is expected


@pytest.mark.skipif(sys.version_info < (3, 13), reason="PurePath.full_match is new in Python 3.13")
@given(paths, patterns.filter(lambda pattern: not re.search(r"\*\*.|.\*\*", pattern.replace("/**", "").strip("/"))))
def test_a_path_matches_as_pathlib_says(path: str, pattern: str) -> None:
    full_match = PurePosixPath(path).full_match  # type: ignore[attr-defined,unused-ignore]  # absent before 3.13
    assert matches(path, pattern) is full_match(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "**/a/" * 600 + "b",
        "**/" * 1300 + "b",
        "**/*" * 1000 + "/b",
        "*a" * 2000 + "b",
        "**/" + "*a" * 2000 + "b",
        "[" * 4000,
        "?" * 4000,
        "a*/" * 1300,
    ],
)
def test_a_glob_made_to_take_forever_does_not(pattern: str) -> None:
    assert list(select(["/".join(["a" * 250] * 16), "/".join("a" * 2000)], [pattern])) == []
