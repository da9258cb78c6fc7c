from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bylaw.config import LimitSettings
from bylaw.documents import locate_many
from bylaw.model import Document, Finding, Location
from bylaw.sources import locate
from bylaw.sources.checkout import Checkout
from tests.command import write

if TYPE_CHECKING:
    from pathlib import Path


LIMITS = LimitSettings()
TEXT = "kind: A\nspec:\n  owner: me\n---\nkind: B\n"


def finding(path: str | None, pointer: str, index: int = 0, location: Location | None = None) -> Finding:
    return Finding(pointer, "x", document=Document(path, index, {}), location=location)


def places(root: Path, *findings: Finding, limits: LimitSettings = LIMITS) -> list[str]:
    placed = locate.place(findings, Checkout(root), limits).findings
    return [
        f"{place.path}:{place.line}:{place.column}-{place.end_line}:{place.end_column}" if place else "nowhere"
        for place in (each.location for each in placed)
    ]


def test_findings_are_placed_at_what_their_pointer_names_in_their_document(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": TEXT, "b.yaml": "x: 1\n"})
    found = places(
        tmp_path,
        finding("a.yaml", "/kind"),
        finding("a.yaml", "/spec/owner"),
        finding("a.yaml", "/spec/nowhere/x"),
        finding("a.yaml", "/kind", index=1),
        finding("b.yaml", "/x"),
        finding("b.yaml", ""),
    )
    assert found == [
        "a.yaml:1:7-1:8",
        "a.yaml:3:10-3:12",
        "a.yaml:2:1-2:5",
        "a.yaml:5:7-5:8",
        "b.yaml:1:4-1:5",
        "b.yaml:1:1-1:5",
    ]


def test_a_line_inside_a_literal_block_is_placed_there_and_in_any_other_text_at_the_text(tmp_path: Path) -> None:
    text = "spec:\n  a: |\n    one\n\n      three\n  b: >\n    one\n    two\n  c: |- # why\n    one\n  d: one\n"
    write(tmp_path, {"a.yaml": text})
    wanted = [("/spec/a", 1), ("/spec/a", 3), ("/spec/a", 9), ("/spec/b", 2), ("/spec/c", 1), ("/spec/d", 1), ("/x", 1)]
    found = places(tmp_path, *(replace(finding("a.yaml", pointer), line=line) for pointer, line in wanted))
    assert found == [
        "a.yaml:3:5-3:8",
        "a.yaml:5:7-5:12",
        "a.yaml:2:6-5:12",
        "a.yaml:6:6-8:8",
        "a.yaml:10:5-10:8",
        "a.yaml:11:6-11:9",
        "a.yaml:1:1-1:6",
    ]


def test_a_finding_that_has_a_place_keeps_it_and_one_without_a_file_gets_none(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": TEXT})
    there = Location("a.yaml", 3, 1, 3, 2)
    assert places(tmp_path, finding("a.yaml", "/kind", location=there), finding(None, "/kind")) == [
        "a.yaml:3:1-3:2",
        "nowhere",
    ]


def test_the_lines_at_which_findings_stand_come_with_them(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": TEXT, "long.yaml": f"a: {'é' * 1000}\r\nb: 1\r\n", "latin.yaml": b"a: caf\xe9\n"})
    found = [
        finding("a.yaml", "/spec/owner"),
        finding("a.yaml", "/kind", location=Location("a.yaml", 1, 1, 1, 1)),
        finding("long.yaml", "/a"),
        finding("long.yaml", "/b"),
        finding("latin.yaml", "", location=Location("latin.yaml", 1, 1, 1, 1)),
        finding("nowhere.yaml", "", location=Location("nowhere.yaml", 1, 1, 1, 1)),
    ]
    assert locate.place(found, Checkout(tmp_path), LIMITS).lines == {
        ("a.yaml", 1): "kind: A",
        ("a.yaml", 3): "  owner: me",
        ("long.yaml", 1): f"a: {'é' * 397}",
        ("long.yaml", 2): "b: 1",
        ("latin.yaml", 1): "a: caf\ufffd",
    }


def test_a_file_that_went_away_since_it_was_read_has_its_findings_at_its_start(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": TEXT})
    (tmp_path / "b.yaml").symlink_to("/etc/passwd")
    assert places(tmp_path, finding("gone.yaml", "/kind"), finding("b.yaml", "/x"), finding("a.yaml", "/kind")) == [
        "gone.yaml:1:1-1:1",
        "b.yaml:1:1-1:1",
        "a.yaml:1:7-1:8",
    ]


def test_a_file_that_changed_since_it_was_read_has_its_findings_at_what_is_nearest(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "kind: [\n", "b.yaml": b"\xff\xfe"})
    assert places(tmp_path, finding("a.yaml", "/kind/0"), finding("b.yaml", "/kind"), finding("a.yaml", "/x", 7)) == [
        "a.yaml:1:1-1:5",
        "b.yaml:1:1-1:1",
        "a.yaml:1:1-1:1",
    ]


@pytest.mark.usefixtures("forked")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # of the runner's threads, which do nothing
def test_a_file_that_a_worker_is_lost_on_has_its_findings_at_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"a.yaml": TEXT, "crash.yaml": "crash: 1\n", "hang.yaml": "hang: 1\n", "z.yaml": TEXT})

    def locate_some(text: bytes, *more: Any) -> Any:
        if text.startswith(b"hang"):
            time.sleep(600)
        if text.startswith(b"crash"):
            os.kill(os.getpid(), signal.SIGTERM)
        return locate_many(text, *more)

    monkeypatch.setattr(locate, "locate_many", locate_some)
    found = [finding(f"{name}.yaml", "/kind") for name in ("a", "crash", "hang", "z")]
    assert places(tmp_path, *found, limits=replace(LIMITS, seconds=0.5)) == [
        "a.yaml:1:7-1:8",
        "crash.yaml:1:1-1:1",
        "hang.yaml:1:1-1:1",
        "z.yaml:1:7-1:8",
    ]


def test_no_findings_need_no_work(tmp_path: Path) -> None:
    assert locate.place([], Checkout(tmp_path), LIMITS) == locate.Placed([], {})
