"""The line that a fix makes of the line at which a finding stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.model import Finding

_CUT = 400  # characters after which the lines of a report end


def suggestion(finding: Finding, line: str) -> str | None:
    """What is to stand in place of ``line``, the source line at the finding's place, as it is written otherwise.

    None unless the fix is to replace the one scalar that the finding is about, and all of that stands in this line.
    """
    from bylaw.documents import load, locate
    from bylaw.documents.editing import EditError, edit

    place = finding.location
    if place is None or place.line != place.end_line or finding.line is not None or len(finding.fix) != 1:
        return None
    if len(line) >= _CUT or "&" in line[: place.column - 1]:  # an anchor: the value may be used elsewhere
        return None
    operation = finding.fix[0]
    value = operation.get("value")
    if operation["op"] != "replace" or operation["path"] != finding.pointer or isinstance(value, dict | list):
        return None
    try:
        text = line.encode()
    except UnicodeEncodeError:
        return None
    documents = load(text)
    if len(documents) != 1 or documents[0].fault:
        return None
    index = documents[0].index
    leaves = list(_leaves(documents[0].value))
    for pointer, span in locate(text, index, leaves).items():
        if (span.line, span.column, span.end_column) == (1, place.column, place.end_column) and pointer:
            try:
                changed = edit(text, {index: [{"op": "replace", "path": pointer, "value": value}]}).decode()
            except EditError:
                return None
            return changed if changed.isprintable() and line.isprintable() and changed != line else None
    return None


def _leaves(value: Any, pointer: str = "") -> Iterator[str]:
    """The pointers of all scalars, the line read as a document of its own."""
    inner: Iterator[tuple[object, Any]] = iter(())
    if isinstance(value, dict):
        inner = iter(value.items())
    elif isinstance(value, list):
        inner = iter(enumerate(value))
    else:
        yield pointer
    for key, each in inner:
        token = str(key).replace("~", "~0").replace("/", "~1")
        yield from _leaves(each, f"{pointer}/{token}")
