"""The chain of hashes through the decision log, so that nobody changes a row, takes one out or moves one unseen.

A row is a number, a text, the hash of the row before it, and its own hash. The text is JSON: keys sorted, no white
space between, UTF-8. The hash of a row is ::

    "sha256:" + hexadecimal SHA-256 of the bytes   <number> LF <hash of the row before> LF <text>

with the number in decimal digits; the first row is number 1 and follows ``sha256:000…0`` (64 zeros). The text is kept
as it was hashed, so that anybody can recompute the chain with nothing but SHA-256 (docs/decisions.md has the program).
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.model import Decided, Decision, Digests
from bylaw.store.values import Fault, Gap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bylaw.store.values import Head

KEYS = ("id", "time", "gate", "subject", "decision", "rules")
"""By what rows are found, beside their numbers."""

START = "sha256:" + "0" * 64
"""What stands for the hash of the row before the first."""

_FIELDS, _DIGESTS = tuple(Decided.__dataclass_fields__), tuple(Digests.__dataclass_fields__)
_MOST_FAULTS = 100  # that are told: where a chain is broken in more places, one more says nothing
_NEAR = 1_000  # rows, each way, among which the place is sought that a row was moved from
_KEY = 200  # characters of a value by which rows are found


def text(entry: Decided | Gap) -> str:
    """The text of an entry, the same for the same entry."""
    if isinstance(entry, Gap):
        said: dict[str, Any] = {"kind": "gap", **asdict(entry)}
    else:
        said = {name: getattr(entry, name) for name in _FIELDS}
        said |= {"kind": "decision", "digests": {name: getattr(entry.digests, name) for name in _DIGESTS}}
    for attempt in (lambda: said, lambda: _plain(said), lambda: _plain({**said, "input": None})):
        try:
            return orjson.dumps(attempt(), option=orjson.OPT_SORT_KEYS).decode()
        except (TypeError, RecursionError):  # half of a surrogate pair, a number beyond 64 bits; nested too deep
            continue
    raise AssertionError("a decision without its input can be said")


def entry(text: str) -> Decided | Gap:
    """The entry that a text says."""
    said = orjson.loads(text)
    if said.pop("kind") == "gap":
        return Gap(**said)
    said["decision"], said["digests"] = Decision(said["decision"]), Digests(**said["digests"])
    return Decided(**{**said, "rules": tuple(said["rules"])})


def keys(entry: Decided | Gap) -> tuple[str, ...]:
    """By what a row is found, in the order of ``KEYS``; the rules as lines between line ends."""
    if isinstance(entry, Gap):
        return "", key(entry.time), "", "", "gap", ""
    rules = "".join(f"{key(each)}\n" for each in entry.rules)
    return key(entry.id), key(entry.time), key(entry.gate), key(entry.subject), entry.decision.value, f"\n{rules}"


def key(value: str) -> str:
    """A value as a row is found by it: a long one by its beginning and its digest, since no index takes a text of any
    length, and without what PostgreSQL does not take (NUL, half of a surrogate pair)."""
    plain = value.replace("\0", "\\0").encode("utf-8", "replace")
    if len(value) <= _KEY:
        return plain.decode()
    return f"{plain[:_KEY].decode('utf-8', 'ignore')}…{hashlib.sha256(plain).hexdigest()}"


def link(seq: int, before: str, text: str) -> str:
    """The hash of a row."""
    digest = hashlib.sha256(f"{seq}\n{before}\n{text}".encode()).hexdigest()
    return f"sha256:{digest}"


Record = tuple[int, str, str, str, tuple[str, ...]]
"""A row as it stands in a store: number, text, hash of the row before, own hash, and by what it is found."""


def verify(rows: Iterable[Record], head: Callable[[], Head], noted: str | None = None) -> Iterator[Fault]:
    """What is wrong with the rows, all of them from the first on. ``head`` gives the head record, at which it looks
    before and after, since the log may grow meanwhile. ``noted`` is the hash of a row that was written down elsewhere.
    At most a hundred faults of rows are told."""
    first = head()
    seq, before = 0, START
    seen, told = noted in {None, START}, 0
    for each in rows:
        for fault in _faults(each, seq, before, first, is_told=told < _MOST_FAULTS):
            told += 1
            if told <= _MOST_FAULTS:
                yield fault
        seq, before = each[0], each[3]
        seen = seen or before == noted
    if seq < first.seq:
        missing = _range(seq + 1, first.seq)
        yield Fault(seq + 1, f"{missing} missing at the end: the head record says that {first.seq} were written")
    if seq > (last := head()).seq:
        more = _range(last.seq + 1, seq)
        yield Fault(seq, f"{more} beyond the head record, which says that {last.seq} were written: put in, or set back")
    if not seen:
        yield Fault(seq, f"no row has the hash {noted} that was noted: rows were rewritten or cut off")
    if told > _MOST_FAULTS:
        yield Fault(seq, f"{told - _MOST_FAULTS} more faults are not told")


def _faults(row: Record, last: int, before: str, head: Head, *, is_told: bool) -> Iterator[Fault]:
    """What is wrong with one row, after the row number ``last`` with the hash ``before``."""
    seq, said, follows, own, found_by = row
    if seq != last + 1:
        yield Fault(last + 1, f"{_range(last + 1, seq - 1)} missing")
    expected = link(seq, follows, said)
    if own != expected:
        moved = _moved(row) if is_told else None
        if moved is None:
            yield Fault(seq, f"row {seq} was changed: it says that its hash is {own}, but it is {expected}")
        else:
            yield Fault(seq, f"row {seq} is what was row {moved}: rows were reordered")
    elif follows != before and seq == last + 1:
        what = f"row {last} was changed or put in" if last else "rows before it were taken out"
        yield Fault(seq, f"row {seq} follows a row with the hash {follows}, but row {last} has {before}: {what}")
    try:
        meant = keys(entry(said))
    except (ValueError, TypeError, KeyError, AttributeError):
        yield Fault(seq, f"row {seq} has a text that no decision has")
    else:
        if found_by != meant:
            differ = [name for name, one, other in zip(KEYS, found_by, meant, strict=True) if one != other]
            yield Fault(seq, f"row {seq} is found by another {' and '.join(differ)} than its text says")
    if seq == head.seq and own != head.hash:
        yield Fault(seq, f"row {seq} has the hash {own}, but the head record says {head.hash}: rows were rewritten")


def _moved(row: Record) -> int | None:
    """The number that a row had, if it is whole but for that."""
    seq, said, follows, own, _ = row
    near = (seq + sign * step for step in range(1, _NEAR) for sign in (1, -1))
    return next((each for each in near if each > 0 and link(each, follows, said) == own), None)


def _range(first: int, last: int) -> str:
    return f"row {first} is" if first == last else f"rows {first} to {last} are"


def _plain(value: Any) -> Any:
    """A value as JSON can say it."""
    if isinstance(value, dict):
        return {_plain(str(key)): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value
