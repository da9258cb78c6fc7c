"""``bylaw test --mutate``: which mutants of a rule its fixtures tell from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bylaw import config, workers
from bylaw.config import PolicySettings, Settings
from bylaw.model import Outcome
from bylaw.policy_tests import Coverage, Mutation, Results, Subject, Survivor, Trial, as_json, as_text, run
from bylaw.policy_tests.mutants import Kind, Mutant
from bylaw.rules import Module
from tests.policy_tests.test_commands import bylaw

if TYPE_CHECKING:
    from tests.policy_tests.conftest import Policies

pytestmark = pytest.mark.usefixtures("forked")

ALONE = Settings(policies=PolicySettings(bundled=False))
PASSED = Trial("late", "fixtures/rules/docs/late", Outcome.PASS)
MODULE = Module("late.rego", "bylaw.docs.late", "")
CHANGE_RULE = """\
# METADATA
# title: It goes
# description: Whoever needs it is not asked.
# custom:
#   severity: warning
#   applies_to_change: true
#   remediation: Ask.
package bylaw.docs.summary_missing

import rego.v1

findings contains {"pointer": "", "message": message} if {
\tinput.after == null
\t"user:default/jane" in input.approvers
\tmessage := sprintf("%s goes", [input.before.metadata.name])
}
"""
PYTHON = """\
from bylaw.model import Finding, Severity
from bylaw.rules import Rule


def _evaluate(entity, context):
    if "description" not in entity.data["metadata"]:
        yield Finding("/metadata/description", "late")


RULE = Rule(
    id="docs/late", title="x", description="x", remediation="x", severity=Severity.INFO, evaluate=_evaluate
)
"""


@pytest.fixture
def policies(policies: Policies) -> Policies:
    """The rule and its fixture alone: it is changed in ways of which a ``_test.rego`` knows nothing."""
    (policies.root / policies.test).unlink()
    return policies


def mutated(settings: Settings | None = None) -> Mutation:
    """What became of the mutants of the one rule in the current folder."""
    (subject,) = run(settings or ALONE, mutate=True).subjects
    assert subject.mutation is not None
    return subject.mutation


def survivors() -> list[str]:
    return [f"{each.place.rpartition(':')[2]}: {each.mutant}" for each in mutated().survivors]


def give_reasons(policies: Policies, *reasons: tuple[str, str]) -> None:
    lines = "".join(f"#     - {{mutant: '{mutant}', reason: '{reason}'}}\n" for mutant, reason in reasons)
    text = (policies.root / policies.rego).read_text("utf-8")
    heading = "" if "survivors:" in text else "#   survivors:\n"
    policies.change(policies.rego, "package bylaw", f"{heading}{lines}package bylaw")


def add_condition(policies: Policies, condition: str) -> None:
    """The condition in the rule's body, on line 15."""
    policies.change(
        policies.rego, "\tnot input.metadata.description\n", f"\t{condition}\n\tnot input.metadata.description\n"
    )


def add_entity(policies: Policies, text: str) -> None:
    catalog = f"{policies.fixture}/catalog.yaml"
    policies.write(catalog, f"{(policies.root / catalog).read_text('utf-8')}---\n{text}")


def add_to_finding(policies: Policies, text: str) -> None:
    expected = f"{policies.fixture}/expected.yaml"
    policies.write(expected, f"{(policies.root / expected).read_text('utf-8')}    {text}\n")


def test_a_mutant_on_which_a_fixture_fails_is_killed(policies: Policies) -> None:
    assert mutated() == Mutation(killed=7)


def test_without_being_asked_for_no_mutant_is_run(policies: Policies) -> None:
    (subject,) = run(ALONE).subjects
    assert subject.mutation is None


def test_a_condition_that_no_entity_needs_survives_until_one_does(policies: Policies) -> None:
    add_condition(policies, 'input.kind == "Component"')
    policies.change(policies.rego, "{kind: [Component]}", "{kind: [Component, API]}")
    assert survivors() == ['15: dropped condition: input.kind == "Component" -> true']
    assert run(ALONE, mutate=True).exit_code == 1

    add_entity(policies, "# OK: of another kind\napiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: pay}\n")
    assert survivors() == []
    assert run(ALONE, mutate=True).exit_code == 0


def test_any_of_several_fixtures_may_tell_a_mutant_from_the_rule(policies: Policies) -> None:
    add_condition(policies, "count(input.metadata.name) > 4")
    long = "15: swapped comparison: count(input.metadata.name) > 4 -> count(input.metadata.name) >= 4"
    assert long in survivors()

    policies.write(
        f"{policies.fixture}/short/catalog.yaml",
        "# OK: short\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: cart}\n",
    )
    policies.write(f"{policies.fixture}/short/expected.yaml", "findings: []\n")
    assert long not in survivors()


