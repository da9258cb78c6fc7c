from __future__ import annotations

import pytest

from bylaw.policy_tests.marks import marks


def test_each_document_has_its_own_mark() -> None:
    assert marks("# OK\na: 1\n---\n# NOT OK: two\na: 2\n---\n# OK: because\na: 3\n") == [True, False, True]


def test_comments_before_the_first_separator_belong_to_the_first_document() -> None:
    assert marks("# About these entities.\n\n---\n# OK\na: 1\n---\n# NOT OK: x\nb: 2\n") == [True, False]


def test_a_document_of_nothing_but_comments_counts() -> None:
    assert marks("# OK\na: 1\n---\n# nothing here\n---\n# OK\nb: 2\n") == [True, None, True]


def test_a_mark_may_stand_behind_a_value_or_a_separator() -> None:
    assert marks("a: 1 # OK\n--- # NOT OK: two\na: 2\n") == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\n",
        "# NOT OK\na: 1\n",
        "# NOT OK:\na: 1\n",
        "# OK\na: 1 # NOT OK: why\n",
        "# OKAY\na: 1\n",
        "# ok\na: 1\n",
        "a: '#OK'\n",
    ],
)
def test_without_a_mark_with_both_or_without_a_reason_nothing_is_said(text: str) -> None:
    assert marks(text) == [None]


def test_a_separator_inside_a_line_separates_nothing() -> None:
    assert marks("# OK\na: |\n  ---\n  b\nc: ---d\n---x: 1\n") == [True]


def test_a_broken_document_ends_where_the_next_begins() -> None:
    assert marks('# NOT OK: a quote\na: "b\n---\n# OK\nc: 1\n') == [False, True]
