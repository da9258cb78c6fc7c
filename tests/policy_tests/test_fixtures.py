from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bylaw import config
from bylaw.config import Settings
from bylaw.errors import ConfigError
from bylaw.model import Outcome
from bylaw.policy_tests import fixtures, layout

if TYPE_CHECKING:
    from bylaw.policy_tests.fixtures import Judged
    from tests.policy_tests.conftest import Policies

COMPONENT = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: "


def judged(settings: Settings | None = None) -> Judged:
    found = layout.find(settings or Settings())
    (fixture,) = found.fixtures
    return fixtures.judge(fixture, found.settings)


def outcome(settings: Settings | None = None) -> tuple[Outcome, tuple[str, ...]]:
    trial = judged(settings).trial
    return trial.outcome, trial.details


def test_exactly_the_findings_expected_pass(policies: Policies) -> None:
    found = judged()
    assert (found.trial.outcome, found.trial.details, bool(found.wanted)) == (Outcome.PASS, (), True)
    assert found.trial.place == policies.fixture


def test_a_finding_that_is_missing_fails(policies: Policies) -> None:
    policies.change(f"{policies.fixture}/catalog.yaml", "name: orders\n", "name: orders\n  description: x\n")
    assert outcome() == (
        Outcome.FAIL,
        ("missing     component:default/orders /metadata/description: orders has no description",),
    )


def test_a_finding_that_nobody_expects_fails(policies: Policies) -> None:
    policies.change(f"{policies.fixture}/catalog.yaml", "  description: Holds what will be ordered.\n", "")
    assert outcome() == (
        Outcome.FAIL,
        ("unexpected  component:default/cart /metadata/description: cart has no description",),
    )


def test_where_a_finding_stands_can_be_expected_too(policies: Policies) -> None:
    policies.change(
        f"{policies.fixture}/expected.yaml", "    message:", "    path: catalog.yaml\n    line: 11\n    message:"
    )
    assert outcome() == (Outcome.PASS, ())
    policies.change(f"{policies.fixture}/expected.yaml", "line: 11", "line: 12")
    assert outcome() == (
        Outcome.FAIL,
        (
            "differs     component:default/orders /metadata/description",
            "            - line: 12",
            "            + line: 11",
        ),
    )


def test_every_document_is_marked_and_the_marks_are_true(policies: Policies) -> None:
    policies.write(
        f"{policies.fixture}/catalog.yaml",
        f"# NOT OK: it is described\n{COMPONENT}cart, description: x}}\n---\n"
        f"# OK\n{COMPONENT}orders}}\n---\n"
        f"{COMPONENT}search, description: x}}\n",
    )
    assert outcome() == (
        Outcome.FAIL,
        (
            "mismarked   document 1 of catalog.yaml says NOT OK, but the rule finds nothing in it",
            "mismarked   document 2 of catalog.yaml says OK, but the rule finds something in it",
            "unmarked    document 3 of catalog.yaml: expected a comment `# OK` or `# NOT OK: why`",
        ),
    )


def test_files_that_a_location_brings_in_are_marked_as_well(policies: Policies) -> None:
    policies.write(
        f"{policies.fixture}/catalog.yaml",
        "# OK\napiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\nspec: {target: ./more.yaml}\n",
    )
    policies.write(f"{policies.fixture}/more.yaml", f"{COMPONENT}orders}}\n")
    assert outcome() == (
        Outcome.FAIL,
        ("unmarked    document 1 of more.yaml: expected a comment `# OK` or `# NOT OK: why`",),
    )


def test_a_rule_that_comes_to_no_answer_is_an_error_not_a_failure(policies: Policies) -> None:
    policies.change(policies.rego, 'sprintf("%s has', 'sprintf("%s %s has')
    policies.change(policies.rego, "[input.metadata.name]", '["", to_number(input.metadata.name)]')
    found, details = outcome()
    assert found is Outcome.ERROR
    assert details[0] == "missing     component:default/orders /metadata/description: orders has no description"
    assert details[1].startswith("unexpected  component:default/orders (the whole): error: rule docs/summary-missing ")


def test_an_error_can_be_expected(policies: Policies) -> None:
    policies.change(policies.rego, "[input.metadata.name]", "[to_number(input.metadata.name)]")
    message = judged().trial.details[1].partition("error: ")[2]
    policies.write(
        f"{policies.fixture}/expected.yaml",
        "findings:\n  - entity: component:default/orders\n    pointer: ''\n    outcome: error\n"
        f"    message: '{message}'\n",
    )
    assert outcome() == (Outcome.PASS, ())


def test_a_rule_that_loops_is_stopped_at_the_deadline(policies: Policies) -> None:
    policies.write("bylaw.yaml", "version: 1\npolicies: {deadline: 0.2}\n")
    policies.change(
        policies.rego,
        "\tnot input.metadata.description\n",
        "\tnot input.metadata.description\n"
        "\tcount([1 | some a in numbers.range(1, 9000); some b in numbers.range(1, 9000); a == b + 9000]) == 0\n",
    )
    found, details = outcome(config.read())
    assert found is Outcome.ERROR
    assert details[1].endswith("no answer within 0.2 s")


def test_the_folder_sets_parameters_of_its_own(policies: Policies) -> None:
    policies.change(
        policies.rego,
        "#   remediation: Write one.\n",
        "#   remediation: Write one.\n#   parameters: {word: {type: string, default: orders}}\n",
    )
    policies.change(policies.rego, "[input.metadata.name]", '[data.bylaw.parameters["docs/summary-missing"].word]')
    assert outcome() == (Outcome.PASS, ())
    policies.write(f"{policies.fixture}/bylaw.yaml", "version: 1\nparameters: {docs/summary-missing: {word: other}}\n")
    assert outcome() == (
        Outcome.FAIL,
        (
            "differs     component:default/orders /metadata/description",
            "            - message: orders has no description",
            "            + message: other has no description",
        ),
    )


def test_parameters_of_the_project_do_not_reach_a_fixture(policies: Policies) -> None:
    settings = replace(Settings(), parameters={"lifecycle/lifecycle-unknown": {"allowed": ["x"]}})
    assert judged(settings).settings.parameters == {}


@pytest.mark.parametrize("text", ["policies: {deadline: 1}", "enforcement: {default: off}"])
def test_policies_and_enforcement_are_not_a_fixtures_to_set(policies: Policies, text: str) -> None:
    policies.write(f"{policies.fixture}/bylaw.yaml", f"version: 1\n{text}\n")
    with pytest.raises(ConfigError) as error:
        judged()
    assert str(error.value) == (
        f"{policies.fixture}/bylaw.yaml: the settings of a fixture are those of catalog and parameters alone"
    )


def test_nothing_is_read_outside_the_folder(policies: Policies) -> None:
    policies.write("secret.yaml", f"# NOT OK: outside\n{COMPONENT}secret}}\n")
    policies.write(
        f"{policies.fixture}/catalog.yaml",
        "# OK\napiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\n"
        "spec: {target: ../../../../secret.yaml}\n",
    )
    policies.write(f"{policies.fixture}/expected.yaml", "findings: []\n")
    found = judged()
    assert (found.trial.outcome, list(found.catalog.entities)) == (Outcome.PASS, ["location:default/all"])
