from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from bylaw import cli
from tests.command import TEAM_A, entity, git, run, write

if TYPE_CHECKING:
    from pathlib import Path

NAME = "catalog-info.yaml"
BAD_OWNER = {"type": "service", "lifecycle": "experimental", "owner": "team-b"}
OWNER_UNKNOWN = "ownership/owner-unknown"
WARN = f"enforcement:\n  rules:\n    {OWNER_UNKNOWN}: warn\n"
FOUND = f"b/{NAME}:10:14 {OWNER_UNKNOWN} owner team-b of component:default/b is not in the catalog"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout without git, and the current folder."""
    folder = tmp_path / "here"
    write(folder, {f"org/{NAME}": TEAM_A, f"a/{NAME}": entity("a"), f"b/{NAME}": entity("b", **BAD_OWNER)})
    monkeypatch.chdir(folder)
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    return folder


def check(*arguments: str) -> int:
    return cli.main(["check", *arguments])


# -- paths


@pytest.mark.parametrize(
    "paths",
    [
        (),
        (".",),
        ("a", "b", "org"),
        ("org", "b", "a", ".", "b"),
        (f"b/{NAME}", f"org/{NAME}", f"a/{NAME}", f"./b/../b/{NAME}"),
        (f"*/{NAME}",),
        ("**/*.yaml", "a"),
    ],
)
def test_the_same_catalog_by_any_paths_is_the_same_report(here: Path, paths: tuple[str, ...]) -> None:
    done = run("check", "--format", "json", *paths, cwd=here)
    assert (done.code, done.findings) == (1, [FOUND])
    assert done.out == run("check", "--format", "json", cwd=here).out


def test_the_current_folder_changes_nothing_in_a_work_tree(here: Path) -> None:
    git(here, "init", "-q")
    expected = run("check", "--format", "json", ".", cwd=here).out
    assert run("check", "--format", "json", "..", cwd=here / "a").out == expected
    assert run("check", "--format", "json", str(here), cwd=here.parent).out == expected
    assert run("check", "--format", "json", "--root", str(here), str(here), cwd=here.parent.parent).out == expected


def test_standard_input_is_a_document_called_minus(here: Path) -> None:
    done = run("check", "-", "--format", "json", cwd=here, stdin=entity("x", kind="Componnet").encode())
    assert (done.code, done.findings) == (
        1,
        ["-:3:11 catalog/kind-unknown kind Componnet of componnet:default/x is not one that this catalog knows"],
    )


def test_standard_input_is_judged_with_the_files_beside_it(here: Path) -> None:
    done = run("check", "org", "-", "--format", "json", cwd=here, stdin=entity("b", **BAD_OWNER).encode())
    assert done.findings == [FOUND.replace(f"b/{NAME}", "-")]
    assert run("check", "-", cwd=here, stdin=entity("b", **BAD_OWNER).encode()).code == 0  # alone it is a part only


def test_standard_input_without_end_is_read_as_far_as_a_file(here: Path) -> None:
    done = run("check", "-", "--format", "json", cwd=here, stdin=b"#" * 20_000_000)
    (finding,) = done.findings
    assert (done.code, finding.split()[0]) == (1, "-:1:1")
    assert finding.endswith("(catalog.limits.file_bytes)")


def test_what_lies_outside_the_root_is_wrong_usage(here: Path) -> None:
    write(here.parent, {f"there/{NAME}": entity("there")})
    done = run("check", "a", "../there", cwd=here)
    assert (done.code, done.out, done.err) == (
        2,
        "",
        "bylaw: ../there: lies outside the checkout <cwd>; run bylaw for each of them, or name a --root around both\n",
    )
    assert run("check", "--root", "..", "a", "../there", cwd=here).code == 0


def test_a_device_and_a_pipe_are_findings_and_nobody_waits_for_them(here: Path) -> None:
    os.mkfifo(here / "pipe")
    done = run("check", "pipe", "a", "--format", "json", cwd=here)
    assert (done.code, done.findings[-1]) == (
        1,
        "pipe:1:1 catalog/yaml-invalid the file is not a regular file, expected a file",
    )
    done = run("check", "/dev/zero", "--format", "json", cwd=here)
    assert (done.code, done.findings) == (
        1,
        ["zero:1:1 catalog/yaml-invalid the file is not a regular file, expected a file"],
    )


def test_files_that_are_not_there_end_the_run_before_anything_is_judged(here: Path) -> None:
    done = run("check", ".", "nowhere.yaml", cwd=here)
    assert (done.code, done.out, done.err) == (2, "", "bylaw: nowhere.yaml: no such file or folder\n")


# -- formats and outputs


def test_a_format_goes_to_standard_output(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--format", "json") == 1
    assert json.loads(capsys.readouterr().out)["decision"] == "denied"


def test_an_output_goes_to_a_file_beside_the_text(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--output", "json=report.json") == 1
    assert capsys.readouterr().out.startswith("check: judged 3 entities in 3 files")
    assert json.loads((here / "report.json").read_text())["decision"] == "denied"


def test_a_format_that_goes_to_a_file_does_not_go_to_standard_output(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check("--format", "json", "--output", "json=report.json") == 1
    assert capsys.readouterr().out == ""
    assert json.loads((here / "report.json").read_text())["decision"] == "denied"


def test_formats_may_be_many_and_files_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = ["--output", "json=1.json", "--output", "json=2.json", "--output", "text=3.txt"]
    assert check("--format", "json", "--format", "text", *outputs) == 1
    assert capsys.readouterr().out == ""
    assert (here / "1.json").read_text() == (here / "2.json").read_text() != ""
    assert (here / "3.txt").read_text().startswith("check: judged")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["--format", "json", "--format", "text"],
            "formats json and text would both go to standard output; send one to a file: --output text=FILE",
        ),
        (["--output", "json"], "--output json: expected FORMAT=FILE, such as json=report.json"),
        (["--output", "json="], "--output json=: expected FORMAT=FILE, such as json=report.json"),
        (["--output", "json=nowhere/x.json"], "nowhere/x.json: cannot be written (No such file or directory)"),
        (["--output", "json=a"], "a: cannot be written (Is a directory)"),
    ],
)
def test_an_output_that_cannot_be_is_wrong_usage(
    here: Path, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(*arguments) == 2
    assert capsys.readouterr() == ("", f"bylaw: {expected}\n")


@pytest.mark.parametrize(
    ("arguments", "environment", "coloured"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "", "NO_COLOR": ""}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_follow_the_option_and_then_the_environment(
    here: Path,
    arguments: list[str],
    environment: dict[str, str],
    coloured: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    check(*arguments, "--output", "text=file.txt", "--format", "text", "--output", "json=x.json")
    check(*arguments)
    assert ("\x1b[" in capsys.readouterr().out) is coloured
    assert "\x1b[" not in (here / "file.txt").read_text()


# -- rules and days


def test_only_the_rules_named_are_judged(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--rule", "entity-invalid", "--rule", "catalog/yaml-invalid") == 0
    assert "by 2 rules" in capsys.readouterr().out


def test_the_day_of_the_judgement_can_be_fixed(here: Path) -> None:
    write(here, {"bylaw.yaml": WARN.replace("warn", "[{level: observe}, {level: deny, from: 2030-01-01}]")})
    assert check("--now", "2029-12-31") == 0
    assert check("--now", "2030-01-01") == 1


# -- settings


def test_settings_come_from_the_current_folder(here: Path) -> None:
    write(here, {"bylaw.yaml": WARN})
    assert check() == 0


def test_settings_come_from_the_checkout_where_the_current_folder_has_none(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(here, {"bylaw.yaml": WARN})
    git(here, "init", "-q")
    monkeypatch.chdir(here / "a")
    assert check("..") == 0
    assert check("../b", "../org") == 0
    monkeypatch.chdir(here.parent)
    assert check("here") == 0
    write(here.parent, {"bylaw.yaml": "enforcement: {default: deny}\n"})
    assert check("here") == 1


def test_settings_come_from_the_root_if_one_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here, {"bylaw.yaml": WARN})
    monkeypatch.chdir(here / "a")
    assert check("--root", "..", "..") == 0


def test_a_settings_file_may_be_named(here: Path) -> None:
    write(here, {"bylaw.yaml": "enforcement: {default: deny}\n"})
    write(here.parent, {"other.yaml": WARN})
    assert check("--config", "../other.yaml") == 0


def test_settings_that_cannot_be_used_name_the_file_and_the_nearest_setting(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(here, {"bylaw.yaml": "catalogs: {}\npolices: {}\n"})
    assert check() == 2
    assert capsys.readouterr() == (
        "",
        "bylaw: bylaw.yaml: catalogs is not a setting (did you mean catalog?)\n"
        "bylaw: bylaw.yaml: polices is not a setting (did you mean policies?)\n",
    )


def test_a_settings_file_that_is_not_there_is_wrong_usage(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--config", "nowhere.yaml") == 2
    assert capsys.readouterr().err == (
        "bylaw: nowhere.yaml: cannot be read (No such file or directory); name another file with --config\n"
    )


def test_limits_are_settings(here: Path) -> None:
    write(here, {"bylaw.yaml": "catalog: {limits: {depth: 2, file_bytes: 1000}}\n"})
    write(here, {f"c/{NAME}": entity("c", owner="team-a", x={"y": 1}), f"d/{NAME}": "#" * 1001})
    done = run("check", "c", "d", "--format", "json", cwd=here)
    assert done.findings == [
        f"c/{NAME}:9:10 catalog/yaml-invalid more than 2 collections in one another (catalog.limits.depth)",
        f"d/{NAME}:1:1 catalog/yaml-invalid the file has 1,001 bytes, the limit is 1,000 (catalog.limits.file_bytes)",
    ]


def test_more_files_than_the_limit_are_wrong_usage(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, {"bylaw.yaml": "catalog: {limits: {files: 2}}\n"})
    assert check() == 2
    assert capsys.readouterr().err == (
        "bylaw: 3 files to read, the limit is 2 (catalog.limits.files); name a folder, or raise the limit\n"
    )


def test_policies_of_your_own_are_added(here: Path) -> None:
    rule = (
        "from bylaw.model import Finding, Severity\nfrom bylaw.rules.rule import Rule\n\n"
        "def evaluate(entity, context):\n    return [Finding('/kind', 'seen')]\n\n"
        "RULE = Rule(id='test/seen', title='t', description='d', remediation='r', severity=Severity.INFO, "
        "evaluate=evaluate)\n"
    )
    write(here, {"own/seen.py": rule})
    done = run("check", "--policies", "own", "--rule", "seen", "--format", "json", "a", cwd=here)
    assert (done.code, done.findings) == (0, [f"a/{NAME}:3:11 test/seen seen"])