def test_only_what_expected_yaml_says_of_a_finding_is_compared(policies: Policies) -> None:
    more = '"observed": ["a"], "expected": "b b", "key": "c c", "fix": [{"op": "d d"}], "nearest_of": {"values": []}'
    policies.change(policies.rego, '"message": message}', f'"message": message, {more}}}')
    head = f'findings contains {{"pointer": "/metadata/description", "message": message, {more}}} if {{'
    changes = [('["a"]', "[]"), ('"b b"', '"b b!"'), ('"c c"', '"c c!"'), ('"op"', '"op!"'), ('"d d"', '"d d!"')]
    changes.insert(3, ('[{"op": "d d"}]', "[]"))
    everything = [f"14: changed constant: {head} -> {head.replace(one, other)}" for one, other in changes]
    assert survivors() == everything

    add_to_finding(policies, "key: c c")
    assert survivors() == [*everything[:2], *everything[3:]]
    add_to_finding(policies, "fix: [{op: d d}]")
    assert survivors() == everything[:2]
    add_to_finding(policies, "observed: [a]")
    add_to_finding(policies, "expected: b b")
    assert survivors() == []


def test_a_suggestion_is_compared_as_the_engine_makes_it(policies: Policies) -> None:
    more = '"observed": "prduction", "nearest_of": {"values": ["production", "other words"]}'
    policies.change(policies.rego, '"message": message}', f'"message": message, {more}}}')
    add_to_finding(policies, "suggestion: production")
    head = f'findings contains {{"pointer": "/metadata/description", "message": message, {more}}} if {{'
    nearest = head.replace("prduction", "prduction!"), head.replace(', "other words"', "")  # production, all the same
    assert survivors() == [f"14: changed constant: {head} -> {each}" for each in nearest]


def test_a_mutant_that_comes_to_no_answer_is_killed(policies: Policies) -> None:
    add_condition(policies, "not is_number(input.metadata.title)")
    policies.change(
        policies.rego, "\tmessage :=", '\ttrim_space(object.get(input.metadata, "title", "")) == ""\n\tmessage :='
    )
    dropped = "15: dropped condition: not is_number(input.metadata.title) -> true"
    assert dropped in survivors()

    add_entity(
        policies,
        "# OK: no text, of which trim_space makes an error\n"
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: stock, title: 3}\n",
    )
    assert dropped not in survivors()


def test_a_mutant_that_never_ends_is_killed_and_the_others_are_run(policies: Policies) -> None:
    policies.write("bylaw.yaml", "version: 1\npolicies: {bundled: false, deadline: 0.5}\n")
    rounds = "some a in numbers.range(1, 5000); some b in numbers.range(1, 5000); a == b + 5000"
    add_condition(policies, f'count([1 | input.metadata.name == "never"; {rounds}]) == 0')
    found = mutated(settings=config.read())
    assert found.killed > 7
    assert 'dropped condition: input.metadata.name == "never" -> true' not in map(str, found.survivors)
    assert any("a == b + 5000 -> a != b + 5000" in str(each.mutant) for each in found.survivors)


def test_what_does_not_compile_is_no_mutant(policies: Policies) -> None:
    add_condition(policies, "[1, _] = [1, input.metadata.name]")  # without an element of the second it does not
    found = mutated()
    assert (found.killed, [str(each.mutant) for each in found.survivors]) == (
        7,
        ["dropped condition: [1, _] = [1, input.metadata.name] -> true"],
    )


def test_a_reason_in_the_metadata_excuses_a_survivor(policies: Policies) -> None:
    add_condition(policies, 'input.kind != "API"')
    name = 'dropped condition: input.kind != "API" -> true'
    give_reasons(policies, (name, "applies_to says so."))
    results = run(ALONE, mutate=True)
    (subject,) = results.subjects
    assert subject.mutation
    assert {str(each.mutant): each.reason for each in subject.mutation.survivors} == {
        name: "applies_to says so.",
        'changed constant: input.kind != "API" -> input.kind != "API!"': None,
    }
    assert (subject.outcome, results.exit_code) == (Outcome.FAIL, 1)

    give_reasons(policies, ('changed constant: input.kind != "API" -> input.kind != "API!"', "the same"))
    results = run(ALONE, mutate=True)
    assert results.subjects[0].mutation
    assert (results.subjects[0].mutation.without_reason, results.exit_code) == ((), 0)


