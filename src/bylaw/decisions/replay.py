"""Decisions of the log, made again: by the same law they come out the same, and by another one it shows what would."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from bylaw.decisions.mask import is_masked
from bylaw.model import Decided, Decision, Digests
from bylaw.store import Gap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bylaw.store import Row

_MOST = 1_000  # rows that differ and flips of different kinds that are told one by one


class UnanswerableError(Exception):
    """A decision that cannot be made again here; the message is a clause that says why."""


@dataclass(frozen=True, slots=True)
class Differing:
    """A row by the same law and over the same catalog whose answer is another one now."""

    seq: int
    id: str
    subject: str
    before: Decision
    after: Decision
    rules_before: tuple[str, ...]
    rules_after: tuple[str, ...]
    engine: str
    """What had answered."""


@dataclass(frozen=True, slots=True)
class Flip:
    """What another law makes of a subject. ``rules`` are those that count on one side only; if there are none, those
    that count on both: they are enforced otherwise."""

    subject: str
    rules: tuple[str, ...]
    before: Decision
    after: Decision


@dataclass(slots=True)
class Replayed:
    """What came of it."""

    digests: Digests
    """Of the law and the catalog that answered."""
    engine: str
    rows: int = 0
    same: int = 0
    """Decisions by the same law and over the same catalog, with the same answer."""
    kept: int = 0
    """Decisions by another law or over another catalog, with the same decision."""
    differing: list[Differing] = field(default_factory=list)
    """Decisions by the same law over the same catalog that come out otherwise: the engine, or somebody, has changed
    something."""
    unclear: list[Differing] = field(default_factory=list)
    """The like, but something of their inputs is masked, which may be why."""
    flips: Counter[Flip] = field(default_factory=Counter)
    more: int = 0
    """Differing rows and kinds of flips beyond those told."""
    masked: int = 0
    """Of those made again, how many had something masked in their inputs."""
    without_input: int = 0
    never_made: int = 0
    """Nothing was decided then, for want of time or of a fresh catalog."""
    lost: int = 0
    """Decisions that the log says are not in it."""
    unanswerable: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    """In what the law or the catalog of the other decisions differs from the one that answered, such as
    ``policies``."""


def replay(
    rows: Iterable[Row], answer: Callable[[Row], Mapping[str, Any]], *, digests: Digests, engine: str
) -> Replayed:
    """Make the decisions of rows again. ``answer`` says what comes of one now: ``decision`` and ``rules``, or raises
    ``UnanswerableError``; ``digests`` and ``engine`` are those by which it does."""
    result = Replayed(digests, engine)
    for row in rows:
        result.rows += 1
        entry = row.entry
        if isinstance(entry, Gap):
            result.lost += entry.lost
        elif entry.input is None:
            result.without_input += 1
        elif entry.decision is Decision.UNDECIDED and entry.reason:
            result.never_made += 1
        else:
            _again(result, row, entry, answer)
    return result


def _again(result: Replayed, row: Row, entry: Decided, answer: Callable[[Row], Mapping[str, Any]]) -> None:
    """Make one decision again, and count what comes of it."""
    try:
        said = answer(row)
    except UnanswerableError as error:
        result.unanswerable[str(error)] += 1
        return
    has_masks = is_masked(entry.input)
    result.masked += has_masks
    after, rules = Decision(said["decision"]), tuple(sorted(said["rules"]))
    if entry.digests != result.digests:
        named = (each.name for each in fields(Digests))
        result.others.update(each for each in named if getattr(entry.digests, each) != getattr(result.digests, each))
        if after is entry.decision:
            result.kept += 1
            return
        flip = Flip(entry.subject, tuple(sorted(set(rules) ^ set(entry.rules))) or rules, entry.decision, after)
        if flip in result.flips or len(result.flips) < _MOST:
            result.flips[flip] += 1
        else:
            result.more += 1
    elif (after, rules) == (entry.decision, entry.rules):
        result.same += 1
    else:
        differing = result.unclear if has_masks else result.differing
        if len(differing) < _MOST:
            differing.append(
                Differing(row.seq, entry.id, entry.subject, entry.decision, after, entry.rules, rules, entry.engine)
            )
        else:
            result.more += 1
