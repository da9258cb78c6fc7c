"""The line that a fix makes of the line at which a finding stands."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.documents import load
from bylaw.model import Finding, Location
from bylaw.reports.suggestion import suggestion
from tests.reports.anything import ANY_TEXT
from tests.reports.making import TECHDOCS, make_finding


def of(line: str, old: str, new: Any, **more: Any) -> str | None:
    """The suggestion where ``old`` stands in the line and is to become ``new``."""
    column = line.index(old) + 1
    fix = ({"op": "replace", "path": "/spec/owner", "value": new},)
    place = Location("a.yaml", 7, column, 7, column + len(old))
    return suggestion(make_finding(TECHDOCS, "x", place, **{"fix": fix, **more}), line)


@pytest.mark.parametrize(
    ("line", "old", "new", "changed"),
    [
        ("  owner: team-paymnts # for now", "team-paymnts", "team-payments", "  owner: team-payments # for now"),
        ("  - api:default/x", "api:default/x", "api:default/y", "  - api:default/y"),
        ("  - name: x", "x", "y: z", '  - name: "y: z"'),
        ("  owner: 'x'", "'x'", "it's", "  owner: 'it''s'"),
        ("metadata: {name: a, owner: b}", "b", "c, d", 'metadata: {name: a, owner: "c, d"}'),
        ("  owner: x", "x", "- a\n- b", '  owner: "- a\\n- b"'),
        ("  replicas: one", "one", 1, "  replicas: 1"),
    ],
)
def test_a_scalar_is_replaced_as_it_is_written(line: str, old: str, new: Any, changed: str) -> None:
    assert of(line, old, new) == changed


@pytest.mark.parametrize(
    ("line", "old"),
    [
        ("  tags: [a, b", "b"),  # a line that is no YAML by itself
        ("  owner: &team x", "x"),  # the value may be used elsewhere
        ("  owner: x", "owner"),  # a key
        (f"  owner: x # {'x' * 400}", "x #"[:1]),  # a line that may have been cut
        ("  owner: x\u202e", "x\u202e"),  # what would not be seen
        ("  owner: x\ud800", "x\ud800"),
    ],
)
def test_where_the_line_is_not_all_there_is_nothing_is_suggested(line: str, old: str) -> None:
    assert of(line, old, "team-payments") is None


def test_only_the_replacement_of_the_one_value_that_is_meant_can_be_suggested() -> None:
    def replaces(path: str, value: Any = "y", op: str = "replace") -> dict[str, Any]:
        return {"op": op, "path": path, "value": value}

    line = "  owner: x"
    assert of(line, "x", "y", fix=(replaces("/spec/owner"),)) == "  owner: y"
    for fix in (
        (),
        (replaces("/spec/system"),),
        (replaces("/spec/owner", op="add"),),
        (replaces("/spec/owner", ["y"]),),
        (replaces("/spec/owner", "x"),),
        (replaces("/spec/owner"), replaces("/spec/owner")),
    ):
        assert of(line, "x", "y", fix=fix) is None


def test_without_a_place_or_over_more_lines_nothing_is_suggested() -> None:
    fix = ({"op": "replace", "path": "/spec/owner", "value": "y"},)
    for place in (None, Location("a.yaml", 7, 10, 8, 11)):
        assert suggestion(make_finding(TECHDOCS, "x", place, fix=fix), "  owner: x") is None


@given(line=ANY_TEXT, new=ANY_TEXT, column=st.integers(1, 30), size=st.integers(0, 20))
def test_whatever_is_suggested_is_one_line_that_says_the_new_value(line: str, new: str, column: int, size: int) -> None:
    fix = ({"op": "replace", "path": "", "value": new},)
    found = Finding("", "x", fix=fix, location=Location("a.yaml", 1, column, 1, column + size))
    changed = suggestion(found, line)
    if changed is not None:
        assert changed.isprintable()
        assert load(changed.encode()) != load(line.encode())
