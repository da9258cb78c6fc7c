from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bylaw.config import PolicySettings, Settings
from bylaw.errors import ConfigError, UsageError
from bylaw.policy_tests import layout
from bylaw.rules import bundled_policies

if TYPE_CHECKING:
    from tests.policy_tests.conftest import Policies

PYTHON = """\
from bylaw.model import Finding, Severity
from bylaw.rules import Rule

RULE = Rule(id="docs/text-missing", title="t", description="d", remediation="r", severity=Severity.INFO,
            evaluate=lambda entity, context: ())
"""


def loading(*paths: str) -> Settings:
    return Settings(policies=PolicySettings(paths=paths))


def names(found: layout.Layout) -> tuple[list[str], list[str], list[str]]:
    """The rules, the files of tests and the fixture folders of a layout."""
    return (
        [each.id for each in found.rules],
        [each.path for each in found.tests],
        [each.folder.as_posix() for each in found.fixtures],
    )


def test_without_paths_it_is_policies_of_the_current_folder_with_the_fixtures_beside(policies: Policies) -> None:
    assert names(layout.find(Settings())) == (["docs/summary-missing"], [policies.test], [policies.fixture])


def test_policies_of_the_settings_count_as_well_and_none_twice(policies: Policies) -> None:
    policies.write("more/docs/text_missing.py", PYTHON)
    found = layout.find(loading("more", "./policies", "policies/docs"))
    assert found.settings.policies.paths == ("more", "policies")
    assert [each.id for each in found.rules] == ["docs/summary-missing", "docs/text-missing"]


def test_a_path_says_which_rules_are_subjects(policies: Policies) -> None:
    policies.write("policies/docs/text_missing/text_missing.py", PYTHON)
    policies.write("fixtures/rules/docs/text-missing/expected.yaml", "findings: []")
    policies.write("fixtures/rules/docs/text-missing/catalog.yaml", "# OK\na: 1\n")
    assert names(layout.find(Settings(), [Path("policies/docs/text_missing")])) == (
        ["docs/text-missing"],
        [],
        ["fixtures/rules/docs/text-missing"],
    )


def test_fixtures_stand_beside_the_policy_folder_wherever_that_is(
    policies: Policies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    found = layout.find(Settings(), [Path("../policies")])
    assert [each.folder for each in found.fixtures] == [Path("..", policies.fixture)]


def test_fixtures_can_be_named(policies: Policies) -> None:
    policies.write("mine/docs/summary-missing/expected.yaml", "findings: []")
    policies.write("mine/docs/summary-missing/catalog.yaml", "# OK\na: 1\n")
    found = layout.find(Settings(), fixtures=[Path("mine")])
    assert [each.folder for each in found.fixtures] == [Path("mine/docs/summary-missing")]


def test_a_rule_may_have_several_fixtures_one_folder_below(policies: Policies) -> None:
    for case in ("one", "two"):
        policies.write(f"{policies.fixture}/{case}/expected.yaml", "findings: []")
        policies.write(f"{policies.fixture}/{case}/catalog.yaml", "# OK\na: 1\n")
    policies.write(f"{policies.fixture}/data/catalog.yaml", "a: further file of the fixture above\n")
    found = layout.find(Settings())
    assert [each.folder.as_posix() for each in found.fixtures] == [
        policies.fixture,
        f"{policies.fixture}/one",
        f"{policies.fixture}/two",
    ]


def test_without_paths_the_fixtures_of_bundled_rules_are_run_too(policies: Policies) -> None:
    policies.write("fixtures/rules/ownership/owner-missing/expected.yaml", "findings: []")
    policies.write("fixtures/rules/ownership/owner-missing/catalog.yaml", "# OK\na: 1\n")
    assert [each.id for each in layout.find(Settings()).rules] == ["docs/summary-missing", "ownership/owner-missing"]
    assert [each.id for each in layout.find(Settings(), [Path("policies")]).rules] == ["docs/summary-missing"]


def test_the_policies_that_come_with_bylaw_are_not_loaded_twice() -> None:
    found = layout.find(Settings(), [bundled_policies() / "ownership"])
    assert found.settings.policies.paths == ()
    assert {each.category for each in found.rules} == {"ownership"}


def test_libraries_are_told_from_rules(policies: Policies) -> None:
    policies.write("policies/lib/mine.rego", "package bylaw.lib.mine\n\nimport rego.v1\n\nyes := true\n")
    assert [each.package for each in layout.find(Settings()).libraries] == ["bylaw.lib.mine"]


def test_a_path_that_does_not_exist_is_wrong_usage(policies: Policies) -> None:
    with pytest.raises(UsageError, match=r"^nowhere: no such file or folder$"):
        layout.find(Settings(), [Path("nowhere")])


def test_nothing_to_test_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as error:
        layout.find(Settings())
    assert str(error.value) == (
        "nothing to test: no rules in policies.paths of bylaw.yaml and policies/; "
        "`bylaw new rule` writes one with its tests"
    )


def test_a_policy_that_must_not_run_is_refused(policies: Policies) -> None:
    policies.change(policies.rego, "import future.keywords.not\n", "")
    with pytest.raises(ConfigError) as error:
        layout.find(Settings())
    assert str(error.value) == (
        f"{policies.rego}:14:5: `not` means something else in OPA when its operand is undefined; "
        "add `import future.keywords.not`"
    )


def test_a_test_that_does_not_parse_is_refused_with_its_place(policies: Policies) -> None:
    policies.change(policies.test, "== set()", "=== set()")
    with pytest.raises(ConfigError, match=rf"^{policies.test}:15:"):
        layout.find(Settings())


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            "fixtures/rules/docs/sumary-missing/expected.yaml",
            "fixtures/rules/docs/sumary-missing: fixtures of no rule (did you mean docs/summary-missing?)",
        ),
        (
            "fixtures/rules/cost/too-high/expected.yaml",
            "fixtures/rules/cost/too-high: fixtures of no rule; "
            "is its policy folder among policies.paths of bylaw.yaml?",
        ),
        (
            "fixtures/rules/ownership/owner-missing/catalog.yml",
            "fixtures/rules/ownership/owner-missing: no expected.yaml here or one folder below: "
            "it says what the rule should find",
        ),
        (
            "fixtures/rules/ownership/owner-missing/expected.yaml",
            "fixtures/rules/ownership/owner-missing: expected.yaml has no catalog.yaml beside it: "
            "the entities that are judged",
        ),
    ],
)
def test_a_folder_that_is_no_fixture_is_refused(policies: Policies, path: str, message: str) -> None:
    policies.write(path, "")
    with pytest.raises(ConfigError) as error:
        layout.find(Settings())
    assert str(error.value) == message
