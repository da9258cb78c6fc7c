"""What is shipped for CI, as far as it can be told without running it. tests/real/test_ci_templates*.py run it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

import bylaw
from tests.command import run
from tests.shared import ROOT

GITLAB = ROOT / "ci-templates" / "gitlab" / "gate.gitlab-ci.yml"
COMPONENT = ROOT / "templates" / "gate.yml"
GITHUB = ROOT / "ci-templates" / "github"
ARGOCD = ROOT / "ci-templates" / "argocd"
WORKFLOWS = ("pull-request.yml", "default-branch.yml")
JOBS = ("bylaw-gate", "bylaw-base", "bylaw-audit")


def read(text: str) -> list[Any]:
    """YAML documents, in which `on` is a word."""
    return list(yaml.load_all(text, yaml.BaseLoader))


def component(**inputs: str) -> Any:
    """The component with its inputs put in, as GitLab puts them in: text for text."""
    head, body = COMPONENT.read_text().split("---\n")
    values = {name: each["default"] for name, each in read(head)[0]["spec"]["inputs"].items()} | inputs
    (said,) = read(re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda found: values[found[1]], body))
    return said


def job(said: Any, name: str) -> Any:
    """A job with what it extends."""
    whole: dict[str, Any] = {}
    extended = said[name].get("extends", [])
    for each in [extended] if isinstance(extended, str) else extended:
        whole |= said[each]
    return {key: value for key, value in (whole | said[name]).items() if key != "extends"}


@pytest.mark.parametrize("name", JOBS)
def test_the_component_with_its_defaults_is_the_template_with_its_variables(name: str) -> None:
    (template,) = read(GITLAB.read_text())
    ours = job(template, name)
    ours["variables"] = {
        **{key: template["variables"][key] for key in ("BYLAW_VERSION", "BYLAW_NOTE")},
        **ours["variables"],
    }
    ours["image"] = ours["image"] | {"name": template["variables"]["BYLAW_IMAGE"]}
    if name == "bylaw-gate":
        ours["allow_failure"] = "false"  # GitLab's default, which the component says because it may say otherwise
    assert job(component(), name) == ours


def test_an_undecided_change_passes_the_component_only_where_that_is_wanted() -> None:
    assert job(component(undecided="fail"), "bylaw-gate")["allow_failure"] == "false"
    assert job(component(undecided="warn"), "bylaw-gate")["allow_failure"] == {"exit_codes": ["3"]}


def test_every_input_of_the_component_says_what_it_is_for() -> None:
    inputs = read(COMPONENT.read_text())[0]["spec"]["inputs"]
    assert {name: set(each) - {"options", "type"} for name, each in inputs.items()} == {
        name: {"description", "default"} for name in ("version", "image", "stage", "undecided", "note")
    }


@pytest.mark.parametrize("name", JOBS)
def test_nothing_that_a_merge_request_says_is_in_a_script(name: str) -> None:
    """Titles, branches and authors are strangers' words. bylaw reads what it needs from the environment by itself."""
    (template,) = read(GITLAB.read_text())
    script = "\n".join(job(template, name)["before_script"] + job(template, name)["script"])
    assert set(re.findall(r"\$\{?(\w+)", script)) <= {
        "work",
        "reports",
        "code",
        "waivers",
        "PATH",
        "BYLAW_VERSION",
        "BYLAW_NOTE",
    }


@pytest.mark.parametrize("name", JOBS)
def test_every_variable_in_a_script_is_quoted(name: str) -> None:
    (template,) = read(GITLAB.read_text())
    for script in job(template, name)["before_script"] + job(template, name)["script"]:
        unquoted = re.sub(r"\"[^\"]*\"", "", script)
        assert set(re.findall(r"\S*\$\S*", unquoted)) <= {"work=$(mktemp", "code=$?", "waivers=$?", "code=$waivers;"}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_takes_no_file_from_another_job_and_no_command_from_defaults(name: str) -> None:
    """What a job before it leaves in the checkout would be judged, and a default before_script would run."""
    (template,) = read(GITLAB.read_text())
    assert {key: job(template, name)[key] for key in ("needs", "inherit")} == {
        "needs": [],
        "inherit": {"default": ["tags"]},
    }


