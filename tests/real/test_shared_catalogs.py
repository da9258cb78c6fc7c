"""Real catalogs, exactly as public repositories had them: no crash, a verdict, the same bytes each time."""

from __future__ import annotations

import pytest

from tests.command import run
from tests.shared import SHARED

CATALOGS = SHARED / "catalogs"
FOLDERS = sorted(each.name for each in CATALOGS.iterdir() if each.is_dir()) if CATALOGS.is_dir() else []


def test_the_catalogs_are_there() -> None:
    if not CATALOGS.is_dir():
        pytest.skip(f"{CATALOGS} is not there: catalogs of other people are no part of the repository")
    assert FOLDERS != []


@pytest.mark.parametrize("name", FOLDERS)
def test_a_real_catalog_is_judged_and_twice_the_same(name: str) -> None:
    one = run("check", ".", "--format", "json", "--jobs", "1", cwd=CATALOGS / name)
    other = run("check", ".", "--format", "json", cwd=CATALOGS / name, environment={"PYTHONHASHSEED": "1"})
    assert one.err == ""
    assert one.code in {0, 1}
    assert one.report["summary"]["error"] == 0
    assert one == other


@pytest.mark.parametrize("name", FOLDERS)
def test_no_placeholder_or_target_of_a_real_catalog_that_backstage_resolves_is_refused(name: str) -> None:
    rules = {"catalog/placeholder-unresolved", "catalog/location-target-missing"}
    report = run("check", ".", "--format", "json", cwd=CATALOGS / name).report
    refused = [
        (each["location"]["path"], each["message"])
        for each in report["findings"]
        if each["rule"] in rules and each["outcome"] == "fail"
    ]
    assert refused == []
