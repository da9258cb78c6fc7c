"""The shipped templates for GitLab, run by gitlab-ci-local and held to the schema that GitLab publishes.

make test-real
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bylaw import config
from tests.command import entity, git
from tests.notes.server import TOKEN, GitLab, running
from tests.real.ci import (
    CATALOG,
    CHANGE,
    COMPONENT,
    FAULT,
    NO_TEAM,
    OTHER_NO_TEAM,
    TEMPLATE,
    UNDECIDED,
    blocks,
    conforms,
    environment,
    project,
)
from tests.shared import ROOT

pytestmark = pytest.mark.real

INCLUDES = {
    "template": f"include: [{{local: {TEMPLATE}}}]\nvariables: {{BYLAW_VERSION: ''}}\n",
    "component": f"include: [{{local: {COMPONENT}, inputs: {{version: ''}}}}]\n",
}
"""What a project says to include them, with the bylaw that is under test in place of a published one."""
ALLOWED = {
    "template": f"{INCLUDES['template']}bylaw-gate: {{allow_failure: {{exit_codes: [3]}}}}\n",
    "component": INCLUDES["component"].replace("version: ''", "version: '', undecided: warn"),
}
"""The same where a change that nobody could judge may pass."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a pipeline came to: the exit code of each job, the log, and the artifacts by job."""

    codes: dict[str, int]
    log: str
    artifacts: Path

    def report(self, job: str, name: str) -> str:
        return (self.artifacts / job / "bylaw-reports" / name).read_text("utf-8")

    def json(self, job: str, name: str) -> Any:
        return json.loads(self.report(job, name))

    def decision(self, job: str) -> Any:
        return self.json(job, "report.json")["decision"]

    def places(self, job: str) -> list[str]:
        """The files with findings that deny."""
        findings = self.json(job, "report.json")["findings"]
        return sorted({each["location"]["path"] for each in findings if each["enforcement"] == "deny"})

    def checks(self, job: str) -> set[str]:
        """The rules in the Code Quality report."""
        return {each["check_name"] for each in self.json(job, "codequality.json")}

    def fingerprints(self, job: str) -> set[str]:
        return {each["fingerprint"] for each in self.json(job, "codequality.json")}

    def failures(self, job: str) -> list[str]:
        """The rules that the JUnit report has failures of."""
        cases = ET.fromstring(self.report(job, "junit.xml")).iter("testcase")
        return sorted({each.get("classname", "") for each in cases if each.find("failure") is not None})

    def end(self, job: str) -> str:
        """The line of the log in which a job ends."""
        (line,) = re.findall(rf"^{job} +finished in .*$", self.log, re.M)
        return str(line)


@pytest.fixture(scope="session")
def gitlab_ci_local() -> str:
    found = shutil.which("gitlab-ci-local")
    if found is None:
        pytest.skip("gitlab-ci-local is not on PATH; `make test-real` installs it")
    if shutil.which("rsync") is None:
        pytest.skip("gitlab-ci-local needs rsync, which is not on PATH; a system's package manager has it")
    return found


MERGE_REQUEST = {
    "CI_PIPELINE_SOURCE": "merge_request_event",
    "CI_MERGE_REQUEST_IID": "7",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
}
SCHEDULE = {"CI_PIPELINE_SOURCE": "schedule"}


def pipeline(gitlab_ci_local: str, folder: Path, variables: dict[str, str], *options: str) -> Run:
    """Run the pipeline on this machine, without containers."""
    command = [gitlab_ci_local, "--force-shell-executor", "--shell-isolation", "--no-artifacts-to-source", *options]
    for name, value in variables.items():
        command += ["--variable", f"{name}={value}"]
    if variables["CI_PIPELINE_SOURCE"] == "merge_request_event":
        command += ["--unset-variable", "CI_COMMIT_BRANCH"]  # as GitLab has it there
    command += ["--ignore-predefined-vars", ",".join(variables)]
    done = subprocess.run(
        command, cwd=folder, env=environment(folder.parent), capture_output=True, text=True, check=False, timeout=300
    )
    log = done.stdout + done.stderr
    ends = re.findall(r"^(bylaw-\w+) +finished in .*?(?: (?:FAIL|WARN) (\d+))? *$", log, re.M)
    assert ends, log
    return Run({job: int(code or 0) for job, code in ends}, log, folder / ".gitlab-ci-local" / "artifacts")


