"""How documents are read: keys, anchors, several in a file, and why one of them is not."""

from __future__ import annotations

from typing import Any

import pytest

from bylaw.documents import Fault, Limits, Loaded, load


def one(text: str) -> Loaded:
    (loaded,) = load(text.encode())
    return loaded


def value(text: str) -> Any:
    loaded = one(text)
    assert loaded.fault is None
    return loaded.value


def fault(text: str) -> Fault:
    loaded = one(text)
    assert loaded.value is None
    assert loaded.fault is not None
    return loaded.fault


def said(text: str) -> tuple[str, int, int]:
    found = fault(text)
    return found.message, found.line, found.column


# -- values


def test_a_descriptor() -> None:
    text = """\
# who takes the orders
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: orders
  annotations: {backstage.io/techdocs-ref: "dir:.", "a/b": ''}
  tags: [java, 1, ]
spec:
  owner: group:default/team-orders
  dependsOn:
  - component:billing
  - resource:orders-db
"""
    assert value(text) == {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {
            "name": "orders",
            "annotations": {"backstage.io/techdocs-ref": "dir:.", "a/b": ""},
            "tags": ["java", 1],
        },
        "spec": {
            "owner": "group:default/team-orders",
            "dependsOn": ["component:billing", "resource:orders-db"],
        },
    }


def test_json_is_yaml() -> None:
    assert value('{"a":{"b":[1,2.5,{"c":null}]},"d":true,\n"e":"\\u00e9"}') == {
        "a": {"b": [1, 2.5, {"c": None}]},
        "d": True,
        "e": "é",
    }


def test_lines_may_end_as_on_windows() -> None:
    assert value('a: |\r\n  x\r\n  y\r\nb: "p\r\n  q"\r\n') == {"a": "x\ny\n", "b": "p q"}


def test_a_document_may_be_any_json_value() -> None:
    assert [value(text) for text in ("[1]", "x", "1", "true", "'~'")] == [[1], "x", 1, True, "~"]


