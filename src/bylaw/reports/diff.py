"""Edits as a unified diff, which ``git apply`` and ``patch -p1`` take."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from bylaw.documents import secrets
from bylaw.reports.terminal import Paint, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bylaw.fixes import Edit, Fixes

_CONTEXT = 3  # lines that are shown around a change
_FAR = 50  # lines after which two texts are not looked at for what they have in common again
_NEAR = sorted(product(range(_FAR), repeat=2), key=sum)
_NO_LINE_END = "\\ No newline at end of file"
_ESCAPED = {"\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


class _Change(NamedTuple):
    """The lines ``start`` to before ``end`` become those of the other text between ``new_start`` and ``new_end``."""

    start: int
    end: int
    new_start: int
    new_end: int


def render(fixes: Fixes, *, color: bool, safe: bool) -> tuple[str, list[str]]:
    """The edits as a diff, and the files that are left out of it, because it would show a secret.

    ``safe`` is for a terminal: nothing in it acts, and no program would take it.
    """
    paint = Paint(color)
    lines: list[str] = []
    left_out = []
    for edit in fixes.edits:
        diff = _diff(edit)
        if diff is None:
            left_out.append(edit.path)
        else:
            lines += (f"{paint(_style(line), visible(line) if safe else line)}\n" for line in diff)
    return "".join(lines), left_out


def _style(line: str) -> str:
    if line.startswith(("--- ", "+++ ")):
        return "bold"
    return {"-": "error", "+": "good", "@": "dim"}.get(line[:1], "")


def _diff(edit: Edit) -> list[str] | None:
    """The lines of one file's diff, without their ends. (A carriage return is none.)"""
    before, after = _lines(edit.before), _lines(edit.after)
    hidden = {number - 1 for text in (edit.before, edit.after) for number in secrets.lines(text.decode())}
    found = [f"--- {_name('a', edit.path)}", f"+++ {_name('b', edit.path)}"]
    for hunk in _hunks(_changes(before, after)):
        start = max(hunk[0].start - _CONTEXT, 0)
        end = min(hunk[-1].end + _CONTEXT, len(before))
        new_start = hunk[0].new_start - (hunk[0].start - start)
        new_end = hunk[-1].new_end + (end - hunk[-1].end)
        if not hidden.isdisjoint(range(min(start, new_start), max(end, new_end))):
            return None
        found.append(f"@@ -{_range(start, end)} +{_range(new_start, new_end)} @@")
        for change in hunk:
            found += _shown(" ", before[start : change.start])
            found += _shown("-", before[change.start : change.end])
            found += _shown("+", after[change.new_start : change.new_end])
            start = change.end
        found += _shown(" ", before[start:end])
    return found


def _lines(text: bytes) -> list[str]:
    """The lines with their ends; the last may have none."""
    *lines, last = text.decode().split("\n")
    return [f"{line}\n" for line in lines] + ([last] if last else [])


def _changes(before: Sequence[str], after: Sequence[str]) -> Iterator[_Change]:
    """What differs, in one walk: edits are small and never move a line, and there may be thousands in a file.

    (difflib takes a minute for a file of 4,000 entities.)
    """
    one = other = 0
    while one < len(before) or other < len(after):
        if one < len(before) and other < len(after) and before[one] == after[other]:
            one, other = one + 1, other + 1
            continue
        gone, come = _apart(before, one, after, other)
        yield _Change(one, one + gone, other, other + come)
        one, other = one + gone, other + come


def _apart(before: Sequence[str], one: int, after: Sequence[str], other: int) -> tuple[int, int]:
    """After how many lines of each two texts go on alike: after the fewest, or only at the end of both."""
    left, new_left = len(before) - one, len(after) - other
    for gone, come in _NEAR:
        rest, new_rest = _some(before, one + gone), _some(after, other + come)
        if gone <= left and come <= new_left and rest == new_rest:
            return gone, come
    return left, new_left


def _some(lines: Sequence[str], start: int) -> Sequence[str]:
    return lines[start : start + _CONTEXT]


def _hunks(changes: Iterable[_Change]) -> list[list[_Change]]:
    """The changes, together where the lines around them touch."""
    hunks: list[list[_Change]] = []
    for change in changes:
        if hunks and change.start - hunks[-1][-1].end <= 2 * _CONTEXT:
            hunks[-1].append(change)
        else:
            hunks.append([change])
    return hunks


def _range(start: int, end: int) -> str:
    return f"{start + 1 if end > start else start},{end - start}"


def _shown(sign: str, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield sign + line.removesuffix("\n")
        if not line.endswith("\n"):
            yield _NO_LINE_END


def _name(side: str, path: str) -> str:
    """The name of a file as git writes it: with a tab behind blanks, in quotes where it holds what cannot be seen."""
    name = f"{side}/{path}"
    if name.isprintable() and not set(name) & {'"', "\\"}:
        return f"{name}\t" if " " in name else name
    return f'"{"".join(map(_escaped, name))}"'


def _escaped(character: str) -> str:
    if character in _ESCAPED:
        return _ESCAPED[character]
    return character if character.isprintable() else "".join(f"\\{byte:03o}" for byte in character.encode())
