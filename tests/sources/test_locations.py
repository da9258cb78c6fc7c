from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bylaw.config import LimitSettings
from bylaw.model import Document, Problem
from bylaw.sources.checkout import Checkout
from bylaw.sources.listing import Listing
from bylaw.sources.locations import Locations
from tests.command import write

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = LimitSettings()
EXPECTED = "a file of this checkout, relative to the Location's own"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "checkout", {"org/all.yaml": "", "org/a.yaml": "", "org/b.yaml": "", "x.yaml": ""})


def follow(root: Path, spec: Any, path: str | None = "org/all.yaml", kind: str = "Location") -> tuple[Any, list[str]]:
    document = Document(path, 0, {"kind": kind, "spec": spec})
    followed, found = Locations(Checkout(root), Listing(root), LIMITS).follow(document)
    return followed.problems, sorted(found)


def messages(root: Path, spec: Any) -> list[str]:
    return [problem.message for problem in follow(root, spec)[0]]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"target": "./a.yaml"}, ["org/a.yaml"]),
        ({"targets": ["./a.yaml", "b.yaml", "../x.yaml", "/x.yaml"]}, ["org/a.yaml", "org/b.yaml", "x.yaml"]),
        ({"target": "a.yaml", "targets": ["b.yaml"]}, ["org/a.yaml", "org/b.yaml"]),
        ({"type": "url", "target": "./a.yaml"}, ["org/a.yaml"]),
        ({"type": "file", "target": "./a.yaml"}, ["org/a.yaml"]),
        ({"target": "./*.yaml"}, ["org/a.yaml", "org/all.yaml", "org/b.yaml"]),
        ({"target": "/**/x.yaml"}, ["x.yaml"]),
        ({"target": "./all.yaml"}, ["org/all.yaml"]),
    ],
)
def test_a_location_names_files_by_paths_and_globs(root: Path, spec: Any, expected: list[str]) -> None:
    assert follow(root, spec) == ((), expected)


@pytest.mark.parametrize(
    "spec",
    [
        {"target": "https://github.com/org/repo/blob/main/catalog-info.yaml"},
        {"type": "bootstrap", "target": "nowhere"},
        {"type": ["url"], "target": "nowhere"},
        {"type": {"a": 1}, "target": "nowhere"},
        {"target": 1, "targets": "nowhere"},
        {"targets": [None, {"a": 1}, ["nowhere"], 3]},
        {"targets": {"a": "nowhere"}},
        {},
        None,
        "nowhere",
        ["nowhere"],
    ],
)
def test_what_names_no_file_is_passed_over(root: Path, spec: Any) -> None:
    assert follow(root, spec) == ((), [])


def test_only_locations_of_files_are_followed(root: Path) -> None:
    assert follow(root, {"target": "nowhere"}, kind="Component") == ((), [])
    assert follow(root, {"target": "nowhere"}, path=None) == ((), [])


def test_a_target_that_is_not_there_is_a_problem_at_its_place_and_the_others_are_followed(root: Path) -> None:
    problem = Problem(
        "catalog/location-target-missing",
        "target names ./c.yaml, which does not exist",
        "/spec/targets/1",
        observed="./c.yaml",
        expected=EXPECTED,
    )
    assert follow(root, {"targets": ["./a.yaml", "./c.yaml", "./b.yaml"]}) == ((problem,), ["org/a.yaml", "org/b.yaml"])


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("./c.yaml", "target names ./c.yaml, which does not exist"),
        ("./a.yaml/b.yaml", "target names ./a.yaml/b.yaml, which does not exist"),
        ("./*.json", "target names ./*.json, which matches no file"),
        ("../../outside.yaml", "target names ../../outside.yaml, which leaves the checkout"),
        ("/../outside.yaml", "target names /../outside.yaml, which leaves the checkout"),
        ("../../*.yaml", "target names ../../*.yaml, which leaves the checkout"),
        (".", "target names ., which is a folder"),
        ("/", "target names /, which is a folder"),
        ("../org", "target names ../org, which is a folder"),
        ("a\0b", "target holds a NUL character"),
        ("b/" * 5000, "target has 10,000 characters, and no path has more than 4,096"),
    ],
)
def test_each_fault_of_a_target_is_told_in_its_own_words(root: Path, target: str, expected: str) -> None:
    write(root.parent, {"outside.yaml": ""})
    assert messages(root, {"target": target}) == [expected]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("./c.yaml", []),
        ("./*.json", []),
        ("./leaves.yaml", []),
        ("../../c.yaml", ["target names ../../c.yaml, which leaves the checkout"]),
        (".", ["target names ., which is a folder"]),
    ],
)
def test_an_optional_target_may_be_absent_and_nothing_else(root: Path, target: str, expected: list[str]) -> None:
    assert messages(root, {"target": target, "presence": "optional"}) == expected
    assert len(messages(root, {"target": target, "presence": "required"})) == 1


def test_the_problems_that_a_document_has_already_come_first(root: Path) -> None:
    before = Problem("catalog/placeholder-unresolved", "before")
    document = Document("org/all.yaml", 0, {"kind": "Location", "spec": {"target": "nowhere"}}, (before,))
    followed, _ = Locations(Checkout(root), Listing(root), LIMITS).follow(document)
    assert [each.message for each in followed.problems] == ["before", "target names nowhere, which does not exist"]


def test_a_file_whose_name_looks_like_a_glob_is_taken_by_its_name(root: Path) -> None:
    write(root, {"org/c[1].yaml": "", "org/c1.yaml": ""})
    assert follow(root, {"target": "./c[1].yaml"}) == ((), ["org/c[1].yaml"])


def test_a_link_that_leaves_the_checkout_is_left_for_reading_to_refuse_whatever_it_leads_to(root: Path) -> None:
    write(root.parent, {"outside/x.yaml": ""})
    (root / "out").symlink_to("../outside")
    targets = ["/out/x.yaml", "/out/nowhere.yaml", "/out"]
    assert follow(root, {"targets": targets}) == ((), ["out", "out/nowhere.yaml", "out/x.yaml"])


def test_a_glob_does_not_look_through_links_to_folders(root: Path) -> None:
    write(root.parent, {"outside/x.yaml": ""})
    (root / "out").symlink_to("../outside")
    assert follow(root, {"target": "/**/x.yaml"}) == ((), ["x.yaml"])


def test_globs_beyond_the_hundredth_are_not_followed(root: Path) -> None:
    targets = [f"./{'*' * n}a.yaml" for n in range(1, 103)]
    problems, found = follow(root, {"targets": [*targets, targets[0]]})
    assert [each.message for each in problems] == [
        f"target names {each}, one glob more than the 100 that are followed (catalog.limits.globs)"
        for each in targets[100:]
    ]
    assert found == ["org/a.yaml"]


def test_ten_thousand_targets_are_ten_thousand_answers_and_the_next_is_the_last(root: Path) -> None:
    targets = [f"./{number}.yaml" for number in range(9_999)]
    problems, found = follow(root, {"targets": [*targets, "./a.yaml", "./b.yaml", "./c.yaml"]})
    assert [each.pointer for each in problems] == [
        *(f"/spec/targets/{number}" for number in range(9_999)),
        "/spec/targets/10000",
    ]
    assert problems[-1].message == "target is one more than the 10,000 of a Location (catalog.limits.targets)"
    assert found == ["org/a.yaml"]
