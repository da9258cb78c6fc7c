"""A change of values as a change of text: what is written, what is refused, and what stays."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bylaw.documents import load, locate
from bylaw.documents.editing import EditError, Places, edit, value_at
from bylaw.documents.editing.patch import patched
from tests.documents.test_properties import as_javascript, json_value, pointers, text, yaml_text

Op = dict[str, Any]


def put(path: str, value: Any) -> Op:
    return {"op": "replace", "path": path, "value": value}


def add(path: str, value: Any) -> Op:
    return {"op": "add", "path": path, "value": value}


def take(path: str) -> Op:
    return {"op": "remove", "path": path}


def move(old: str, path: str) -> Op:
    return {"op": "move", "from": old, "path": path}


def edited(before: str, *operations: Op, index: int = 0) -> str:
    return edit(before.encode(), {index: operations}).decode()


def refusal(before: str, *operations: Op, index: int = 0) -> tuple[str, str]:
    """The place and the reason."""
    with pytest.raises(EditError) as caught:
        edit(before.encode(), {index: operations})
    assert caught.value.index == index
    return caught.value.path, str(caught.value)


DESCRIPTOR = """\
# who takes the orders
apiVersion: backstage.io/v1alpha1   # of Backstage
kind: Component
metadata:
    name: orders
    annotations:
        # for the Docs tab
        backstage.io/techdocs-ref: "dir:."	# a tab before this
        old.example/name: x
    tags:
    - java

    - 'eu'
spec:
    type:   service
    owner: 'team-paymnts'   # who is called at night

    # the end