def test_the_gate_runs_for_every_merge_request_whatever_it_changes() -> None:
    (template,) = read(GITLAB.read_text())
    assert template["bylaw-gate"]["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}]
    for name in WORKFLOWS:
        (workflow,) = read((GITHUB / name).read_text())
        assert [filters for filters in workflow["on"].values() if filters and "paths" in filters] == []


@pytest.mark.parametrize("page", ["docs/gitlab.md", "docs/github.md"])
@pytest.mark.parametrize(
    "file", [COMPONENT, GITLAB, *(GITHUB / name for name in ("action.yml", *WORKFLOWS))], ids=lambda file: file.name
)
def test_templates_and_pages_name_the_version_they_are_shipped_with(file: Any, page: str) -> None:
    text = file.read_text() + (ROOT / page).read_text()
    assert set(re.findall(r"(?:ref: |gate|github)@?v(\d[\w.]*)", text)) == {bylaw.__version__}
    assert set(re.findall(r'(?:BYLAW_VERSION: |default: )"(\d[\w.]*)"', text)) <= {bylaw.__version__}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_of_github_has_no_right_it_does_not_need(name: str) -> None:
    (workflow,) = read((GITHUB / name).read_text())
    assert workflow["permissions"] == {}
    assert {name: each["permissions"] for name, each in workflow["jobs"].items()} == {
        "bylaw": {"contents": "read", "security-events": "write"}
    }
    assert "pull_request_target" not in workflow["on"]
    (checkout,) = [step for step in workflow["jobs"]["bylaw"]["steps"] if "checkout" in step.get("uses", "")]
    assert checkout["with"] == {"fetch-depth": "0", "persist-credentials": "false"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_of_github_names_the_actions_of_others_by_commit(name: str) -> None:
    (workflow,) = read((GITHUB / name).read_text())
    used = [step["uses"] for step in workflow["jobs"]["bylaw"]["steps"] if "uses" in step]
    assert [each for each in used if not re.search("@[0-9a-f]{40}$", each)] == [
        f"bylaw/bylaw/ci-templates/github@v{bylaw.__version__}"
    ]


@pytest.mark.parametrize("name", ["action.yml", *WORKFLOWS])
def test_nothing_is_put_into_a_script_of_github(name: str) -> None:
    (said,) = read((GITHUB / name).read_text())
    steps = said["runs"]["steps"] if "runs" in said else said["jobs"]["bylaw"]["steps"]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


def test_the_hook_of_argocd_runs_under_the_pod_security_standard_restricted() -> None:
    (hook,) = yaml.safe_load_all((ARGOCD / "bylaw.yaml").read_text())
    pod = hook["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert {next(iter(each.keys() - {"name"})) for each in pod["volumes"]} == {"configMap", "emptyDir"}


def test_the_catalog_of_the_hook_is_there_before_the_hook() -> None:
    (hook,) = yaml.safe_load_all((ARGOCD / "bylaw.yaml").read_text())
    (kustomization,) = yaml.safe_load_all((ARGOCD / "kustomization.yaml").read_text())
    (catalog,) = kustomization["configMapGenerator"]
    assert catalog["name"] in json.dumps(hook["spec"]["template"]["spec"]["volumes"])
    assert catalog["options"]["disableNameSuffixHash"] is True
    phase = "argocd.argoproj.io/hook"
    assert hook["metadata"]["annotations"][phase] == catalog["options"]["annotations"][phase] == "PreSync"
    assert int(catalog["options"]["annotations"]["argocd.argoproj.io/sync-wave"]) < 0


def test_a_hook_for_pre_commit_runs_a_command_that_is_there() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [each["id"] for each in hooks] == ["bylaw-check", "bylaw-fix", "bylaw-gate"]
    for hook in hooks:
        ran = run(*hook["entry"].split()[1:], "--help", cwd=ROOT)
        assert (hook["entry"].split()[0], ran.code) == ("bylaw", 0)
