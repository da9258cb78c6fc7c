"""Rules that go wrong, and that no number of workers changes what the others say.

Each test is a run of the whole: rules in files, workers, deadlines.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import bylaw
from bylaw import workers
from bylaw.catalog import build
from bylaw.config import EnforcementSettings, PolicySettings, Settings
from bylaw.errors import ConfigError
from bylaw.model import Decision, Document, Enforcement, Finding, Outcome
from tests.engine.world import TODAY, catalog, entity, python_rule, rego_rule
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from bylaw.catalog import Catalog
    from bylaw.model import Report

FAILING = 'yield Finding("/spec", f"{subject.key} is wrong")'
REGO_FAILING = 'findings contains {"pointer": "/spec", "message": sprintf("%s is wrong", [input.metadata.name])}'
THREE = catalog(entity("a"), entity("b"), entity("c"))
GOOD = entity("good", type="service", lifecycle="production", owner="team", dependsOn=["api:x"])
GOOD["spec"]["a/b"] = {}


def check(made: Catalog, folder: Path, *, deadline: float = 0.3, memory: int = 300, **more: Any) -> Report:
    policies = PolicySettings((str(folder),), bundled=False, deadline=deadline, memory=memory)
    return bylaw.check(made, settings=Settings(policies=policies, **more), now=TODAY)


def told(report: Report) -> list[tuple[str, str | None, str, str]]:
    """``(rule, entity's name, outcome, message)``."""
    return [
        (each.rule, each.entity and each.entity.rpartition("/")[2], each.outcome.value, each.message)
        for each in report.findings
    ]


def of_rule(report: Report, rule: str) -> list[tuple[str | None, str, str]]:
    return [(name, outcome, message) for id_, name, outcome, message in told(report) if id_ == rule]


def test_a_rule_in_python_that_goes_wrong_says_where_and_the_others_judge_on(tmp_path: Path) -> None:
    """Errors that a rule makes at its own turn: nothing is lost but its own answer."""
    wrong = {
        "raises": ("names = {}\nreturn names[subject.key]", "8: KeyError: 'component:default/a'"),
        "raises-late": (f"{FAILING}\nraise ValueError('no')", "8: ValueError: no"),
        "in-a-helper": ("import json\njson.loads('{')", "8: JSONDecodeError: Expecting property name"),
        "yields-text": ("yield 'wrong'", "6: yielded str, expected a Finding"),
        "returns-nothing": ("return None", "6: TypeError: 'NoneType' object is not iterable"),
        "no-message": ("yield Finding('/spec', '')", "7: ValueError: a finding needs a message"),
        "odd-field": ("yield Finding('/spec', 'm', expected=5)", "6: expected of a finding is 5, expected a text"),
        "odd-value": ("yield Finding('/spec', 'm', observed={1})", "6: a finding cannot be written as JSON: "),
        "recurses": ("return evaluate(subject, context)", "7: RecursionError: maximum recursion depth"),
        "eats": ("return [bytearray(500 * 2**20)]", "7: MemoryError: "),
    }
    for name, (body, _) in wrong.items():
        python_rule(tmp_path, f"x/{name}", body)
    python_rule(tmp_path, "x/honest", FAILING, severity="WARNING")

    report = check(catalog(entity("a")), tmp_path, deadline=5)

    for name, (_, fault) in wrong.items():
        ((_, outcome, message),) = of_rule(report, f"x/{name}")
        assert (name, outcome) == (name, "error")
        file = f"x_{name.replace('-', '_')}.py"
        assert message.startswith(f"rule x/{name} came to no answer: {file}:{fault}")
    assert of_rule(report, "x/honest") == [("a", "fail", "component:default/a is wrong")]
    assert report.decision is Decision.UNDECIDED
    assert report.decision.exit_code == 3


def test_a_rule_in_rego_that_goes_wrong_says_where_and_the_others_judge_on(tmp_path: Path) -> None:
    saying = 'findings contains {"pointer": "%s", "message": %s}'
    wrong = {
        "divides": (saying % ("", 'sprintf("%v", [1 / 0])'), "13:"),
        "conflicts": (saying % ("", "m") + '\nm := "a"\nm := "b"', "15:1: rule conflicts with rule at "),
        "undefined": ("findings := {1} if input.no", "data.bylaw.y.undefined.findings is undefined"),
        "text": ('findings contains "wrong"', "13: findings holds 'wrong', expected objects with "),
        "late": ("# a comment\n\n" + saying % ("spec", '"m"'), "15: pointer of a finding is 'spec', expected "),
    }
    for name, (body, _) in wrong.items():
        rego_rule(tmp_path, f"y/{name}", body)
    rego_rule(tmp_path, "y/honest", REGO_FAILING)

    report = check(catalog(entity("a")), tmp_path, deadline=5)

    for name, (_, fault) in wrong.items():
        ((_, outcome, message),) = of_rule(report, f"y/{name}")
        assert (name, outcome) == (name, "error")
        place = "" if fault.startswith("data.") else f"{tmp_path}/y_{name}.rego:"
        assert message.startswith(f"rule y/{name} came to no answer: {place}{fault}")
    assert of_rule(report, "y/honest") == [("a", "fail", "a is wrong")]
    assert report.decision is Decision.DENIED  # an error does not hide that something else denies


def test_a_rule_that_loses_its_worker_is_judged_alone_and_the_others_judge_on(tmp_path: Path) -> None:
    only_b = "if subject.ref.name != 'b': return [Finding('/spec', 'm')]\n"
    lost = {
        "loops": (f"{only_b}while True: pass", "z_loops.py:6: no answer within 0.3 s"),
        "leaves": (f"{only_b}os._exit(5)", "z_leaves.py:6: the worker ended with code 5"),
        "exits": (f"{only_b}sys.exit('bye')", "z_exits.py:6: SystemExit: bye"),
        "is-killed": (f"{only_b}os.kill(os.getpid(), 15)", "z_is_killed.py:6: the worker was ended by SIGTERM"),
    }
    for name, (body, _) in lost.items():
        python_rule(tmp_path, f"z/{name}", body, severity="INFO")
    endless = """findings contains {"pointer": "", "message": "m"} if {
    input.metadata.name == "b"
    some i, j in numbers.range(1, 100000)
    some k in numbers.range(1, 100000)
    i * j * k == -1
}"""
    rego_rule(tmp_path, "z/endless", endless)
    python_rule(tmp_path, "z/prints", f"print('hello')\n{FAILING}", severity="INFO")

    report = check(THREE, tmp_path)

    for name, (_, fault) in lost.items():
        (before, (of, outcome, message), after) = of_rule(report, f"z/{name}")
        assert before == ("a", "fail", "m")
        assert (of, outcome) == ("b", "error")
        assert message.startswith(f"rule z/{name} came to no answer: {fault}")
        assert after == ("c", "fail", "m")
    assert of_rule(report, "z/endless") == [
        ("b", "error", f"rule z/endless came to no answer: {tmp_path}/z_endless.rego:13: no answer within 0.3 s")
    ]
    assert of_rule(report, "z/prints") == [
        (name, "fail", f"component:default/{name} is wrong") for name in ("a", "b", "c")
    ]
    assert report.decision is Decision.UNDECIDED


@pytest.mark.parametrize("number", [3, 4])
def test_a_rule_is_given_up_after_three_failures(number: int, tmp_path: Path) -> None:
    python_rule(tmp_path, "z/exits", "os._exit(5)")
    names = ["a", "b", "c", "d"][:number]

    report = check(catalog(*map(entity, names)), tmp_path)

    failed = "rule z/exits came to no answer: z_exits.py:6: the worker ended with code 5"
    given_up = (
        "rule z/exits came to no answer: it was given up after 3 failures: what comes after this one was not judged"
    )
    assert told(report) == [
        ("z/exits", "a", "error", failed),
        ("z/exits", "b", "error", failed),
        ("z/exits", "c", "error", failed),
        *([("z/exits", "c", "error", given_up)] if number > 3 else []),
    ]
    assert report.decision is Decision.UNDECIDED


def test_an_error_counts_whatever_the_level_unless_the_rule_is_off(tmp_path: Path) -> None:
    python_rule(tmp_path, "x/raises", "raise ValueError('no')", severity="INFO")
    made = catalog(entity("a"))

    for level, decision in [
        (Enforcement.OBSERVE, Decision.UNDECIDED),
        (Enforcement.DENY, Decision.UNDECIDED),
        (Enforcement.OFF, Decision.ALLOWED),
    ]:
        enforcement = EnforcementSettings(rules={"x/raises": level})
        assert check(made, tmp_path, deadline=5, enforcement=enforcement).decision is decision


# Documents that are no entity


def test_documents_without_a_ref_of_one_file_have_findings_of_their_own(tmp_path: Path) -> None:
    more = 'subject="document"'
    python_rule(tmp_path, "x/document", "yield Finding('', 'this document is wrong')", more=more)
    python_rule(tmp_path, "x/entity", FAILING)
    nameless = {"kind": "Component", "metadata": {}}
    made = catalog(entity("a"))
    documents = [
        *(Document("one.yaml", number, data) for number, data in enumerate([nameless, nameless, None])),
        Document("again.yaml", 0, entity("a")),
        Document("again.yaml", 1, entity("A")),
        Document("skeleton.yaml", 0, entity("${{ values.name }}")),
    ]
    made = build([*made.documents, *documents], made.kinds)

    report = check(made, tmp_path, deadline=5)

    places = [(each.document.path, each.document.index) for each in report.findings if each.document]
    assert [
        (rule, name, *place) for (rule, name, _, _), place in zip(told(report), places, strict=True)
    ] == [
        ("x/document", "a", "000.yaml", 0),
        ("x/entity", "a", "000.yaml", 0),
        ("x/document", "a", "again.yaml", 0),
        ("x/document", "a", "again.yaml", 1),
        ("x/document", None, "one.yaml", 0),
        ("x/document", None, "one.yaml", 1),
        ("x/document", None, "one.yaml", 2),
    ]  # fmt: skip
    assert len({each.fingerprint for each in report.findings}) == 7


def test_a_finding_said_twice_is_told_once(tmp_path: Path) -> None:
    python_rule(tmp_path, "x/twice", f"{FAILING}\n{FAILING}\nyield Finding('/spec', 'and this')")

    report = check(catalog(entity("a")), tmp_path, deadline=5)

    assert [message for *_, message in told(report)] == ["and this", "component:default/a is wrong"]


# The same for any number of workers

RUN = """
import json, sys
import bylaw
from bylaw import workers
from bylaw.config import PolicySettings, Settings
from tests.engine.test_evaluate import many, told
from tests.engine.world import TODAY

settings = Settings(policies=PolicySettings((sys.argv[1],), bundled=True, deadline=0.3, memory=300))
only = ("x/exits", "x/honest", "y/rego", "ownership/owner-missing")
shown = []
for jobs in (1, 2, 3, 0):
    if jobs == 0:
        workers._may_fork = lambda: False
    report = bylaw.check(many(), settings=settings, only=only, now=TODAY, jobs=jobs or 2)
    shown.append([repr(report.findings), report.decision, *told(report)])
print(json.dumps(shown))
"""


def many() -> Catalog:
    """Entities enough for several stretches, a few of them such that a rule loses its worker."""
    return catalog(*(entity(f"e{number:03}", owner="" if number % 50 == 0 else "team") for number in range(200)))


def test_one_two_or_three_workers_forked_or_spawned_say_the_same(tmp_path: Path) -> None:
    python_rule(
        tmp_path,
        "x/exits",
        "if subject.ref.name in ('e010', 'e011', 'e013'): os._exit(1)\nreturn [Finding('/spec', 'm')]",
    )
    python_rule(tmp_path, "x/honest", f"if subject.ref.name.endswith('9'): {FAILING}")
    rego_rule(tmp_path, "y/rego", f'{REGO_FAILING} if endswith(input.metadata.name, "7")')

    done = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )

    assert done.returncode == 0, done.stderr
    one, two, three, spawned = json.loads(done.stdout)
    assert one == two == three == spawned
    _, decision, *findings = one
    assert decision == "denied"
    failed = ["e010", "e011", "e013"]
    judged = [*(f"e{number:03}" for number in range(10)), "e012"]
    assert [name for rule, name, outcome, _ in findings if (rule, outcome) == ("x/exits", "fail")] == judged
    assert [name for rule, name, outcome, _ in findings if (rule, outcome) == ("x/exits", "error")] == [
        *failed,
        "e013",  # that it was given up there
    ]
    for rule, ending in (("x/honest", "9"), ("y/rego", "7")):
        names = [f"e{number:03}" for number in range(200) if f"{number}".endswith(ending)]
        assert [name for id_, name, *_ in findings if id_ == rule] == names
    unowned = ["e000", "e050", "e100", "e150"]
    assert [name for rule, name, *_ in findings if rule == "ownership/owner-missing"] == unowned


