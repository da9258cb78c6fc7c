"""Fixes that a click applies: findings of the JSON report -> lines as they should be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bylaw.notes.text import code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MOST = 20
"""Suggestions for one merge request. Whoever has more faults than that runs `bylaw fix`."""

_MARKER = re.compile(r"<!-- bylaw:fix ([0-9a-f]{64}) -->\n")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A line of a file (from 1) and what it should be, for the finding with this fingerprint."""

    fingerprint: str
    path: str
    line: int
    text: str
    rule: str
    message: str

    @property
    def body(self) -> str:
        """The note at the line."""
        ticks = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", self.text))])
        return (
            f"<!-- bylaw:fix {self.fingerprint} -->\n\n{code(self.rule)}: {code(self.message)}\n\n"
            f"{ticks}suggestion:-0+0\n{self.text}\n{ticks}\n"
        )


def fingerprint_of(body: str) -> str | None:
    """The finding that a note is a suggestion for, if it is one."""
    found = _MARKER.match(body)
    return found[1] if found else None


def suggestions(
    findings: Iterable[dict[str, Any]],
    lines_of: Callable[[str], Sequence[str] | None],
    changed: Callable[[dict[str, Any], str], str | None],
) -> tuple[Suggestion, ...]:
    """What can be suggested for the findings of a JSON report that its change brings, ``MOST`` of them.

    ``lines_of`` gives the lines of a file of the checkout, or None where it cannot be read; ``changed`` what the fix of
    a finding makes of the line at which it stands, or None where it has none or needs more than that line.
    """
    found: dict[str, Suggestion] = {}
    for each in findings:
        place = each["location"]
        if (each["status"], each["outcome"], each["waiver"]) != ("new", "fail", None) or not place or not each["fix"]:
            continue
        number, lines = place["line"], lines_of(place["path"]) or ()
        line = lines[number - 1] if number <= len(lines) else ""
        # A line that begins with a slash GitLab may take for a command, in some fences too.
        if str(each["observed"]) not in line or line.startswith("/"):
            continue
        text = changed(each, line)
        if text is not None:
            suggestion = Suggestion(each["fingerprint"], place["path"], number, text, each["rule"], each["message"])
            found.setdefault(suggestion.fingerprint, suggestion)
        if len(found) == MOST:
            break
    return tuple(found.values())