@pytest.mark.parametrize("how", INCLUDES)
def test_a_change_that_is_right_passes(gitlab_ci_local: str, tmp_path: Path, how: str) -> None:
    after = {"services/invoices/catalog-info.yaml": entity("invoices")}
    folder = project(tmp_path, INCLUDES[how], before=CATALOG, after=after)
    ran = pipeline(gitlab_ci_local, folder, MERGE_REQUEST)
    assert ran.codes == {"bylaw-gate": 0}, ran.log
    assert ran.decision("bylaw-gate") == "allowed"
    assert ran.json("bylaw-gate", "codequality.json") == []
    assert ran.failures("bylaw-gate") == []
    assert "allowed" in ran.report("bylaw-gate", "note.md")


@pytest.mark.parametrize("how", INCLUDES)
def test_a_change_that_brings_a_fault_fails(gitlab_ci_local: str, tmp_path: Path, how: str) -> None:
    folder = project(tmp_path, INCLUDES[how], before=CATALOG, after=FAULT)
    ran = pipeline(gitlab_ci_local, folder, MERGE_REQUEST)
    assert ran.codes == {"bylaw-gate": 1}, ran.log
    assert ran.decision("bylaw-gate") == "denied"
    assert "ownership/owner-unknown" in ran.checks("bylaw-gate")
    assert ran.failures("bylaw-gate") == ["ownership/owner-unknown"]
    assert "denied" in ran.report("bylaw-gate", "note.md")


def test_a_fault_that_was_there_before_is_in_nobodys_way(gitlab_ci_local: str, tmp_path: Path) -> None:
    before = {**CATALOG, "services/invoices/catalog-info.yaml": OTHER_NO_TEAM}
    after = {"catalog-info.yaml": entity("orders", type="website", lifecycle="experimental", owner="team-a")}
    folder = project(tmp_path, INCLUDES["template"], before=before, after=after)
    ran = pipeline(gitlab_ci_local, folder, MERGE_REQUEST)
    assert ran.codes == {"bylaw-gate": 0}, ran.log


@pytest.mark.parametrize("how", INCLUDES)
def test_a_change_whose_base_is_missing_fails_as_undecided(gitlab_ci_local: str, tmp_path: Path, how: str) -> None:
    folder = project(tmp_path, INCLUDES[how], before=UNDECIDED, after=CHANGE)
    ran = pipeline(gitlab_ci_local, folder, MERGE_REQUEST)
    assert ran.codes == {"bylaw-gate": 3}, ran.log
    assert "gone.db" in ran.log
    assert "FAIL" in ran.end("bylaw-gate")
    assert ran.report("bylaw-gate", "note.md") != ""


@pytest.mark.parametrize("how", ALLOWED)
def test_an_undecided_change_is_a_warning_where_that_is_wanted(gitlab_ci_local: str, tmp_path: Path, how: str) -> None:
    folder = project(tmp_path, ALLOWED[how], before=UNDECIDED, after=CHANGE)
    ran = pipeline(gitlab_ci_local, folder, MERGE_REQUEST)
    assert ran.codes == {"bylaw-gate": 3}, ran.log
    assert "WARN" in ran.end("bylaw-gate")


def test_a_clone_that_is_too_shallow_is_undecided_and_says_what_to_fetch(gitlab_ci_local: str, tmp_path: Path) -> None:
    full = project(tmp_path, INCLUDES["template"], before=CATALOG, after=CHANGE)
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=1", "--branch=change", full.as_uri(), str(shallow))
    git(shallow, "remote", "set-url", "origin", "git@gitlab.example.com:shop/orders.git")
    ran = pipeline(gitlab_ci_local, shallow, MERGE_REQUEST)
    assert ran.codes == {"bylaw-gate": 3}, ran.log
    assert "git fetch" in ran.log


