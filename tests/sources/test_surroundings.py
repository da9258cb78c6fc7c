"""Where what was fetched of a base is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bylaw.sources import surroundings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "environment",
    [{}, {"HOME": ""}, {"HOME": "here"}, {"XDG_CACHE_HOME": "here"}, {"BYLAW_CACHE": "here"}],
)
def test_nothing_is_kept_in_the_current_folder(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert not surroundings.cache(environment).is_relative_to(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_it_is_kept_in_the_folder_that_is_named(tmp_path: Path) -> None:
    assert surroundings.cache({"BYLAW_CACHE": str(tmp_path / "a")}) == tmp_path / "a"
    assert surroundings.cache({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "bylaw"
    assert surroundings.cache({"HOME": str(tmp_path)}) == tmp_path / ".cache" / "bylaw"