def test_a_rule_that_always_loses_its_worker_is_not_tried_on_every_stretch(tmp_path: Path) -> None:
    tried = tmp_path / "tried.txt"
    python_rule(tmp_path, "x/exits", f"open({str(tried)!r}, 'a').write('x')\nos._exit(1)")

    report = check(many(), tmp_path)

    assert [name for name, _, _ in of_rule(report, "x/exits")] == ["e000", "e001", "e002", "e002"]
    assert len(tried.read_text()) <= workers.available() + 3  # once in each worker, then three times alone


def test_progress_is_told_of_every_document_once(tmp_path: Path) -> None:
    python_rule(tmp_path, "x/exits", "if subject.ref.name == 'e020': os._exit(1)\nreturn ()")
    steps: list[tuple[str, int, int]] = []
    policies = PolicySettings((str(tmp_path),), bundled=False)

    bylaw.check(
        many(), settings=Settings(policies=policies), now=TODAY, progress=lambda *step: steps.append(step), jobs=2
    )

    assert sorted({step for step, _, _ in steps}) == ["judging"]
    dones = [done for _, done, _ in steps]
    assert dones == sorted(set(dones))
    assert (dones[-1], {total for _, _, total in steps}) == (200, {200})


def test_very_many_findings_of_a_hostile_entity_are_bounded(tmp_path: Path) -> None:
    python_rule(
        tmp_path, "x/each", "for n, _ in enumerate(subject.spec['list']): yield Finding(f'/spec/list/{n}', 'm')"
    )

    report = check(catalog(entity("a", list=[0] * 50_000)), tmp_path, deadline=5)

    assert len(report.findings) == 201
    assert "49800 more findings of this rule here are not listed" in [each.message for each in report.findings]
    assert {each.outcome for each in report.findings} == {Outcome.FAIL}


