"""Which findings a change brings, which were there before it, and which it puts right."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from bylaw.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bylaw.model import Finding


def compare(before: Iterable[Finding], after: Iterable[Finding], renamed: Mapping[str, str]) -> list[Finding]:
    """The findings of the later state as new or existing, and those of the earlier one that are gone as fixed.

    Findings are the same if they have one fingerprint and one outcome: what could not be told before and is a fault
    now is new. Of several alike as many are existing as there were. ``renamed`` leads from the earlier path of a file
    to the later one: a document that nobody can address is known by its file alone.
    """
    earlier = list(before)
    known = Counter(_identity(each, renamed) for each in earlier)
    found = []
    for finding in after:
        identity = _identity(finding, {})
        status = Status.EXISTING if known[identity] else Status.NEW
        known[identity] -= known[identity] > 0
        found.append(replace(finding, status=status))
    for finding in reversed(earlier):
        identity = _identity(finding, renamed)
        if known[identity]:
            known[identity] -= 1
            found.append(replace(finding, status=Status.FIXED))
    return found


def _identity(finding: Finding, renamed: Mapping[str, str]) -> tuple[str, str]:
    document = finding.document
    if document and document.path and document.path in renamed:
        finding = replace(finding, document=replace(document, path=renamed[document.path]))
    return finding.fingerprint, finding.outcome