---
kind: Group
...
"""


def test_a_value_changes_and_nothing_else() -> None:
    assert edited(DESCRIPTOR, put("/spec/owner", "team-payments")) == DESCRIPTOR.replace("paymnts", "payments")


def test_several_changes_are_made_at_once_in_several_documents() -> None:
    after = edit(
        DESCRIPTOR.encode(),
        {
            1: [put("/kind", "User"), add("/metadata", {"name": "x"})],
            0: [take("/spec/type"), put("/metadata/tags/1", "us"), add("/spec/system", "shop")],
        },
    ).decode()
    assert after == (
        DESCRIPTOR.replace("'eu'", "'us'")
        .replace("    type:   service\n", "")
        .replace("at night\n", "at night\n    system: shop\n")
        .replace("kind: Group\n", "kind: User\nmetadata:\n  name: x\n")
    )


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        # plain stays plain as far as it means the same then
        ("a: b\n", "c", "a: c\n"),
        ("a: b\n", "group:default/x", "a: group:default/x\n"),
        ("a: b\n", "x y", "a: x y\n"),
        ("a: b\n", "é😀", "a: é😀\n"),
        ("a: b\n", "yes", "a: yes\n"),
        ("a: b\n", "2026-01-01", "a: 2026-01-01\n"),
        ("a: b\n", "x#y", "a: x#y\n"),
        ("a: b\n", "x:y", "a: x:y\n"),
        ("a: b\n", "x, [y]", "a: x, [y]\n"),
        ("a: b\n", "true", 'a: "true"\n'),
        ("a: b\n", "Null", 'a: "Null"\n'),
        ("a: b\n", "~", 'a: "~"\n'),
        ("a: b\n", "1", 'a: "1"\n'),
        ("a: b\n", "-1.5e3", 'a: "-1.5e3"\n'),
        ("a: b\n", "0x1f", 'a: "0x1f"\n'),
        ("a: b\n", ".inf", 'a: ".inf"\n'),
        ("a: b\n", "", 'a: ""\n'),
        ("a: b\n", " x", 'a: " x"\n'),
        ("a: b\n", "x ", 'a: "x "\n'),
        ("a: b\n", "x: y", 'a: "x: y"\n'),
        ("a: b\n", "x:", 'a: "x:"\n'),
        ("a: b\n", "x #y", 'a: "x #y"\n'),
        *(("a: b\n", f"{sign}x", f'a: "{sign}x"\n') for sign in "-?:,[]{}#&*!|>'%@`"),
        ("a: b\n", '"x', 'a: "\\"x"\n'),
        ("a: b\n", "- x", 'a: "- x"\n'),
        ("a: b\n", "x\ny\\\t", 'a: "x\\ny\\\\\\t"\n'),
        ("a: b\n", "x\x00\x85\u2028\ufeff", 'a: "x\\u0000\\u0085\\u2028\\ufeff"\n'),
        ("a: b\n", "\U000e0001", 'a: "\U000e0001"\n'),  # JSON has no escape for it
        # quotes stay quotes
        ("a: 'b'\n", "it's", "a: 'it''s'\n"),
        ("a: 'b'\n", "1", "a: '1'\n"),
        ("a: 'b'\n", "x\ny", 'a: "x\\ny"\n'),
        ('a: "b"\n', 'x"y\\', 'a: "x\\"y\\\\"\n'),
        ('a: "b"\n', "c", 'a: "c"\n'),
        # other values
        ("a: 'b'\n", None, "a: null\n"),
        ("a: b\n", True, "a: true\n"),
        ("a: b\n", -12, "a: -12\n"),
        ("a: b\n", 1.5, "a: 1.5\n"),
        ("a: b # c\n", ["x, y", {"z: ": True}, []], 'a: ["x, y", {"z: ": true}, []] # c\n'),
        # what is not written is written behind its colon
        ("a:\n", "x", "a: x\n"),
        ("a:   # c\nb: 1\n", "x", "a: x   # c\nb: 1\n"),
        ("a: ~\n", "x", "a: x\n"),
        # in braces fewer signs may stand without quotes
        ("{a: b, c: d}\n", "x, y", '{a: "x, y", c: d}\n'),
        ("{a: b}\n", "group:default/x", "{a: group:default/x}\n"),
        ("{a: b}\n", "x{y}", '{a: "x{y}"}\n'),
        ("{a: , b: 1}\n", "x", "{a: x , b: 1}\n"),
        ('{"a":"b","c":1}', "x", '{"a":"x","c":1}'),
        ('{"a":null}', "x", '{"a":"x"}'),  # JSON stays JSON
        ('# c\n{"a": 1} # d\n', "x", '# c\n{"a": "x"} # d\n'),
        ('{"a":null, b: 1}', "x", '{"a":x, b: 1}'),
        # several lines become one
        ("a: b\n  c\n\n  d # e\nf: 1\n", "x", "a: x # e\nf: 1\n"),
        ("a: 'b\n  c'\nf: 1\n", "x", "a: 'x'\nf: 1\n"),
        # places
        ("a:\tb\t# c\n", "x", "a:\tx\t# c\n"),
        ("a:    b", "x", "a:    x"),
        ("\ufeffa: b\r\nc: d\r\n", "x", "\ufeffa: x\r\nc: d\r\n"),
        ("'a': b\n", "x", "'a': x\n"),
        ('"\\u0061": b\n', "x", '"\\u0061": x\n'),
        ("é: 😀\na: b\n", "x", "é: 😀\na: x\n"),
        ('k: "\u2028\\ud83d\\ude00"\na: b # \x85\n', "x", 'k: "\u2028\\ud83d\\ude00"\na: x # \x85\n'),
        ("%YAML 1.2\n--- # c\na: b\n...\n", "x", "%YAML 1.2\n--- # c\na: x\n...\n"),
        ("\t# c\na: b\n\t\n", "x", "\t# c\na: x\n\t\n"),
        ("a: b\nc: &d e\nf: *d\n", "x", "a: x\nc: &d e\nf: *d\n"),
    ],
)
def test_a_value_is_quoted_as_it_was_where_it_can_be(before: str, value: Any, after: str) -> None:
    assert edited(before, put("/a", value)) == after
    assert edited(before, add("/a", value)) == after  # of what is there, it says the same


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ("a: [b, c]\n", "/a/0", "a: [x, c]\n"),
        ("a:\n- b\n- c # d\n", "/a/1", "a:\n- b\n- x # d\n"),
        ("a:\n  -   b\n  - c\n", "/a/0", "a:\n  -   x\n  - c\n"),
        ("a:\n  - - b\n    - c\n", "/a/0/1", "a:\n  - - b\n    - x\n"),
        ("a:\n-\n- c\n", "/a/0", "a:\n- x\n- c\n"),
        ("a:\n  - b: c\n    d: e\n", "/a/0/d", "a:\n  - b: c\n    d: x\n"),
        ("a: b\n---\na: c\n", "/a", "a: x\n---\na: c\n"),
        ("1: b\n", "/1", "1: x\n"),
        ("a~/b: c\n", "/a~0~1b", "a~/b: x\n"),
    ],
)
def test_a_value_is_found_wherever_it_stands(before: str, path: str, after: str) -> None:
    assert edited(before, put(path, "x")) == after


@pytest.mark.parametrize(
    ("before", "operation", "after"),
    [
        # a line below the last, indented as the others are
        ("a: 1\n", add("/b", "x"), "a: 1\nb: x\n"),
        ("a: 1", add("/b", "x"), "a: 1\nb: x"),
        ("a: 1\r\n", add("/b", "x"), "a: 1\r\nb: x\r\n"),
        ("a: 1\r\nb: 2", add("/c", "x"), "a: 1\r\nb: 2\r\nc: x"),
        ("a: 1 # c\n\n# d\n", add("/b", "x"), "a: 1 # c\nb: x\n\n# d\n"),
        ("s:\n    a: 1\n    # c\nt: 2\n", add("/s/b", "x"), "s:\n    a: 1\n    b: x\n    # c\nt: 2\n"),
        ("s:\n  a:\n    - 1\n    - 2\nt: 2\n", add("/s/b", "x"), "s:\n  a:\n    - 1\n    - 2\n  b: x\nt: 2\n"),
        ("s:\n  a:\nt: 2\n", add("/s/b", "x"), "s:\n  a:\n  b: x\nt: 2\n"),
        ("s:\n  a: |\n    x\n\n\nt: 2\n", add("/s/b", "x"), "s:\n  a: |\n    x\n  b: x\n\n\nt: 2\n"),
        ("s:\n  a: |+\n    x\n\nt: 2\n", add("/s/b", "x"), "s:\n  a: |+\n    x\n\n  b: x\nt: 2\n"),
        ("s:\n  a: |+\n    x\n\n", add("/s/b", "x"), "s:\n  a: |+\n    x\n\n  b: x\n"),
        ("s:\n  a: >-\n    x", add("/s/b", "x"), "s:\n  a: >-\n    x\n  b: x"),
        ("s:\n  a: {b: 1,\n    c: 2} # d\nt: 2\n", add("/s/b", "x"), "s:\n  a: {b: 1,\n    c: 2} # d\n  b: x\nt: 2\n"),
        ("l:\n- a: 1\n- b: 2\n", add("/l/0/c", "x"), "l:\n- a: 1\n  c: x\n- b: 2\n"),
        ("- - a: 1\n", add("/0/0/c", "x"), "- - a: 1\n    c: x\n"),
        ("a: 1\n---\nb: 2\n...\n", add("/b", "x"), "a: 1\nb: x\n---\nb: 2\n...\n"),
        ("a: &y 1\nb: *y\n", add("/c", "x"), "a: &y 1\nb: *y\nc: x\n"),
        ("a: 1\n", add("/b: c", "x"), 'a: 1\n"b: c": x\n'),
        ("a: 1\n", add("/true", "true"), 'a: 1\n"true": "true"\n'),
        ("a: 1\n", add("/", "x"), 'a: 1\n"": x\n'),
        # quoted as its neighbour is
        ("'a': 1\n", add("/b", "x"), "'a': 1\n'b': x\n"),
        ('"a": 1\n', add("/b", "x"), '"a": 1\n"b": x\n'),
        # a mapping on lines of its own, indented by as much as others are here
        ("a: 1\n", add("/b", {"c": "x", "d: ": None}), 'a: 1\nb:\n  c: x\n  "d: ": null\n'),
        ("a: 1\ns:\n    b: 2\n", add("/c", {"d": "x"}), "a: 1\ns:\n    b: 2\nc:\n    d: x\n"),
        ("s:\n   b: 2\n", add("/s/c", {"d": "x"}), "s:\n   b: 2\n   c:\n      d: x\n"),
        ("l:\n- b: 2\n", add("/l/0/c", {"d": "x"}), "l:\n- b: 2\n  c:\n    d: x\n"),
        ("a: 1\n", add("/b", {}), "a: 1\nb: {}\n"),
        ("a: 1\n", add("/b", {"c": ["x"]}), "a: 1\nb: {c: [x]}\n"),
        ("a: 1\n", add("/b", ["x", "y, z"]), 'a: 1\nb: [x, "y, z"]\n'),
        # in braces
        ("a: {}\n", add("/a/b", "x"), "a: {b: x}\n"),
        ("a: { } # c\n", add("/a/b", "x"), "a: { b: x } # c\n"),
        ("a: {b: 1}\n", add("/a/c", "x, y"), 'a: {b: 1, c: "x, y"}\n'),
        ("a: { b: 1, }\n", add("/a/c", "x"), "a: { b: 1, c: x, }\n"),
        ("{}", add("/a", "x"), '{"a": "x"}'),
        ("{a}", add("/b", "x"), "{a, b: x}"),
        ("[{a: 1}, 2]\n", add("/0/b", "x"), "[{a: 1, b: x}, 2]\n"),
        ("{a: 1}\n", add("/b", {"c": {"d": "x"}}), "{a: 1, b: {c: {d: x}}}\n"),
        ('{"a": 1}\n', add("/b", {"c": "x"}), '{"a": 1, "b": {"c": "x"}}\n'),
        ('{\n  "a": 1\n}\n', add("/b", "x"), '{\n  "a": 1,\n  "b": "x"\n}\n'),
        ('{\r\n  "a": 1\r\n}', add("/b", "x"), '{\r\n  "a": 1,\r\n  "b": "x"\r\n}'),
        ("{\n  a: 1 # c\n  }\n", add("/b", "x"), "{\n  a: 1, # c\n  b: x\n  }\n"),
        ("{\n  a: 1, # c\n}\n", add("/b", "x"), "{\n  a: 1, # c\n  b: x,\n}\n"),
        ("{\n  a: 1}\n", add("/b", "x"), "{\n  a: 1, b: x}\n"),
        ("{ a: 1,\n  b: 2\n}\n", add("/c", "x"), "{ a: 1,\n  b: 2,\n  c: x\n}\n"),
    ],
)
def test_what_is_added_looks_like_what_is_there(before: str, operation: Op, after: str) -> None:
    assert edited(before, operation) == after


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        # its own lines go, and the comment behind it; comments above stay
        ("a: 1\nb: 2 # c\nd: 3\n", "/b", "a: 1\nd: 3\n"),
        ("a: 1\n# about b\nb: 2\n", "/b", "a: 1\n# about b\n"),
        ("a: 1\nb: 2", "/b", "a: 1"),
        ("a: 1\r\nb: 2\r\nc: 3\r\n", "/b", "a: 1\r\nc: 3\r\n"),
        ("a: 1\nb:\n- x\n- y: z\n  # in it\n  w: v\n# behind\nc: 3\n", "/b", "a: 1\n# behind\nc: 3\n"),
        ("a: 1\nb: |\n  x\n\nc: 3\n", "/b", "a: 1\n\nc: 3\n"),
        ("a: 1\nb: |+\n  x\n\nc: 3\n", "/b", "a: 1\nc: 3\n"),
        ("a: 1\nb: 'x\n  y'\nc: 3\n", "/b", "a: 1\nc: 3\n"),
        ("l:\n- a: 1\n  b: 2\n- c: 3\n", "/l/0/b", "l:\n- a: 1\n- c: 3\n"),
        ("a: 1\n---\nb: 2\nc: 3\n", "/a", None),
        # nothing left is an empty mapping, not null
        ("s:\n  a: 1\nt: 2\n", "/s/a", "s: {}\nt: 2\n"),
        ("s: # c\n  # d\n  a: 1\n", "/s/a", "s: {} # c\n  # d\n"),
        ("'s' :\n  a: 1\n", "/s/a", "'s' : {}\n"),
        ("l:\n- s:\n    a: 1\n", "/l/0/s/a", "l:\n- s: {}\n"),
        # in braces one comma goes as well
        ("{a: 1, b: 2, c: 3}\n", "/a", "{b: 2, c: 3}\n"),
        ("{a: 1, b: 2, c: 3}\n", "/b", "{a: 1, c: 3}\n"),
        ("{a: 1, b: 2, c: 3}\n", "/c", "{a: 1, b: 2}\n"),
        ("{ a: 1, b: 2, }\n", "/b", "{ a: 1, }\n"),
        ("{a: 1} # c\n", "/a", "{} # c\n"),
        ("{ a: 1, }\n", "/a", "{}\n"),
        ('{\n  "a": 1,\n  "b": [2],\n  "c": 3\n}\n', "/b", '{\n  "a": 1,\n  "c": 3\n}\n'),
        ('{\n  "a": 1,\n  "b": [2]\n}\n', "/b", '{\n  "a": 1\n}\n'),
        ("{a: {b: '#'}, c: 1}\n", "/a", "{c: 1}\n"),
    ],
)
def test_what_is_removed_leaves_no_trace(before: str, path: str, after: str | None) -> None:
    if after is None:
        assert refusal(before, take(path)) == (path, "is all that its mapping has")
    else:
        assert edited(before, take(path)) == after


def test_several_are_removed_together() -> None:
    assert edited("s:\n  a: 1\n  b: 2\n", take("/s/b"), take("/s/a")) == "s: {}\n"
    assert edited("s:\n  a: 1\n  b: 2\n", take("/s/b"), take("/s/a"), add("/s/c", "x")) == "s:\n  c: x\n"
    assert edited("{a: 1, b: 2, c: 3}\n", take("/a"), take("/b")) == "{c: 3}\n"
    assert edited("{a: 1, b: 2, c: 3}\n", take("/b"), take("/c")) == "{a: 1}\n"
    assert edited("{a: 1, b: 2, c: 3}\n", take("/a"), take("/c")) == "{b: 2}\n"
    assert edited("{a: 1, b: 2}\n", take("/a"), take("/b")) == "{}\n"
    assert edited("{a: 1, b: 2}\n", take("/b"), add("/c", 3)) == "{a: 1, c: 3}\n"


@pytest.mark.parametrize(
    ("before", "operation", "after"),
    [
        ("m:\n  a/b: 1 # c\n  d: 2\n", move("/m/a~1b", "/m/a~1c"), "m:\n  a/c: 1 # c\n  d: 2\n"),
        ("'a': 1\n", move("/a", "/it's"), "'it''s': 1\n"),
        ('{"a":1,"b":2}', move("/a", "/c"), '{"c":1,"b":2}'),
        ("a: 1\n", move("/a", "/true"), '"true": 1\n'),
        ("a:\n- 1\n- x: *y\n", move("/a", "/b"), None),
        ("a: &y [1]\nb: *y\n", move("/a", "/c"), "c: &y [1]\nb: *y\n"),
        ("a: |\n  x\nb: 1\n", move("/a", "/c"), "c: |\n  x\nb: 1\n"),
        # elsewhere, and onto what is there: a removal and an addition
        ("m:\n  a: x # c\ns:\n  d: 2\n", move("/m/a", "/s/b"), "m: {}\ns:\n  d: 2\n  b: x\n"),
        ("m:\n  a: x # c\n  b: y # d\n", move("/m/a", "/m/b"), "m:\n  b: x # d\n"),
        ("m: {a: [x]}\ns: {}\n", move("/m/a", "/s/b"), "m: {}\ns: {b: [x]}\n"),
    ],
)
def test_what_is_moved_keeps_its_place_where_only_its_key_changes(
    before: str, operation: Op, after: str | None
) -> None:
    if after is None:
        assert refusal(before, operation)[1] == "is in a document that cannot be read"
    else:
        assert edited(before, operation) == after


@pytest.mark.parametrize(
    ("before", "operation", "reason"),
    [
        ("a: &x b\nc: *x\n", put("/a", "y"), "has an anchor or a tag"),
        ("a: &x b\n", put("/a", "y"), "has an anchor or a tag"),
        ("a: !!str 1\n", put("/a", "y"), "has an anchor or a tag"),
        ("b: &x c\na: *x\n", put("/a", "y"), "is the alias *x: change it where its anchor is"),
        ("b: &x {c: 1}\na: *x\n", put("/a/c", 2), "stands behind the alias *x: change it where its anchor is"),
        (
            "a: &x {c: 1}\nb: *x\n",
            put("/a/c", 2),
            "stands in what has the anchor &x, and would change wherever that is used",
        ),
        (
            "a: &x\n  d: {c: 1}\nb: *x\n",
            put("/a/d/c", 2),
            "stands in what has the anchor &x, and would change wherever that is used",
        ),
        ("a: |\n  b\n", put("/a", "y"), "is a text of several lines, written with |"),
        ("a: >-\n  b\n", put("/a", "y"), "is a text of several lines, written with >"),
        ("a: [b]\n", put("/a", "y"), "is a list or a mapping, and only single values are replaced"),
        ("a:\n  b: c\n", put("/a", {}), "is a list or a mapping, and only single values are replaced"),
        ("a: 1\n'1': b\n1: c\n", put("/1", "x"), "has a key that stands there twice, as a text and as something else"),
        ("{a, b: 1}\n", put("/a", "x"), "is a key without a value"),
        ("? a\n: 1\n", add("/b", "x"), "would stand among keys that do not begin their lines"),
        ("? a\n: 1\nb: 2\n", take("/a"), "does not stand on lines of its own"),
        ("l:\n- a: 1\n  b: 2\n", take("/l/0/a"), "does not stand on lines of its own"),
        ("a: 1\n", take("/a"), "is all that its mapping has"),
        ("l:\n  -\n    a: 1\n", take("/l/0/a"), "is all that its mapping has"),
        ("{a: 1, # c\n b: 2}\n", take("/a"), "has a comment beside it"),
        ("{a: 1, # c\n b: 2}\n", take("/b"), "has a comment beside it"),
        ("{ # c\n a: 1}\n", take("/a"), "has a comment beside it"),
        ("[a: 1]\n", add("/0/b", 2), "stands in a mapping without braces, or with an anchor or a tag"),
        ("a: &x {}\n", add("/a/b", 2), "stands in a mapping without braces, or with an anchor or a tag"),
        ("&x a: 1\n", move("/a", "/b"), "has a key that is more than a word"),
        ("b: &x c\n*x : 1\n", move("/c", "/d"), None),
        ("a: 1\n", put("/b", 2), "is not there"),
        ("a: 1\n", put("/a/b", 2), "is not there"),
        ("a: 1\n", take("/b"), "is not there"),
        ("a: 1\n", move("/b", "/c"), "is not there"),
        ("a: [b]\n", put("/a/1", 2), "is not there"),
        ("a: [b]\n", put("/a/00", 2), "is not there"),
        ("a: [b]\n", put("/a/9999999999", 2), "is not there"),
        ("a: [b]\n", put("/a/-", 2), "is not there"),
        ("a:\n", add("/a/b", 2), "is not there"),
        ("a: [b]\n", add("/a/-", 2), "is in a list, of which only items that are there are replaced"),
        ("a: [b]\n", add("/a/0", 2), "is in a list, of which only items that are there are replaced"),
        ("a: [b]\n", take("/a/0"), "is in a list, of which only items that are there are replaced"),
        ("a: [b]\n", move("/a/0", "/c"), "is in a list, of which only items that are there are replaced"),
        ("a: 1\n", put("/a", "\ud800"), "would hold half a character (a lone surrogate)"),
        ("a: {{ b }}\n", put("/a/{ b }", "x"), None),
        ("a: 1\na: 2\n", put("/a", 3), "is in a document that cannot be read"),
        ("- 1\n---\n", put("/0", "x"), None),
        (
            "a: 1\n",
            {"op": "test", "path": "/a", "value": 1},
            "the operation 'test' is none of add, move, remove, replace",
        ),
        ("a: 1\n", {"op": [], "path": "/a"}, "the operation [] is none of add, move, remove, replace"),
        ("a: 1\n", {"op": "remove"}, "the operation remove has no path"),
        ("a: 1\n", {"op": "add", "path": "/a"}, "the operation add has no value"),
        ("a: 1\n", {"op": "move", "path": "/b"}, "the operation move has no from"),
        ("a: 1\n", put("", 1), "the path '' is no JSON pointer such as /spec/owner"),
        ("a: 1\n", {"op": "remove", "path": 5}, "the path 5 is no JSON pointer such as /spec/owner"),
    ],
)
def test_what_cannot_be_done_exactly_is_refused(before: str, operation: Op, reason: str | None) -> None:
    if reason is None:  # either is right
        holds(before, operation)
    else:
        assert refusal(before, operation)[1] == reason


def holds(before: str, *operations: Op, index: int = 0) -> bool:
    """Whether the operations are made, exactly; otherwise they are refused."""
    data = before.encode()
    was = {document.index: document for document in load(data)}
    try:
        after = edit(data, {index: operations})
    except EditError:
        return False
    now = {document.index: document for document in load(after)}
    assert was.keys() == now.keys()
    for number, document in was.items():
        expected = patched(document.value, operations) if number == index else document.value
        assert json.dumps(now[number].value, sort_keys=True) == json.dumps(expected, sort_keys=True)
        assert (now[number].fault is None) == (document.fault is None)
    return True


def test_what_cannot_be_done_exactly_leaves_the_other_documents_of_the_file_alone_too() -> None:
    with pytest.raises(EditError) as caught:
        edit(b"a: 1\n---\na: |\n  b\n", {0: [put("/a", 2)], 1: [put("/a", 2)]})
    assert (caught.value.index, caught.value.path) == (1, "/a")


def test_one_place_is_not_changed_twice() -> None:
    reason = ("", "is to be changed in two ways")
    assert refusal("a: {b: 1}\n", put("/a/b", 2), take("/a/b")) == reason
    assert refusal("a: {b: 1}\n", put("/a", 2), take("/a/b")) == reason
    assert refusal("a: {b: 1}\n", take("/a/b"), take("/a")) == reason
    assert refusal("a: {b: 1}\n", move("/a/b", "/a/b")) == reason
    assert refusal("a: {b: 1}\n", add("/c", {}), add("/c/d", 1)) == reason


def test_a_document_that_is_not_there_is_not_changed() -> None:
    for before in ("", "a: 1\n", "a: 1\n---\n~\n", "a: 1\n---\n[\n", "\xff: \0"):
        assert refusal(before, put("/a", 2), index=1)[1] == "is in a document that cannot be read"


def test_without_operations_nothing_changes() -> None:
    assert edit(DESCRIPTOR.encode(), {}) == DESCRIPTOR.encode()
    assert edit(DESCRIPTOR.encode(), {0: []}) == DESCRIPTOR.encode()


def test_places_are_free_until_somebody_takes_them_or_what_is_around_them() -> None:
    places = Places()
    assert places.take([put("/spec/owner", 1), put("/metadata/tags/0", 1)])
    assert not places.take([put("/spec/owner", 2)])
    assert not places.take([put("/kind", 1), take("/spec")])
    assert not places.take([put("/metadata/tags/0/x", 1)])
    assert places.take([put("/kind", 1)])  # nothing was taken with what was not free
    assert places.take([move("/metadata/tags/1", "/metadata/tags/2"), put("/spec/own", 1)])
    assert not places.take([put("/metadata/tags/2", 1)])


def test_many_changes_take_no_more_than_one_reading() -> None:
    before = "".join(f"k{number}:\n  a: b\n" for number in range(10_000))
    operations = [put(f"/k{number}/a", "c") for number in range(10_000)]
    assert edited(before, *operations) == before.replace("b", "c")


# -- any text at all

names = st.sampled_from(["a", "b", "new", "x: y", "1", "true", "", "é", "~/"])
values = json_value.map(as_javascript) | st.sampled_from(
    ["a", "true", "x: y", "- a", " a", "a ", "#", "a #b", "'", '"', "{", "a\nb\n"]
)


def operation_in(value: Any) -> st.SearchStrategy[Op]:
    """An operation about something that is in a value, or not."""
    paths = st.sampled_from(pointers(value)[:200])
    beside = st.builds(lambda path, name: f"{path}/{name.replace('~', '~0').replace('/', '~1')}", paths, names)
    somewhere = paths | beside
    return st.one_of(
        st.builds(put, somewhere, values),
        st.builds(add, somewhere, values),
        st.builds(take, somewhere),
        st.builds(move, somewhere, somewhere),
    )


@given(yaml_text, st.data())
@example("a: b\n", None)
def test_in_any_text_a_change_is_exact_or_refused(source: str, data: st.DataObject | None) -> None:
    documents = [document for document in load(source.encode()) if document.fault is None]
    assume(documents and data)
    assert data is not None
    document = data.draw(st.sampled_from(documents))
    holds(source, data.draw(operation_in(document.value)), index=document.index)


@given(st.dictionaries(text, json_value, max_size=4), st.sampled_from([None, 2]), st.booleans(), text, st.data())
def test_in_any_json_every_value_can_be_replaced_and_the_file_is_json_still(
    value: dict[str, Any], indent: int | None, ascii: bool, new: str, data: st.DataObject
) -> None:
    source = json.dumps(value, indent=indent, ensure_ascii=ascii)
    assume(scalars_in(value) and load(source.encode())[0].fault is None)
    path = data.draw(st.sampled_from(scalars_in(value)))
    assert holds(source, put(path, new))
    after = json.loads(edited(source, put(path, new)))
    assert value_at(after, path) == new


# -- text as people write it


@st.composite
def written(draw: st.DrawFn) -> tuple[str, Any]:
    """A file as people write them, of which every comment is another one, and what its first document says."""
    comments = iter(range(1000))
    line_end = draw(st.sampled_from(["\n", "\r\n"]))
    step = draw(st.sampled_from([1, 2, 4]))

    def comment(before: str = "") -> str:
        return f"{before}# c{next(comments)};" if draw(st.integers(0, 3)) == 0 else ""

    def scalar(in_braces: bool = False) -> tuple[str, Any]:
        word = draw(st.sampled_from(["team-a", "x y", "é😀", "dir:.", "group:a/b"]))
        number = draw(st.sampled_from([1, True, None, 2.5]))
        return draw(
            st.sampled_from([(word, word), (f"'{word}'", word), (f'"{word}"', word), (json.dumps(number), number)])
        )

    def braces() -> tuple[str, Any]:
        keys = draw(st.lists(st.sampled_from(["k", "l", "m/n"]), unique=True, max_size=3))
        inside = [(key, scalar(True)) for key in keys]
        return f"{{{', '.join(f'{key}: {shown}' for key, (shown, _) in inside)}}}", {k: each for k, (_, each) in inside}

    def block(column: int, depth: int) -> tuple[list[str], dict[str, Any]]:
        lines: list[str] = []
        value: dict[str, Any] = {}
        for key in draw(
            st.lists(st.sampled_from(["name", "owner", "a/b", "'q'", "é"]), unique=True, min_size=1, max_size=3)
        ):
            if above := comment(" " * column):
                lines.append(above)
            name, begin = key.strip("'"), " " * column + key + ":"
            kind = draw(
                st.sampled_from(["scalar", "scalar", "braces", "block", "list", "text"] if depth else ["scalar"])
            )
            if kind == "scalar":
                shown, value[name] = scalar()
                lines.append(f"{begin} {shown}{comment(' ')}")
            elif kind == "braces":
                shown, value[name] = braces()
                lines.append(f"{begin} {shown}{comment('  ')}")
            elif kind == "text":
                lines += [f"{begin} |", f"{' ' * (column + step)}one", "", f"{' ' * (column + step)}two # no comment"]
                value[name] = "one\n\ntwo # no comment\n"
            elif kind == "block":
                inner, value[name] = block(column + step, depth - 1)
                lines += [f"{begin}{comment(' ')}", *inner]
            else:
                at_dash = column + draw(st.sampled_from([0, step]))
                lines.append(f"{begin}{comment(' ')}")
                value[name] = []
                for _ in range(draw(st.integers(1, 3))):
                    if draw(st.booleans()):
                        shown, item = scalar()
                        lines.append(f"{' ' * at_dash}- {shown}{comment(' ')}")
                    else:
                        inner, item = block(at_dash + 2, 0)
                        first = next(number for number, line in enumerate(inner) if not line.strip().startswith("#"))
                        inner[first] = f"{' ' * at_dash}- {inner[first][at_dash + 2 :]}"
                        lines += inner
                    value[name].append(item)
            if draw(st.integers(0, 5)) == 0:
                lines.append("")
        return lines, value

    lines, value = block(0, 2)
    more = draw(st.sampled_from([[], ["---", "other: 1 # c-other;"], ["...", "# c-end;"]]))
    end = draw(st.sampled_from(["", line_end]))
    bom = draw(st.sampled_from(["", "\ufeff"]))
    return bom + line_end.join([*lines, *more]) + end, value


def scalars_in(value: Any) -> list[str]:
    return [path for path in pointers(value)[1:] if not isinstance(value_at(value, path), dict | list)]


def changed(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines between the first and the last that differ, as they were and as they are."""
    one, other = before.split("\n"), after.split("\n")
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return one, other


