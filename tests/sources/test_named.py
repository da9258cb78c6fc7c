from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bylaw.config import CatalogSettings
from bylaw.errors import UsageError
from bylaw.sources import named
from bylaw.sources.listing import Listing
from tests.command import git, write

if TYPE_CHECKING:
    from pathlib import Path

NAME = "catalog-info.yaml"
ENTITY = "apiVersion: backstage.io/v1alpha1\nkind: Component\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which is the root: there is no git work tree around it."""
    folder = write(tmp_path / "here", {NAME: "", f"a/{NAME}": "", f"a/b/{NAME}": "", "a/other.yaml": ""})
    monkeypatch.chdir(folder)
    return folder


def found(*paths: str, root: Path | None = None, settings: CatalogSettings | None = None) -> named.Named:
    checkout = named.checkout(paths, root)
    return named.find(paths, settings or CatalogSettings(), checkout, Listing(checkout.root))


def files(*paths: str, settings: CatalogSettings | None = None) -> list[str]:
    return sorted(found(*paths, settings=settings).files)


def refusal(*paths: str, root: Path | None = None, settings: CatalogSettings | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        found(*paths, root=root, settings=settings)
    return str(caught.value)


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ((".",), [f"a/b/{NAME}", f"a/{NAME}", NAME]),
        (("a",), [f"a/b/{NAME}", f"a/{NAME}"]),
        (("a/",), [f"a/b/{NAME}", f"a/{NAME}"]),
        (("a/b", "a", "."), [f"a/b/{NAME}", f"a/{NAME}", NAME]),
        ((f"a/{NAME}",), [f"a/{NAME}"]),
        ((f"./a/../a/{NAME}", f"a/{NAME}", f"a//{NAME}"), [f"a/{NAME}"]),
        (("a/other.yaml",), ["a/other.yaml"]),
        ((f"*/{NAME}",), [f"a/{NAME}"]),
        (("**/*.yaml",), [f"a/b/{NAME}", f"a/{NAME}", "a/other.yaml", NAME]),
        (("a/[ob]*",), ["a/other.yaml"]),
        (("-",), ["-"]),
        (("-", "a/b", "-"), ["-", f"a/b/{NAME}"]),
    ],
)
def test_paths_mean_files_and_each_file_counts_once(here: Path, paths: tuple[str, ...], expected: list[str]) -> None:
    assert files(*paths) == expected


def test_an_absolute_path_is_taken_as_well(here: Path) -> None:
    assert files(str(here / "a" / "b")) == [f"a/b/{NAME}"]
    assert files(f"{here}/*/{NAME}") == [f"a/{NAME}"]


def test_a_glob_in_another_folder_is_about_the_checkout_there(here: Path) -> None:
    other = write(here.parent / "other", {f"x/{NAME}": ""})
    assert named.checkout([f"../other/*/{NAME}"]).root == other
    assert files(f"../other/*/{NAME}") == [f"x/{NAME}"]


def test_names_with_the_characters_of_globs_are_names_where_they_exist(here: Path) -> None:
    write(here, {f"x[1]/{NAME}": "", f"x1/{NAME}": "", "y*.yaml": "", "y2.yaml": ""})
    assert files("x[1]") == [f"x[1]/{NAME}"]
    assert files(f"x[1]/{NAME}") == [f"x[1]/{NAME}"]
    assert files("y*.yaml") == ["y*.yaml"]


def test_the_files_of_a_folder_are_those_of_the_settings(here: Path) -> None:
    write(here, {f"a/skeleton/{NAME}": "", "a/all.yml": ""})
    settings = CatalogSettings(paths=(f"**/{NAME}", "*.yml", "!**/skeleton/**", "!b/**"))
    assert files("a", settings=settings) == ["a/all.yml", f"a/{NAME}"]


def test_a_folder_of_the_name_of_a_file_is_found_beside_the_files(here: Path) -> None:
    (here / "c" / NAME).mkdir(parents=True)
    said = found(".")
    assert sorted(said.files) == [f"a/b/{NAME}", f"a/{NAME}", NAME]
    assert said.folders == {f"c/{NAME}"}


