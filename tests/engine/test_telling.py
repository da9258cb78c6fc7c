"""What a rule may say of a finding, and what becomes of anything else."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bylaw.engine.telling import ShapeError, from_rego, heard, told
from bylaw.model import Finding, Location, Outcome

SAID: dict[str, Any] = {"pointer": "/spec/owner", "message": "wrong"}
ALL: dict[str, Any] = {
    **SAID,
    "observed": {"a": [1, None]},
    "expected": "right",
    "suggestion": "left",
    "fix": [{"op": "remove", "path": "/spec/owner"}],
    "outcome": "unknown",
    "key": "k",
    "nearest_of": {"kinds": ["Group"]},
}


def travelled(*findings: Finding) -> list[Finding]:
    """The findings as the parent hears them."""
    return [heard(orjson.loads(orjson.dumps(each))) for each in told(list(findings))]


def test_an_object_of_rego_is_a_finding() -> None:
    assert from_rego(SAID) == Finding("/spec/owner", "wrong")
    assert from_rego(ALL) == Finding(
        "/spec/owner",
        "wrong",
        {"a": [1, None]},
        "right",
        "left",
        ({"op": "remove", "path": "/spec/owner"},),
        Outcome.UNKNOWN,
        "k",
        {"kinds": ["Group"]},
    )


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("wrong", "findings holds 'wrong', expected objects with pointer and message"),
        ([SAID], "findings holds [{'pointer': "),
        ({"message": "wrong"}, "a finding has no pointer"),
        ({"pointer": ""}, "a finding has no message"),
        ({**SAID, "severity": "error"}, "a finding has severity: known are pointer, message, observed, "),
        ({**SAID, "pointer": "spec"}, "pointer of a finding is 'spec', expected a JSON pointer such as /spec/owner"),
        ({**SAID, "pointer": 5}, "pointer of a finding is 5, expected a JSON pointer"),
        ({**SAID, "message": ""}, "message of a finding is '', expected a sentence"),
        ({**SAID, "message": ["wrong"]}, "message of a finding is ['wrong'], expected a sentence"),
        ({**SAID, "expected": 5}, "expected of a finding is 5, expected a text"),
        ({**SAID, "suggestion": None}, "suggestion of a finding is None, expected a text"),
        ({**SAID, "key": 5}, "key of a finding is 5, expected a text"),
        ({**SAID, "fix": {}}, "fix of a finding is {}, expected a list of JSON Patch operations"),
        ({**SAID, "fix": ["remove"]}, "fix of a finding is ['remove'], expected a list of JSON Patch operations"),
        ({**SAID, "outcome": "pass"}, "outcome of a finding is 'pass', expected fail, unknown or error: "),
        ({**SAID, "outcome": "maybe"}, "outcome of a finding is 'maybe', expected fail, unknown or error: "),
        ({**SAID, "outcome": ["fail"]}, "outcome of a finding is ['fail'], expected fail, unknown or error: "),
        ({**SAID, "nearest_of": {"kinds": "Group"}}, "nearest_of of a finding is {'kinds': 'Group'}, expected "),
        ({**SAID, "nearest_of": {"kinds": [5]}}, "nearest_of of a finding is {'kinds': [5]}, expected "),
        ({**SAID, "nearest_of": {"names": []}}, "nearest_of of a finding is {'names': []}, expected "),
        ({**SAID, "nearest_of": {"kinds": [], "values": []}}, "nearest_of of a finding is {'kinds': [], "),
    ],
    ids=str,
)
def test_another_shape_is_refused_with_the_field(value: Any, fault: str) -> None:
    with pytest.raises(ShapeError) as refused:
        from_rego(value)

    assert str(refused.value).startswith(fault)


def test_a_finding_arrives_as_it_was_said() -> None:
    finding = from_rego(ALL)

    assert travelled(finding, Finding("", "wrong", location=Location("a.yaml", 1, 2, 3, 4))) == [
        finding,
        Finding("", "wrong", location=Location("a.yaml", 1, 2, 3, 4)),
    ]


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"expected": 5}, "expected of a finding is 5, expected a text"),
        ({"outcome": "fine"}, "outcome of a finding is 'fine', expected "),
        ({"outcome": Outcome.PASS}, "outcome of a finding is <Outcome.PASS: 'pass'>, expected "),
        ({"fix": ("remove",)}, "fix of a finding is ('remove',), expected "),
        ({"fix": None}, "fix of a finding is None, expected "),
        ({"key": None}, "key of a finding is None, expected a text"),
        ({"nearest_of": {"values": "ab"}}, "nearest_of of a finding is {'values': 'ab'}, expected "),
        ({"location": "a.yaml:1"}, "location of a finding is 'a.yaml:1', expected a Location"),
        ({"observed": frozenset()}, "a finding cannot be written as JSON: Type is not JSON serializable: frozenset"),
        ({"observed": {1, 2}}, "a finding cannot be written as JSON: Type is not JSON serializable: set"),
        ({"observed": 2**70}, "a finding cannot be written as JSON: Integer exceeds 64-bit range"),
        ({"expected": "\ud800"}, "a finding cannot be written as JSON: str is not valid UTF-8"),
        ({"fix": ({"value": frozenset()},)}, "a finding cannot be written as JSON: Type is not JSON serializable"),
    ],
    ids=str,
)
def test_what_python_says_is_looked_at_as_well(wrong: dict[str, Any], fault: str) -> None:
    with pytest.raises(ShapeError) as refused:
        told([Finding("", "right"), Finding("", "wrong", **wrong)])

    assert str(refused.value).startswith(fault)


def test_long_texts_and_values_are_cut() -> None:
    long = "x" * 5_000
    deep = "/spec" + "/item" * 1_000

    (finding,) = travelled(
        Finding(deep, long, observed={"a": long}, expected=long, suggestion=long, key=long),
    )

    assert finding.message == finding.expected == finding.suggestion == finding.key == "x" * 2_000
    assert finding.observed == '{"a":"' + "x" * 994 + "…"
    assert finding.pointer == "/spec" + "/item" * 398  # whole steps only
    assert deep.startswith(f"{finding.pointer}/")


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(), st.lists, max_leaves=5))
def test_a_short_value_arrives_as_it_was_observed(value: Any) -> None:
    (finding,) = travelled(Finding("", "wrong", observed=value))

    assert finding.observed == value


@pytest.mark.parametrize(
    ("rest", "worst"),
    [
        ([Outcome.UNKNOWN], Outcome.UNKNOWN),
        ([Outcome.UNKNOWN, Outcome.FAIL], Outcome.FAIL),
        ([Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN], Outcome.ERROR),
    ],
)
def test_of_very_many_findings_of_one_rule_the_rest_is_counted_and_never_milder(
    rest: list[Outcome], worst: Outcome
) -> None:
    first = [Finding(f"/{number}", "wrong") for number in range(200)]

    heard_of = travelled(*first, *(Finding("/more", "wrong", outcome=each) for each in rest))

    assert heard_of[:200] == first
    assert heard_of[200:] == [
        Finding("", f"{len(rest)} more findings of this rule here are not listed", outcome=worst, key="more")
    ]


def test_two_hundred_findings_are_all_told() -> None:
    findings = [Finding(f"/{number}", "wrong") for number in range(200)]

    assert travelled(*findings) == findings
