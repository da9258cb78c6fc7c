"""A gate that judges only what a change can affect comes to what judging everything comes to."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bylaw import rules
from bylaw.affected import Laid, Touch, Whole
from bylaw.catalog import Catalog, Kinds, build
from bylaw.config import CatalogSettings, Settings
from bylaw.graphs import Graph
from bylaw.merge import judge
from bylaw.model import Document, Status
from tests.affected.memory import MemoryBase

if TYPE_CHECKING:
    from bylaw.model import Finding
    from bylaw.rules import Policies

KINDS = Kinds.of(CatalogSettings())
TODAY = date(2026, 6, 15)
GROUPS = [f"group-{letter}" for letter in "abcde"]
USERS = ["jane", "joe"]
NAMES = [f"c{number}" for number in range(5)]
APIS = ["api-a", "api-b", "api-c"]
SYSTEMS = ["shop", "bank"]
ANY = [
    *(f"component:{each}" for each in NAMES),
    *(f"api:{each}" for each in APIS),
    "resource:db",
    "component:gone",
]


def some(values: list[str], most: int = 3) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=most, unique=True)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


ANNOTATIONS = st.fixed_dictionaries(
    {},
    optional={
        "backstage.io/kubernetes-id": st.sampled_from(["a", "b", " a"]),
        "bylaw.dev/successor": st.sampled_from(["c0", "component:c1", "gone", "api:api-a"]),
        "backstage.io/source-location": st.just("url:https://git.example.com/shop/"),
    },
)
LIFECYCLES = st.sampled_from(["production", "experimental", "deprecated", "odd"])
OWNER = st.sampled_from([*GROUPS, "user:jane", "group:gone"])


def entity(kind: str, names: list[str], **spec: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    def made(name: str, annotations: dict[str, str], said: dict[str, Any]) -> dict[str, Any]:
        metadata = {"name": name, **({"annotations": annotations} if annotations else {})}
        spec = {field: value for field, value in said.items() if value is not None}
        return {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}

    return st.builds(made, st.sampled_from(names), ANNOTATIONS, st.fixed_dictionaries(spec))


ENTITIES = st.one_of(
    entity(
        "Component",
        NAMES,
        type=st.just("service"),
        lifecycle=LIFECYCLES,
        owner=maybe(OWNER),
        system=maybe(st.sampled_from(SYSTEMS)),
        subcomponentOf=maybe(st.sampled_from(NAMES)),
        dependsOn=maybe(some(ANY)),
        dependencyOf=maybe(some(ANY, 1)),
        consumesApis=maybe(some(APIS)),
        providesApis=maybe(some(APIS)),
    ),
    entity(
        "API",
        APIS,
        type=st.just("other"),
        lifecycle=LIFECYCLES,
        owner=OWNER,
        system=maybe(st.sampled_from(SYSTEMS)),
        definition=st.just("x"),
    ),
    entity("Resource", ["db"], type=st.just("database"), owner=maybe(OWNER), dependsOn=maybe(some(ANY))),
    entity("System", SYSTEMS, owner=maybe(OWNER), domain=maybe(st.sampled_from(["sales"]))),
    entity("Domain", ["sales"], owner=maybe(OWNER), subdomainOf=maybe(st.just("sales"))),
    entity(
        "Group",
        GROUPS,
        type=st.sampled_from(["team", "department"]),
        parent=maybe(st.sampled_from(GROUPS)),
        children=some(GROUPS, 2),
        members=maybe(some(USERS)),
    ),
    entity("User", USERS, memberOf=some(GROUPS, 2)),
)
FILES = st.lists(ENTITIES, min_size=1, max_size=3)
STATES = st.dictionaries(st.sampled_from([f"{each}.yaml" for each in "abcdefghij"]), FILES, min_size=3, max_size=10)
POLICY = Settings(parameters={"ownership/owner-too-broad": {"entities": 1}})


@cache
def policies() -> Policies:
    return rules.load(POLICY)


def documents(files: dict[str, list[dict[str, Any]]]) -> list[Document]:
    return [Document(path, index, data) for path, found in files.items() for index, data in enumerate(found)]


def whole(files: dict[str, list[dict[str, Any]]]) -> Whole:
    catalog = build(documents(files), KINDS, True)
    return Whole(catalog, Graph.build(catalog.entities, catalog.edges()))


def told(findings: list[Finding], *statuses: Status) -> list[tuple[Any, ...]]:
    return sorted(
        (
            each.status,
            each.rule,
            each.entity or "",
            each.pointer,
            each.message,
            str(each.observed),
            each.expected or "",
            each.suggestion or "",
            str(each.fix),
            each.fingerprint,
        )
        for each in findings
        if each.status in statuses
    )


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(before=STATES, edited=st.dictionaries(st.sampled_from([f"{each}.yaml" for each in "abcl"]), maybe(FILES)))
def test_incremental_and_full_agree(
    before: dict[str, list[dict[str, Any]]], edited: dict[str, list[dict[str, Any]] | None]
) -> None:
    changed = {path: found for path, found in edited.items() if before.get(path) != found}
    after = {path: found for path, found in {**before, **changed}.items() if found is not None}
    old, new = whole(before), whole(after)
    gone = documents({path: before[path] for path in changed if path in before})
    come = documents({path: after[path] for path in changed if path in after})
    touch = Touch.of([*gone, *come])
    base = MemoryBase(old.catalog)

    everything = Touch.of([*documents(before), *documents(after)], all_of_it=True)
    full = judge(old, new, everything, policies(), POLICY, TODAY, jobs=1)
    near = judge(old, new, touch, policies(), POLICY, TODAY, jobs=1)
    laid = judge(
        Laid(base, [], build([], KINDS, True), paths=tuple(before)),
        Laid(base, gone, build(come, KINDS, True), paths=tuple(path for path in before if path not in changed)),
        touch,
        policies(),
        POLICY,
        TODAY,
        jobs=1,
    )

    expected = told(full.findings, Status.NEW, Status.FIXED)
    assert told(near.findings, Status.NEW, Status.FIXED) == expected
    assert told(laid.findings, Status.NEW, Status.FIXED) == expected
    assert told(laid.findings, Status.EXISTING) == told(near.findings, Status.EXISTING)
    assert set(told(near.findings, Status.EXISTING)) <= set(told(full.findings, Status.EXISTING))
    assert isinstance(laid.after.catalog, Catalog)
