"""Every verdict recorded from ``/validate-entity`` of a real Backstage 1.55, through the whole of bylaw."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

import bylaw
from bylaw.catalog import pointer
from bylaw.config import CatalogSettings, Settings
from bylaw.model import Outcome
from tests.shared import oracle

if TYPE_CHECKING:
    from pathlib import Path

RULES = ("entity-invalid", "kind-unknown", "reference-malformed", "placeholder-unresolved")


@pytest.fixture(scope="module")
def cases() -> list[dict[str, Any]]:
    recorded = oracle("backstage-validate.json")
    for number, case in enumerate(recorded):
        metadata = case["entity"].get("metadata", {})
        if metadata.get("name") == "x":  # nearly all are; of one name only the first would be an entity here
            metadata["name"] = f"x{number}"
    assert len(recorded) == 128
    return list(recorded)


@pytest.fixture(scope="module")
def told(cases: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> list[set[str]]:
    """For each case the pointers that bylaw complains of, the entity being a file of its own."""
    folder: Path = tmp_path_factory.mktemp("oracle")
    paths = [f"{number}/catalog-info.yaml" for number in range(len(cases))]
    for path, case in zip(paths, cases, strict=True):
        (folder / path).parent.mkdir()
        (folder / path).write_text(json.dumps(case["entity"]))
    settings = Settings(catalog=CatalogSettings(ai_model=False))  # it was recorded without that module
    catalog = bylaw.read([folder], settings=settings, root=folder)
    assert catalog.duplicates == {}
    findings = bylaw.check(catalog, settings=settings, only=RULES).findings
    assert {each.outcome for each in findings} == {Outcome.FAIL}
    return [{each.pointer for each in findings if each.location and each.location.path == path} for path in paths]


def test_bylaw_refuses_what_backstage_refuses_and_nothing_else(
    cases: list[dict[str, Any]], told: list[set[str]]
) -> None:
    wrong = {
        case["case"]: (case["status"], sorted(ours))
        for case, ours in zip(cases, told, strict=True)
        if (case["status"] == 400) != bool(ours)
    }

    assert wrong == {}


def test_what_backstage_complains_of_first_is_among_what_bylaw_tells(
    cases: list[dict[str, Any]], told: list[set[str]]
) -> None:
    missed = {}
    for case, ours in zip(cases, told, strict=True):
        if case["errors"]:
            theirs = places(case["errors"][0], case["entity"])
            if ours.isdisjoint(theirs):
                missed[case["case"]] = (theirs, sorted(ours), case["errors"][0])

    assert missed == {}


def places(error: str, entity: dict[str, Any]) -> set[str]:
    """The fields that a message of Backstage can be about."""
    if named := re.search(r'(?:Error: |\b)"(\w+)\.([^"]*)" is not valid', error):
        root, rest = named.groups()
        steps = rest.split(".") if root in {"links", "tags"} else [rest]
        return {pointer(*(["metadata"] if root != "metadata" else []), root, *steps)}
    if '"kind" is not valid' in error:
        return {"/kind"}
    if named := re.search(r"missingProperty: (\w+)", error):
        above = re.search(r"(\S+) must have required property", error)
        return {f"{above[1] if above and above[1] != '<root>' else ''}/{named[1]}"}
    if named := re.search(r"Unknown field (\w+)", error):
        return {f"/{named[1]}"}
    if "<root> must NOT have additional properties" in error:
        return {f"/{key}" for key in entity if key not in {"apiVersion", "kind", "metadata", "spec"}}
    if "No processor recognized" in error:
        return {"/kind", "/apiVersion"}
    if "Placeholder $text" in error:
        return {"/spec/definition/$text"}
    if "Entity reference" in error:
        return {"/spec/owner", "/spec/dependencyOf/0"}
    if named := re.search(r"(/\S+) must ", error):
        return {named[1]}
    raise AssertionError(f"a message that this test cannot read: {error}")
