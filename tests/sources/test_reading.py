from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bylaw import workers
from bylaw.config import LimitSettings
from bylaw.documents import Limits, load
from bylaw.errors import UsageError
from bylaw.model import Document, Location, Outcome, Problem
from bylaw.sources import reading
from bylaw.sources.checkout import Checkout
from tests.command import write

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = LimitSettings()


def read(root: Path, *paths: str, limits: LimitSettings = LIMITS, **more: Any) -> list[Document]:
    found = reading.read(paths, Checkout(root), limits, **more)
    return sorted(found, key=lambda document: document.order)


def unreadable(path: str, message: str) -> Document:
    problem = Problem("catalog/yaml-invalid", message, location=Location(path, 1, 1, 1, 1))
    return Document(path, 0, None, (problem,))


def messages(documents: list[Document]) -> list[str]:
    return [problem.message for document in documents for problem in document.problems]


def test_each_document_of_each_file_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "a: 1\n---\n---\nb: [x, null]\n", "b.yaml": '{"c": 1.5}'})
    assert read(tmp_path, "a.yaml", "b.yaml") == [
        Document("a.yaml", 0, {"a": 1}),
        Document("a.yaml", 2, {"b": ["x", None]}),
        Document("b.yaml", 0, {"c": 1.5}),
    ]


def test_a_document_at_fault_says_where_and_the_others_are_read(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "a: 1\n---\nb: 1\nb: 2\n---\nc: 1\n"})
    fault = Problem(
        "catalog/yaml-invalid",
        'duplicate key "b"',
        location=Location("a.yaml", 4, 1, 4, 2),
        expected="YAML 1.2 as Backstage reads it",
    )
    assert read(tmp_path, "a.yaml") == [
        Document("a.yaml", 0, {"a": 1}),
        Document("a.yaml", 1, None, (fault,)),
        Document("a.yaml", 2, {"c": 1}),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [("- a\n", "a list"), ("a\n", "'a'"), ("1.5\n", "1.5"), ("true", "True"), ("x" * 99, "'" + "x" * 39)],
)
def test_a_document_that_is_no_mapping_is_told_what_it_is(tmp_path: Path, text: str, found: str) -> None:
    write(tmp_path, {"a.yaml": text})
    problem = Problem("catalog/yaml-invalid", f"expected a mapping at the root, found {found}", expected="a mapping")
    assert read(tmp_path, "a.yaml") == [Document("a.yaml", 0, None, (problem,))]


@pytest.mark.parametrize("text", ["", "\n\n", "# a\n", "---\n---\n", "null\n", "9" * 1000])
def test_a_file_without_any_document_is_told(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"a.yaml": text})
    assert read(tmp_path, "a.yaml") == [unreadable("a.yaml", "the file holds no entity")]


def test_a_file_that_cannot_be_read_is_a_document_with_a_problem(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "a: 1\n"})
    assert read(tmp_path, "a.yaml", "b.yaml") == [
        Document("a.yaml", 0, {"a": 1}),
        unreadable("b.yaml", "the file cannot be opened (no such file or directory)"),
    ]


def test_a_name_that_is_not_utf_8_is_written_down_as_far_as_it_can_be(tmp_path: Path) -> None:
    path = os.fsdecode(b"caf\xe9/a.yaml")
    assert read(tmp_path, path) == [unreadable("caf\\xe9/a.yaml", "the file has a name that is not UTF-8: rename it")]


def test_a_placeholder_is_resolved_beside_its_file(tmp_path: Path) -> None:
    write(tmp_path, {"a/b.yaml": "x: {$text: ../c.txt}\n", "c.txt": "hello\n"})
    assert read(tmp_path, "a/b.yaml") == [Document("a/b.yaml", 0, {"x": "hello\n"})]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("./d.txt", "names ./d.txt, which cannot be opened (no such file or directory)"),
        ("../../outside.txt", "names ../../outside.txt, which leaves the checkout"),
        ("/../outside.txt", "names /../outside.txt, which leaves the checkout"),
        ("./link.txt", "names ./link.txt, which is a symbolic link that leaves the checkout"),
        ("./link/outside.txt", "names ./link/outside.txt, which is a symbolic link that leaves the checkout"),
        ("./pipe", "names ./pipe, which is not a regular file, expected a file"),
        (".", "names ., which is a folder, expected a file"),
        ("a\\0b", "names a\0b, which holds a NUL character"),
        ("./large", "names ./large, which has 20,000,000 bytes, the limit is 16,777,216 (catalog.limits.file_bytes)"),
    ],
)
def test_a_placeholder_that_names_no_file_of_the_checkout_says_why(tmp_path: Path, target: str, expected: str) -> None:
    root = write(tmp_path / "checkout", {"a/b.yaml": f'x: {{$text: "{target}"}}\n'})
    write(tmp_path, {"outside.txt": "secret"})
    (root / "a" / "link.txt").symlink_to("../../outside.txt")
    (root / "a" / "link").symlink_to("../..")
    os.mkfifo(root / "a" / "pipe")
    with (root / "a" / "large").open("wb") as file:
        file.truncate(20_000_000)
    assert messages(read(root, "a/b.yaml")) == [f"placeholder $text {expected}"]


