"""The templates and constraints that come with bylaw, under policies/kubernetes.

Their suites are run as gator runs them (``tests/real/test_kubernetes_policies.py`` runs gator), where the catalog is an
object of the inventory; and once more with the catalog where bylaw has it, in data.catalog.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import yaml

from bylaw.admission.gatekeeper import Constraints, inventory, manifests, results, suites
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bylaw.admission.gatekeeper import Judge, Verdict

ID = "backstage.io/kubernetes-id"
POLICIES = ROOT / "policies" / "kubernetes"
FOLDERS = sorted(each.parent for each in POLICIES.glob("*/template.yaml"))
NO_CONSTRAINT = ("template.yaml", "suite.yaml")
KINDS = {
    "BylawOwnedWorkload",
    "BylawLifecycle",
    "BylawNamespaceOwner",
    "BylawDeclaredDependency",
    "BylawRoleScope",
    "BylawImmutableIdentity",
}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def source(folder: Path) -> dict[str, Any]:
    said: dict[str, Any] = read(folder / "template.yaml")["spec"]["targets"][0]["code"][0]["source"]
    return said


def cases() -> Iterator[Any]:
    for folder in FOLDERS:
        for test in read(folder / "suite.yaml")["tests"]:
            for case in test["cases"]:
                yield pytest.param(folder, test["constraint"], case, id=f"{folder.name}:{test['name']}:{case['name']}")


@cache
def constraints(folder: Path, constraint: str) -> Constraints:
    paths = [str(folder / "template.yaml"), str(folder / constraint)]
    return Constraints.load(paths, (), point="gator.gatekeeper.sh", bundled=False)


@cache
def judge(folder: Path, constraint: str, files: tuple[str, ...]) -> Judge:
    """It, where the catalog is in data.catalog, and no object of the inventory."""
    paths = [(folder / each).resolve() for each in files]
    known = [each for each in paths if each.parent == POLICIES / "samples"]
    others = [one for each in paths if each not in known for one in manifests.read(each, str(each))]
    loaded = replace(constraints(folder, constraint), inventory=inventory.build(others))
    return loaded.ready(catalog(known[0]) if known else None)


def judged(folder: Path, constraint: str, case: dict[str, Any]) -> list[Verdict]:
    """What is said in a case of a suite."""
    judging = judge(folder, constraint, tuple(case.get("inventory", ())))
    found = judging.judge(request(folder / case["object"]))
    assert [each.error for each in found] == [None] * len(found)
    return found


def request(path: Path) -> dict[str, Any]:
    """The request that creates an object, or the one that stands in the file."""
    value: dict[str, Any] = read(path)
    if value["kind"] == "AdmissionReview":
        said: dict[str, Any] = value["request"]
        return said
    group, _, version = value["apiVersion"].rpartition("/")
    kind = {"group": group, "version": version, "kind": value["kind"]}
    name = {key: value["metadata"][key] for key in ("name", "namespace") if key in value["metadata"]}
    return {"uid": "1", "kind": kind, "operation": "CREATE", "object": value, **name}


def catalog(path: Path) -> bytes:
    """What data.catalog is, of an object that stands for it in a suite."""
    spec = read(path)["spec"]
    ids = {
        said[ID]: [ref]
        for ref, each in spec["entities"].items()
        if ID in (said := each["metadata"].get("annotations", {}))
    }
    return orjson.dumps({**spec, "kubernetes_ids": ids})


@pytest.fixture(scope="module")
def shipped() -> Constraints:
    return Constraints.load((), (), point="validation.gatekeeper.sh", bundled=True)


def test_all_templates_of_the_rules_are_there() -> None:
    kinds = {read(each / "template.yaml")["spec"]["crd"]["spec"]["names"]["kind"] for each in FOLDERS}
    assert kinds == KINDS and all((each / "suite.yaml").is_file() for each in FOLDERS)


def test_what_is_shipped_only_warns(shipped: Constraints) -> None:
    files = [each for folder in FOLDERS for each in folder.glob("*.yaml") if each.name not in NO_CONSTRAINT]
    assert len(shipped.constraints) == len(files) == len(KINDS) + 1
    assert {read(each)["spec"]["enforcementAction"] for each in files} == {"warn"}


def test_a_cluster_without_labels_sees_warnings_alone(shipped: Constraints) -> None:
    found = shipped.ready(b'{"entities": {}}').judge(
        request(POLICIES / "owned_workload" / "samples" / "unlabelled.yaml")
    )
    assert [(each.constraint, each.action, each.error) for each in found] == [("bylaw-owned-workload", "warn", None)]


def test_libraries_of_one_name_are_one_library() -> None:
    libraries: dict[str, set[str]] = {}
    for folder in FOLDERS:
        for text in source(folder)["libs"]:
            libraries.setdefault(text.partition("\n")[0], set()).add(text)
    assert {name: len(texts) for name, texts in libraries.items()} == {
        "package lib.catalog": 1,
        "package lib.workload": 1,
    }


def test_our_library_of_the_catalog_has_the_functions_of_theirs() -> None:
    heads = re.compile(r"^\w+(?:\([^)]*\))?", re.MULTILINE)
    theirs = next(each for each in source(FOLDERS[0])["libs"] if each.startswith("package lib.catalog"))
    ours = (ROOT / "src" / "bylaw" / "admission" / "catalog.rego").read_text("utf-8")
    assert set(heads.findall(ours)) - {"package"} == set(heads.findall(theirs)) - {"package"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda each: each.name)
def test_the_suites_hold_where_the_catalog_is_synced(folder: Path) -> None:
    (result,) = suites.run(suites.find(str(folder)))
    assert not result.failed, results.as_text([result], verbose=True)


@pytest.mark.parametrize(("folder", "constraint", "case"), list(cases()))
def test_the_suites_hold_where_bylaw_has_the_catalog(folder: Path, constraint: str, case: dict[str, Any]) -> None:
    found = judged(folder, constraint, case)
    for assertion in case["assertions"]:
        said = [each.message for each in found if re.search(assertion.get("message", ""), each.message)]
        assert len(said) == (0 if assertion["violations"] is False else assertion["violations"]), found


@pytest.mark.parametrize(
    ("folder", "case"),
    [
        ("owned_workload", "unknown-entity-of-a-part"),
        ("owned_workload", "no-catalog"),
        ("lifecycle", "an-experiment-nobody-knows-where"),
        ("lifecycle", "unknown-entity-of-a-part"),
        ("lifecycle", "no-catalog"),
        ("namespace_owner", "of-nobody-knows-whom"),
        ("namespace_owner", "no-catalog"),
        ("role_scope", "unknown-role"),
    ],
)
def test_what_cannot_be_known_is_said_to_be_unknown(folder: str, case: str) -> None:
    (told,) = (each.values for each in cases() if each.id.startswith(f"{folder}:") and each.id.endswith(f":{case}"))
    (verdict,) = judged(*told)
    assert verdict.details["outcome"] == "unknown"
