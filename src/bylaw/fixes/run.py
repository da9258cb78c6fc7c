"""From what is asked for to what is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bylaw.errors import UndecidedError
from bylaw.fixes import ask, texts
from bylaw.fixes.fix import Fixes, Judged, Refusal
from bylaw.fixes.settle import settle
from bylaw.model import Outcome
from bylaw.sources import writing
from bylaw.sources.checkout import Checkout

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from bylaw.config import LimitSettings


def run(
    judged: Callable[[Mapping[str, bytes]], Judged],
    rules: Collection[str],
    owners: Sequence[str],
    settings: LimitSettings,
    *,
    jobs: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Fixes:
    """The edits that mend the findings of some rules, or, where there are ``owners``, move what they own.

    ``judged`` reads and judges the catalog with texts laid over its files. ``progress(done, total)`` is told of
    files that are edited. Nothing is written.

    Raises:
        UndecidedError: a rule came to no answer, so nobody could tell whether a fix makes something worse.
        UsageError: a move of ownership that cannot be.
    """
    before = judged({})
    if errors := [each for each in before.findings if each.outcome is Outcome.ERROR]:
        raise UndecidedError(f"nothing was changed, since not all could be judged: {errors[0].message}")
    unfixable = 0
    if owners:
        fixes = ask.of_owners(before.catalog, owners)
    else:
        found = [each for each in before.findings if each.rule in rules]
        fixes = ask.of_findings(found)
        unfixable = len(found) - len(fixes)
    root = before.catalog.root or Path()
    edits, refusals = texts.make(fixes, Checkout(root, before.catalog.stdin), settings, jobs=jobs, progress=progress)
    settled = settle(edits, before, judged)
    return Fixes(
        root,
        tuple(sorted(settled.edits, key=lambda each: each.path)),
        _ordered([*refusals, *settled.refusals]),
        unfixable,
        settled.revealed,
    )


def written(fixes: Fixes) -> Fixes:
    """What is left of fixes when their files have been written: one that could not be is as it was."""
    failed = writing.write_all(fixes.root, ((edit.path, edit.before, edit.after) for edit in fixes.edits))
    kept = tuple(edit for edit in fixes.edits if edit.path not in failed)
    lost = (
        Refusal(fix, f"is in a file that {failed[edit.path]}")
        for edit in fixes.edits
        if edit.path in failed
        for fix in edit.fixes
    )
    return replace(fixes, edits=kept, refusals=_ordered([*fixes.refusals, *lost]))


def _ordered(refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    return tuple(sorted(refusals, key=lambda each: (each.fix.document.order, each.fix.reason, each.fix.places)))
