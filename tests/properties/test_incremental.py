"""A gate that judges only what a change can affect comes to what judging everything comes to."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bylaw import rules, workers
from bylaw.affected import Laid, Touch
from bylaw.catalog import build
from bylaw.config import EnforcementSettings, Level, Settings
from bylaw.merge import judge
from bylaw.model import Enforcement, Status
from tests.affected.bases import WHERE, Where, base
from tests.affected.tellers import EVERYWHERE, NEIGHBOURS, SIGHTS, joined
from tests.affected.worlds import CATALOG, KINDS, STATES, Change, Files, changes, documents, drawn, read, refs
from tests.shared import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.affected import State, Whole
    from bylaw.affected.state import Base
    from bylaw.model import Document, Finding
    from bylaw.rules import Policies

TODAY = date(2026, 6, 15)
SOME = {"ownership/owner-too-broad": {"entities": 1}}
ODD: dict[str, dict[str, Any]] = {
    "catalog/dependency-cycle": {"relations": ["dependsOn", "peer-of", "partOf", "made-up"]},
    "lifecycle/depends-on-deprecated": {"relations": ["dependencyOf", "runsOn"]},
    "lifecycle/depends-on-deprecated-indirectly": {
        "relations": ["dependsOn", "consumesApi", "apiProvidedBy", "usedBy", "runs"],
        "lifecycles": [],
        "longest": 6,
    },
    "lifecycle/depends-on-less-mature": {"relations": []},
    "lifecycle/deprecated-in-use": {"relations": ["dependsOn", "partOf", "peer-of"]},
    "lifecycle/deprecated-without-successor": {"successor": "backstage.io/kubernetes-id"},
    "operations/kubernetes-id-shared": {"annotation": "bylaw.dev/successor", "kinds": ["Component", "API"]},
    "ownership/owner-missing": {"relations": ["hasPart", "runsOn"], "kinds": ["Component", "System", "Machine"]},
    "ownership/owner-outside-system": {"kinds": ["Component", "API", "Machine"]},
    "ownership/owner-too-broad": {"entities": 0, "members": 3, "kinds": ["Component", "Machine"]},
}
"""Parameters that nobody thought of when the rules were written."""
STAGED = EnforcementSettings(
    rules={
        "ownership/owner-unknown": (Level(Enforcement.OFF), Level(Enforcement.DENY, owners=("group-a", "ops/group-b"))),
        "catalog/reference-dangling": (
            Level(Enforcement.DENY),
            Level(Enforcement.OFF, owners=("group-a", "user:jane")),
        ),
        "lifecycle/depends-on-deprecated": (Level(Enforcement.DENY, date(2026, 6, 15), ("group-b",)),),
        "catalog/entity-invalid": Enforcement.OBSERVE,
    }
)
SETTINGS = {
    "some parameters": Settings(catalog=CATALOG, parameters=SOME),
    "odd parameters": Settings(catalog=CATALOG, parameters=ODD),
    "stages by owner": Settings(catalog=CATALOG, parameters=SOME, enforcement=STAGED),
    "rules that tell what they see": Settings(catalog=CATALOG),
    "rules without a reach": Settings(catalog=CATALOG),
    "rules that read everything": Settings(catalog=CATALOG),
}
MORE = {
    "rules that tell what they see": SIGHTS,
    "rules without a reach": NEIGHBOURS,
    "rules that read everything": EVERYWHERE,
}


@pytest.fixture(autouse=True, scope="module")
def _forked() -> Iterator[None]:
    """Workers are forked: rules that stand in no file are nowhere to be found by one that is spawned."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "_may_fork", lambda: True)
        yield


@cache
def policies(law: str) -> Policies:
    return joined(rules.load(SETTINGS[law]), MORE.get(law, ()))


def told(findings: list[Finding], *statuses: Status) -> list[tuple[str, ...]]:
    return sorted(
        (
            each.status,
            each.rule,
            each.entity or "",
            str(each.document and each.document.path),
            each.pointer,
            each.message,
            each.outcome,
            each.enforcement,
            str(each.observed),
            each.expected or "",
            each.suggestion or "",
            str(each.fix),
            each.fingerprint,
        )
        for each in findings
        if each.status in statuses
    )