@given(written(), values, st.data())
def test_in_what_people_write_every_value_of_one_line_can_be_replaced(
    source: tuple[str, Any], new: Any, data: st.DataObject
) -> None:
    before, value = source
    assert load(before.encode())[0].value == value
    assume(scalars_in(value))
    operation = put(data.draw(st.sampled_from(scalars_in(value))), new)
    if "no comment" in str(value_at(value, operation["path"])):
        assert not holds(before, operation)
        return
    assert holds(before, operation)
    one, other = changed(before, edited(before, operation))
    assert len(one) == len(other) <= 1
    assert [comments_in(line) for line in one] == [comments_in(line) for line in other]


@given(written(), names, values, st.data())
def test_in_what_people_write_every_mapping_can_have_one_more_key(
    source: tuple[str, Any], name: str, new: Any, data: st.DataObject
) -> None:
    before, value = source
    around = data.draw(st.sampled_from([path for path in pointers(value) if isinstance(value_at(value, path), dict)]))
    assume(name not in value_at(value, around))
    operation = add(f"{around}/{name.replace('~', '~0').replace('/', '~1')}", new)
    assert holds(before, operation)
    one, other = changed(before, edited(before, operation))
    assert len(one) <= 1
    assert [comments_in(line) for line in one] == [comments_in(line) for line in other[: len(one)]]


@given(written(), st.data())
def test_in_what_people_write_a_removal_takes_the_lines_of_the_value_alone(
    source: tuple[str, Any], data: st.DataObject
) -> None:
    before, value = source
    path = data.draw(st.sampled_from(pointers(value)[1:]))
    if not holds(before, take(path)):
        return
    lines, left = re.split("\r?\n", before), re.split("\r?\n", edited(before, take(path)))
    place = locate(before.encode(), 0, [path])[path]
    gone = lines[place.line - 1 : place.line - 1 + len(lines) - len(left)]
    rest = lines[: place.line - 1] + lines[place.line - 1 + len(gone) :]
    assert sum(one != other for one, other in zip(rest, left, strict=True)) <= 1  # the braces in which nothing is left
    assert [comments_in(line) for line in rest] == [comments_in(line) for line in left]
    column = len(gone[0]) - len(gone[0].lstrip()) if gone else 0
    for line in gone[1:]:
        assert not line.strip() or line.startswith((" " * (column + 1), " " * column + "- "))


def comments_in(line: str) -> list[str]:
    return re.findall("# c[0-9a-z-]*;", line)
