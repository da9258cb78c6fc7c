"""What was fixed and what was not, for a person."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from bylaw.fixes import Edit, Fix, Fixes, Refusal
from bylaw.model import Document, Finding
from bylaw.reports import fixes as reports

DATA = {"kind": "Componnet", "spec": {"owner": "team-paymnts", "empty": "", "x": None}, "metadata": {"a/b": "c"}}


def fix(*operations: dict[str, Any], path: str = "a.yaml", rule: str | None = "r/one", data: Any = None) -> Fix:
    document = Document(path, 0, DATA if data is None else data)
    finding = Finding("/x", "m", rule=rule, document=document) if rule else None
    return Fix(document, operations, "component:default/x", finding)


def made(*fixes: Fix) -> list[str]:
    edits = tuple(Edit(each.document.path or "", b"", b"", (each,)) for each in fixes)
    return reports.made(Fixes(Path(), edits), color=False).splitlines()


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (
            {"op": "replace", "path": "/spec/owner", "value": "team-payments"},
            "/spec/owner team-paymnts -> team-payments",
        ),
        ({"op": "replace", "path": "/spec/empty", "value": "x"}, '/spec/empty "" -> x'),
        ({"op": "add", "path": "/spec/x", "value": "y"}, "/spec/x null -> y"),
        ({"op": "add", "path": "/spec/system", "value": {"a": ["b"]}}, '/spec/system added: {"a": ["b"]}'),
        ({"op": "remove", "path": "/spec/owner"}, "/spec/owner removed"),
        ({"op": "move", "from": "/metadata/a~1b", "path": "/metadata/c"}, "/metadata/a~1b -> /metadata/c"),
        (
            {"op": "add", "path": "/spec/\x1b[2J\u202e", "value": "\x1b[31m"},
            "/spec/\\x1b[2J\\u202e added: \\x1b[31m",
        ),
        ({"op": "add", "path": "/spec/long", "value": "x" * 100}, f"/spec/long added: {'x' * 59}…"),
    ],
)
def test_each_change_says_what_was_and_what_is(operation: dict[str, Any], said: str) -> None:
    assert made(fix(operation)) == ["a.yaml", f"  r/one component:default/x: {said}"]


def test_no_secret_is_shown() -> None:
    secret = f"ghp_{sha256(b'').hexdigest()[:36]}"
    (_, line) = made(fix({"op": "replace", "path": "/spec/owner", "value": "x"}, data={"spec": {"owner": secret}}))
    assert line == "  r/one component:default/x: /spec/owner [secret] -> x"


def test_what_was_not_fixed_says_why() -> None:
    operation = {"op": "replace", "path": "/spec/owner", "value": "x"}
    refusals = (
        Refusal(fix(operation), "is the alias *\x1b: change it where its anchor is"),
        Refusal(fix(operation, {"op": "remove", "path": "/spec/x"}, rule=None), "does not stand in a file"),
        Refusal(fix(operation, path="b\n.yaml"), "has changed since it was read"),
    )
    assert reports.refused(Fixes(Path(), refusals=refusals), color=False).splitlines() == [
        "not fixed: a.yaml",
        "  r/one component:default/x: /spec/owner is the alias *\\x1b: change it where its anchor is",
        "  --owner component:default/x: /spec/owner and /spec/x does not stand in a file",
        "not fixed: b\\n.yaml",
        "  r/one component:default/x: /spec/owner has changed since it was read",
    ]


@pytest.mark.parametrize(
    ("edits", "refused", "more", "dry", "said"),
    [
        (0, 0, {}, False, "nothing to fix"),
        (0, 0, {"unfixable": 1}, False, "nothing to fix; 1 finding has no safe fix"),
        (1, 0, {}, False, "made 1 fix in 1 file"),
        (2, 1, {"revealed": 1}, False, "made 2 fixes in 2 files; 1 fix not made; 1 lesser finding comes to light"),
        (2, 0, {"revealed": 3}, True, "would make 2 fixes in 2 files; 3 lesser findings come to light"),
        (0, 1200, {"unfixable": 1200}, True, "1,200 fixes not made; 1,200 findings have no safe fix"),
    ],
)
def test_the_summary_counts(edits: int, refused: int, more: dict[str, int], dry: bool, said: str) -> None:
    one = fix()
    found = Fixes(Path(), (Edit("a", b"", b"", (one,)),) * edits, (Refusal(one, "x"),) * refused, **more)
    assert reports.summary(found, dry=dry) == f"{said}\n"


def test_colours_are_for_files_and_reasons() -> None:
    one = Fixes(Path(), (Edit("a.yaml", b"", b"", (fix({"op": "remove", "path": "/x"}),)),))
    assert reports.made(one, color=True) == (
        "\x1b[1ma.yaml\x1b[0m\n  \x1b[1;36mr/one\x1b[0m component:default/x: /x removed\n"
    )
