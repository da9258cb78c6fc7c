"""All rules of a run: found by their folders, refused where they are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bylaw.config import EnforcementSettings, PolicySettings, Settings
from bylaw.errors import ConfigError
from bylaw.model import Enforcement, Severity
from bylaw.rules import Policies, bundled_policies, load
from tests.shared import ROOT

REGO = """\
# METADATA
# title: T
# description: D
# custom:
#   severity: error
#   remediation: R
#   parameters: {{days: {{type: integer, default: 5}}}}
package bylaw.{package}

import rego.v1

findings := set()
"""
PYTHON = """\
from __future__ import annotations

from dataclasses import dataclass

from bylaw.rules import Rule


@dataclass
class Helper:
    name: str = ""


def evaluate(entity, context):
    return ()


RULE = Rule(id="{rule_id}", title="T", description="D", remediation="R", severity="warning", evaluate=evaluate)
"""


def write(folder: Path, **files: str) -> Path:
    """Files below a folder, ``__`` in their names for a slash and ``_rego`` for the suffix."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_rego", ".rego").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def settings(*paths: Path, bundled: bool = False, **more: Any) -> Settings:
    return Settings(policies=PolicySettings(paths=tuple(map(str, paths)), bundled=bundled), **more)


def refusal(*paths: Path, **more: Any) -> str:
    with pytest.raises(ConfigError) as refused:
        load(settings(*paths, **more))
    return str(refused.value)


def ids(policies: Policies) -> list[str]:
    return [each.id for each in policies.rules]


def test_rules_of_both_languages_are_found_in_folders_and_stand_in_the_order_of_their_ids(tmp_path: Path) -> None:
    write(
        tmp_path,
        z__b_rego=REGO.format(package="docs.b"),
        z__b_test_rego="package bylaw.docs.b_test\n",
        lib__x_rego="package bylaw.lib.x\n",
        a_py=PYTHON.format(rule_id="docs/a"),
        other__a_py=PYTHON.format(rule_id="docs/c"),
        _helper_py="1 / 0",
    )
    (tmp_path / "README.md").write_text("not a rule")

    policies = load(settings(tmp_path))

    assert ids(policies) == ["docs/a", "docs/b", "docs/c"]
    assert [each.language for each in policies.rules] == ["python", "rego", "python"]
    assert [Path(each.source).relative_to(tmp_path).as_posix() for each in policies.rules] == [
        "a.py",
        "z/b.rego",
        "other/a.py",
    ]
    assert len({each.evaluate.__module__ for each in policies.rules if each.evaluate}) == 2
    assert {each.package for each in policies.modules if not each.bundled} == {"bylaw.docs.b", "bylaw.lib.x"}
    bundled = {each.package for each in policies.modules if each.bundled}
    assert "bylaw.lib.references" in bundled  # a rule of one's own may use what bylaw's do
    assert {each.rpartition(".")[0] for each in bundled} == {"bylaw.lib"}
    assert [each.package for each in policies.tests] == ["bylaw.docs.b_test"]
    assert policies.parameters["docs/b"] == {"days": 5}


def test_a_file_may_be_named_alone(tmp_path: Path) -> None:
    write(tmp_path, a_rego=REGO.format(package="docs.a"), b_rego=REGO.format(package="docs.b"))

    assert ids(load(settings(tmp_path / "a.rego"))) == ["docs/a"]


def test_the_rules_of_bylaw_are_there_unless_they_are_not_wanted(tmp_path: Path) -> None:
    write(tmp_path, a_rego=REGO.format(package="docs.a"))

    with_them = set(ids(load(settings(tmp_path, bundled=True))))

    assert {"docs/a", "ownership/owner-unknown", "catalog/entity-invalid"} <= with_them
    assert with_them - {"docs/a"} == set(ids(load(Settings())))
    assert bundled_policies() == ROOT / "policies"


def test_a_severity_written_as_a_word_is_one(tmp_path: Path) -> None:
    write(tmp_path, a_py=PYTHON.format(rule_id="docs/a"))

    (rule,) = load(settings(tmp_path)).rules

    assert rule.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("1 / 0", "does not load: ZeroDivisionError: division by zero"),
        ("import nothing_like_it", "does not load: ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("def", "does not load: SyntaxError: "),
        ("raise SystemExit(0)", "does not load: SystemExit: 0"),  # that would read as "allowed"
        ("", "exports no RULE = Rule(...)"),
        ("RULE = 5", "exports no RULE = Rule(...)"),
        ("from bylaw.rules import Rule\nRULE = Rule(id='x')", "does not load: TypeError: "),
        (PYTHON.format(rule_id="No Id"), "does not load: ConfigError: No Id: rule id 'No Id', "),
    ],
)
def test_a_python_file_that_is_no_rule_is_refused_by_name(text: str, fault: str, tmp_path: Path) -> None:
    write(tmp_path, a_py=text)

    assert refusal(tmp_path).startswith(f"{tmp_path}/a.py: {fault}")