def test_a_configuration_that_cannot_be_used_fails_the_job(gitlab_ci_local: str, tmp_path: Path) -> None:
    before = {**CATALOG, "bylaw.yaml": "version: 1\nenforcment: {}\n"}
    ran = pipeline(gitlab_ci_local, project(tmp_path, ALLOWED["component"], before=before, after=CHANGE), MERGE_REQUEST)
    assert ran.codes == {"bylaw-gate": 2}, ran.log
    assert "FAIL" in ran.end("bylaw-gate")
    assert "exit code 2" in ran.report("bylaw-gate", "note.md")


def test_reports_that_a_change_brings_are_judged_and_never_shown_as_ours(gitlab_ci_local: str, tmp_path: Path) -> None:
    """What stands at the place of the reports is a part of the catalog until the gate has judged, and gone then."""
    planted = {
        "bylaw-reports/catalog-info.yaml": NO_TEAM,
        "bylaw-reports/codequality.json": "[]",
        "bylaw-reports/note.md": "# Allowed, says a stranger",
    }
    folder = project(tmp_path, INCLUDES["template"], before=CATALOG, after=planted)
    ran = pipeline(gitlab_ci_local, folder, MERGE_REQUEST)
    assert ran.codes == {"bylaw-gate": 1}, ran.log
    assert ran.places("bylaw-gate") == ["bylaw-reports/catalog-info.yaml"]
    assert "stranger" not in ran.report("bylaw-gate", "note.md")
    assert not (ran.artifacts / "bylaw-gate" / "bylaw-reports" / "catalog-info.yaml").exists()


def test_the_version_that_is_asked_for_is_installed_and_no_module_of_the_checkout_runs(
    gitlab_ci_local: str, tmp_path: Path
) -> None:
    planted = {f"{name}/__main__.py": "open('pwned', 'w')" for name in ("pip", "venv")}
    ci = INCLUDES["template"].replace("''", "9.9.9")
    folder = project(tmp_path, ci, before=CATALOG, after=CHANGE | planted)
    index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel(tmp_path / "index", "9.9.9"))}
    ran = pipeline(gitlab_ci_local, folder, MERGE_REQUEST | index)
    assert ran.codes == {"bylaw-gate": 0}, ran.log
    assert "> called: bylaw 9.9.9 --version" in ran.log
    assert list(tmp_path.rglob("pwned")) == []


def wheel(folder: Path, version: str) -> Path:
    """A folder with a package bylaw of this version, whose command says how it was called."""
    folder.mkdir()
    facts = f"Metadata-Version: 2.1\nName: bylaw\nVersion: {version}\nProvides-Extra: gitlab\n"
    info = f"bylaw-{version}.dist-info"
    files = {
        "bylaw.py": f"import sys\ndef main(): print('called: bylaw {version}', *sys.argv[1:])\n",
        f"{info}/METADATA": facts,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nbylaw = bylaw:main\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"bylaw-{version}-py3-none-any.whl", "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(name, text)
    return folder


def test_nothing_that_a_merge_request_is_called_runs(gitlab_ci_local: str, tmp_path: Path) -> None:
    hostile = "$(touch pwned)`touch pwned`'\";touch pwned;#"
    titles = ("CI_MERGE_REQUEST_TITLE", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_MESSAGE")
    folder = project(tmp_path, INCLUDES["template"], before=CATALOG, after=CHANGE)
    ran = pipeline(gitlab_ci_local, folder, MERGE_REQUEST | dict.fromkeys(titles, hostile))
    assert ran.codes == {"bylaw-gate": 0}, ran.log
    assert list(tmp_path.rglob("pwned")) == []


def test_the_note_is_written_with_a_suggestion_and_changes_no_verdict(gitlab_ci_local: str, tmp_path: Path) -> None:
    mistyped = "spec:\n  lifecycle: prodction\n  owner: team-a\n  type: service\n"
    head = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: cart, description: Holds goods}\n"
    path = "services/cart/catalog-info.yaml"
    folder = project(tmp_path, INCLUDES["template"], before=CATALOG, after={path: head + mistyped})
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True).stdout
    with running(GitLab(head=commit.strip(), added_lines={(path, 5)})) as gitlab:
        place = {"CI_SERVER_URL": gitlab.url, "CI_MERGE_REQUEST_PROJECT_ID": "12", "CI_COMMIT_SHA": commit.strip()}
        for token in (TOKEN, TOKEN, "glpat-wrong"):
            ran = pipeline(gitlab_ci_local, folder, {**MERGE_REQUEST, **place, "BYLAW_GITLAB_TOKEN": token})
            assert ran.codes == {"bylaw-gate": 1}, ran.log
            assert token not in ran.log
        assert "no note: GitLab does not accept the token" in ran.log
    (note,) = gitlab.notes
    assert "lifecycle/lifecycle-unknown" in note["body"]
    (discussion,) = gitlab.discussions
    assert discussion["notes"][0]["body"].endswith("```suggestion:-0+0\n  lifecycle: production\n```\n")


