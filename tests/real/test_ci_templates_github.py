"""What is shipped for GitHub and for pre-commit: run by act and pre-commit, and held to the schemas of GitHub.

make test-real
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.command import entity, git, write
from tests.real.ci import CATALOG, CHANGE, FAULT, GITHUB, UNDECIDED, blocks, conforms, environment, project
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real


@pytest.fixture(scope="session")
def act() -> str:
    found = shutil.which("act")
    if found is None:
        pytest.skip("act is not on PATH; `make test-real` installs it")
    return found


@pytest.fixture(scope="session")
def pre_commit() -> list[str]:
    if found := shutil.which("pre-commit"):
        return [found]
    if uvx := shutil.which("uvx"):
        command = [uvx, "pre-commit@4.7.0"]
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False, timeout=120)
        if done.returncode == 0:
            return command
    pytest.skip("pre-commit is not on PATH, and uvx cannot fetch it")


def test_the_workflows_and_the_action_are_valid_to_the_schemas_of_github(tmp_path: Path) -> None:
    (pasted,) = blocks("github.md", "tested")
    page = tmp_path / "page.yml"
    page.write_text(pasted)
    workflows = (GITHUB / "pull-request.yml", GITHUB / "default-branch.yml", page)
    conforms("vendor.github-workflows", *workflows)
    conforms("vendor.github-actions", GITHUB / "action.yml")


def test_the_workflow_on_the_page_is_the_shipped_one_without_its_remarks() -> None:
    (pasted,) = blocks("github.md", "tested")
    shipped = yaml.load((GITHUB / "pull-request.yml").read_text(), yaml.BaseLoader)
    del shipped["concurrency"]
    assert yaml.load(pasted, yaml.BaseLoader) == shipped


WORKFLOW = "ci-templates/github/pull-request.yml"


def by_act(
    act: str, tmp_path: Path, *, before: dict[str, str], after: dict[str, str], **inputs: str
) -> tuple[int, Any]:
    """Run the shipped workflow and action, without the steps that need other repositories: the exit code, and what a
    later step sees of the action's."""
    workflow = yaml.safe_load((ROOT / WORKFLOW).read_text())
    workflow["on"] = workflow.pop(True)  # YAML 1.1 reads `on` so
    job = workflow["jobs"]["bylaw"]
    (action,) = [step for step in job["steps"] if step.get("uses", "").startswith("bylaw/")]
    action |= {"id": "bylaw", "uses": "./.github/bylaw", "with": {**action["with"], "version": "", **inputs}}
    names = ("decision", "exit-code", "reports")
    told = {f"SAID_{name.upper().replace('-', '_')}": f"${{{{ steps.bylaw.outputs.{name} }}}}" for name in names}
    keep = 'cp -R "$SAID_REPORTS" "$KEEP/reports" && env | grep ^SAID_ > "$KEEP/said"'
    job["steps"] = [job["steps"][0], action, {"if": "${{ always() }}", "shell": "bash", "env": told, "run": keep}]
    ours = {".github/bylaw/action.yml": (GITHUB / "action.yml").read_text()}
    ours[".github/workflows/bylaw.yml"] = yaml.safe_dump(workflow)
    folder = project(tmp_path, "", before=before | ours, after=after)
    kept = tmp_path / "kept"
    kept.mkdir()
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"base": {"ref": "main"}, "head": {"ref": "change"}, "number": 7}}))
    command = [act, "pull_request", "-W", ".github/workflows/bylaw.yml", "-e", str(event), "--env", f"KEEP={kept}"]
    command += ["-P", "ubuntu-latest=-self-hosted", "--no-cache-server", "--artifact-server-addr", "127.0.0.1"]
    done = subprocess.run(
        command, cwd=folder, env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=300
    )
    assert (kept / "said").is_file(), done.stdout + done.stderr
    said = dict(line.removeprefix("SAID_").split("=", 1) for line in (kept / "said").read_text().splitlines())
    return done.returncode, said


@pytest.mark.parametrize(
    ("after", "inputs", "code", "decision"),
    [
        (CHANGE, {}, 0, ("allowed", "0")),
        (FAULT, {}, 1, ("denied", "1")),
        (FAULT, {"warn-on": "undecided"}, 1, ("denied", "1")),
        (FAULT, {"warn-on": "denied"}, 0, ("denied", "1")),
    ],
    ids=["allowed", "denied", "denied, where undecided warns", "denied, which warns"],
)
def test_the_action_fails_when_the_change_may_not_pass(
    act: str, tmp_path: Path, after: dict[str, str], inputs: dict[str, str], code: int, decision: tuple[str, str]
) -> None:
    done, said = by_act(act, tmp_path, before=CATALOG, after=after, **inputs)
    assert (done, (said["DECISION"], said["EXIT_CODE"])) == (code, decision)
    reports = tmp_path / "kept" / "reports"
    assert json.loads((reports / "report.json").read_text())["decision"] == decision[0]
    results = json.loads((reports / "report.sarif").read_text())["runs"][0]["results"]
    assert {each["ruleId"] for each in results} == (set() if decision[0] == "allowed" else {"ownership/owner-unknown"})


