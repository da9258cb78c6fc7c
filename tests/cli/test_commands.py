"""``explain``, ``rules``, ``graph``, ``schema`` and ``completion``."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from bylaw import cli, config
from bylaw.config import Settings
from bylaw.rules import load
from tests.command import TEAM_A, entity, write
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system of two components and an API, owned by a team of a team."""
    spec = {"type": "service", "lifecycle": "experimental", "owner": "team-a"}
    team_b = entity("team-b", "Group", type="team", children=["team-a"])
    api = entity("orders", "API", type="openapi", lifecycle="experimental", owner="team-b", definition="x")
    parts = [
        TEAM_A,
        team_b,
        api,
        entity("shop", **spec, consumesApis=["orders"]),
        entity("orders", **spec, providesApis=["orders"]),
        entity("lost", **{**spec, "owner": "team-c"}),
    ]
    write(tmp_path, {"catalog-info.yaml": "---\n".join(parts)})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


# -- explain and rules


@pytest.mark.parametrize("rule", ["ownership/owner-unknown", "owner-unknown"])
def test_explain_tells_all_that_is_known_of_a_rule(rule: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "explain", rule).splitlines()[:2] == [
        "ownership/owner-unknown (error)",
        "Owner is not in the catalog",
    ]


@pytest.mark.parametrize("rule", [each.id for each in load(Settings()).rules])
def test_every_rule_is_explained_on_a_narrow_screen_as_well(
    rule: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    known = {each.id: each for each in load(Settings()).rules}[rule]
    shown = " ".join(said(capsys, "explain", rule).split())
    for text in (known.id, known.title, known.description, known.remediation, known.shown_source, *known.parameters):
        assert " ".join(text.split()) in shown


def test_explain_shows_the_parameters_as_they_are_set(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, {"bylaw.yaml": "parameters:\n  lifecycle/lifecycle-unknown: {allowed: [alive, dead]}\n"})
    assert "  allowed: [alive, dead]\n" in said(capsys, "explain", "lifecycle-unknown")


def test_rules_lists_every_rule_once_in_the_order_of_their_ids(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = [each.id for each in load(Settings()).rules]
    assert expected == sorted(expected)
    assert [line.split()[0] for line in said(capsys, "rules").splitlines()] == expected
    assert [each["id"] for each in json.loads(said(capsys, "rules", "--format", "json"))["rules"]] == expected
    rows = said(capsys, "rules", "--format", "markdown").splitlines()
    assert rows[:2] == ["| rule | severity | written in | fails when |", "|---|---|---|---|"]
    assert [row[3:].partition("]")[0] for row in rows[2:]] == expected


def test_rules_of_your_own_are_listed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", "rule", "test/mine"]) == 0
    capsys.readouterr()
    assert "test/mine " in said(capsys, "rules", "--policies", "policies")


# -- graph


def test_graph_owners_tells_who_owns_directly_and_in_effect(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "graph", "owners", "component:orders") == (
        "group:default/team-a  direct\ngroup:default/team-b  in effect\n"
    )
    assert said(capsys, "graph", "owners", "component:lost") == "group:default/team-c  direct  (not in the catalog)\n"
    assert said(capsys, "graph", "owners", "group:team-b") == "nobody owns group:default/team-b\n"


def test_graph_dependents_tells_what_needs_an_entity(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "graph", "dependents", "api:orders", "--in", ".") == (
        "component:default/shop  direct  group:default/team-a\n"
    )
    assert said(capsys, "graph", "dependents", "shop", "--direct") == "nothing depends on component:default/shop\n"


def test_graph_why_tells_the_way_from_one_to_the_other(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "graph", "why", "shop", "team-b") == (
        "component:default/shop\n  consumesApi api:default/orders\n  ownedBy group:default/team-b\n"
    )
    assert said(capsys, "graph", "why", "team-b", "lost") == (
        "group:default/team-b does not lead to component:default/lost\n"
    )


@pytest.mark.parametrize("format", ["graphml", "dot", "json"])
def test_graph_export_writes_the_graph(format: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = said(capsys, "graph", "export", "--format", format)
    assert "component:default/lost" in whole
    part = said(capsys, "graph", "export", "--format", format, "--around", "shop")
    assert "component:default/shop" in part
    assert "component:default/lost" not in part


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("orders", None),
        ("shop", None),
        ("SHOP", None),
        ("component:default/shop", None),
        ("team-a", None),
        ("shpo", "component:default/shpo is not in the catalog (did you mean component:default/shop?)"),
        ("user:nobody", "user:default/nobody is not in the catalog"),
        ("", "entity reference must not be empty"),
        (":", 'entity reference ":" is not of the form [<kind>:][<namespace>/]<name>'),
    ],
)
def test_an_entity_is_found_by_what_a_person_writes(
    ref: str, expected: str | None, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["graph", "owners", ref]) == (2 if expected else 0)
    assert capsys.readouterr().err == (f"bylaw: {expected}\n" if expected else "")


def test_a_name_that_several_entities_have_wants_its_kind(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two = (entity("x", "System", owner="team-a"), entity("x", "Domain", owner="team-a"))
    write(here, {"b/catalog-info.yaml": "---\n".join(two)})
    assert cli.main(["graph", "owners", "x"]) == 2
    assert capsys.readouterr().err == "bylaw: x may be domain:default/x, system:default/x: name the kind\n"


# -- schema and completion


def test_the_schema_is_the_one_that_stands_in_the_repository(capsys: pytest.CaptureFixture[str]) -> None:
    schema = said(capsys, "schema")
    assert json.loads(schema) == config.schema()
    assert (ROOT / "bylaw.schema.json").read_text() == schema, "run: bylaw schema > bylaw.schema.json"


CHECKS = {"bash": ["bash", "-n"], "zsh": ["zsh", "-n"], "fish": ["fish", "--no-execute"]}


@pytest.mark.parametrize("shell", CHECKS)
def test_the_completion_script_is_one_for_its_shell(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not on PATH")
    script = tmp_path / "script"
    script.write_text(said(capsys, "completion", shell))
    done = subprocess.run([*CHECKS[shell], str(script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_completion_script_knows_every_command_and_option(capsys: pytest.CaptureFixture[str]) -> None:
    script = said(capsys, "completion", "bash")
    for word in ("check", "graph", "dependents", "--output", "--root", "--coverage-threshold"):
        assert word in script


def test_bash_completes_commands_and_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "script"
    script.write_text(said(capsys, "completion", "bash"))
    ask = f"source {script}; COMP_WORDS=(bylaw %s); COMP_CWORD=%d; _shtab_bylaw; echo ${{COMPREPLY[*]}}"

    def complete(*words: str) -> list[str]:
        command = ask % (" ".join(f"'{word}'" for word in words), len(words))
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert complete("ch") == ["check"]
    assert complete("check", "--fo") == ["--format"]