def test_the_default_branch_is_shown_and_leaves_a_snapshot(gitlab_ci_local: str, tmp_path: Path) -> None:
    before = {**CATALOG, "services/invoices/catalog-info.yaml": OTHER_NO_TEAM}
    folder = project(tmp_path, INCLUDES["template"], before=before, after={})
    ran = pipeline(gitlab_ci_local, folder, {"CI_PIPELINE_SOURCE": "push"})
    assert ran.codes == {"bylaw-base": 1}, ran.log
    assert "WARN" in ran.end("bylaw-base")
    assert ran.checks("bylaw-base") == {"ownership/owner-unknown"}
    # The snapshot is a base: over it, the repository of another service is judged.
    base = ran.artifacts / "bylaw-base" / "bylaw-reports" / "catalog.db"
    config_ = f"version: 1\ncatalog: {{base: {{snapshot: {json.dumps(str(base))}}}}}\n"
    service = project(
        tmp_path / "service",
        INCLUDES["template"],
        before={"bylaw.yaml": config_, "catalog-info.yaml": entity("cart")},
        after={"web/catalog-info.yaml": entity("web", type="website", lifecycle="experimental", owner="team-b")},
    )
    judged = pipeline(gitlab_ci_local, service, MERGE_REQUEST)
    assert judged.codes == {"bylaw-gate": 1}, judged.log
    assert judged.failures("bylaw-gate") == ["ownership/owner-unknown"]


def test_what_the_widget_compares_differs_by_what_the_change_brings(gitlab_ci_local: str, tmp_path: Path) -> None:
    """GitLab calls what is in the base's report and not in the merge request's resolved."""
    before = {**CATALOG, "services/invoices/catalog-info.yaml": OTHER_NO_TEAM}
    after = FAULT
    folder = project(tmp_path, INCLUDES["template"], before=before, after=after)
    change = pipeline(gitlab_ci_local, folder, MERGE_REQUEST).fingerprints("bylaw-gate")
    git(folder, "checkout", "-q", "main")
    base = pipeline(gitlab_ci_local, folder, {"CI_PIPELINE_SOURCE": "push"}).fingerprints("bylaw-base")
    assert base - change == set()
    assert len(change - base) == 1


def test_the_audit_fails_when_something_is_wrong(gitlab_ci_local: str, tmp_path: Path) -> None:
    for name, catalog, code in (("right", CATALOG, 0), ("wrong", CATALOG | FAULT, 1)):
        folder = project(tmp_path / name, INCLUDES["template"], before=catalog, after={})
        ran = pipeline(gitlab_ci_local, folder, SCHEDULE)
        assert ran.codes == {"bylaw-audit": code}, ran.log


def test_the_template_is_valid_to_the_schema_of_gitlab() -> None:
    conforms("vendor.gitlab-ci", ROOT / TEMPLATE, transform="gitlab-ci")


