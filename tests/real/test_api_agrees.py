"""cli_and_api_agree, on every fixture of every rule. It starts no server of others; it takes half a minute."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bylaw import pipeline
from bylaw.config import FILE_NAME, Settings
from bylaw.serving import once
from tests.serving.test_agree import CATALOGS, assert_agreement, loaded
from tests.shared import ROOT

if TYPE_CHECKING:
    from bylaw.serving.generation import Generation

pytestmark = pytest.mark.real

FIXTURES = ROOT / "fixtures" / "rules"
FOLDERS = sorted(
    each.parent.relative_to(FIXTURES).as_posix()
    for each in FIXTURES.rglob("catalog.yaml")
    if not (each.parent / FILE_NAME).is_file()
)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    """What a server would hold, of which each test takes the law alone."""
    return loaded(tmp_path_factory.mktemp("held"), CATALOGS / "all_right")


@pytest.mark.parametrize("name", FOLDERS)
def test_cli_and_api_agree(held: Generation, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = once.ready(held)
    folder = FIXTURES / name
    catalog = pipeline.read([folder / "catalog.yaml"], settings=Settings(), root=folder, jobs=1)
    made = replace(held, settings=Settings(), catalog=catalog, graph=pipeline.graph(catalog))
    monkeypatch.setattr(once, "ready", lambda generation: compiled)
    assert_agreement(made)
