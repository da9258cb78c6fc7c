"""Which findings a change brings, which were there before it, and which it puts right."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw.gates import compare
from bylaw.model import Document, Enforcement, Finding, Location, Outcome, Severity, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

NEW, EXISTING, FIXED = Status.NEW, Status.EXISTING, Status.FIXED
CART, ORDERS = "component:default/cart", "component:default/orders"


def finding(
    entity: str | None = CART, pointer: str = "/spec/owner", rule: str = "a/b", path: str = "a.yaml", **more: Any
) -> Finding:
    return Finding(pointer, "wrong", rule=rule, entity=entity, document=Document(path, 0, {}), **more)


def told(findings: Iterable[Finding]) -> list[tuple[str, str | None]]:
    """Status and entity of each, in order."""
    return [(each.status.value, each.entity) for each in findings]


def compared(before: list[Finding], after: list[Finding], **renamed: str) -> list[tuple[str, str | None]]:
    return told(compare(before, after, renamed))


# -- one finding


def test_what_was_not_there_is_new_and_what_is_no_more_is_fixed() -> None:
    assert compared([], [finding()]) == [("new", CART)]
    assert compared([finding()], [finding()]) == [("existing", CART)]
    assert compared([finding()], []) == [("fixed", CART)]
    assert compared([], []) == []


@pytest.mark.parametrize(
    "more",
    [
        {"message": "wrong in other words"},
        {"severity": Severity.INFO},
        {"enforcement": Enforcement.OBSERVE},
        {"location": Location("b.yaml", 7, 1, 7, 9)},
        {"document": Document("b.yaml", 3, {"kind": "API"})},
        {"expected": "something else"},
        {"suggestion": "something"},
        {"fix": ({"op": "remove", "path": "/spec"},)},
        {"line": 12},
        {"waiver": "a-waiver"},
        {"status": Status.FIXED},
    ],
)
def test_it_is_the_same_wherever_it_stands_and_whatever_is_said_of_it(more: dict[str, Any]) -> None:
    later = replace(finding(), **more)

    (found,) = compare([finding()], [later], {})
    assert found == replace(later, status=EXISTING)  # as it is now


@pytest.mark.parametrize(
    "more",
    [
        {"rule": "a/c"},
        {"entity": ORDERS},
        {"pointer": "/spec/system"},
        {"key": "another"},
        {"outcome": Outcome.UNKNOWN},
        {"outcome": Outcome.ERROR},
    ],
)
def test_it_is_another_by_its_rule_entity_place_key_or_outcome(more: dict[str, Any]) -> None:
    later = replace(finding(), **more)

    assert [each.status for each in compare([finding()], [later], {})] == [NEW, FIXED]


def test_what_nobody_could_tell_before_and_is_a_fault_now_is_new() -> None:
    assert compare([finding(outcome=Outcome.UNKNOWN)], [finding()], {}) == [
        finding(status=NEW),
        finding(outcome=Outcome.UNKNOWN, status=FIXED),
    ]


def test_an_item_of_a_list_is_known_by_what_stands_there() -> None:
    before = [finding(pointer="/spec/dependsOn/0", observed="x"), finding(pointer="/spec/dependsOn/1", observed="y")]
    after = [finding(pointer="/spec/dependsOn/0", observed="y"), finding(pointer="/spec/dependsOn/1", observed="z")]

    assert [(each.status.value, each.observed) for each in compare(before, after, {})] == [
        ("existing", "y"),
        ("new", "z"),
        ("fixed", "x"),
    ]


# -- several alike


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(1, 1, "e"), (1, 2, "en"), (1, 3, "enn"), (2, 2, "ee"), (3, 1, "eff"), (2, 0, "ff"), (0, 2, "nn"), (2, 3, "een")],
)
def test_of_several_alike_as_many_are_old_as_there_were(before: int, after: int, expected: str) -> None:
    found = compare([finding()] * before, [finding()] * after, {})

    assert "".join(each.status[0] for each in found) == expected


def test_of_several_alike_the_later_ones_are_new_and_the_last_ones_fixed() -> None:
    first, second, third = (finding(location=Location("a.yaml", line, 1, line, 2)) for line in (1, 2, 3))

    assert compare([first], [second, third], {}) == [
        replace(second, status=EXISTING),
        replace(third, status=NEW),
    ]
    assert compare([first, second, third], [first], {}) == [
        replace(first, status=EXISTING),
        replace(third, status=FIXED),
        replace(second, status=FIXED),
    ]


# -- documents that nobody can address


def test_what_has_no_ref_is_known_by_its_file_and_stays_the_same_when_that_is_renamed() -> None:
    before, after = finding(None, path="old.yaml"), finding(None, path="new.yaml")

    assert [each.status for each in compare([before], [after], {})] == [NEW, FIXED]
    assert compare([before], [after], {"old.yaml": "new.yaml"}) == [replace(after, status=EXISTING)]
    assert compare([before], [], {"old.yaml": "new.yaml"}) == [replace(before, status=FIXED)]  # as it was


def test_a_file_that_takes_the_name_of_another_is_another() -> None:
    """``a`` becomes ``b`` and ``b`` becomes ``a``."""
    a, b = finding(None, path="a.yaml"), finding(None, path="b.yaml", pointer="/metadata")
    turned = {"a.yaml": "b.yaml", "b.yaml": "a.yaml"}
    after = [replace(b, document=a.document), replace(a, document=b.document)]

    assert [each.status for each in compare([a, b], after, turned)] == [EXISTING, EXISTING]
    assert [each.status for each in compare([a, b], [a, b], turned)] == [NEW, NEW, FIXED, FIXED]


def test_an_entity_that_moves_is_the_same_whether_git_calls_it_renamed_or_not() -> None:
    moved = finding(path="b.yaml")

    for renamed in ({}, {"a.yaml": "b.yaml"}, {"a.yaml": "c.yaml"}):
        assert [each.status for each in compare([finding()], [moved], renamed)] == [EXISTING]


def test_what_stands_in_no_file_is_known_by_its_rule_and_key() -> None:
    nowhere = Finding("", "missing", rule="a/b", key="services/cart")

    assert [each.status for each in compare([nowhere], [nowhere], {"a.yaml": "b.yaml"})] == [EXISTING]
    assert [each.status for each in compare([nowhere], [replace(nowhere, key="x")], {})] == [NEW, FIXED]


# -- whatever the findings are

FINDINGS = st.lists(
    st.builds(
        finding,
        st.sampled_from([None, CART, ORDERS]),
        st.sampled_from(["/spec", "/spec/dependsOn/0", "/spec/dependsOn/1"]),
        st.sampled_from(["a/b", "a/c"]),
        st.sampled_from(["a.yaml", "b.yaml", "c.yaml"]),
        observed=st.sampled_from([None, "x", "y"]),
        outcome=st.sampled_from([Outcome.FAIL, Outcome.UNKNOWN]),
        key=st.sampled_from(["", "k"]),
        severity=st.sampled_from(Severity),
    ),
    max_size=8,
)
RENAMED = st.dictionaries(st.sampled_from(["a.yaml", "b.yaml"]), st.sampled_from(["b.yaml", "c.yaml"]), max_size=2)


def identities(findings: Iterable[Finding], renamed: dict[str, str]) -> Counter[tuple[str, str]]:
    """What findings are the same by, where files have other names."""
    moved = (
        replace(each, document=replace(each.document, path=renamed.get(path, path)))
        for each in findings
        if each.document and (path := each.document.path)
    )
    return Counter((each.fingerprint, each.outcome) for each in moved)


def some(found: Iterable[Finding], status: Status) -> list[Finding]:
    return [each for each in found if each.status is status]


@given(before=FINDINGS, after=FINDINGS, renamed=RENAMED)
def test_every_later_finding_is_told_once_and_every_earlier_one_that_is_gone(
    before: list[Finding], after: list[Finding], renamed: dict[str, str]
) -> None:
    found = compare(before, after, renamed)
    new, existing, fixed = (some(found, status) for status in (NEW, EXISTING, FIXED))
    old, now = identities(before, renamed), identities(after, {})

    assert [replace(each, status=NEW) for each in found if each.status is not FIXED] == after
    assert all(replace(each, status=NEW) in before for each in fixed)
    assert identities(new, {}) == now - old
    assert identities(existing, {}) == now & old
    assert identities(fixed, renamed) == old - now
    assert len(found) == len(new) + len(existing) + len(fixed)


@given(findings=FINDINGS)
def test_compared_with_itself_all_is_old(findings: list[Finding]) -> None:
    assert compare(findings, findings, {}) == [replace(each, status=EXISTING) for each in findings]


@given(before=FINDINGS, after=FINDINGS, renamed=RENAMED, data=st.data())
def test_the_order_does_not_matter(
    before: list[Finding], after: list[Finding], renamed: dict[str, str], data: st.DataObject
) -> None:
    def counted(one: list[Finding], other: list[Finding]) -> Counter[Any]:
        return Counter((each.status, each.fingerprint, each.outcome) for each in compare(one, other, renamed))

    assert counted(data.draw(st.permutations(before)), data.draw(st.permutations(after))) == counted(before, after)


@given(before=FINDINGS, after=FINDINGS)
def test_what_is_new_one_way_is_fixed_the_other(before: list[Finding], after: list[Finding]) -> None:
    forth, back = compare(before, after, {}), compare(after, before, {})

    assert identities(some(forth, NEW), {}) == identities(some(back, FIXED), {})
    assert identities(some(forth, FIXED), {}) == identities(some(back, NEW), {})
    assert identities(some(forth, EXISTING), {}) == identities(some(back, EXISTING), {})


@given(before=FINDINGS, after=FINDINGS, renamed=RENAMED)
def test_neither_list_is_changed(before: list[Finding], after: list[Finding], renamed: dict[str, str]) -> None:
    kept = list(before), list(after), dict(renamed)
    compare(before, after, renamed)

    assert (before, after, renamed) == kept