def test_a_reason_that_no_survivor_needs_is_told(policies: Policies) -> None:
    give_reasons(policies, ("dropped condition: not input.metadata.description -> true", "once it did"))
    results = run(ALONE, mutate=True)
    assert results.subjects[0].mutation == Mutation(
        7, (), ("dropped condition: not input.metadata.description -> true",)
    )
    assert results.exit_code == 0


def test_where_the_fixtures_fail_no_mutants_are_run(policies: Policies) -> None:
    policies.change(f"{policies.fixture}/expected.yaml", "orders has", "it has")
    results = run(ALONE, mutate=True)
    assert (results.subjects[0].mutation, results.without_fixture, results.exit_code) == (None, (), 1)


def test_a_rule_without_fixtures_is_told(policies: Policies) -> None:
    for name in ("catalog.yaml", "expected.yaml"):
        (policies.root / policies.fixture / name).unlink()
    (policies.root / policies.fixture).rmdir()
    results = run(ALONE, mutate=True)
    assert (results.subjects[0].mutation, results.without_fixture) == (None, ("docs/summary-missing",))
    assert run(ALONE).without_fixture == ()


def test_rules_in_python_and_libraries_have_no_mutants(policies: Policies) -> None:
    policies.write("policies/lib/words.rego", "package bylaw.lib.words\nimport rego.v1\nyes := true\n")
    policies.write("policies/docs/late.py", PYTHON)
    for name in ("catalog.yaml", "expected.yaml"):
        text = (policies.root / policies.fixture / name).read_text("utf-8")
        policies.write(f"fixtures/rules/docs/late/{name}", text.replace("orders has no description", "late"))
    found = run(ALONE, mutate=True)
    assert [each for each, _ in found.mutations] == ["docs/summary-missing"]
    assert found.without_fixture == ()


def test_mutants_of_a_rule_about_changes_are_run_on_changes(policies: Policies) -> None:
    for name in ("catalog.yaml", "expected.yaml"):
        (policies.root / policies.fixture / name).unlink()
    policies.write(policies.rego, CHANGE_RULE)
    orders = "# NOT OK: it goes\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: orders}\n"
    cart = "# OK\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: cart}\n"
    more = cart.replace("cart", "cart, title: Cart")
    finding = "{entity: component:default/orders, pointer: '', message: orders goes}"
    policies.write(f"{policies.fixture}/before/catalog.yaml", f"{orders}---\n{cart}")
    policies.write(f"{policies.fixture}/after/catalog.yaml", more)
    policies.write(f"{policies.fixture}/expected.yaml", f"approvers: [jane]\nfindings: [{finding}]\n")
    assert survivors() == ['14: dropped condition: "user:default/jane" in input.approvers -> true']

    approved = f"{policies.fixture}/approved-by-others"
    policies.write(f"{approved}/before/catalog.yaml", f"{orders.replace('NOT OK', 'OK')}---\n{cart}")
    policies.write(f"{approved}/after/catalog.yaml", more)
    policies.write(f"{approved}/expected.yaml", "approvers: [group:platform]\nfindings: []\n")
    assert survivors() == []


def test_what_a_rule_takes_from_libraries_and_from_other_rules_is_there(policies: Policies) -> None:
    policies.write(
        "policies/lib/words.rego", "package bylaw.lib.words\nimport rego.v1\nblank := data.bylaw.docs.late.b\n"
    )
    late = (policies.root / policies.rego).read_text("utf-8").replace("summary_missing", "late")
    policies.write("policies/docs/late/late.rego", f'{late}\nb := ""\n')
    policies.change(policies.rego, "import rego.v1\n", "import rego.v1\nimport data.bylaw.lib.words\n")
    add_condition(policies, "input.metadata.name != words.blank")
    ((rule_id, found),) = run(ALONE, mutate=True).mutations
    assert (rule_id, [str(each.mutant) for each in found.survivors]) == (
        "docs/summary-missing",
        ["dropped condition: input.metadata.name != words.blank -> true"],
    )


def test_paths_and_fixture_folders_are_heeded(policies: Policies) -> None:
    (policies.root / "policies").rename(policies.root / "rules")
    (policies.root / "fixtures" / "rules").rename(policies.root / "cases")
    found = run(ALONE, [Path("rules")], fixture_folders=[Path("cases")], mutate=True)
    assert [(each.id, each.mutation and each.mutation.killed) for each in found.subjects] == [
        ("docs/summary-missing", 7)
    ]