def test_the_placeholders_of_a_file_bring_in_no_more_than_a_file_may_have(tmp_path: Path) -> None:
    names = "".join(f"x{number}: {{$text: ./text}}\n" for number in range(5))
    write(tmp_path, {"a.yaml": names, "text": "x" * 400, "b.yaml": "x: {$text: ./text}\n"})
    first, second = read(tmp_path, "a.yaml", "b.yaml", limits=replace(LIMITS, file_bytes=1000))
    assert second.data == {"x": "x" * 400}
    assert [name for name, value in first.data.items() if isinstance(value, str)] == ["x0", "x1"]
    assert (
        messages([first])
        == [
            "placeholder $text names ./text, with which the placeholders of the file have more than 1,000 bytes "
            "(catalog.limits.file_bytes)"
        ]
        * 3
    )


def test_what_a_problem_says_of_its_outcome_survives_the_way_from_the_worker(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "x: {$text: https://example.com/x}\n"})
    (document,) = read(tmp_path, "a.yaml")
    assert [problem.outcome for problem in document.problems] == [Outcome.UNKNOWN]


def test_progress_counts_the_files_before_as_well(tmp_path: Path) -> None:
    write(tmp_path, {f"{number}.yaml": "a: 1\n" for number in range(20)})
    told: list[tuple[int, int]] = []
    names = [f"{number}.yaml" for number in range(20)]
    read(tmp_path, *names, before=5, jobs=1, progress=lambda done, total: told.append((done, total)))
    assert told == [(21, 25), (25, 25)]


@pytest.mark.usefixtures("forked")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # of the runner's threads, which do nothing
def test_a_file_that_a_worker_is_lost_on_is_told_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"a.yaml": "a: 1\n", "hang.yaml": "hang\n", "crash.yaml": "crash\n", "z.yaml": "z: 1\n"})

    def load_some(text: bytes, limits: Limits) -> Any:
        if text == b"hang\n":
            time.sleep(600)
        if text == b"crash\n":
            os.kill(os.getpid(), signal.SIGTERM)
        return load(text, limits)

    monkeypatch.setattr(reading, "load", load_some)
    assert read(tmp_path, "a.yaml", "crash.yaml", "hang.yaml", "z.yaml", limits=replace(LIMITS, seconds=0.5)) == [
        Document("a.yaml", 0, {"a": 1}),
        unreadable("crash.yaml", "the file could not be read: the worker was ended by SIGTERM"),
        unreadable("hang.yaml", "the file could not be read: no answer within 0.5 s"),
        Document("z.yaml", 0, {"z": 1}),
    ]


def test_the_same_is_read_by_any_number_of_workers(tmp_path: Path) -> None:
    names = [f"{number}.yaml" for number in range(100)]
    write(tmp_path, {name: f"a: {name}\n" for name in names})
    assert read(tmp_path, *names, jobs=1) == read(tmp_path, *reversed(names), jobs=3)


def test_where_processes_cannot_be_forked_the_same_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a.yaml": "x: {$text: ./b.txt}\n", "b.txt": "hello"})
    monkeypatch.setattr(workers, "_may_fork", lambda: False)
    assert read(tmp_path, "a.yaml") == [Document("a.yaml", 0, {"x": "hello"})]


def test_many_files_that_name_one_large_file_are_too_much_for_a_run(tmp_path: Path) -> None:
    names = [f"{letter}.yaml" for letter in "abcdef"]
    write(tmp_path, {"large.txt": "x" * 1000, **dict.fromkeys(names, "a: {$text: ./large.txt}\n")})
    assert len(read(tmp_path, *names, limits=replace(LIMITS, run_bytes=7_000))) == 6
    with pytest.raises(UsageError, match=r"more than 3,000 bytes .* \(catalog.limits.run_bytes\)"):
        read(tmp_path, *names, limits=replace(LIMITS, run_bytes=3_000))