@pytest.mark.parametrize(("warn_on", "code"), [("", 1), ("undecided", 0)])
def test_the_action_lets_an_undecided_change_pass_only_where_that_is_wanted(
    act: str, tmp_path: Path, warn_on: str, code: int
) -> None:
    done, said = by_act(act, tmp_path, before=UNDECIDED, after=CHANGE, **{"warn-on": warn_on})
    assert (done, said["DECISION"], said["EXIT_CODE"]) == (code, "undecided", "3")


def test_the_action_shows_all_of_a_default_branch_and_leaves_a_snapshot(act: str, tmp_path: Path) -> None:
    workflow = yaml.safe_load((GITHUB / "default-branch.yml").read_text())
    (given,) = [
        step["with"] for step in workflow["jobs"]["bylaw"]["steps"] if step.get("uses", "").startswith("bylaw/")
    ]
    assert given.keys() == {"base", "all", "warn-on", "snapshot"}
    inputs = {"base": "HEAD", "all": given["all"], "warn-on": "denied undecided", "snapshot": given["snapshot"]}
    done, said = by_act(act, tmp_path, before=CATALOG | FAULT, after={}, **inputs)
    assert (done, said["DECISION"]) == (0, "denied")
    reports = tmp_path / "kept" / "reports"
    findings = json.loads((reports / "report.json").read_text())["findings"]
    assert [(each["rule"], each["status"]) for each in findings] == [("ownership/owner-unknown", "existing")]
    assert (reports / "catalog.db").stat().st_size > 0


def test_the_manifest_for_pre_commit_is_valid(pre_commit: list[str]) -> None:
    command = [*pre_commit, "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_page_says_of_pre_commit_is_valid(pre_commit: list[str], tmp_path: Path) -> None:
    (pasted,) = blocks("github.md", "tested: pre-commit")
    (tmp_path / ".pre-commit-config.yaml").write_text(pasted)
    command = [*pre_commit, "validate-config", str(tmp_path / ".pre-commit-config.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    known = {each["id"] for each in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert {hook["id"] for repo in yaml.safe_load(pasted)["repos"] for hook in repo["hooks"]} <= known


def test_pre_commit_runs_the_hooks(pre_commit: list[str], tmp_path: Path) -> None:
    """From a repository of bylaw, installed by pre-commit, on a change that is staged or pushed."""
    shipped = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    source = tmp_path / "bylaw"
    for name in (each for each in shipped if not each.startswith(("tests/", "fixtures/", "benchmarks/"))):
        if (ROOT / name).is_file():
            write(source, {name: (ROOT / name).read_bytes()})
    git(source, "init", "-q")
    git(source, "add", "-A")
    git(source, "commit", "-qm", "bylaw")
    mistyped = entity("orders", type="service", lifecycle="prodction", owner="team-a")
    folder = project(tmp_path, "", before=CATALOG, after={"catalog-info.yaml": mistyped})
    # pip reads this machine's configuration; bylaw under test is that of the repository, in an environment of its own.
    own = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT"))}
    own |= {"PRE_COMMIT_HOME": str(tmp_path / "home")}

    def hook(name: str, *options: str) -> tuple[int, str]:
        command = [*pre_commit, "try-repo", str(source), name, "--all-files", "--verbose", *options]
        done = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False, timeout=600)
        return done.returncode, done.stdout + done.stderr

    code, said = hook("bylaw-check")
    assert (code, "lifecycle/lifecycle-unknown" in said) == (1, True), said
    pushed = ("--hook-stage", "pre-push", "--from-ref", "origin/main", "--to-ref", "HEAD")
    code, said = hook("bylaw-gate", *pushed)
    assert (code, "lifecycle/lifecycle-unknown" in said) == (1, True), said
    code, said = hook("bylaw-fix")
    assert (code, "files were modified by this hook" in said) == (1, True), said
    assert (folder / "catalog-info.yaml").read_text() == mistyped.replace("prodction", "production")
    assert hook("bylaw-check")[0] == 0
