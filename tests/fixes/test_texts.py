"""Fixes made in the text of files, in workers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bylaw.config import LimitSettings
from bylaw.documents import editing, load
from bylaw.fixes import texts
from bylaw.fixes.fix import Fix
from bylaw.model import Document, Finding
from bylaw.sources.checkout import Checkout
from tests.command import write

if TYPE_CHECKING:
    from pathlib import Path

Op = dict[str, Any]


def put(path: str, value: Any) -> Op:
    return {"op": "replace", "path": path, "value": value}


def fix(path: str | None, text: str, *operations: Op, index: int = 0, rule: str = "a/b") -> Fix:
    """A fix of a document as it is read from a text."""
    document = Document(path, index, next(each.value for each in load(text.encode()) if each.index == index))
    return Fix(document, operations, None, Finding("/x", "m", document=document, rule=rule))


class World:
    """A checkout, and what comes of fixes in it."""

    def __init__(self, root: Path, files: dict[str, str]) -> None:
        self.root = write(root, files).resolve()
        self.files = files

    def fix(self, path: str, *operations: Op, index: int = 0, rule: str = "a/b") -> Fix:
        return fix(path, self.files[path], *operations, index=index, rule=rule)

    def make(self, *fixes: Fix, stdin: bytes | None = None, **limits: Any) -> tuple[dict[str, str], list[str]]:
        """The new texts, and why others are not made: ``rule reason``."""
        edits, refusals = texts.make(fixes, Checkout(self.root, stdin), LimitSettings(**limits))
        for edit in edits:
            assert edit.before == (self.root / edit.path).read_bytes()
        made = {edit.path: edit.after.decode() for edit in edits}
        assert sorted(id(each) for each in fixes) == sorted(
            id(each) for each in (*(each for edit in edits for each in edit.fixes), *(each.fix for each in refusals))
        )
        return made, sorted(f"{each.fix.reason} {each.reason}" for each in refusals)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(
        tmp_path,
        {
            "a.yaml": "owner: x # c\nkind: 'y'\n---\nowner: z\n",
            "b/c.yaml": "\ufeffowner: x\r\n",
            "alias.yaml": "one: &a x\nowner: *a\nkind: y\n",
            "placeholder.yaml": "owner: {$text: ./owner.txt}\nspec:\n  $yaml: ./spec.yaml\n",
        },
    )


def test_the_fixes_of_a_file_are_made_together(world: World) -> None:
    assert world.make(
        world.fix("a.yaml", put("/kind", "v")),
        world.fix("b/c.yaml", put("/owner", "é")),
        world.fix("a.yaml", put("/owner", "u"), index=1),
        world.fix("a.yaml", put("/owner", "w")),
    ) == ({"a.yaml": "owner: w # c\nkind: 'v'\n---\nowner: u\n", "b/c.yaml": "\ufeffowner: é\r\n"}, [])


def test_of_two_fixes_of_one_place_the_first_is_made(world: World) -> None:
    assert world.make(
        world.fix("a.yaml", put("/owner", "first")),
        world.fix("a.yaml", put("/owner", "second"), rule="second/rule"),
        world.fix("a.yaml", put("/kind", "k"), {"op": "remove", "path": "/owner"}, rule="third/rule"),
        world.fix("a.yaml", put("/owner", "other"), index=1),
    ) == (
        {"a.yaml": "owner: first # c\nkind: 'y'\n---\nowner: other\n"},
        [
            "second/rule is changed by another fix already: run bylaw fix again",
            "third/rule is changed by another fix already: run bylaw fix again",
        ],
    )


def test_two_findings_that_ask_for_the_same_are_both_mended(world: World) -> None:
    same = put("/owner", "u")
    assert world.make(world.fix("a.yaml", same), world.fix("a.yaml", dict(same), rule="second/rule")) == (
        {"a.yaml": "owner: u # c\nkind: 'y'\n---\nowner: z\n"},
        [],
    )


def test_a_file_in_which_one_fix_cannot_be_made_exactly_is_left_alone(world: World) -> None:
    assert world.make(
        world.fix("alias.yaml", put("/owner", "u"), rule="alias/rule"),
        world.fix("alias.yaml", put("/kind", "u")),
        world.fix("a.yaml", put("/kind", "u")),
    ) == (
        {"a.yaml": "owner: x # c\nkind: 'u'\n---\nowner: z\n"},
        [
            "a/b is in a file of which another fix cannot be made exactly",
            "alias/rule is the alias *a: change it where its anchor is",
        ],
    )


def test_what_would_change_something_else_with_it_is_every_fix_to_blame_for(tmp_path: Path) -> None:
    world = World(tmp_path, {"x.yaml": "&k a: x\nb: {*k : y}\n"})
    made, refused = world.make(world.fix("x.yaml", {"op": "remove", "path": "/a"}))
    assert (made, refused) == ({}, ["a/b cannot be changed without changing something else with it"])


def test_what_a_placeholder_brings_in_is_not_fixed(world: World) -> None:
    document = Document("placeholder.yaml", 0, {"owner": "x", "spec": {"owner": "x"}})
    refused = "a/b comes from another file, by a placeholder"
    for operation in (put("/owner", "u"), put("/spec/owner", "u"), {"op": "add", "path": "/spec/y", "value": 1}):
        asked = replace(world.fix("a.yaml", operation), document=document)
        assert world.make(asked) == ({}, [refused])


def test_standard_input_and_what_stands_in_no_file_are_not_fixed(world: World) -> None:
    assert world.make(
        fix("-", "owner: x\n", put("/owner", "u")),
        fix(None, "owner: x\n", put("/owner", "u"), rule="c/d"),
        stdin=b"owner: x\n",
    ) == ({}, ["a/b comes from standard input", "c/d does not stand in a file"])


def test_a_file_called_minus_is_a_file(tmp_path: Path) -> None:
    world = World(tmp_path, {"-": "owner: x\n"})
    assert world.make(world.fix("-", put("/owner", "u"))) == ({"-": "owner: u\n"}, [])


def test_a_file_behind_a_link_is_not_fixed(world: World) -> None:
    (world.root / "link.yaml").symlink_to("a.yaml")
    (world.root / "folder").symlink_to("b")
    asked = [
        fix(path, "owner: x\n", put("/owner", "u"), rule=f"r/{path[0]}") for path in ("link.yaml", "folder/c.yaml")
    ]
    reason = "is in a file that is reached through a symbolic link"
    assert world.make(*asked) == ({}, [f"r/f {reason}", f"r/l {reason}"])


def test_what_has_changed_since_it_was_judged_is_not_fixed(world: World) -> None:
    asked = world.fix("a.yaml", put("/owner", "u"))
    for now in ("owner: new\n", "kind: y\n", "- owner\n", "owner: [\n", ""):
        write(world.root, {"a.yaml": now})
        assert world.make(asked) == ({}, ["a/b has changed since it was read"])
    write(world.root, {"a.yaml": "# new\nowner: 'x'\n"})
    assert world.make(asked) == ({"a.yaml": "# new\nowner: 'u'\n"}, [])
    (world.root / "a.yaml").unlink()
    assert world.make(asked) == ({}, ["a/b is in a file that cannot be opened (no such file or directory)"])


def test_what_is_added_must_be_missing_still(world: World) -> None:
    asked = world.fix("b/c.yaml", {"op": "add", "path": "/system", "value": "s"})
    assert world.make(asked) == ({"b/c.yaml": "\ufeffowner: x\r\nsystem: s\r\n"}, [])
    write(world.root, {"b/c.yaml": "owner: x\nsystem: mine\n"})
    assert world.make(asked) == ({}, ["a/b has changed since it was read"])


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        ({"op": "replace", "path": "/nothing", "value": 1}, "is not there"),
        ({"op": "copy", "from": "/owner", "path": "/x"}, "the operation 'copy' is none of add, move, remove, replace"),
        ({"op": "remove", "path": "owner"}, "the path 'owner' is no JSON pointer such as /spec/owner"),
        ({}, "the operation None is none of add, move, remove, replace"),
    ],
)
def test_a_fix_that_is_none_is_refused(world: World, operation: Op, reason: str) -> None:
    kind = world.fix("a.yaml", put("/kind", "u"), rule="c/d")
    made, refused = world.make(world.fix("a.yaml", operation), kind)
    assert f"a/b {reason}" in refused
    assert made == ({} if reason == "is not there" else {"a.yaml": "owner: x # c\nkind: 'u'\n---\nowner: z\n"})


@pytest.mark.usefixtures("forked")
def test_a_worker_that_is_lost_takes_one_file_with_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def stuck(data: bytes, *more: Any, **also: Any) -> bytes:
        while data.startswith(b"owner"):
            pass
        return editing.edit(data, *more, **also)

    monkeypatch.setattr(texts, "edit", stuck)
    made, refused = world.make(
        world.fix("a.yaml", put("/owner", "u")), world.fix("b/c.yaml", put("/owner", "u")), seconds=0.5
    )
    assert made == {"b/c.yaml": "\ufeffowner: u\r\n"}
    assert refused == ["a/b is in a file that could not be edited: no answer within 0.5 s"]


def test_progress_is_told_of_files(world: World) -> None:
    told: list[tuple[int, int]] = []
    texts.make(
        [world.fix("a.yaml", put("/owner", "u"))],
        Checkout(world.root),
        LimitSettings(),
        progress=lambda *step: told.append(step),
    )
    assert told == [(1, 1)]