# -- keys


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("{1: a, 1.50: b, 0x10: c, -0: d}", ["1", "1.5", "16", "0"]),
        ("{true: a, FALSE: b}", ["true", "false"]),
        ("~: a", [""]),
        ("{1e21: a, 1e-7: b, 0.000001: c}", ["1e+21", "1e-7", "0.000001"]),
        ("12345678901234567890: a", ["12345678901234567000"]),
        ("{.inf: a, -.inf: b, .nan: c}", ["Infinity", "-Infinity", "NaN"]),
        ("{! 1: a, !!str 2: b, '3': c, !!int '04': d}", ["1", "2", "3", "4"]),
        ("{a b: 1, __proto__: 2, constructor: 3, é: 4}", ["a b", "__proto__", "constructor", "é"]),
    ],
)
def test_keys_become_strings_as_in_javascript(text: str, keys: list[str]) -> None:
    assert list(value(text)) == keys


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: 1\na: 2\n", 2, 1),
        ("a: 1\n'a': 2\n", 2, 1),
        ("spec:\n  b: 1\n  c: 2\n  b: 3\n", 4, 3),
        ("- {a: 1, b: 2, a: 3}\n", 1, 16),
        ("{1: a, 1.0: b}", 1, 8),
        ("{null: a, ~: b}", 1, 11),
        ("{true: a, True: b}", 1, 11),
        ("{<<: 1, <<: 2}", 1, 9),
        ("? a\n? a\n", 2, 3),
    ],
)
def test_a_duplicate_key_is_a_fault_at_the_second(text: str, line: int, column: int) -> None:
    found = fault(text)
    assert found.message.startswith("duplicate key ")
    assert (found.line, found.column) == (line, column)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{1: a, '1': b}", {"1": "b"}),
        ("{'true': a, true: b}", {"true": "b"}),
        ("{~: a, '': b}", {"": "b"}),
        ("{.nan: a, .nan: b}", {"NaN": "b"}),
        ("&a x: 1\n*a : 2", {"x": 2}),
    ],
)
def test_keys_of_different_types_are_no_duplicates_and_the_last_one_stands(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_there_are_no_merge_keys() -> None:
    assert value("base: &base {a: 1}\nb:\n  <<: *base\n") == {"base": {"a": 1}, "b": {"<<": {"a": 1}}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: {{ foo }}", {"a": {"{ foo }": None}}),
        ("a: {{values.name}}", {"a": {"{ values.name }": None}}),
        ("a: {{ .Values.x | upper }}", {"a": {"{ .Values.x | upper }": None}}),
        ("[[x]]", [["x"]]),
        ("? [x]\n: 1", {"[ x ]": 1}),
    ],
)
def test_unquoted_braces_of_templates_make_the_key_that_backstage_makes(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_other_collections_as_keys_are_a_fault() -> None:
    assert said("? [a, b]\n: c\n") == ("a mapping or list as a key: put it in quotes", 1, 3)
    assert said("a:\n  ? {b: 1}\n  : c\n") == ("a mapping or list as a key: put it in quotes", 2, 5)


# -- anchors and aliases


def test_an_alias_stands_for_the_last_anchor_before_it() -> None:
    text = "a: &x {k: [&y 1, *y]}\nb: *x\nc: &x ~\nd: [*x, *y]\n"
    inner = {"k": [1, 1]}
    assert value(text) == {"a": inner, "b": inner, "c": None, "d": [None, 1]}


def test_anchors_end_with_their_document() -> None:
    first, second, third = load(b"a: &x 1\n---\nb: *x\n---\nc: 1\n")
    assert first.value == {"a": 1}
    assert second.fault == Fault("the alias *x has no anchor before it in its document", 2 + 1, 4, 3, 6)
    assert third.value == {"c": 1}


@pytest.mark.parametrize(
    ("text", "column"), [("a: &x [*x]", 8), ("&x {a: *x}", 8), ("a: &x 1\nb: &x {c: *x}", 11), ("a: &x\n- - *x", 5)]
)
def test_an_alias_inside_of_what_it_stands_for_is_a_fault(text: str, column: int) -> None:
    found = fault(text)
    assert found.message == "the alias *x is inside of what it stands for"
    assert found.column == column


def test_backstage_allows_ninety_nine_uses_of_a_scalar() -> None:
    assert value(f"a: &a x\nb: [{', '.join(['*a'] * 99)}]")["b"] == ["x"] * 99
    message, line, column = said(f"a: &a x\nb: [{', '.join(['*a'] * 100)}]")
    assert message == "the alias *a multiplies to more than 100 uses, which Backstage takes for an attack"
    assert (line, column) == (2, 5 + 4 * 99)


def test_an_alias_of_an_empty_collection_costs_backstage_nothing() -> None:
    assert value(f"a: &a []\nb: [{', '.join(['*a'] * 500)}]")["b"] == [[]] * 500


def test_uses_of_aliases_inside_aliases_are_multiplied() -> None:
    text = f"a: &a x\nb: &b [{', '.join(['*a'] * 9)}]\nc: [{', '.join(['*b'] * 9)}]\n"
    assert value(text)["c"] == [["x"] * 9] * 9
    message = "the alias *b multiplies to more than 100 uses, which Backstage takes for an attack"
    assert said(text + "d: *b\n") == (message, 4, 4)


def test_an_anchor_or_alias_in_place_of_a_key_is_a_fault() -> None:
    assert said("&kind: Component")[0] == "an anchor & without a key behind it"
    assert said("&a x: 1\n*a: 2")[0] == "an alias as a key needs a space before its colon"
    assert said("a: &a [1]\n*a : 2")[0] == "an alias as a key must stand for a string"


# -- documents of one file


def test_an_empty_file_has_no_documents() -> None:
    assert [load(text) for text in (b"", b"\n\n", b"# nothing\n", b"---\n", b"--- ~\n", b"\xef\xbb\xbf")] == [[]] * 6


def test_documents_that_are_null_are_left_out_but_counted() -> None:
    assert load(b"---\n# nothing\n---\na: 1\n---\n---\nb: 2\n...\n") == [
        Loaded(1, {"a": 1}),
        Loaded(3, {"b": 2}),
    ]


def test_documents_may_be_parted_by_dots_alone() -> None:
    assert load(b"a: 1\n...\nb: 2\n...\n# c\n---\nc: 3\n") == [
        Loaded(0, {"a": 1}),
        Loaded(1, {"b": 2}),
        Loaded(2, {"c": 3}),
    ]


def test_a_mark_inside_of_a_text_parts_nothing() -> None:
    assert load(b"a: |\n  x\n  ---\n  y\nb: x ---\n") == [Loaded(0, {"a": "x\n---\ny\n", "b": "x ---"})]


@pytest.mark.parametrize(
    "broken",
    [
        "a: [1, 2\n",
        "a: 'x\n",
        'a: "x\nb: 1\n',
        "a: b: c\n",
        "a: 1\na: 2\n",
        "a: @b\n",
        "\ta: 1\n",
        "a: {\n  b: 1\n  c: 2\n",
        "[1] 2\n",
        "a: *nothing\n",
        "a: &x [*x]\n",
        "a: [[[[[[[[[[[[\n",
        "a: 1\n%foo: 2\n",
        "a: !e!x y\n",
        "a: !%ED%A0%80 x\n",
        'a: "\\z"\n',
        "? [a, b]\n: c\n",
        "- a\n b\n- c\n  d: e\n",
    ],
)
def test_a_broken_document_does_not_hide_the_others(broken: str) -> None:
    text = f"---\na: 1\n---\n{broken}---\nb: 2\n---\n{broken}...\nc: 3\n"
    first, second, third, fourth, fifth = load(text.encode(), Limits(depth=10))
    assert (first, third, fifth) == (Loaded(0, {"a": 1}), Loaded(2, {"b": 2}), Loaded(4, {"c": 3}))
    assert second.fault is not None
    assert fourth.fault is not None
    assert (second.index, second.value, fourth.index, fourth.value) == (1, None, 3, None)
    down = broken.count("\n") + 3
    assert fourth.fault.message.partition(" (in what")[0] == second.fault.message.partition(" (in what")[0]
    assert fourth.fault.line == second.fault.line + down
    assert fourth.fault.column == second.fault.column
    assert 3 < second.fault.line <= second.fault.end_line <= 3 + down


def test_a_broken_directive_does_not_open_its_document() -> None:
    first, second = load(b"%YAML 3.0\n---\na: 1\n---\nb: 2\n")
    assert first.fault == Fault("%YAML can only be 1.2", 1, 1, 1, 2)
    assert second == Loaded(1, {"b": 2})


def test_after_twenty_broken_documents_the_rest_is_not_read_and_the_last_fault_says_so() -> None:
    loaded = load(b"---\na: [\n" * 50 + b"---\nb: 1\n")
    assert len(loaded) == 21
    assert {each.fault.message for each in loaded[:20] if each.fault} == {"expected a value"}
    assert loaded[20] == Loaded(
        20, None, Fault("20 documents cannot be read, the rest of the file from here on is not read", 41, 1, 41, 4)
    )


# -- YAML 1.1


def test_yaml_1_1_is_refused_until_another_directive_comes() -> None:
    text = b"%YAML 1.1\n---\na: yes\n---\nb: yes\n...\n%YAML 1.2\n---\nc: yes\n"
    first, second, third = load(text)
    message = "%YAML 1.1 reads yes as true and 010 as 8: remove the directive"
    assert first.fault == Fault(message, 1, 1, 2, 4)
    assert second.fault == Fault(message, 4, 1, 4, 4)
    assert third == Loaded(2, {"c": "yes"})


def test_directives_of_yaml_1_2_are_read() -> None:
    assert load(b"%YAML 1.2\n%TAG !e! tag:example.com,2000:\n---\na: !e!x 1\n") == [Loaded(0, {"a": "1"})]


# -- faults


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a: b: c",
            ('a ": " that cannot stand here: put the value in quotes, or check the indentation', 1, 5),
        ),
        ("a: @b", ('a value cannot start with "@": put it in quotes', 1, 4)),
        ("a: `b`", ('a value cannot start with "`": put it in quotes', 1, 4)),
        ("a: %b", ('a value cannot start with "%": put it in quotes', 1, 4)),
        ("a:\n\tb: 1", ("a tab cannot indent: use spaces", 2, 1)),
        ("a: 1\nb: 'x\nc: 2\n", ("a quoted text is not closed, or a line of it is not indented", 2, 4)),
        ("a: 1\nb\n", ('expected "key: value": the colon, or the space after it, is missing', 2, 1)),
        ("a:\n  b: 1\n c: 2\n", ('expected "key: value", indented as its mapping is (in what starts on line 1)', 3, 2)),
        (
            "a:\n- b\n  c\n- d\n e: f\n",
            ('a ": " that cannot stand here: put the value in quotes, or check the indentation', 5, 3),
        ),
        ("a: [1, 2\nb: 3\n", ('expected "," or "]" (in what starts on line 1)', 2, 2)),
        ("a: {b: 1\n", ('expected "," or "}" (in what starts on line 1)', 2, 1)),
        ("a: }", ("expected a value", 1, 4)),
        ("a: - b", ('a list item "- " cannot start here: give it a line of its own', 1, 4)),
        ("[a] b", ('text behind the end of the document: a new one starts with "---"', 1, 5)),
        ("a: &x.y b", ('the name of an anchor or alias is made of letters, digits, "-" and "_"', 1, 6)),
        ('a: "\\z"', ("an escape sequence that YAML does not have: double the backslash, or use single quotes", 1, 5)),
        ('a: "\\ud83d"', ("an escape sequence stands for half a character or none", 1, 7)),
        ("a: !e!x b", ("the prefix of a tag is not declared", 1, 4)),
        ("a: !!!x b", ("the prefix of a tag is not declared", 1, 4)),
        ("a: !%ED%A0%80 b", ("a tag of this document cannot be read", 1, 1)),
        ("a: !!timestamp 2024-01-01", ("the tag !!timestamp is not read: remove it", 1, 4)),
        ("a: !!set {x}", ("the tag !!set is not read: remove it", 1, 4)),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", ('duplicate key "c"', 4, 3)),
    ],
)
def test_a_fault_says_what_is_wrong_and_where(text: str, expected: tuple[str, int, int]) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        'a: "x\ny"\n',
        "a: 'x\n\ny'\n",
        "a:\n  b: 'x\n  y'\n",
        "- 'x\ny'\n",
        "a: [\nb\n]\n",
        "a: {\nb: c}\n",
        "a:\n  b: [\n  c\n  ]\n",
        'a: "b"#c\n',
        "a: [b]#c\n",
        "a: |#c\n  b\n",
        'a: "\\\'"\n',
        'a: !!str &x "\\\'"\n',
        "a:\n|\n  b\n",
    ],
)
def test_what_backstage_refuses_is_refused_where_libyaml_would_not(text: str) -> None:
    fault(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [\n  b\n]\n", {"a": ["b"]}),
        ("a: [\n b,\n# c\n c\n ]\n", {"a": ["b", "c"]}),
        ("[\nb,\n{c: d\n}\n]\n", ["b", {"c": "d"}]),
        ("{\n'a': 'x\ny'}", {"a": "x y"}),
        ("a:\n- 'x\n\n  y'\n", {"a": ["x\ny"]}),
        ('a: "\\\\\'"\n', {"a": "\\'"}),
        ("a: 'b' # c\n", {"a": "b"}),
        ("a: 'b\n # c'\n", {"a": "b # c"}),
        ("a: b#c\n", {"a": "b#c"}),
        ("a:\tb\t# c\n", {"a": "b"}),
        ("a:\n \t\n\t# c\n  b: 1\n\t\nc: 2\n\t", {"a": {"b": 1}, "c": 2}),
        ("\t# c\n---\na: 1\n", {"a": 1}),
    ],
)
def test_what_backstage_reads_is_read(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_a_fault_tells_little_of_what_the_file_holds() -> None:
    secret = "s3cr3t" * 100
    for text in (
        f"{secret}: 1\n{secret}: 2\n",
        f"a: *{secret}\n",
        f"a: {secret}: b\n",
        f"a: '{secret}\n",
        f"@{secret}",
    ):
        assert len(fault(text).message) < 140
        assert fault(text).message.count("s3cr3t") <= 7
