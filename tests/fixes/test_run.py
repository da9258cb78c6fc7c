"""Fixes from Python: what is asked for, judged, and written."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from bylaw import pipeline
from bylaw.config import CatalogSettings, EnforcementSettings, Settings
from bylaw.errors import UndecidedError
from bylaw.model import Enforcement
from tests.command import entity, write
from tests.engine.world import rego_rule

if TYPE_CHECKING:
    from pathlib import Path

    from bylaw.fixes import Fixes

NAME = "catalog-info.yaml"
SERVICE = {"type": "service", "lifecycle": "experimental"}
RULES = ("ownership/owner-unknown", "lifecycle/lifecycle-unknown")


def settings(*more: str, **fields: Any) -> Settings:
    rules: dict[str, Any] = dict.fromkeys((*RULES, *more), Enforcement.DENY)
    return Settings(enforcement=EnforcementSettings("off", rules), **fields)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two components that misspell their owner, one of them its lifecycle too, and their team."""
    monkeypatch.chdir(tmp_path)
    return write(
        tmp_path,
        {
            f"org/{NAME}": entity("team-orders", "Group", type="team", children=[]),
            f"a/{NAME}": entity("a", **SERVICE, owner="team-ordres"),
            f"b/{NAME}": entity("b", type="service", lifecycle="Experimental", owner="team-ordres"),
        },
    )


def made(fixes: Fixes) -> list[tuple[str, str, str]]:
    return [(edit.path, fix.reason, fix.places[0]) for edit in fixes.edits for fix in edit.fixes]


def test_fixes_are_made_written_and_told(here: Path) -> None:
    found = pipeline.fix(settings=settings())
    assert made(found) == [
        (f"a/{NAME}", "ownership/owner-unknown", "/spec/owner"),
        (f"b/{NAME}", "lifecycle/lifecycle-unknown", "/spec/lifecycle"),
        (f"b/{NAME}", "ownership/owner-unknown", "/spec/owner"),
    ]
    assert (found.root, found.refusals, found.unfixable, found.revealed) == (here, (), 0, 0)
    assert all((here / edit.path).read_bytes() == edit.after != edit.before for edit in found.edits)


def test_without_writing_they_are_only_told(here: Path) -> None:
    found = pipeline.fix(["."], settings=settings(), write=False, only=["lifecycle-unknown"])
    assert made(found) == [(f"b/{NAME}", "lifecycle/lifecycle-unknown", "/spec/lifecycle")]
    assert all((here / edit.path).read_bytes() == edit.before for edit in found.edits)


def test_findings_of_the_rules_asked_for_without_a_safe_fix_are_counted(here: Path) -> None:
    write(here, {f"c/{NAME}": entity("c", **SERVICE, owner="nobody-at-all")})
    assert pipeline.fix(settings=settings(), write=False).unfixable == 1
    assert pipeline.fix(settings=settings(), write=False, only=["lifecycle-unknown"]).unfixable == 0


def test_rules_that_are_off_fix_nothing(here: Path) -> None:
    off = settings()
    off.enforcement.rules["ownership/owner-unknown"] = Enforcement.OFF
    found = pipeline.fix(settings=off, write=False)
    assert {reason for _, reason, _ in made(found)} == {"lifecycle/lifecycle-unknown"}


def test_the_day_of_the_judgement_can_be_fixed(here: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    body = (
        'findings contains {"pointer": "/kind", "message": "m", "key": input.spec.owner} if {\n'
        '\tdata.bylaw.today > "2030"\n\tinput.spec.owner == "team-orders"\n}'
    )
    rule = rego_rule(tmp_path_factory.mktemp("rules"), "a/late", body)
    on = settings("a/late")
    on = Settings(enforcement=on.enforcement, policies=type(on.policies)(paths=(str(rule),)))
    late = pipeline.fix(settings=on, now=date(2031, 1, 1), write=False, only=["owner-unknown"])
    assert made(late) == []
    assert {each.reason for each in late.refusals} == {"is in a file whose fixes would bring about a/late: m"}
    assert len(made(pipeline.fix(settings=on, now=date(2029, 1, 1), write=False))) == 3


def test_a_rule_without_an_answer_leaves_everything_undecided(
    here: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    body = 'findings contains {"pointer": "/kind", "message": upper(input.metadata)}'
    rule = rego_rule(tmp_path_factory.mktemp("rules"), "a/broken", body)
    on = settings("a/broken")
    on = Settings(enforcement=on.enforcement, policies=type(on.policies)(paths=(str(rule),)))
    with pytest.raises(UndecidedError, match="nothing was changed, since not all could be judged: rule a/broken came"):
        pipeline.fix(settings=on)


def test_a_text_that_would_become_too_large_is_not_written(here: Path) -> None:
    largest = max((here / name / NAME).stat().st_size for name in ("a", "b", "org"))
    small = CatalogSettings(limits=type(CatalogSettings().limits)(file_bytes=largest))
    found = pipeline.fix(settings=settings("catalog/yaml-invalid", catalog=small), owners=["team-ordres=team-orders"])
    assert len(made(found)) == 2  # as long as before
    write(here, {f"org/{NAME}": entity("team-orders-and-returns", "Group", type="team", children=[])})
    larger = (here / "org" / NAME).stat().st_size
    grown = CatalogSettings(limits=type(small.limits)(file_bytes=max(larger, largest)))
    found = pipeline.fix(
        settings=settings("catalog/yaml-invalid", catalog=grown), owners=["team-orders=team-orders-and-returns"]
    )
    assert made(found) == []
    assert {each.fix.document.path for each in found.refusals} == {f"a/{NAME}", f"b/{NAME}"}


def test_progress_is_told_of_every_step(here: Path) -> None:
    told: list[tuple[str, int, int]] = []
    pipeline.fix(settings=settings(), progress=lambda *step: told.append(step))
    assert list(dict.fromkeys(step for step, _, _ in told)) == ["reading", "judging", "editing"]
    assert [step for step in told if step[0] == "editing"] == [("editing", 2, 2)]


def test_the_result_is_the_same_for_any_number_of_workers(here: Path) -> None:
    write(here, {f"{number}/{NAME}": entity(f"c{number}", **SERVICE, owner="team-ordres") for number in range(40)})
    one, three = (pipeline.fix(settings=settings(), write=False, jobs=jobs) for jobs in (1, 3))
    assert made(one) == made(three)
    assert [(edit.path, edit.after) for edit in one.edits] == [(edit.path, edit.after) for edit in three.edits]
