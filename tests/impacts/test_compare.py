"""What must be true of every comparison, and what some of them come to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.gates import decide
from bylaw.impacts import Change, Difference, compare
from bylaw.model import Decision, Document, Enforcement, Finding, Location, Outcome, Report, RuleInfo, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bylaw.impacts import Impact

ORDERS, CART, TEAM = "component:default/orders", "component:default/cart", "group:default/team-a"
PATHS = {ORDERS: "orders.yaml", CART: "cart.yaml", TEAM: "org.yaml"}
OWNERS = {ORDERS: ("group:default/team-a", "group:default/team-b"), CART: ("group:default/team-b",), TEAM: ()}
BROKEN = (Document("broken.yaml", 0, None), Document("broken.yaml", 1, None))
RULES = ("docs/title-missing", "ops/tier-missing", "ownership/owner-unknown")


def make(rule: str, entity: str | None = ORDERS, **more: Any) -> Finding:
    """A finding at its place: of an entity, or of a document without a ref."""
    document = more.pop("document", None) or (Document(PATHS[entity], 0, {}) if entity else BROKEN[0])
    path = document.path or ""
    said = {
        "pointer": "/spec",
        "message": f"{entity or path} is wrong",
        "key": "" if entity else f"{path}#{document.index}",
        "location": Location(path, 1, 1, 1, 2),
        **more,
    }
    return Finding(**said, rule=rule, entity=entity, document=document)


def report(findings: Iterable[Finding] = (), **more: Any) -> Report:
    """A report with these findings, decided as ``check`` does."""
    ordered = tuple(sorted(findings, key=lambda each: each.order))
    rules = {*RULES, *(each.rule for each in ordered)}
    said = {
        "gate": "check",
        "decision": decide(ordered),
        "findings": ordered,
        "rules": {each: RuleInfo(each, each, "d", Severity.ERROR, "r", "entity", "rego", "") for each in rules},
        "engine": "regorus 0.13.0",
        "entities": 3,
        "files": 3,
        "catalog_digest": f"sha256:{'c' * 64}",
        "policies_digest": f"sha256:{'b' * 64}",
        "waivers_digest": f"sha256:{'a' * 64}",
        "complete": True,
        "completeness": "it holds 1 Group",
        "owners": {each.entity: OWNERS[each.entity] for each in ordered if each.entity},
        "lines": {},
        **more,
    }
    return Report(**said)


FINDINGS = st.lists(
    st.builds(
        make,
        st.sampled_from(RULES),
        st.sampled_from([ORDERS, CART, TEAM, None]),
        document=st.none(),
        pointer=st.sampled_from(["/spec", "/kind"]),
        message=st.sampled_from(["one", "another"]),
        outcome=st.sampled_from([Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR]),
        enforcement=st.sampled_from([Enforcement.OBSERVE, Enforcement.WARN, Enforcement.DENY]),
        waiver=st.sampled_from([None, "W-1"]),
    )
    | st.builds(make, st.sampled_from(RULES), st.none(), document=st.sampled_from(BROKEN)),
    max_size=12,
    unique_by=lambda each: each.order,
)
REPORTS = FINDINGS.map(report)


def flips(impact: Impact) -> list[tuple[str, str, str, list[str]]]:
    """What flips, from what to what, because of which rules."""
    return [
        (each.entity or f"{each.path}#{each.index}", each.before, each.after, [*each.rules]) for each in impact.flips
    ]


def turned(change: Change) -> Change:
    return Change(change.after, change.before)


@given(one=REPORTS)
def test_a_report_differs_in_nothing_from_itself(one: Report) -> None:
    impact = compare(one, one)
    assert (impact.flips, impact.changes, impact.owners, impact.rules) == ((), (), (), ())


@given(one=REPORTS, other=REPORTS)
def test_what_flips_is_what_is_decided_differently(one: Report, other: Report) -> None:
    def decisions(report: Report) -> dict[Any, Decision]:
        of: dict[Any, list[Finding]] = {}
        for each in report.findings:
            of.setdefault(each.entity or each.document, []).append(each)
        return {subject: decide(findings) for subject, findings in of.items()}

    before, after = decisions(one), decisions(other)
    expected = {
        (subject, before.get(subject, Decision.ALLOWED), after.get(subject, Decision.ALLOWED))
        for subject in {*before, *after}
        if before.get(subject, Decision.ALLOWED) is not after.get(subject, Decision.ALLOWED)
    }
    found = compare(one, other).flips
    documents = {(each.path, each.index): each for each in BROKEN}
    assert {(each.entity or documents[each.path, each.index], each.before, each.after) for each in found} == expected
    assert len(found) == len(expected)


@given(one=REPORTS, other=REPORTS)
def test_every_flip_is_brought_about_by_a_change(one: Report, other: Report) -> None:
    impact = compare(one, other)
    for flip in impact.flips:
        assert flip.because
        for change in flip.because:
            assert change in impact.changes
            sides = (change.before, flip.before), (change.after, flip.after)
            assert any(finding and decide([finding]) is decision for finding, decision in sides)


@given(one=REPORTS, other=REPORTS)
def test_exchanged_sides_flip_the_other_way(one: Report, other: Report) -> None:
    there, back = compare(one, other), compare(other, one)
    assert list(map(turned, back.changes)) == list(there.changes)
    assert [
        replace(each, before=each.after, after=each.before, because=tuple(map(turned, each.because)))
        for each in back.flips
    ] == list(there.flips)
    counts = {each.rule: (each.appear, each.vanish, each.change) for each in there.rules}
    assert {each.rule: (each.vanish, each.appear, each.change) for each in back.rules} == counts


@given(one=REPORTS, other=REPORTS)
def test_each_change_counts_once_for_its_rule_and_each_flip_once_for_each_owner(one: Report, other: Report) -> None:
    impact = compare(one, other)
    assert sum(each.appear + each.vanish + each.change for each in impact.rules) == len(impact.changes)
    for owner in {None, *(owner for each in OWNERS.values() for owner in each)}:
        owned = [each for each in impact.flips if owner in (each.owners or (None,))]
        assert [list(each.flips) for each in impact.owners if each.owner == owner] == ([owned] if owned else [])


@given(one=REPORTS, other=REPORTS)
def test_where_the_whole_is_decided_differently_something_flips(one: Report, other: Report) -> None:
    if one.decision is not other.decision:
        assert compare(one, other).flips


@given(one=REPORTS, other=REPORTS)
def test_an_answer_that_is_missing_on_either_side_leaves_the_comparison_undecided(one: Report, other: Report) -> None:
    missing = any(each.outcome is Outcome.ERROR for each in (*one.findings, *other.findings))
    assert compare(one, other).exit_code == (3 if missing else 0)


def test_a_rule_that_denies_where_it_warned_flips_whom_it_finds() -> None:
    warned = [make(RULES[1], each, enforcement=Enforcement.WARN) for each in (ORDERS, CART)]
    denied = [replace(each, enforcement=Enforcement.DENY) for each in warned]
    impact = compare(report(warned), report(denied))
    assert flips(impact) == [
        (CART, "allowed", "denied", [RULES[1]]),
        (ORDERS, "allowed", "denied", [RULES[1]]),
    ]
    assert [(each.owner, [flip.entity for flip in each.flips]) for each in impact.owners] == [
        ("group:default/team-b", [CART, ORDERS]),
        ("group:default/team-a", [ORDERS]),
    ]
    (rule,) = impact.rules
    assert (rule.rule, rule.appear, rule.vanish, rule.change, rule.flips) == (RULES[1], 0, 0, 2, impact.flips)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # More findings of an entity that is denied anyway flip nothing.
        ([make(RULES[0])], [make(RULES[0]), make(RULES[1])], []),
        # Only what would deny by itself brings a denial about.
        (
            [],
            [make(RULES[0]), make(RULES[1], enforcement=Enforcement.WARN)],
            [(ORDERS, "allowed", "denied", [RULES[0]])],
        ),
        ([], [make(RULES[0]), make(RULES[1], outcome=Outcome.ERROR)], [(ORDERS, "allowed", "denied", [RULES[0]])]),
        # All that denied must be gone before it is allowed.
        ([make(RULES[0]), make(RULES[1])], [], [(ORDERS, "denied", "allowed", [RULES[0], RULES[1]])]),
        ([make(RULES[0]), make(RULES[1])], [make(RULES[1])], []),
        # What came to no answer before may be all that is left of a denial.
        (
            [make(RULES[0]), make(RULES[1], outcome=Outcome.ERROR)],
            [make(RULES[1], outcome=Outcome.ERROR)],
            [(ORDERS, "denied", "undecided", [RULES[0]])],
        ),
        ([], [make(RULES[1], outcome=Outcome.UNKNOWN)], []),
        # Two documents of one file are two.
        (
            [make(RULES[0], None)],
            [make(RULES[0], None, document=BROKEN[1])],
            [("broken.yaml#0", "denied", "allowed", [RULES[0]]), ("broken.yaml#1", "allowed", "denied", [RULES[0]])],
        ),
    ],
)
def test_what_flips_and_because_of_what(before: list[Finding], after: list[Finding], expected: list[Any]) -> None:
    assert flips(compare(report(before), report(after))) == expected


def test_words_lines_and_severities_are_no_change() -> None:
    before = make(RULES[0], severity=Severity.WARNING)
    after = replace(
        before, message="said otherwise", severity=Severity.ERROR, location=Location("orders.yaml", 9, 9, 9, 9)
    )
    assert compare(report([before]), report([after])).changes == ()


def test_of_findings_with_one_fingerprint_only_those_that_differ_change() -> None:
    one, other = make(RULES[0], message="one"), make(RULES[0], message="other", outcome=Outcome.UNKNOWN)
    assert one.fingerprint == other.fingerprint
    assert compare(report([one, other]), report([other])).changes == (Change(one, None),)
    assert compare(report([other]), report([one, other])).changes == (Change(None, one),)


def test_a_finding_about_no_document_is_about_the_catalog_or_its_place() -> None:
    nowhere = Finding("", "there is no catalog", rule=RULES[0])
    somewhere = Finding("", "nothing describes it", rule=RULES[0], key="x", location=Location("services/x", 1, 1, 1, 1))
    assert flips(compare(report(), report([nowhere, somewhere]))) == [
        ("#0", "allowed", "denied", [RULES[0]]),
        ("services/x#0", "allowed", "denied", [RULES[0]]),
    ]


def test_rules_that_differ_are_there_though_nothing_comes_of_it_and_those_that_deny_stand_first() -> None:
    warned = [make(RULES[0], each, enforcement=Enforcement.WARN) for each in (ORDERS, CART)]
    said = Difference(RULES[1], "enforcement", (), ())
    impact = compare(report(), report([*warned, make(RULES[2])]), differences=[said])
    assert [(each.rule, each.differences, len(each.flips)) for each in impact.rules] == [
        (RULES[2], (), 1),
        (RULES[0], (), 0),
        (RULES[1], (said,), 0),
    ]


def test_notes_say_what_is_not_alike_on_both_sides() -> None:
    one = report(notes=("both", "only here"))
    other = report(notes=("only there", "both"), catalog_digest=f"sha256:{'d' * 64}")
    said = Difference("lifecycle/regression", "severity", Severity.ERROR, Severity.WARNING)
    impact = compare(one, other, names=("main", "mine"), differences=[said], notes=["mine to say"])
    assert impact.notes == (
        "mine to say",
        "main and mine judge different catalogs: what flips may come of that",
        "there is no change here for rules about changes to judge: not shown is what lifecycle/regression does",
        "both",
        "main: only here",
        "mine: only there",
    )


def test_a_change_of_nothing_is_none() -> None:
    with pytest.raises(ValueError, match="a change of nothing"):
        _ = Change(None, None).finding
