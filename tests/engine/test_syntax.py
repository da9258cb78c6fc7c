"""The syntax trees of regorus: what a module names and declares."""

from __future__ import annotations

from typing import Any

import pytest

from bylaw.engine import syntax
from bylaw.engine.rego import Rego
from bylaw.rules import Module

HEAD = "package bylaw.docs.x\nimport rego.v1\nimport future.keywords.not\n"


def parsed(body: str) -> tuple[Any, bytes]:
    """The tree of a module, and its text."""
    module = Module("x.rego", "bylaw.docs.x", f"{HEAD}{body}\n")
    tree = next(tree["ast"] for tree in Rego([module]).syntax() if tree["source"]["file"] == "x.rego")
    return tree, module.text.encode()


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ("a := input.data.x", set()),
        ("import data.bylaw.lib.words\na := words.good", {"bylaw.lib.words"}),
        ("a := data.bylaw.lib.words.is_good(1)", {"bylaw.lib.words.is_good"}),
        ('a := data.bylaw.parameters["docs/x"].limit', {"bylaw.parameters", "bylaw.parameters.limit"}),
        ("a := data.bylaw.docs[input.x].findings", {"bylaw.docs", "bylaw.docs.findings"}),
        ("a := data[input.x]", {""}),
    ],
)
def test_data_paths_are_fixed_as_far_as_they_go(body: str, paths: set[str]) -> None:
    tree, _ = parsed(body)
    assert syntax.data_paths(tree) == paths


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("f(x, [y, 1]) := x + y", {"x", "y"}),
        ("a if {\n\tb := input\n\tb\n}", {"b"}),
        ("a if {\n\t[b, {c: d}] := input\n\tb\n}", {"b", "c", "d"}),
        ('a if {\n\t"é" in input\n\tsome b, c\n\tinput[b][c]\n}', {"b", "c"}),
        ("a if {\n\tsome b, c in input\n\tc\n}", {"b", "c"}),
        ("a if every b, c in input { c }", {"b", "c"}),
        ("a := {b | some b in input}", {"b"}),
        ("a if input[b]", set()),
    ],
)
def test_names_are_declared_in_these_ways(body: str, names: set[str]) -> None:
    tree, text = parsed(body)
    assert set(syntax.declared(syntax.Definition(tree["rules"][0]).tree, text)) == names


def test_a_definition_has_a_name_and_a_tree_without_it() -> None:
    tree, _ = parsed('default late := 1\n\nnames["a"][b] := 2 if some b in input')
    late, names = map(syntax.Definition, tree["rules"])
    assert (late.name, names.name) == ("late", "names")
    assert sorted(syntax.variables(names.tree)) == ["b", "input"]
