from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from bylaw.errors import ConfigError
from bylaw.model import Finding, Location, Outcome
from bylaw.policy_tests.expected import DAY, Expected, Said, differences, read, said

if TYPE_CHECKING:
    from pathlib import Path

OWNER = {"entity": "component:default/orders", "pointer": "/spec/owner", "message": "no owner", "outcome": "fail"}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "expected.yaml"
    path.write_text(text)
    return path


def found(**more: object) -> Said:
    nothing: Said = {
        "observed": None,
        "expected": None,
        "suggestion": None,
        "fix": [],
        "key": "",
        "path": "catalog.yaml",
        "line": 9,
        "column": 3,
    }
    return {**OWNER, **nothing, **more}


def test_what_is_not_said_is_not_compared(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "findings:\n"
        "  - {entity: component:default/orders, pointer: /spec/owner, message: no owner}\n"
        "  - {entity: null, pointer: '', message: broken, outcome: unknown, line: 3, suggestion: x}\n",
    )
    assert read(path) == Expected(
        (
            OWNER,
            {"entity": None, "pointer": "", "message": "broken", "outcome": "unknown", "line": 3, "suggestion": "x"},
        ),
        DAY,
    )


def test_the_day_of_the_judgement_can_be_set(tmp_path: Path) -> None:
    assert read(written(tmp_path, "now: 2026-12-01\nfindings: []\n")) == Expected((), date(2026, 12, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected one mapping with `findings:`, a list (empty: `findings: []`)"),
        ("findings: none", "expected one mapping with `findings:`, a list (empty: `findings: []`)"),
        ("findings: []\n---\nfindings: []\n", "expected one mapping with `findings:`, a list (empty: `findings: []`)"),
        ("findings: []\nfinding: 1\n", "finding is not known here (did you mean findings?)"),
        ("findings: []\nnow: soon\n", "now: found 'soon', expected a date such as 2026-12-31"),
        ("findings: [1]\n", "findings.0: expected a mapping with entity, pointer, message"),
        ("findings: [{entity: a}]\n", "findings.0: expected a mapping with entity, pointer, message"),
        (
            "findings: [{entity: a, pointer: b, message: c, mesage: d}]\n",
            "findings.0.mesage is not known here (did you mean message?)",
        ),
        (
            "findings: [{entity: a, pointer: b, message: c, xyz: d}]\n",
            "findings.0.xyz is not known here; known are entity, pointer, message, outcome, observed, expected, "
            "suggestion, fix, key, path, line, column",
        ),
        (
            "findings: [{entity: a, pointer: b, message: c, line: d}]\n",
            "findings.0.line: found 'd', expected int",
        ),
        (
            "findings: [{entity: a, pointer: b, message: c, outcome: pass}]\n",
            "findings.0.outcome: found 'pass', expected fail, unknown or error",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        read(path)
    assert str(error.value) == f"{path}: {message}"


def test_what_is_no_yaml_is_refused_with_line_and_column(tmp_path: Path) -> None:
    path = written(tmp_path, "findings:\n  - a: 1\n    a: 2\n")
    with pytest.raises(ConfigError) as error:
        read(path)
    assert str(error.value) == f'{path}:3:5: duplicate key "a"'


def test_as_expected_there_is_nothing_to_tell() -> None:
    assert differences([OWNER], [found()]) == []
    assert differences([], []) == []


def test_missing_and_unexpected_findings_are_told_apart() -> None:
    other = found(entity="component:default/cart", outcome="unknown")
    assert differences([OWNER], [other]) == [
        "missing     component:default/orders /spec/owner: no owner",
        "unexpected  component:default/cart /spec/owner: unknown: no owner",
    ]


def test_a_finding_at_the_same_place_is_shown_with_what_differs() -> None:
    assert differences([{**OWNER, "line": 8}], [found(message="No owner!")]) == [
        "differs     component:default/orders /spec/owner",
        "            - message: no owner",
        "            + message: No owner!",
        "            - line: 8",
        "            + line: 9",
    ]


def test_a_finding_is_expected_once_only() -> None:
    assert differences([OWNER], [found(), found(line=10)]) == [
        "unexpected  component:default/orders /spec/owner: no owner",
    ]


def test_who_says_most_is_matched_first() -> None:
    assert differences([OWNER, {**OWNER, "line": 9}], [found(line=9), found(line=10)]) == []


def test_a_document_without_a_name_and_a_finding_about_the_whole_have_words() -> None:
    broken = {"entity": None, "pointer": "", "message": "broken", "outcome": "fail"}
    assert differences([broken], []) == ["missing     a document without a name (the whole): broken"]


def test_said_is_all_that_can_be_compared() -> None:
    finding = Finding(
        "/spec/owner",
        "no owner",
        outcome=Outcome.UNKNOWN,
        observed=["team-a"],
        expected="a Group",
        suggestion="x",
        fix=({"op": "add"},),
        key="y",
        entity="component:default/orders",
        location=Location("a.yaml", 3, 5, 3, 9),
    )
    assert said(finding) == {
        "entity": "component:default/orders",
        "pointer": "/spec/owner",
        "message": "no owner",
        "outcome": "unknown",
        "observed": ["team-a"],
        "expected": "a Group",
        "suggestion": "x",
        "fix": [{"op": "add"}],
        "key": "y",
        "path": "a.yaml",
        "line": 3,
        "column": 5,
    }
