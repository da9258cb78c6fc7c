"""The same findings by the embedded engine and by an OPA server: every rule, on all that there is to judge.

Each rule in Rego judges every fixture, every catalog of the fixtures and every entity of the catalogs beside the
repository; whole findings are compared, and not only whether there are any.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bylaw import config, engine, pipeline
from bylaw.config import Settings
from bylaw.engine.opa_rules import Served
from bylaw.model import Outcome
from bylaw.policy_tests import fixtures
from bylaw.policy_tests.layout import Fixture
from bylaw.rules import Policies, load
from tests.affected import worlds
from tests.real.opa import opa
from tests.shared import ROOT, SHARED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bylaw.catalog import Catalog, ChangeSet
    from bylaw.model import Finding

pytestmark = pytest.mark.real

TODAY = date(2026, 11, 21)
RULES = ROOT / "fixtures" / "rules"
FOLDERS = sorted(each.parent for each in RULES.rglob("expected.yaml"))
CATALOGS = sorted(each for each in (ROOT / "fixtures" / "catalogs").iterdir() if each.is_dir())
REAL = SHARED / "catalogs"
REAL_CATALOGS = sorted(each for each in REAL.iterdir() if each.is_dir()) if REAL.is_dir() else []
POLICIES = load(Settings())


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """All rules on a server, put there once."""
    with opa() as running:
        settings = running.settings()
        assert not isinstance(settings.policies.engine, str)
        rules = Served(in_rego(POLICIES), settings.policies, settings.policies.engine, lasting=True)
        yield rules
        rules.close()
        assert running.holds() == ([], [])


def in_rego(policies: Policies) -> Policies:
    return replace(policies, rules=tuple(rule for rule in policies.rules if rule.package))


def found(
    catalog: Catalog, changed: ChangeSet | None, policies: Policies, settings: Settings, day: date, served: Served
) -> tuple[list[Finding], list[Finding]]:
    """The findings of both engines, whole."""
    policies = in_rego(policies if changed else policies.without_changes())
    drawn = pipeline.graph(catalog)
    ready = engine.Ready(policies, catalog.kinds)
    by_bylaw, by_opa = (
        engine.evaluate(catalog, drawn, policies, settings, day, change_set=changed, ready=each)
        for each in (ready, served)
    )
    return by_bylaw, by_opa


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(RULES).as_posix())
def test_embedded_and_opa_agree_on_a_fixture(folder: Path, served: Served) -> None:
    rule = POLICIES.find("/".join(folder.relative_to(RULES).parts[:2]))
    judged = fixtures.judge(Fixture(rule, folder), Settings())
    for complete in (True, False):
        catalog = replace(judged.catalog, complete=complete)
        by_bylaw, by_opa = found(catalog, judged.change_set, judged.policies, judged.settings, judged.now, served)
        assert by_opa == by_bylaw
        assert Outcome.ERROR not in {each.outcome for each in by_opa}


@pytest.mark.parametrize("folder", CATALOGS, ids=lambda folder: folder.name)
def test_embedded_and_opa_agree_on_a_catalog(folder: Path, served: Served) -> None:
    settings = config.read(root=folder)
    catalog = pipeline.read(folder, root=folder, settings=settings)
    by_bylaw, by_opa = found(catalog, None, load(settings), settings, TODAY, served)
    assert by_opa == by_bylaw


def test_embedded_and_opa_agree_on_a_change(served: Served) -> None:
    folder = ROOT / "fixtures" / "gate"
    before, after = (pipeline.read(folder / each, root=folder / each) for each in ("before", "after"))
    changed = pipeline.changes(before, after, "jane", ["group:platform"])
    by_bylaw, by_opa = found(after, changed, POLICIES, Settings(), TODAY, served)
    assert by_opa == by_bylaw
    assert by_opa != []


def test_the_catalogs_beside_the_repository_are_there() -> None:
    if not REAL.is_dir():
        pytest.skip(f"{REAL} is not there: catalogs of other people are no part of the repository")
    assert REAL_CATALOGS != []


@pytest.mark.parametrize("folder", REAL_CATALOGS, ids=lambda folder: folder.name)
def test_embedded_and_opa_agree_on_a_real_catalog(folder: Path, served: Served) -> None:
    files = [each for each in sorted(folder.rglob("*")) if each.suffix in {".yaml", ".yml"} and each.is_file()]
    catalog = pipeline.read(files, root=folder)
    by_bylaw, by_opa = found(replace(catalog, complete=True), None, POLICIES, Settings(), TODAY, served)
    assert by_opa == by_bylaw


@given(drawn=worlds.changes(), complete=st.booleans())
def test_embedded_and_opa_agree_on_whatever_is_written(drawn: worlds.Change, complete: bool, served: Served) -> None:
    """Changes of small and crowded catalogs, with much in them that nobody should write."""
    before, after = worlds.read(drawn.before, complete), worlds.read(drawn.after, complete)
    changed = pipeline.changes(before, after, "jane", ["group:platform"])
    by_bylaw, by_opa = found(after, changed, POLICIES, Settings(), TODAY, served)
    told = [replace(each, message="") if each.outcome is Outcome.ERROR else each for each in by_bylaw]
    assert [replace(each, message="") if each.outcome is Outcome.ERROR else each for each in by_opa] == told
