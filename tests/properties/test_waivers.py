"""What must be true of every waiver, whatever it says and whatever is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import bylaw
from bylaw import config
from bylaw.config import Settings, WaiverSettings
from bylaw.gates import decide
from bylaw.gates.waivers import Waived, judge
from bylaw.model import Decision, Enforcement, Finding, Outcome, Waiver, WaiverStatus
from bylaw.reports.waivers import entry
from bylaw.serving.answers import admission
from bylaw.serving.frames import Question
from bylaw.serving.generation import load
from bylaw.serving.proposed import documents, judge_given
from bylaw.serving.recipe import Recipe
from bylaw.sources import waiver_files
from bylaw.sources.waiver_files import Broken
from tests.command import entity, write
from tests.shared import examples

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bylaw.catalog import Catalog
    from bylaw.serving.generation import Generation

TODAY = date(2026, 11, 21)
LIMITS = WaiverSettings(max_days=90, approvers=("platform",))
RULES = ("ownership/owner-unknown", "ownership/owner-missing")
NAMES = ("component:default/orders", "component:default/cart", "api:default/orders")
PEOPLE = ("user:default/jane", "user:default/joe", "group:default/platform")
GROUPS = {"user:default/jane": ("group:default/platform",)}
DAYS = st.integers(-120, 120).map(lambda days: TODAY + timedelta(days))

FINDINGS = st.lists(
    st.builds(
        Finding,
        pointer=st.sampled_from(["", "/spec", "/spec/owner"]),
        message=st.just("wrong"),
        outcome=st.sampled_from([Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR]),
        enforcement=st.sampled_from([Enforcement.OBSERVE, Enforcement.WARN, Enforcement.DENY]),
        rule=st.sampled_from(RULES),
        entity=st.sampled_from([None, *NAMES]),
    ),
    max_size=6,
)
WAIVERS = st.builds(
    Waiver,
    id=st.sampled_from(["W-1", "W-2", "W-3"]),
    rule=st.sampled_from([*RULES, RULES[0], "gone/rule"]),
    entities=st.lists(
        st.sampled_from([*NAMES, "component:orders", "*", "component:*", "*:default/o*", "orders"]), max_size=2
    ).map(tuple),
    reason=st.just("because"),
    requested_by=st.sampled_from(["joe", "jane"]),
    approved_by=st.sampled_from(["jane", "jane", "Jane", "group:platform", "joe", "nobody"]),
    expires=st.none() | DAYS,
    approved_at=st.none() | DAYS,
    fingerprints=st.sampled_from(
        [(), (), ("0" * 64,), (Finding("/spec", "wrong", rule=RULES[0], entity=NAMES[0]).fingerprint,)]
    ),
)
ENTRIES = st.lists(WAIVERS | st.builds(Broken, WAIVERS, st.just(("is broken",))), max_size=4)


def judged(waivers: Sequence[Waiver | Broken], findings: Sequence[Finding], today: date = TODAY) -> Waived:
    return judge(
        waivers,
        findings,
        LIMITS,
        today,
        rules=RULES,
        judged=RULES,
        entities=(*NAMES, *PEOPLE),
        groups_of=lambda key: GROUPS.get(key, ()),
    )


def counting(findings: Sequence[Finding]) -> list[Finding]:
    return [each for each in findings if each.waiver is None]


# -- one verdict at every door


def through_check(catalog: Catalog, said: Settings, file: Path) -> tuple[list[str | None], list[WaiverStatus]]:
    report = bylaw.check(catalog, settings=said, now=TODAY, only=RULES, jobs=1)
    return [each.waiver for each in report.findings], [each.status for each in report.waivers]


def through_the_evaluator(catalog: Catalog, said: Settings, file: Path) -> tuple[list[str | None], list[WaiverStatus]]:
    without = replace(said, waivers=replace(said.waivers, paths=()))
    found = judge(
        waiver_files.read([str(file)]),
        bylaw.check(catalog, settings=without, now=TODAY, only=RULES, jobs=1).findings,
        said.waivers,
        TODAY,
        rules=RULES,
        judged=RULES,
        entities=catalog.entities,
        groups_of=lambda key: GROUPS.get(key, ()),
    )
    return [each.waiver for each in found.findings], [each.status for each in found.standings]


DOORS: tuple[Callable[[Catalog, Settings, Path], tuple[list[str | None], list[WaiverStatus]]], ...] = (
    through_check,
    through_the_evaluator,
)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    spec = {"type": "service", "lifecycle": "experimental", "owner": "ghosts"}
    files = [
        entity("orders", **spec),
        entity("cart", **spec),
        entity("platform", "Group", type="team", children=[]),
        entity("jane", "User", memberOf=["platform"]),
        entity("joe", "User", memberOf=[]),
    ]
    folder = write(tmp_path_factory.mktemp("catalog"), {"catalog-info.yaml": "---\n".join(files)})
    return bylaw.read(folder, settings=Settings(), root=folder)


@settings(max_examples=examples(8), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(waivers=st.lists(WAIVERS.filter(lambda each: each.expires is not None), min_size=1, max_size=3))
def test_waiver_counts_the_same_at_every_door(waivers: list[Waiver], catalog: Catalog) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, "waivers.yaml")
        file.write_text("".join(entry(each, (), ()) for each in waivers))
        text = b"waivers: {paths: [waivers.yaml], approvers: [platform]}"
        said = config.parse(text, Path(folder, "bylaw.yaml"))
        first, *others = (door(catalog, said, file) for door in DOORS)

    assert all(each == first for each in others)


class Loaded(NamedTuple):
    """A generation, of which hypothesis need not write down everything."""

    generation: Generation

    def __repr__(self) -> str:
        return "Loaded()"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, catalog: Catalog) -> Loaded:
    """What a server would hold, but for waivers."""
    folder = tmp_path_factory.mktemp("generation")
    write(folder, {"bylaw.yaml": "waivers: {approvers: [platform]}\nadmission: {bundled: false}\n"})
    made = load(Recipe(str(folder), config=str(folder / "bylaw.yaml"), paths=(str(catalog.root),)), {})
    assert isinstance(made, tuple)
    return Loaded(made[0])


@settings(max_examples=examples(5), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(waivers=st.lists(WAIVERS.filter(lambda each: each.expires is not None), min_size=1, max_size=3))
def test_waiver_counts_the_same_where_a_server_is_asked(
    waivers: list[Waiver], catalog: Catalog, loaded: Loaded
) -> None:
    generation = loaded.generation
    with TemporaryDirectory() as folder:
        file = Path(folder, "waivers.yaml")
        file.write_text("".join(entry(each, (), ()) for each in waivers))
        said = replace(generation.settings.waivers, paths=(str(file),))
        report = bylaw.check(catalog, settings=Settings(waivers=said), now=TODAY, only=RULES, jobs=1)
        held = replace(generation, waivers=waiver_files.read([str(file)]))
    waived = {(each.rule, each.entity): each.waiver for each in report.findings}
    assert waived

    for key, held_entity in catalog.entities.items():
        answered = judge_given(held, documents([held_entity.data], held.settings.catalog.limits), TODAY)
        found = {(each.rule, each.entity): each.waiver for each in answered.findings if each.rule in RULES}
        assert found == {place: waiver for place, waiver in waived.items() if place[1] == key}
        if key.startswith("component:"):
            by = next((waiver for (_, entity), waiver in waived.items() if entity == key), None)
            assert admitted(held, held_entity.data) == (by is not None)


def admitted(held: Generation, data: Mapping[str, Any]) -> bool:
    """Whether a cluster may have the entity as a custom resource."""
    named = {"group": "backstage.io", "version": "v1alpha1"}
    request = {
        "uid": "1",
        "kind": {**named, "kind": "Component"},
        "resource": {**named, "resource": "components"},
        "name": "it",
        "namespace": "default",
        "operation": "CREATE",
        "userInfo": {"username": "jane"},
        "object": {**data, "metadata": {"name": "it", "namespace": "default"}, "spec": {"entity": data}},
        "oldObject": None,
        "dryRun": False,
        "options": None,
    }
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    reply = admission.answer(held, Question("admission", orjson.dumps(review), {"now": TODAY.isoformat()}))
    allowed: bool = orjson.loads(reply.body)["response"]["allowed"]
    return allowed


def test_a_waiver_of_one_of_two_faults_is_seen_at_every_door(catalog: Catalog, tmp_path: Path) -> None:
    waiver = Waiver("W-1", RULES[0], (NAMES[0],), "because", "joe", "jane", date(2026, 12, 31))
    write(tmp_path, {"waivers.yaml": entry(waiver, (), ())})
    said = config.parse(b"waivers: {paths: [waivers.yaml], approvers: [platform]}", tmp_path / "bylaw.yaml")

    for door in DOORS:
        assert door(catalog, said, tmp_path / "waivers.yaml") == (["W-1", None], [WaiverStatus.ACTIVE])


# -- what a waiver can do, and what it cannot


@given(waivers=ENTRIES, more=ENTRIES, findings=FINDINGS)
def test_adding_a_waiver_never_adds_a_finding(
    waivers: list[Waiver | Broken], more: list[Waiver | Broken], findings: list[Finding]
) -> None:
    named = {each.waiver.id if isinstance(each, Broken) else each.id for each in waivers}
    ids = {each.waiver.id if isinstance(each, Broken) else each.id for each in more}
    assume(named.isdisjoint(ids))  # a second entry of one id makes neither hold
    before, after = judged(waivers, findings).findings, judged([*waivers, *more], findings).findings

    assert [replace(each, waiver=None) for each in after] == findings
    assert all(each in counting(before) for each in counting(after))


@given(waivers=ENTRIES, findings=FINDINGS)
def test_a_waiver_never_makes_the_decision_worse_nor_settles_an_error(
    waivers: list[Waiver | Broken], findings: list[Finding]
) -> None:
    worse_last = [Decision.ALLOWED, Decision.UNDECIDED, Decision.DENIED]
    before, after = decide(findings), decide(judged(waivers, findings).findings)

    assert worse_last.index(after) <= worse_last.index(before)
    if any(each.outcome is Outcome.ERROR for each in findings):
        assert after is not Decision.ALLOWED


@given(waivers=ENTRIES, findings=FINDINGS, today=DAYS)
def test_no_waiver_outlives_its_term(waivers: list[Waiver | Broken], findings: list[Finding], today: date) -> None:
    found = judged(waivers, findings, today)
    used = {each.waiver for each in found.findings} - {None}

    assert used <= {each.waiver.id for each in found.standings if each.holds}
    for standing in found.standings:
        if standing.holds:
            end, begin = standing.waiver.expires, standing.waiver.approved_at or today
            assert end is not None
            assert begin <= today <= end <= begin + timedelta(LIMITS.max_days)


@given(waivers=ENTRIES, findings=FINDINGS)
def test_what_a_waiver_covers_is_what_is_waived_by_it(waivers: list[Waiver | Broken], findings: list[Finding]) -> None:
    found = judged(waivers, findings)

    assert sum(each.covers for each in found.standings) == len(found.findings) - len(counting(found.findings))
    assert all(each.covers == 0 for each in found.standings if not each.holds)


@given(waivers=ENTRIES, findings=FINDINGS, data=st.data())
def test_the_order_of_waivers_and_findings_does_not_matter(
    waivers: list[Waiver | Broken], findings: list[Finding], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(findings))))
    found, shuffled = (
        judged(waivers, findings),
        judged(data.draw(st.permutations(waivers)), [findings[each] for each in order]),
    )

    assert shuffled.standings == found.standings
    assert list(shuffled.findings) == [found.findings[each] for each in order]


# -- what is written is what is read

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip) | st.sampled_from(
    ["0o17", "1e3", "~", "- x", "a: b", "a #b", "'", '"', "x\n- id: evil", "*", "&a", "2026-12-31", "=", "<<", "yes"]
)


@settings(max_examples=examples(60))
@given(data=st.data())
def test_a_waiver_that_is_written_is_the_waiver_that_is_read(data: st.DataObject) -> None:
    text = data.draw(TEXTS)
    wanted = Waiver(
        id=data.draw(TEXTS),
        rule=data.draw(TEXTS),
        entities=tuple(data.draw(st.lists(TEXTS, max_size=3))),
        reason=text,
        requested_by=data.draw(TEXTS),
        approved_by=data.draw(TEXTS),
        expires=data.draw(DAYS),
        approved_at=data.draw(st.none() | DAYS),
        ticket=data.draw(st.none() | TEXTS),
        fingerprints=data.draw(st.sampled_from([(), ("0a" * 32,), ("0" * 64, "1" * 64)])),
    )
    findings = [Finding("", data.draw(TEXTS), rule="a/b", key=data.draw(TEXTS))]
    wanted = replace(wanted, fingerprints=(*wanted.fingerprints, findings[0].fingerprint))
    (found,) = waiver_files.parse(entry(wanted, findings, [text]).encode(), "w.yaml")

    assert isinstance(found, Waiver)
    assert replace(found, location=None) == wanted