def test_workers_that_are_spawned_tell_the_same(policies: Policies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_may_fork", lambda: False)
    add_condition(policies, 'input.kind == "Component"')
    assert survivors() == ['15: dropped condition: input.kind == "Component" -> true']


def test_progress_is_told_of_fixtures_and_of_mutants(policies: Policies) -> None:
    told: list[tuple[str, int, int]] = []
    run(ALONE, mutate=True, progress=lambda step, done, total: told.append((step, done, total)))
    assert told == [("testing", 1, 1), ("running mutants", 7, 7)]


def results(*survivors: Survivor, killed: int = 3, stale: tuple[str, ...] = ()) -> Results:
    mutation = Mutation(killed, survivors, stale)
    late = Subject("docs/late", (), (PASSED,), Coverage("late.rego", 4, ()), True, mutation)
    return Results((late, Subject("docs/later", (), (), Coverage("later.rego", 0, ()), False)), mutated=True)


DROPPED = Mutant(Kind.DROPPED, 9, "input.x", "true", MODULE)
CHANGED = Mutant(Kind.CHANGED, 7, '"pointer": "/a"', '"pointer": "/a!"', MODULE)


def test_as_text_all_that_concerns_mutants_is_told() -> None:
    found = results(Survivor(CHANGED), Survivor(DROPPED, "It saves time."), stale=("negated condition: x -> not x",))
    assert as_text(found) == (
        "FAIL   docs/late   no tests, 1 fixture, 100 % of 4 lines, 3 of 5 mutants killed\n"
        "none   docs/later  no tests, no fixtures\n"
        "\n"
        "rules that no fixture shows to find anything:\n"
        "  docs/later\n"
        "\n"
        "mutants that no fixture tells from the rule; add an entity that does, or say more in expected.yaml:\n"
        '  late.rego:7: changed constant: "pointer": "/a" -> "pointer": "/a!"\n'
        "\n"
        "mutants that survived for a reason:\n"
        "  late.rego:9: dropped condition: input.x -> true (It saves time.)\n"
        "\n"
        "reasons that no mutant needs; take them out of custom.survivors:\n"
        "  docs/late: negated condition: x -> not x\n"
        "\n"
        "rules without a fixture to run mutants on:\n"
        "  docs/later\n"
        "\n"
        "2 rules: 1 passed, 0 failed, 100 % of 4 lines of Rego reached, 3 of 5 mutants killed\n"
    )


def test_as_json_adds_to_version_1() -> None:
    found = json.loads(as_json(results(Survivor(DROPPED, "It saves time."), stale=("negated condition: x -> not x",))))
    assert (found["version"], found["summary"]["mutants"]) == (
        1,
        {"killed": 3, "survived": 1, "without_fixture": ["docs/later"]},
    )
    assert [each["mutants"] for each in found["subjects"]] == [
        {
            "killed": 3,
            "survivors": [
                {
                    "name": "dropped condition: input.x -> true",
                    "place": "late.rego:9",
                    "kind": "dropped condition",
                    "before": "input.x",
                    "after": "true",
                    "reason": "It saves time.",
                }
            ],
            "stale_reasons": ["negated condition: x -> not x"],
        },
        None,
    ]


def test_only_a_survivor_without_a_reason_is_a_failure() -> None:
    assert results().exit_code == 0
    assert results(Survivor(DROPPED, "It saves time.")).exit_code == 0
    assert results(Survivor(DROPPED, "It saves time."), Survivor(CHANGED)).exit_code == 1


def test_the_command_lists_the_survivors(policies: Policies) -> None:
    add_condition(policies, 'input.kind == "Component"')
    code, said, error = bylaw("test", "--mutate")
    assert (code, error) == (1, "")
    assert said == (
        "FAIL   docs/summary-missing  no tests, 1 fixture, 100 % of 4 lines, 10 of 11 mutants killed\n"
        "\n"
        "mutants that no fixture tells from the rule; add an entity that does, or say more in expected.yaml:\n"
        f'  {policies.rego}:15: dropped condition: input.kind == "Component" -> true\n'
        "\n"
        "1 rule: 1 passed, 0 failed, 100 % of 4 lines of Rego reached, 10 of 11 mutants killed\n"
    )


def test_a_new_rule_has_no_survivors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert bylaw("new", "rule", "docs/summary-missing")[0] == 0
    assert bylaw("test", "--mutate") == (
        0,
        "ok     docs/summary-missing  3 tests, 1 fixture, 100 % of 7 lines, 16 of 16 mutants killed\n"
        "\n"
        "1 rule: 4 passed, 0 failed, 100 % of 7 lines of Rego reached, 16 of 16 mutants killed\n",
        "",
    )