PEOPLE = st.sampled_from(
    ["user:default/jane", "user:default/joe", "group:default/group-a", "user:ops/jane", "user:default/x"]
)


COMPLETE = st.sampled_from([True, True, True, False, "auto"])
LAWS = st.sampled_from(sorted(SETTINGS))


@settings(max_examples=examples(12))
@given(
    change=changes(),
    law=LAWS,
    complete=COMPLETE,
    where=WHERE,
    actor=st.none() | PEOPLE,
    approvers=st.none() | st.lists(PEOPLE, max_size=2).map(tuple),
)
def test_incremental_and_full_agree(
    change: Change,
    law: str,
    complete: Literal["auto", True, False],
    where: Where,
    actor: str | None,
    approvers: tuple[str, ...] | None,
) -> None:
    """Files are edited, moved and deleted in a repository, which is all there is or a part of a larger catalog."""
    old, new = drawn(read(change.before, complete)), drawn(read(change.after, complete))
    everything = Touch.of([*documents(change.before), *documents(change.after)], all_of_it=True)
    touch = Touch.of([*change.gone, *change.come])

    def judged(before: State, after: State, touching: Touch) -> list[Finding]:
        people: dict[str, Any] = {"actor": actor, "approvers": approvers, "renamed": change.renamed}
        return judge(before, after, touching, policies(law), SETTINGS[law], TODAY, jobs=1, **people).findings

    with base(old.catalog, where) as over:
        before = laid(over, change.gone, change.gone, old, change.elsewhere)
        after = laid(over, change.gone, change.come, new, change.elsewhere)
        agree(judged(old, new, everything), judged(old, new, touch), judged(before, after, touch))


@settings(max_examples=examples(6))
@given(before=STATES, come=STATES, law=LAWS, complete=st.booleans(), where=WHERE)
def test_so_they_do_where_entities_are_laid_over_a_base_in_place_of_those_of_the_same_refs(
    before: Files, come: Files, law: str, complete: bool, where: Where
) -> None:
    """What ``bylaw gate --changed`` does: nobody knows from which files the entities of the base were read."""
    fresh = documents({f"new/{path}": said for path, said in list(come.items())[:2]})
    replaced = build(fresh, KINDS).entities.keys()
    gone = [each for each in documents(before) if refs([each]) & replaced]
    stay = [each for each in documents(before) if not refs([each]) & replaced]
    old, new = drawn(read(before, complete)), drawn(build([*stay, *fresh], KINDS, complete))
    everything = Touch.of([*documents(before), *fresh], all_of_it=True)
    touch = Touch.of([*gone, *fresh])

    def judged(before: State, after: State, touching: Touch) -> list[Finding]:
        return judge(before, after, touching, policies(law), SETTINGS[law], TODAY, jobs=1).findings

    with base(old.catalog, where) as over:
        far = judged(laid(over, [], [], old, ()), laid(over, gone, fresh, new, ()), touch)
        agree(judged(old, new, everything), judged(old, new, touch), far)


def laid(over: Base, gone: list[Document], come: list[Document], state: Whole, paths: tuple[str, ...]) -> Laid:
    complete = state.catalog.complete, state.catalog.completeness
    return Laid(over, gone, build(come, KINDS, state.complete), complete=complete, paths=paths)


def agree(full: list[Finding], near: list[Finding], far: list[Finding]) -> None:
    """The same is new and fixed in all of them, and what is old in one is old in the other."""
    expected = told(full, Status.NEW, Status.FIXED)
    assert told(near, Status.NEW, Status.FIXED) == expected
    assert told(far, Status.NEW, Status.FIXED) == expected
    assert told(far, Status.EXISTING) == told(near, Status.EXISTING)
    assert set(told(near, Status.EXISTING)) <= set(told(full, Status.EXISTING))