def test_suggestions_are_added_after_all_workers_are_done(tmp_path: Path) -> None:
    python_rule(
        tmp_path,
        "x/owner",
        "yield Finding('/spec/owner', 'm', observed=subject.spec['owner'], nearest_of={'kinds': ['Group']})",
        more='applies_to={"kind": ("Component",)}',
    )
    made = catalog(entity("a", owner="team-paymnts"), entity("team-payments", "Group", type="team", children=[]))

    (finding,) = check(made, tmp_path, deadline=5).findings

    assert isinstance(finding, Finding)
    assert finding.suggestion == "group:default/team-payments"
    assert finding.fix == ({"op": "replace", "path": "/spec/owner", "value": "team-payments"},)


CHANGE_RULE = """\
findings contains {"pointer": "/metadata/name", "message": message} if {
	message := json.marshal({
		"before": _type(input.before),
		"after": _type(input.after),
		"actor": input.actor,
		"approvers": input.approvers,
		"added": data.change.added,
		"removed": data.change.removed,
		"dependents": data.change.dependents,
		"base": object.keys(data.base.entities),
		"catalog": object.keys(data.catalog.entities),
		"gone": data.catalog.relations["component:default/gone"],
	})
}

_type(entity) := entity.spec.type if not is_null(entity)

_type(entity) := "none" if is_null(entity)
"""


