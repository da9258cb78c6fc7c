"""The three functions that Python programs call."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

import bylaw
from bylaw.config import Settings
from bylaw.errors import ConfigError, UsageError
from bylaw.model import Decision, Enforcement, Location, Outcome
from tests.command import TEAM_A, entity, write

if TYPE_CHECKING:
    from pathlib import Path

    from bylaw.model import Report

NAME = "catalog-info.yaml"
OWNER_UNKNOWN = "ownership/owner-unknown"
BAD_OWNER = {"type": "service", "lifecycle": "experimental", "owner": "team-b"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalog with one good component and one with an unknown owner."""
    write(tmp_path, {f"org/{NAME}": TEAM_A, f"good/{NAME}": entity("good"), f"bad/{NAME}": entity("bad", **BAD_OWNER)})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rules(report: Report) -> list[tuple[str, str | None]]:
    return [(each.rule, each.entity) for each in report.findings]


def test_a_catalog_is_read_drawn_and_judged(here: Path) -> None:
    catalog = bylaw.read()
    assert sorted(catalog.entities) == ["component:default/bad", "component:default/good", "group:default/team-a"]
    assert catalog.complete
    assert bylaw.graph(catalog).owners_of("component:default/good") == ("group:default/team-a",)
    report = bylaw.check(catalog)
    assert rules(report) == [(OWNER_UNKNOWN, "component:default/bad")]
    assert report.decision is Decision.DENIED
    (finding,) = report.findings
    assert finding.location == Location(f"bad/{NAME}", 10, 14, 10, 22)
    assert report.lines == {(f"bad/{NAME}", 10): '    "owner": "team-b"'}
    assert (report.entities, report.files, report.gate) == (3, 3, "check")


def test_one_path_may_be_given_without_a_list_around_it(here: Path) -> None:
    expected = bylaw.read(["good"]).documents
    assert bylaw.read("good").documents == expected
    assert bylaw.read(here / "good").documents == expected


def test_the_settings_are_those_of_the_current_folder_unless_others_are_given(here: Path) -> None:
    write(here, {"bylaw.yaml": f"enforcement:\n  rules:\n    {OWNER_UNKNOWN}: warn\n"})
    catalog = bylaw.read()
    assert bylaw.check(catalog).decision is Decision.ALLOWED
    assert bylaw.check(catalog, settings=Settings()).decision is Decision.DENIED


def test_only_the_rules_asked_for_are_judged_and_named_in_the_report(here: Path) -> None:
    report = bylaw.check(bylaw.read(), only=["catalog/entity-invalid"])
    assert list(report.rules) == ["catalog/entity-invalid"]
    assert (rules(report), report.decision) == ([], Decision.ALLOWED)


def test_a_rule_that_is_not_there_is_an_error_before_anything_is_judged(here: Path) -> None:
    with pytest.raises(ConfigError, match=r"no rule 'owner-unknwn' \(did you mean owner-unknown\?\)"):
        bylaw.check(bylaw.read(), only=["owner-unknwn"])


def test_the_day_of_the_judgement_can_be_fixed(here: Path) -> None:
    stages = "[{level: observe}, {level: deny, from: 2030-01-01}]"
    write(here, {"bylaw.yaml": f"enforcement:\n  rules:\n    {OWNER_UNKNOWN}: {stages}\n"})
    catalog = bylaw.read()
    before, after = (bylaw.check(catalog, now=date(year, 1, 1)) for year in (2029, 2030))
    assert [each.enforcement for each in (*before.findings, *after.findings)] == [Enforcement.OBSERVE, Enforcement.DENY]


def test_in_a_part_of_a_catalog_what_leads_outside_is_unknown_and_told_once(here: Path) -> None:
    report = bylaw.check(bylaw.read(["good", "bad"]))
    assert not report.complete
    assert {(each.rule, each.outcome) for each in report.findings} == {(OWNER_UNKNOWN, Outcome.UNKNOWN)}
    assert report.notes == (
        "2 references lead outside the files read and cannot be judged; "
        "read the whole catalog, or set catalog.complete, to settle that",
    )
    assert report.decision is Decision.ALLOWED


