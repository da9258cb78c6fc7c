"""Findings: what they must have, what tells them apart, in which order they stand."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bylaw.model import Document, Enforcement, Finding, Location, Outcome, Severity, Status

FINDING = Finding(
    "/spec/owner",
    "owner team-paymnts of component:default/orders is not in the catalog",
    rule="ownership/owner-unknown",
    entity="component:default/orders",
    document=Document("services/orders/catalog-info.yaml", 0, {}),
)


def test_a_finding_needs_a_message() -> None:
    with pytest.raises(ValueError, match=r"^a finding needs a message$"):
        Finding("/spec", "")


def test_a_pointer_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r'^a finding\'s pointer is a JSON pointer such as /spec/owner, not "spec"$'):
        Finding("spec", "wrong")


def test_the_whole_entity_has_an_empty_pointer() -> None:
    assert Finding("", "wrong").pointer == ""


def test_the_category_is_the_first_part_of_the_rule() -> None:
    assert FINDING.category == "ownership"


@pytest.mark.parametrize(
    "change",
    [
        {"message": "other words"},
        {"observed": "team-x", "expected": "a Group", "suggestion": "group:default/team-payments"},
        {"severity": Severity.INFO, "enforcement": Enforcement.WARN, "status": Status.EXISTING},
        {"outcome": Outcome.UNKNOWN},
        {"location": Location("services/orders/catalog-info.yaml", 12, 10, 12, 22)},
        {"document": Document("moved/catalog-info.yaml", 3, {})},
        {"waiver": "w-1"},
    ],
    ids=lambda change: ", ".join(change),
)
def test_the_fingerprint_stays_whatever_is_said_of_the_fault(change: dict[str, Any]) -> None:
    assert replace(FINDING, **change).fingerprint == FINDING.fingerprint


@pytest.mark.parametrize(
    "change",
    [{"rule": "ownership/owner-missing"}, {"entity": "component:default/cart"}, {"pointer": "/spec"}, {"key": "x"}],
    ids=lambda change: ", ".join(change),
)
def test_another_fault_has_another_fingerprint(change: dict[str, Any]) -> None:
    assert replace(FINDING, **change).fingerprint != FINDING.fingerprint


def test_the_fingerprint_is_the_same_in_every_release() -> None:
    assert FINDING.fingerprint == "d293c53935fb798af77bacbdb39895740c379ada4c586cd9349a3e2539793071"


def test_a_finding_without_an_entity_is_known_by_its_file() -> None:
    one, other = (
        replace(FINDING, entity=None, document=Document(path, 0, None)) for path in ("a/catalog-info.yaml", "b.yaml")
    )

    assert one.fingerprint != other.fingerprint


def test_parts_of_a_fingerprint_do_not_run_together() -> None:
    assert replace(FINDING, pointer="/a", key="b").fingerprint != replace(FINDING, pointer="/ab", key="").fingerprint


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            Finding,
            pointer=st.sampled_from(["", "/a", "/b"]),
            message=st.sampled_from(["m", "n"]),
            rule=st.sampled_from(["a/x", "b/y"]),
            entity=st.sampled_from([None, "api:default/a", "api:default/b"]),
            key=st.sampled_from(["", "k"]),
            document=st.builds(Document, st.sampled_from([None, "a.yaml", "b.yaml"]), st.just(0), st.none()),
            location=st.one_of(
                st.none(),
                st.builds(Location, st.sampled_from(["a.yaml", "b.yaml"]), *(st.integers(1, 2),) * 4),
            ),
        ),
        max_size=8,
    )
)
def test_place_then_rule_then_entity_then_pointer_order_findings(findings: list[Finding]) -> None:
    for before, after in pairwise(sorted(findings, key=lambda each: each.order)):
        assert _readable_order(before) <= _readable_order(after)


def _readable_order(finding: Finding) -> tuple[Any, ...]:
    path = finding.location.path if finding.location else finding.document.path if finding.document else None
    line, column = (finding.location.line, finding.location.column) if finding.location else (0, 0)
    return (path or "", line, column, finding.rule, finding.entity or "", finding.pointer, finding.key, finding.message)


def test_a_finding_is_placed_without_another_change() -> None:
    place = Location("services/orders/catalog-info.yaml", 12, 10, 12, 22)

    assert FINDING.at(place) == replace(FINDING, location=place)
