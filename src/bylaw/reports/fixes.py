"""What was fixed and what was not, for a person at a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bylaw.documents import secrets
from bylaw.documents.editing import EditError, value_at
from bylaw.reports.terminal import Paint, cut, visible
from bylaw.reports.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bylaw.documents.editing import Operation
    from bylaw.fixes import Fix, Fixes

_WIDEST = 60  # columns of a value


def made(fixes: Fixes, *, color: bool) -> str:
    """Each file with what was changed in it: why, of which entity, and from what to what."""
    paint = Paint(color)
    lines: list[str] = []
    for edit in fixes.edits:
        lines.append(paint("bold", visible(edit.path)))
        for fix in edit.fixes:
            lines += (f"  {_subject(fix, paint)}: {change}" for change in _changes(fix))
    return _text(lines)


def refused(fixes: Fixes, *, color: bool) -> str:
    """Each file with what was not changed in it, and why not."""
    paint = Paint(color)
    lines: list[str] = []
    last = None
    for refusal in fixes.refusals:
        document = refusal.fix.document
        path = document.path or document.url or ""
        if path != last:
            lines.append(f"{paint('warning', 'not fixed')}: {paint('bold', visible(path))}")
            last = path
        places = " and ".join(refusal.fix.places)
        lines.append(f"  {_subject(refusal.fix, paint)}: {visible(places)} {visible(refusal.reason)}")
    return _text(lines)


def summary(fixes: Fixes, *, dry: bool) -> str:
    """What it comes to, in a line."""
    count = sum(len(edit.fixes) for edit in fixes.edits)
    parts = []
    if count:
        files = counted(len(fixes.edits), "file", "files")
        parts.append(f"{'would make' if dry else 'made'} {counted(count, 'fix', 'fixes')} in {files}")
    if fixes.refusals:
        parts.append(f"{counted(len(fixes.refusals), 'fix', 'fixes')} not made")
    if not parts:
        parts.append("nothing to fix")
    if fixes.revealed:
        parts.append(f"{counted(fixes.revealed, 'lesser finding comes', 'lesser findings come')} to light")
    if fixes.unfixable:
        parts.append(f"{counted(fixes.unfixable, 'finding has', 'findings have')} no safe fix")
    return f"{'; '.join(parts)}\n"


def _subject(fix: Fix, paint: Paint) -> str:
    return f"{paint('info', visible(fix.reason))} {visible(fix.entity or 'the document')}"


def _changes(fix: Fix) -> Iterator[str]:
    for operation in fix.operations:
        yield f"{visible(operation.get('from', operation['path']))}{_outcome(operation, fix.document.data)}"


def _outcome(operation: Operation, data: Any) -> str:
    if operation["op"] == "remove":
        return " removed"
    if operation["op"] == "move":
        return f" -> {visible(operation['path'])}"
    try:
        old = f" {_shown(value_at(data, operation['path']))} ->"
    except EditError:
        old = " added:"
    return f"{old} {_shown(operation['value'])}"


def _shown(value: Any) -> str:
    value = secrets.redact(value)
    return cut(visible(value if isinstance(value, str) and value.strip() else json.dumps(value)), _WIDEST)


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