@pytest.mark.parametrize("undecided", ["fail", "warn"])
def test_the_component_is_valid_to_the_schema_of_gitlab(gitlab_ci_local: str, tmp_path: Path, undecided: str) -> None:
    """Expanded, for a file with inputs has two documents and the schema is of one."""
    inputs = f"{{version: '1.2.3', image: 'x:1', stage: build, note: false, undecided: {undecided}}}"
    ci = f"include: [{{local: {COMPONENT}, inputs: {inputs}}}]\n"
    expanded = tmp_path / "expanded.yml"
    expanded.write_text(preview(gitlab_ci_local, project(tmp_path, ci, before={}, after={})))
    conforms("vendor.gitlab-ci", expanded, transform="gitlab-ci")
    gate = yaml.safe_load(expanded.read_text())["bylaw-gate"]
    assert (gate["stage"], gate["image"]["name"]) == ("build", "x:1")
    assert gate["variables"] == {"BYLAW_VERSION": "1.2.3", "BYLAW_NOTE": "false", "GIT_DEPTH": "0"}
    assert gate["allow_failure"] == {"fail": False, "warn": {"exit_codes": [3]}}[undecided]


def test_an_input_that_the_component_does_not_know_what_to_do_with_is_refused(
    gitlab_ci_local: str, tmp_path: Path
) -> None:
    ci = f"include: [{{local: {COMPONENT}, inputs: {{undecided: maybe}}}}]\n"
    folder = project(tmp_path, ci, before={}, after={})
    done = subprocess.run(
        [gitlab_ci_local, "--preview"], cwd=folder, env=environment(tmp_path), capture_output=True, check=False
    )
    assert done.returncode != 0


def preview(gitlab_ci_local: str, folder: Path) -> str:
    done = subprocess.run(
        [gitlab_ci_local, "--preview"],
        cwd=folder,
        env=environment(folder.parent),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("number", [0, 1])
def test_what_the_page_on_gitlab_says_to_paste_works(gitlab_ci_local: str, tmp_path: Path, number: int) -> None:
    """Its includes of a mirror become those of the files that the mirror would have."""
    pasted = blocks("gitlab.md", "tested")[number]
    written = tmp_path / "pasted.yml"
    written.write_text(pasted)
    conforms("vendor.gitlab-ci", written, transform="gitlab-ci")
    said = yaml.safe_load(pasted)
    for each in said["include"]:
        if "component" in each:
            name = re.fullmatch(r"\$CI_SERVER_FQDN/platform/bylaw/(\w+)@v[\d.]+", each.pop("component"))
            assert name is not None
            each["local"] = f"templates/{name[1]}.yml"
        else:
            each["local"] = each.pop("file")
            del each["project"], each["ref"]
        each.setdefault("inputs", {})
    if number == 0:
        del said["include"][0]["inputs"]
    folder = project(tmp_path, yaml.safe_dump(said), before=CATALOG, after=FAULT)
    jobs = yaml.safe_load(preview(gitlab_ci_local, folder))
    assert {"bylaw-gate", "bylaw-base", "bylaw-audit"} <= set(jobs)


def test_what_the_policy_on_the_page_injects_is_a_pipeline(tmp_path: Path) -> None:
    (pasted,) = blocks("gitlab.md", "tested: policy")
    (policy,) = yaml.safe_load(pasted)["pipeline_execution_policy"]
    assert policy.keys() == {"name", "description", "enabled", "pipeline_config_strategy", "content"}
    content = tmp_path / "content.yml"
    content.write_text(yaml.safe_dump(policy["content"]))
    conforms("vendor.gitlab-ci", content, transform="gitlab-ci")


@pytest.mark.parametrize("page", ["gitlab.md", "github.md"])
def test_the_settings_on_a_page_are_settings(page: str) -> None:
    for each in blocks(page, "tested: settings"):
        read = config.parse(each.encode(), Path("bylaw.yaml"))
        assert read.catalog.base != config.BaseSettings()