def test_where_no_file_has_the_name_those_that_look_like_entities_are_taken_and_the_reader_is_told(here: Path) -> None:
    write(here, {"x/one.yaml": ENTITY, "x/two.yml": f"# first\n---\n{ENTITY}", "x/bom.yaml": f"\ufeff{ENTITY}"})
    write(here, {"x/template.yaml": "apiVersion: 'scaffolder.backstage.io/v1beta3'\n", "x/not.txt": ENTITY})
    write(here, {"x/deployment.yaml": "apiVersion: apps/v1\n", "x/text.yaml": "a: 'apiVersion: backstage.io/v1'\n"})
    (here / "x/loop.yaml").symlink_to("loop.yaml")
    said = found("x")
    assert sorted(said.files) == ["x/bom.yaml", "x/one.yaml", "x/template.yaml", "x/two.yml"]
    assert said.notes == (
        "no catalog-info.yaml here: read 4 YAML files that hold Backstage entities instead "
        "(say which in catalog.paths of bylaw.yaml)",
    )


def test_files_that_look_like_entities_are_not_taken_where_the_settings_say_which(here: Path) -> None:
    write(here, {"x/one.yaml": ENTITY})
    said = found("x", settings=CatalogSettings(paths=("*.yml",)))
    assert said.files == frozenset()
    assert said.notes == (
        "x: holds no catalog files (looked for *.yml); "
        "name the files, or say where they are in catalog.paths of bylaw.yaml",
    )


def test_a_folder_without_catalog_files_beside_one_that_has_some_is_refused(here: Path) -> None:
    write(here, {"empty/readme.md": ""})
    assert refusal(".", "empty") == (
        "empty: holds no catalog files (looked for **/catalog-info.yaml); "
        "name the files, or say where they are in catalog.paths of bylaw.yaml"
    )


@pytest.mark.parametrize("path", ["nowhere", "nowhere.yaml", "x" * 300, "x/" * 3000, "a/other.yaml/x", "", "!a", "-x"])
def test_a_path_that_does_not_exist_is_refused(here: Path, path: str) -> None:
    assert refusal("a", path) == f"{path}: no such file or folder"


def test_a_glob_that_matches_nothing_is_refused(here: Path) -> None:
    assert refusal("a/*.json") == "a/*.json: matches no file; name a file or a folder"
    assert refusal("?" * 10_000).endswith(": matches no file; name a file or a folder")


@pytest.mark.parametrize("path", ["../other/x.yaml", "../other", "../other/*.yaml", "link", "link/x.yaml"])
def test_a_path_outside_the_checkout_is_refused(here: Path, path: str) -> None:
    write(here.parent, {"other/x.yaml": ENTITY})
    (here / "link").symlink_to("../other")
    assert refusal("a", path) == (
        f"{path}: lies outside the checkout {here}; run bylaw for each of them, or name a --root around both"
    )


def test_a_link_to_a_file_outside_is_left_for_reading_to_refuse(here: Path) -> None:
    write(here.parent, {"other/x.yaml": ENTITY})
    (here / "link.yaml").symlink_to("../other/x.yaml")
    assert files("link.yaml") == ["link.yaml"]


def test_a_root_around_both_makes_one_checkout_of_two(here: Path) -> None:
    write(here.parent, {f"other/{NAME}": ""})
    assert found("a/b", "../other", root=here.parent).files == {f"here/a/b/{NAME}", f"other/{NAME}"}


def test_a_root_narrows_the_checkout(here: Path) -> None:
    assert found("a", root=here / "a").files == {NAME, f"b/{NAME}"}
    assert refusal(".", root=here / "a").startswith(f".: lies outside the checkout {here / 'a'}")


@pytest.mark.parametrize("root", ["nowhere", "a/other.yaml", "x" * 300])
def test_a_root_that_is_no_folder_is_refused(here: Path, root: str) -> None:
    assert refusal("a", root=here / root) == f"--root {here / root}: no such folder"


def test_all_folders_named_in_a_work_tree_are_looked_through(here: Path) -> None:
    git(here, "init", "-q")
    write(here, {".gitignore": "ignored/\n", f"ignored/{NAME}": "", f"c/d/{NAME}": ""})
    assert files("a/b", "c/d") == [f"a/b/{NAME}", f"c/d/{NAME}"]
    assert files("a/b", "c/d", "ignored") == [f"a/b/{NAME}", f"c/d/{NAME}", f"ignored/{NAME}"]
    assert files("a/b", f"c/*/{NAME}") == [f"a/b/{NAME}", f"c/d/{NAME}"]