def test_a_rule_about_changes_sees_both_states_and_the_people(tmp_path: Path) -> None:
    path = rego_rule(tmp_path, "z/changes", CHANGE_RULE)
    path.write_text(path.read_text().replace("#   reads: graph", "#   reads: graph\n#   applies_to_change: true"))
    before = catalog(entity("gone", type="a"), entity("stays", type="b", dependsOn=["component:gone"]))
    after = catalog(entity("new", type="c"), entity("stays", type="b", dependsOn=["component:gone"]))
    policies = PolicySettings((str(tmp_path),), bundled=False)
    report = bylaw.check(
        after, settings=Settings(policies=policies), now=TODAY, before=before, actor="ann", approvers=["group:team"]
    )
    same = {
        "actor": "user:default/ann",
        "approvers": ["group:default/team"],
        "added": ["component:default/new"],
        "removed": ["component:default/gone"],
        "dependents": {"component:default/gone": 1},
        "base": ["component:default/gone", "component:default/stays"],
        "catalog": ["component:default/new", "component:default/stays"],
        "gone": {"dependencyOf": ["component:default/stays"]},
    }
    assert [(each.entity, json.loads(each.message)) for each in report.findings] == [
        ("component:default/gone", {"before": "a", "after": "none", **same}),
        ("component:default/new", {"before": "none", "after": "c", **same}),
    ]
    assert [each.document for each in report.findings] == [before.documents[0], after.documents[0]]


