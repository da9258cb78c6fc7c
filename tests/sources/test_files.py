from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bylaw.config import CatalogSettings, LimitSettings
from bylaw.errors import UsageError
from bylaw.sources import files
from tests.command import write

if TYPE_CHECKING:
    from pathlib import Path

NAME = "catalog-info.yaml"
SETTINGS = CatalogSettings()


def location(*targets: str) -> str:
    return json.dumps({"kind": "Location", "spec": {"targets": targets}})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def paths(*named: str, settings: CatalogSettings = SETTINGS) -> list[str]:
    found = files.read(named, settings)
    return sorted({document.path or "" for document in found.documents})


def problems(*named: str) -> list[str]:
    found = files.read(named, SETTINGS)
    ordered = sorted(found.documents, key=lambda document: document.order)
    return [f"{document.path}{each.pointer}: {each.message}" for document in ordered for each in document.problems]


def test_locations_are_followed_from_file_to_file(here: Path) -> None:
    write(here, {NAME: location("./org/all.yaml"), "org/all.yaml": location("./teams/*.yaml"), "org/x.yaml": "a: 1\n"})
    write(here, {"org/teams/a.yaml": "a: 1\n", "org/teams/b.yaml": location("/other.yaml"), "other.yaml": "a: 1\n"})
    assert paths(".") == [NAME, "org/all.yaml", "org/teams/a.yaml", "org/teams/b.yaml", "other.yaml"]


def test_locations_in_a_circle_or_pointing_to_themselves_end(here: Path) -> None:
    write(here, {NAME: location("a.yaml", NAME, "*.yaml"), "a.yaml": location("b.yaml"), "b.yaml": location(NAME)})
    found = files.read(["."], SETTINGS)
    assert sorted((document.path, document.index) for document in found.documents) == [
        ("a.yaml", 0),
        ("b.yaml", 0),
        (NAME, 0),
    ]
    assert problems(".") == []


def test_a_target_that_cannot_be_read_is_told_at_the_target_and_one_that_is_not_there_at_the_location(
    here: Path,
) -> None:
    write(here, {NAME: location("a.yaml", "nowhere.yaml"), "a.yaml": b"\xff"})
    assert problems(".") == [
        "a.yaml: the byte 0xff is not UTF-8: save the file as UTF-8",
        f"{NAME}/spec/targets/1: target names nowhere.yaml, which does not exist",
    ]


def test_which_globs_are_too_many_does_not_depend_on_the_order_of_reading(here: Path) -> None:
    for number in range(30):
        targets = [f"./{'?' * (number + 1)}{'*' * n}x" for n in range(4)]
        write(here, {f"{number:02}/{NAME}": location(*targets)})
    expected = problems(".")
    assert [each for each in expected if "one glob more" in each] == [
        each for each in expected if each[:2] in {"25", "26", "27", "28", "29"}
    ]
    for jobs in (1, 3):
        found = files.read(["."], SETTINGS, jobs=jobs)
        ordered = sorted(found.documents, key=lambda document: document.order)
        assert [
            f"{document.path}{each.pointer}: {each.message}" for document in ordered for each in document.problems
        ] == expected


def test_a_folder_of_the_name_of_a_file_is_a_document_with_a_problem(here: Path) -> None:
    write(here, {f"a/{NAME}": "a: 1\n"})
    (here / "b" / NAME).mkdir(parents=True)
    assert problems(".") == [f"b/{NAME}: the file is a folder, expected a file"]


def test_more_files_than_the_limit_are_refused_before_they_are_read(here: Path) -> None:
    write(here, {f"{number}/{NAME}": "a: 1\n" for number in range(4)})
    few = replace(SETTINGS, limits=replace(LimitSettings(), files=3))
    with pytest.raises(UsageError) as caught:
        files.read(["."], few)
    assert str(caught.value) == (
        "4 files to read, the limit is 3 (catalog.limits.files); name a folder, or raise the limit"
    )


def test_files_that_locations_bring_in_count_as_well(here: Path) -> None:
    write(here, {NAME: location("*.yaml"), "a.yaml": "a: 1\n", "b.yaml": "a: 1\n"})
    few = replace(SETTINGS, limits=replace(LimitSettings(), files=2))
    with pytest.raises(UsageError, match="3 files to read, the limit is 2"):
        files.read(["."], few)
    assert paths("a.yaml", "b.yaml", settings=few) == ["a.yaml", "b.yaml"]


def test_standard_input_stands_at_the_root(here: Path) -> None:
    write(here, {"a.yaml": "a: 1\n"})
    found = files.read(["-"], SETTINGS, stdin=location("./a.yaml", "../b.yaml").encode())
    ordered = sorted(found.documents, key=lambda document: document.order)
    assert [document.path for document in ordered] == ["-", "a.yaml"]
    assert [each.message for each in ordered[0].problems] == ["target names ../b.yaml, which leaves the checkout"]


def test_progress_ends_when_all_files_are_read(here: Path) -> None:
    write(here, {NAME: location("a.yaml", "b.yaml"), "a.yaml": "a: 1\n", "b.yaml": "a: 1\n"})
    told: list[tuple[int, int]] = []
    files.read(["."], SETTINGS, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 1), (3, 3)]


def test_notes_are_the_same_for_any_order_of_paths(here: Path) -> None:
    entity = "apiVersion: backstage.io/v1alpha1\n"
    write(here, {"a/x.yaml": entity, "b/y.yaml": entity, "b/z.yaml": entity})
    assert files.read(["a", "b"], SETTINGS).notes == files.read(["b", "a"], SETTINGS).notes
