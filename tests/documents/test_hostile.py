"""Files made to harm: each is refused at once, with the limit that it crosses."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from bylaw.documents import DEFAULT, Fault, Limits, Loaded, load, locate

MIB = 1024 * 1024


def the_fault(data: bytes | str, limits: Limits = DEFAULT) -> Fault:
    (loaded,) = load(data.encode() if isinstance(data, str) else data, limits)
    assert loaded.value is None
    assert loaded.fault is not None
    return loaded.fault


def laughs(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


# -- bytes that are no text


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a: 1\nb: \xff\n", Fault("the byte 0xff is not UTF-8: save the file as UTF-8", 2, 4, 2, 5)),
        ("é: é".encode() + b"\xc3\n", Fault("the byte 0xc3 is not UTF-8: save the file as UTF-8", 1, 5, 1, 6)),
        (b"a: \xed\xa0\x80\n", Fault("the byte 0xed is not UTF-8: save the file as UTF-8", 1, 4, 1, 5)),
        ("a: 1".encode("utf-16"), Fault("the file is UTF-16 or UTF-32, not UTF-8: save it as UTF-8", 1, 1, 1, 2)),
        ("a: 1".encode("utf-32"), Fault("the file is UTF-16 or UTF-32, not UTF-8: save it as UTF-8", 1, 1, 1, 2)),
        (
            "a: 1".encode("utf-16-le"),
            Fault("the control character U+0000 cannot stand in YAML: remove it", 1, 2, 1, 3),
        ),
        (b"a: x\0y\n", Fault("the control character U+0000 cannot stand in YAML: remove it", 1, 5, 1, 6)),
        (b"a: 1\n# \x1b[2J\n", Fault("the control character U+001B cannot stand in YAML: remove it", 2, 3, 2, 4)),
        ("é: \x92".encode(), Fault("the control character U+0092 cannot stand in YAML: remove it", 1, 4, 1, 5)),
        (b"\x7fELF\x02", Fault("the control character U+007F cannot stand in YAML: remove it", 1, 1, 1, 2)),
        (
            b"a: 1\rb: 2\r",
            Fault("a carriage return (U+000D) without a line feed: use \\n or \\r\\n", 1, 5, 1, 6),
        ),
    ],
)
def test_a_file_that_is_no_text_has_one_fault_at_its_first_bad_character(data: bytes, expected: Fault) -> None:
    assert load(data + b"\n---\na: 1\n") == [Loaded(0, None, expected)]


def test_a_byte_order_mark_of_utf_8_is_dropped() -> None:
    assert load(b"\xef\xbb\xbfkind: x\n") == [Loaded(0, {"kind": "x"})]
    assert locate(b"\xef\xbb\xbfkind: x\n", 0, ["/kind"])["/kind"].column == 7


def test_line_separators_beside_private_characters_are_refused_and_never_read_otherwise() -> None:
    message = "the line separator U+2028 beside private characters is not read"
    assert the_fault("a: \ue000\nb: x\u2028y\n") == Fault(message, 2, 5, 2, 6)


# -- size


def test_a_file_over_the_limit_is_not_looked_at() -> None:
    expected = "the file has 104857603 bytes, more than the 16777216 that are read (catalog.limits.file_bytes)"
    data = b"a: " + b"x" * (100 * MIB)
    tracemalloc.start()
    try:
        assert the_fault(data) == Fault(expected, 1, 1, 1, 1)
        assert tracemalloc.get_traced_memory()[1] < MIB
    finally:
        tracemalloc.stop()
    assert locate(data, 0, ["/a"])["/a"].line == 1


def test_the_limit_is_the_last_size_that_is_read() -> None:
    assert load(b"a: 1", Limits(file_bytes=4)) == [Loaded(0, {"a": 1})]
    assert the_fault(b"a: 12", Limits(file_bytes=4)).message == (
        "the file has 5 bytes, more than the 4 that are read (catalog.limits.file_bytes)"
    )


# -- depth


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("[" * 100_000, 1, 101),
        ("[\n" * 100_000, 101, 1),
        ("{a: " * 100_000, 1, 401),
        ("{" * 100_000, 1, 101),
        ("- " * 100_000, 1, 201),
        ("? " * 100_000, 1, 201),
        ("".join(f"{' ' * n}a:\n" for n in range(1_000)), 101, 101),
        ("".join(f"{' ' * n}-\n" for n in range(1_000)), 101, 101),
    ],
)
def test_nesting_is_refused_where_it_crosses_the_limit(text: str, line: int, column: int) -> None:
    found = the_fault(text)
    assert found.message == "more than 100 collections in one another (catalog.limits.depth)"
    assert (found.line, found.column) == (line, column)
    assert locate(text.encode(), 0, ["/x/y"])["/x/y"].line == 1


def test_the_limit_is_the_last_depth_that_is_read() -> None:
    assert load(b"[[[1]]]", Limits(depth=3)) == [Loaded(0, [[[1]]])]
    assert the_fault("[[[[1]]]]", Limits(depth=3)).column == 4


def test_aliases_do_not_nest_deeper_than_collections_may() -> None:
    assert load(b"a: &a [[1]]\nb: [*a]", Limits(depth=4))[0].value == {"a": [[1]], "b": [[[1]]]}
    found = the_fault("a: &a [[1]]\nb: &b [*a]\nc: *b", Limits(depth=3))
    assert (found.message, found.line, found.column) == (
        "more than 3 collections in one another (catalog.limits.depth)",
        2,
        8,
    )
    chain = "\n".join(["a0: &a0 []", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 200))])
    assert (
        the_fault(chain, Limits(depth=50)).message == "more than 50 collections in one another (catalog.limits.depth)"
    )


# -- nodes


def test_a_million_keys_are_refused_where_they_cross_the_limit() -> None:
    text = "".join(f"k{n}: 1\n" for n in range(1_000_000))
    assert the_fault(text) == Fault(
        "more than 100000 nodes in the document (catalog.limits.document_nodes)", 50_000, 9, 50_000, 10
    )


def test_the_nodes_of_a_document_are_its_scalars_and_collections_and_what_its_aliases_stand_for() -> None:
    text = "a: &a [1, 2]\nb: [*a, *a]\n"  # a mapping, two keys, two lists, two numbers, and twice three
    assert load(text.encode(), Limits(document_nodes=13))[0].value == {"a": [1, 2], "b": [[1, 2], [1, 2]]}
    found = the_fault(text, Limits(document_nodes=12))
    assert found.message == "more than 12 nodes in the document (catalog.limits.document_nodes)"
    assert (found.line, found.column) == (2, 9)


def test_the_nodes_of_a_file_are_counted_over_its_documents_and_end_the_reading() -> None:
    first, second = load(b"[1, 2]\n---\n[3]\n---\n[4]\n", Limits(file_nodes=4))
    assert first == Loaded(0, [1, 2])
    assert second.fault == Fault(
        "more than 4 nodes in the file, the rest of it is not read (catalog.limits.file_nodes)", 3, 2, 3, 3
    )


def test_a_document_over_its_limit_does_not_hide_the_others() -> None:
    first, second = load(b"[1, 2, 3]\n---\n[4]\n", Limits(document_nodes=3))
    assert first.fault is not None
    assert second == Loaded(1, [4])


# -- alias bombs


@pytest.mark.parametrize("levels", [4, 9, 30])
def test_a_billion_laughs_are_refused_at_the_fourth_level(levels: int) -> None:
    found = the_fault(laughs(levels))
    assert found.message == "the alias *a2 multiplies to more than 100 uses, which Backstage takes for an attack"
    assert (found.line, found.column) == (4, 10)


def test_a_merge_bomb_is_no_bomb() -> None:
    lines = ["a0: &a0 {k: 1}", *(f"a{n}: &a{n} {{'<<': *a{n - 1}, x: *a{n - 1}}}" for n in range(1, 30))]
    assert the_fault("\n".join(lines)).message.startswith("the alias *a")


def test_an_alias_of_a_large_list_counts_as_all_of_it() -> None:
    text = f"a: &a [{'x,' * 40_000}]\nb: [*a, *a, *a]\n"
    assert the_fault(text).message == "more than 100000 nodes in the document (catalog.limits.document_nodes)"


def test_aliases_of_a_large_text_stand_for_no_more_than_a_file_may_hold() -> None:
    text = f"a: &a {'x' * MIB}\nb: [{', '.join(['*a'] * 90)}]\n"
    found = the_fault(text)
    assert found.message == "more than 16777216 characters behind aliases (catalog.limits.file_bytes)"
    assert (found.line, found.column) == (2, 5 + 4 * 16)


# -- what libyaml is slow at


def test_more_than_a_hundred_directives_are_refused() -> None:
    text = "".join(f"%TAG !a{n}! x\n" for n in range(102)) + "---\na: 1\n"
    assert the_fault(text).message == "more than 100 lines start with % (a directive)"


def test_ten_thousand_broken_documents_are_read_up_to_the_twentieth() -> None:
    loaded = load(b"---\na: 1\na: 2\n" * 10_000)
    assert [each.fault.line for each in loaded if each.fault] == [*range(3, 63, 3), 61]
    assert loaded[-1].index == 20


def test_tabs_on_blank_lines_are_forgiven_twenty_times() -> None:
    assert load(b"a: 1\n" + b"\t\n" * 20) == [Loaded(0, {"a": 1})]
    assert the_fault(b"a: 1\n" + b"\t\n" * 21).line == 22


# -- things to be run


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!!python/object/apply:os.system ['exit 1']", ["exit 1"]),
        ("!!python/object/new:os.system [x]", ["x"]),
        ("a: !!python/name:builtins.eval x", {"a": "x"}),
        ("a: !ruby/object:Gem::Installer {i: x}", {"a": {"i": "x"}}),
        ("a: !!js/function 'x'", {"a": "x"}),
    ],
)
def test_tags_that_make_objects_elsewhere_make_plain_values(text: str, expected: Any) -> None:
    assert load(text.encode()) == [Loaded(0, expected)]