def test_without_a_change_nothing_about_changes_is_judged_nor_may_it_be_asked_for(tmp_path: Path) -> None:
    path = rego_rule(tmp_path, "z/changes", REGO_FAILING)
    path.write_text(path.read_text().replace("#   reads: graph", "#   reads: graph\n#   applies_to_change: true"))
    settings = Settings(policies=PolicySettings((str(tmp_path),), bundled=False))
    report = bylaw.check(THREE, settings=settings, now=TODAY)
    assert (report.findings, dict(report.rules)) == ((), {})
    with pytest.raises(ConfigError, match=r"^z/changes judges changes, and here is none"):
        bylaw.check(THREE, settings=settings, now=TODAY, only=["changes"])


def test_a_rule_about_the_catalog_judges_it_once(tmp_path: Path) -> None:
    body = 'yield Finding("", f"{len(subject.documents)} documents, {len(context.catalog.entities)} entities")'
    python_rule(tmp_path, "z/whole", body, more='subject="catalog"')
    report = check(catalog(entity("a"), entity("a"), entity("b")), tmp_path)
    assert told(report) == [("z/whole", None, "fail", "3 documents, 2 entities")]
    (finding,) = report.findings
    assert (finding.document, finding.location) == (None, None)


@pytest.mark.parametrize(
    "pointer", ["", "/spec", "/spec/owner", "/spec/a~1b/c", "/metadata/annotations/x/y", "/spec/no/0"]
)
def test_a_pointer_leads_to_a_value_or_to_where_one_could_be_added(pointer: str, tmp_path: Path) -> None:
    python_rule(tmp_path, "z/points", f'yield Finding("{pointer}", "said")')
    report = check(catalog(GOOD), tmp_path)
    assert [(each.outcome, each.pointer) for each in report.findings] == [(Outcome.FAIL, pointer)]


@pytest.mark.parametrize(
    "pointer", ["/specs", "/spec/owner/name", "/spec/dependsOn/1", "/spec/dependsOn/first", "/metadata/name/0"]
)
def test_a_pointer_that_leads_nowhere_is_the_rules_error(pointer: str, tmp_path: Path) -> None:
    python_rule(tmp_path, "z/points", f'yield Finding("{pointer}", "said")')
    rego_rule(tmp_path, "z/directs", f'findings contains {{"pointer": "{pointer}", "message": "said"}}')
    fault = f"pointer {pointer} of a finding leads nowhere in the entity"
    assert told(check(catalog(GOOD), tmp_path)) == [
        ("z/directs", "good", "error", f"rule z/directs came to no answer: {tmp_path}/z_directs.rego:13: {fault}"),
        ("z/points", "good", "error", f"rule z/points came to no answer: z_points.py:6: {fault}"),
    ]


def test_in_an_entity_that_nobody_would_take_a_pointer_ends_where_the_entity_goes_wrong(tmp_path: Path) -> None:
    python_rule(tmp_path, "z/points", 'yield Finding("/spec/owner", "said")')
    refused = {"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "a"}, "spec": "none"}
    report = check(catalog(refused), tmp_path)
    assert [(each.outcome, each.pointer) for each in report.findings] == [(Outcome.FAIL, "/spec")]
