"""The demo company: its report byte for byte, and its faults as FAULTS.md tells them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.command import run, same, stable
from tests.shared import ROOT

if TYPE_CHECKING:
    from tests.command import Ran

ACME = "fixtures/catalogs/acme"
DAY = ("--now", "2026-11-21")
_LINE = re.compile(r"\(line (\d+), column (\d+)\)")


@pytest.fixture(scope="module")
def ran() -> Ran:
    return run("check", ACME, "--format", "json", *DAY, cwd=ROOT)


def faults() -> list[dict[str, Any]]:
    """The table of FAULTS.md. A fault of several files (a cycle) may be told in any of them."""
    found = []
    for line in (ROOT / ACME / "FAULTS.md").read_text().splitlines():
        if re.match(r"\| \d+ \|", line):
            number, rule, files, entities, pointer, _ = (cell.strip() for cell in line.strip("|").split("|", 5))
            found.append(
                {
                    "number": int(number),
                    "rule": rule,
                    "places": list(zip(files.split(", "), entities.split(", "), strict=True)),
                    "pointer": pointer,
                }
            )
    return found


def is_told_by(fault: dict[str, Any], finding: dict[str, Any]) -> bool:
    place = finding["location"]
    path = place["path"].removeprefix(f"{ACME}/")
    if finding["rule"] != fault["rule"]:
        return False
    if line := _LINE.fullmatch(fault["pointer"]):  # what cannot be read has no entity
        return [path, place["line"], place["column"]] == [fault["places"][0][0], int(line[1]), int(line[2])]
    return (path, finding["entity"]) in fault["places"] and finding["pointer"] == fault["pointer"]


def test_the_table_of_faults_is_complete() -> None:
    assert [fault["number"] for fault in faults()] == list(range(1, 24))


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: f"{fault['number']}: {fault['rule']}")
def test_each_fault_is_found_once_at_its_place(fault: dict[str, Any], ran: Ran) -> None:
    told = [each["message"] for each in ran.report["findings"] if is_told_by(fault, each)]
    assert len(told) == 1, told


def test_nothing_else_is_found(ran: Ran) -> None:
    known = faults()
    assert [
        (each["rule"], each["location"]["path"], each["pointer"])
        for each in ran.report["findings"]
        if each["outcome"] != "unknown" and not any(is_told_by(fault, each) for fault in known)
    ] == []


def test_what_cannot_be_told_is_the_last_review_of_everything_and_who_pays_for_what_nobody_owns(ran: Ran) -> None:
    unknown = [each for each in ran.report["findings"] if each["outcome"] == "unknown"]
    assert {each["entity"] for each in unknown if each["rule"] != "lifecycle/review-overdue"} == {
        "component:default/refunds"
    }
    assert [note.partition(", such as")[0] for note in ran.report["notes"]] == [
        "cost/cost-centre-missing could not tell, once",
        "lifecycle/review-overdue could not tell, 53 times",
    ]


def test_the_json_report_is_the_golden_one(ran: Ran) -> None:
    same("acme.json", stable(ran.out))
    assert (ran.code, ran.err) == (1, "")


def test_the_text_report_is_the_golden_one() -> None:
    ran = run("check", ACME, *DAY, cwd=ROOT)
    same("acme.text", ran.out)
    assert (ran.code, ran.err) == (1, "")


@pytest.mark.parametrize(("jobs", "seed"), [("1", "1"), ("3", "2")])
def test_workers_and_hash_seed_change_not_a_byte(jobs: str, seed: str, ran: Ran) -> None:
    folders = sorted(f"{ACME}/{each.name}" for each in (ROOT / ACME).iterdir() if each.is_dir())
    paths = [*reversed([each for each in folders if not each.endswith(("/org", "/templates"))]), ACME]
    command = ("check", "--format", "json", "--jobs", jobs, *DAY, *paths)
    again = run(*command, cwd=ROOT, environment={"PYTHONHASHSEED": seed})
    assert again.out == ran.out


def test_another_current_folder_changes_not_a_byte(ran: Ran) -> None:
    again = run("check", "../acme", "--root", str(ROOT), "--format", "json", *DAY, cwd=ROOT / ACME)
    assert again.out == ran.out
