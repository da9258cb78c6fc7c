"""Where the values of a document stand."""

from __future__ import annotations

import pytest

from bylaw.documents import Limits, Span, load, locate, locate_many

TEXT = """\
a: [
---
# the orders service
apiVersion: backstage.io/v1alpha1
metadata:
  name: orders  # a name
  description: |
    one

    two

  tags: [java, "b c", {k: v}]
  links:
    - url: u
      title: t  # a title
    - &x {a: b}
    - *x
  empty:
  folded: "x
    y"
spec:
  type: !!str 12
  a/b~c: 1
  1.0: one
  owner: é😀 # x
  {{ x }}: y
"""


def excerpt(text: str, span: Span) -> str:
    """The stretch of a text that a span means."""
    lines = text.split("\n")[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("", "apiVersion: backstage.io/v1alpha1"),
        ("/apiVersion", "backstage.io/v1alpha1"),
        ("/metadata", "metadata"),
        ("/metadata/name", "orders"),
        ("/metadata/description", "|\n    one\n\n    two"),
        ("/metadata/tags", "tags"),
        ("/metadata/tags/0", "java"),
        ("/metadata/tags/1", '"b c"'),
        ("/metadata/tags/2", "{k: v}]"),
        ("/metadata/tags/2/k", "v"),
        ("/metadata/links/0", "url: u"),
        ("/metadata/links/0/title", "t"),
        ("/metadata/links/1", "&x {a: b}"),
        ("/metadata/links/2", "*x"),
        ("/metadata/folded", '"x\n    y"'),
        ("/spec/type", "!!str 12"),
        ("/spec/a~1b~0c", "1"),
        ("/spec/1", "one"),
        ("/spec/owner", "é😀"),
    ],
)
def test_a_value_is_found_where_it_is_written(pointer: str, expected: str) -> None:
    assert excerpt(TEXT, locate(TEXT.encode(), 1, [pointer])[pointer]) == expected


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/metadata/empty", "empty"),
        ("/metadata/empty/x", "empty"),
        ("/metadata/tags/9", "tags"),
        ("/metadata/links/2/a", "*x"),
        ("/metadata/name/x", "orders"),
        ("/spec/system", "spec"),
        ("/spec/system/name", "spec"),
        ("/kind", "apiVersion: backstage.io/v1alpha1"),
        ("/", "apiVersion: backstage.io/v1alpha1"),
    ],
)
def test_what_is_not_there_has_the_place_of_its_nearest_ancestor(pointer: str, expected: str) -> None:
    assert excerpt(TEXT, locate(TEXT.encode(), 1, [pointer])[pointer]) == expected


def test_lines_and_columns_count_from_one_and_the_end_is_behind_the_last_character() -> None:
    assert locate(b"a: 1\nbc:\n  - xyz\n", 0, ["/a", "/bc", "/bc/0"]) == {
        "/a": Span(1, 4, 1, 5),
        "/bc": Span(2, 1, 2, 3),
        "/bc/0": Span(3, 5, 3, 8),
    }


def test_all_pointers_of_a_document_are_answered_at_once() -> None:
    pointers = ["", "/spec/type", "/spec", "/nothing", "/spec/type"]
    assert list(locate(TEXT.encode(), 1, pointers)) == ["", "/spec/type", "/spec", "/nothing"]


def test_several_documents_are_answered_in_one_reading() -> None:
    text = b"a: 1\n---\na: @\n---\na: 3\n...\na: 4\n"
    assert locate_many(text, {3: ["/a"], 0: ["/a", "/b"], 2: ["/a"]}) == {
        (3, "/a"): Span(7, 4, 7, 5),
        (0, "/a"): Span(1, 4, 1, 5),
        (0, "/b"): Span(1, 1, 1, 5),
        (2, "/a"): Span(5, 4, 5, 5),
    }


def test_documents_are_counted_as_load_counts_them() -> None:
    text = "---\n---\na: 1\n---\na: 1\na: 2\n---\na: [\n---\n# x\n---\na: 3\n...\na: 4\n"
    for loaded in load(text.encode()):
        if loaded.fault is None:
            assert excerpt(text, locate(text.encode(), loaded.index, ["/a"])["/a"]) == str(loaded.value["a"])
    assert [loaded.index for loaded in load(text.encode())] == [1, 2, 3, 5, 6]


def test_of_a_broken_document_the_places_before_the_fault_are_known() -> None:
    text = b"a: 1\nb:\n  c: [\n  d: 2\n---\na: 1\n"
    assert locate(text, 0, ["/a", "/b/c", "/e"]) == {
        "/a": Span(1, 4, 1, 5),
        "/b/c": Span(3, 3, 3, 4),
        "/e": Span(1, 1, 1, 5),
    }


@pytest.mark.parametrize("data", [b"", b"\xff", b"a: \0", b"# nothing\n", b"---\n---\n", b"x" * 200])
def test_where_nothing_is_read_everything_is_at_the_start_of_the_file(data: bytes) -> None:
    assert locate(data, 5, ["", "/a"], Limits(file_bytes=100)) == {"": Span(1, 1, 1, 1), "/a": Span(1, 1, 1, 1)}


def test_characters_that_are_hidden_from_libyaml_keep_their_columns() -> None:
    text = '{"é\u2028": "\\ud83d\\ude00", "b": "\\ud83d\\ude00", "\\ud83d\\ude00": 1}'
    found = locate(text.encode(), 0, ["/é\u2028", "/b", "/😀"])
    assert {pointer: excerpt(text, span) for pointer, span in found.items()} == {
        "/é\u2028": '"\\ud83d\\ude00"',
        "/b": '"\\ud83d\\ude00"',
        "/😀": "1",
    }


def test_tabs_that_are_forgiven_keep_their_columns() -> None:
    text = "a:\n  \t# c\n\t\n  b: 1\n---\n\t\nc: 2\n"
    assert locate_many(text.encode(), {0: ["/a/b"], 1: ["/c"]}) == {
        (0, "/a/b"): Span(4, 6, 4, 7),
        (1, "/c"): Span(7, 4, 7, 5),
    }


def test_windows_line_ends_are_no_part_of_a_place() -> None:
    found = locate(b"a: |\r\n  x\r\n  y\r\nb:\r\n  - c: 1\r\n", 0, ["/a", "/b/0"])
    assert found == {"/a": Span(1, 4, 3, 4), "/b/0": Span(5, 5, 5, 9)}


def test_a_place_behind_long_texts_is_right() -> None:
    filler = "".join(f"k{n}: é{'x' * 50}\n" for n in range(1000))
    text = f"broken: [\n---\n{filler}last: here\n"
    assert locate(text.encode(), 1, ["/last"]) == {"/last": Span(1003, 7, 1003, 11)}