def test_placeholders_that_name_urls_are_told_apart_from_references(here: Path) -> None:
    api = entity("x", "API", type="openapi", lifecycle="experimental", owner="team-a", definition={"$text": "@"})
    write(here, {f"one/{NAME}": api.replace("@", "https://example.com/openapi.yaml")})
    report = bylaw.check(bylaw.read())
    assert ("catalog/placeholder-unresolved", "api:default/x") in rules(report)
    assert "catalog/entity-invalid" not in {each.rule for each in report.findings}
    assert report.notes == ("1 placeholder names a URL, and what it stands for was not judged: bylaw fetches nothing",)
    write(here, {f"two/{NAME}": api.replace("@", "https://example.com/2.yaml").replace('"x"', '"y"')})
    assert bylaw.check(bylaw.read()).notes == (
        "2 placeholders name URLs, and what they stand for was not judged: bylaw fetches nothing",
    )


def test_skeletons_are_told_and_not_judged(here: Path) -> None:
    skeleton = entity("x").replace('"x"', '"${{ values.name }}"')
    write(here, {f"{number}/skeleton/{NAME}": skeleton for number in range(5)})
    report = bylaw.check(bylaw.read())
    assert rules(report) == [(OWNER_UNKNOWN, "component:default/bad")]
    assert report.notes == (
        "5 scaffolder skeletons not judged, being no entity yet (its name is an expression): "
        f"0/skeleton/{NAME}, 1/skeleton/{NAME}, 2/skeleton/{NAME} and 2 more",
    )


def test_what_went_away_between_reading_and_judging_has_its_findings_all_the_same(here: Path) -> None:
    catalog = bylaw.read()
    (here / "bad" / NAME).unlink()
    report = bylaw.check(catalog)
    assert rules(report) == [(OWNER_UNKNOWN, "component:default/bad")]
    assert [each.location for each in report.findings] == [Location(f"bad/{NAME}", 1, 1, 1, 1)]


def test_standard_input_is_judged_as_a_file(here: Path) -> None:
    catalog = bylaw.read(["-", "org"], stdin=entity("bad", **BAD_OWNER).encode())
    (finding,) = bylaw.check(catalog).findings
    assert finding.location == Location("-", 10, 14, 10, 22)


def test_progress_is_told_of_reading_and_judging(here: Path) -> None:
    told: list[tuple[str, int, int]] = []
    catalog = bylaw.read(progress=lambda *step: told.append(step))
    bylaw.check(catalog, progress=lambda *step: told.append(step))
    assert told[0] == ("reading", 3, 3)
    assert told[-1] == ("judging", 4, 4)  # three documents, and the catalog as a whole


def test_the_report_is_the_same_for_any_order_of_paths_and_number_of_workers(here: Path) -> None:
    one = bylaw.check(bylaw.read(["bad", "good", "org"], jobs=1), jobs=1)
    other = bylaw.check(bylaw.read(["org", "good", "bad", "."], jobs=3), jobs=3)
    assert one == other


def test_nothing_is_read_outside_the_root(here: Path) -> None:
    write(here, {f"good/{NAME}": entity("good", type="service", lifecycle="experimental", owner={"$text": "../x"})})
    with pytest.raises(UsageError, match="lies outside the checkout"):
        bylaw.read(["org"], root="good")
    (document,) = bylaw.read(["good"], root=here / "good").documents
    assert [each.message for each in document.problems] == [
        "placeholder $text names ../x, which leaves the checkout",
    ]


def test_a_catalog_of_another_source_is_judged_without_places(here: Path) -> None:
    catalog = replace(bylaw.read(), root=None)
    (finding,) = bylaw.check(catalog).findings
    assert finding.location is None


def test_the_package_has_what_it_names_and_nothing_else() -> None:
    assert sorted(bylaw.__all__) == ["__version__", "check", "graph", "read"]
    with pytest.raises(AttributeError, match="module 'bylaw' has no attribute 'chek'"):
        bylaw.chek  # noqa: B018  (to look is what is tested)


def test_importing_the_package_imports_nothing_else() -> None:
    program = "import sys; before = set(sys.modules); import bylaw; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {name.partition(".")[0] for name in done.stdout.split()} - sys.stdlib_module_names == {"bylaw"}