def test_a_policy_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.rego").write_bytes(b"package x\n\xff")

    assert refusal(tmp_path).startswith(f"{tmp_path}/a.rego: cannot be read: ")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none") == f"policies.paths: {tmp_path}/none does not exist"


def test_two_rules_of_one_id_are_refused_with_both_places(tmp_path: Path) -> None:
    write(tmp_path, a_rego=REGO.format(package="docs.a"), b_py=PYTHON.format(rule_id="docs/a"))

    assert refusal(tmp_path).startswith("rule docs/a stands twice: in ")
    assert f"{tmp_path}/a.rego" in refusal(tmp_path)
    assert f"{tmp_path}/b.py" in refusal(tmp_path)


def test_a_rule_of_bylaw_cannot_be_replaced_silently(tmp_path: Path) -> None:
    write(tmp_path, a_rego=REGO.format(package="ownership.owner_unknown"))

    assert refusal(tmp_path, bundled=True).startswith("rule ownership/owner-unknown stands twice: in ")


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        (
            {"enforcement": EnforcementSettings(rules={"ownership/owner-unknwon": Enforcement.OFF})},
            "enforcement.rules: no rule 'ownership/owner-unknwon' (did you mean ownership/owner-unknown?); "
            "`bylaw rules` lists them",
        ),
        (
            {"parameters": {"lifecycle/lifecycle-unknwon": {}}},
            "parameters: no rule 'lifecycle/lifecycle-unknwon' (did you mean lifecycle/lifecycle-unknown?); "
            "`bylaw rules` lists them",
        ),
        (
            {"parameters": {"lifecycle/lifecycle-unknown": {"alowed": []}}},
            "parameters.lifecycle/lifecycle-unknown.alowed is not a parameter of the rule (did you mean allowed?); "
            "it has allowed",
        ),
    ],
)
def test_a_setting_for_what_does_not_exist_is_refused_with_the_nearest_name(more: dict[str, Any], fault: str) -> None:
    assert refusal(bundled=True, **more) == fault


# Finding one


def test_a_rule_is_found_by_its_id_or_its_last_part() -> None:
    policies = load(Settings())

    assert policies.find("ownership/owner-unknown") is policies.find("owner-unknown")
    assert policies.find("owner-unknown").id == "ownership/owner-unknown"


def test_a_rule_that_is_not_there_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError) as refused:
        load(Settings()).find("owner-unknwon")

    assert str(refused.value) == "no rule 'owner-unknwon' (did you mean owner-unknown?); `bylaw rules` lists them"


def test_a_last_part_that_two_rules_have_is_refused_with_both(tmp_path: Path) -> None:
    write(tmp_path, a_rego=REGO.format(package="docs.owner_unknown"))
    policies = load(settings(tmp_path, bundled=True))

    with pytest.raises(ConfigError) as refused:
        policies.find("owner-unknown")

    assert str(refused.value) == (
        "'owner-unknown' can be docs/owner-unknown or ownership/owner-unknown; name one of them"
    )
    assert policies.find("docs/owner-unknown").id == "docs/owner-unknown"


# The digest


def test_the_digest_changes_with_a_rule_a_library_or_a_parameter(tmp_path: Path) -> None:
    files = {
        "a_rego": REGO.format(package="docs.a"),
        "b_py": PYTHON.format(rule_id="docs/b"),
        "lib__x_rego": "package bylaw.lib.x\n",
    }
    before = load(settings(write(tmp_path, **files))).digest
    digests = {before, load(settings(tmp_path, parameters={"docs/a": {"days": 6}})).digest}
    for name, text in files.items():
        write(tmp_path, **{name: f"{text}# changed\n"})
        digests.add(load(settings(tmp_path)).digest)
        write(tmp_path, **{name: text})

    assert len(digests) == 5
    assert all(each.startswith("sha256:") for each in digests)
    assert load(settings(tmp_path)).digest == before


def test_the_digest_knows_neither_the_folders_nor_the_tests_nor_the_enforcement(tmp_path: Path) -> None:
    files = {"a_rego": REGO.format(package="docs.a"), "b_py": PYTHON.format(rule_id="docs/b")}
    here, there = write(tmp_path / "here", **files), write(tmp_path / "there", **files)
    write(there, a_test_rego="package bylaw.docs.a_test\n")
    warning = EnforcementSettings(rules={"docs/a": Enforcement.WARN})

    assert load(settings(here)).digest == load(settings(there, enforcement=warning)).digest


def test_the_digest_does_not_depend_on_how_a_folder_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [write(Path(name), a_rego=REGO.format(package="docs.a")) for name in ("first", "zeroth")]

    assert len({load(settings(folder, bundled=True)).digest for folder in folders}) == 1


def test_a_default_counts_as_the_value_it_stands_for(tmp_path: Path) -> None:
    write(tmp_path, a_rego=REGO.format(package="docs.a"))
    spelt_out = replace(settings(tmp_path), parameters={"docs/a": {"days": 5}})

    assert load(spelt_out).digest == load(settings(tmp_path)).digest
