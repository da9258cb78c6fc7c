"""Waiver files -> waivers, each with its place; and one entry more at the end of a file.

What is wrong with an entry is told with the entry, which then waives nothing. So no mistake in a waiver file stops a
gate, and none of them makes a finding go away.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bylaw.catalog.placeholders import UnreadableError
from bylaw.documents import DEFAULT, Limits, Span, load, locate_many
from bylaw.documents.secrets import REDACTED, redact
from bylaw.errors import ConfigError, UsageError
from bylaw.model import Location, Waiver, did_you_mean
from bylaw.sources.checkout import Checkout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_SHOWN = 60  # characters of a value that a message repeats
_MOST = 10  # faults of one entry that are told
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_LIST = "a list of waivers, each with an id, a rule, entities and an end (expires)"


@dataclass(frozen=True, slots=True)
class Broken:
    """An entry, or a whole file, that is no waiver: what can be read of it, and what is wrong with it.

    Where it says no id, its place (``waivers.yaml:12:3``) stands in for one.
    """

    waiver: Waiver
    faults: tuple[str, ...]


def read(paths: Iterable[str], root: Path | None = None, limits: Limits = DEFAULT) -> tuple[Waiver | Broken, ...]:
    """The entries of some waiver files, in their order. Places count from ``root``, where a file is inside of it.

    Raises:
        ConfigError: a file is not there or cannot be opened, and the configuration names it.
    """
    return tuple(each for path in paths for each in parse(_text(path, limits), _shown_path(path, root), limits))


def parse(text: bytes, path: str, limits: Limits = DEFAULT) -> tuple[Waiver | Broken, ...]:
    """The entries of one waiver file; ``path`` names it in their places. Never raises for what the file holds."""
    documents = load(text, limits)
    entries = {each.index: len(each.value) if isinstance(each.value, list) else 0 for each in documents}
    wanted = {index: ["", *(f"/{number}" for number in range(count))] for index, count in entries.items()}
    spans = locate_many(text, wanted, limits)
    found: list[Waiver | Broken] = []
    for document in documents:
        index, value = document.index, redact(document.value)
        if document.fault:
            fault = document.fault
            span = Span(fault.line, fault.column, fault.end_line, fault.end_column)
            found.append(_broken(path, span, f"the file cannot be read from here on: {fault.message}"))
        elif isinstance(value, list):
            found += (_entry(each, path, spans[index, f"/{number}"]) for number, each in enumerate(value))
        else:
            found.append(_broken(path, spans[index, ""], f"expected {_LIST}, found {_shown(value)}"))
    return tuple(found)


def digest(waivers: Iterable[Waiver | Broken]) -> str:
    """``sha256:…`` over what all entries say, wherever they stand."""
    said = sorted(json.dumps(_plain(each), sort_keys=True, default=str) for each in waivers)
    total = sha256(f"[{','.join(said)}]".encode())
    return f"sha256:{total.hexdigest()}"


def append(path: str, entry: str, limits: Limits = DEFAULT) -> None:
    """Put one more entry, as the text of a list of one, at the end of a waiver file. All that is there stays.

    Raises:
        ConfigError: the file cannot be opened.
        UsageError: it cannot be written, or is written in a way that no lines can be put behind.
    """
    from bylaw.sources import writing  # which only who writes has to wait for

    before = _text(path, limits)
    after = _extended(before, entry, limits)
    if after is None:
        raise UsageError(
            f"{path}: the entry cannot be put at its end, since it is not a list of lines that begin with a dash; "
            "leave out --write and put the entry where it belongs"
        )
    real = Path(os.path.realpath(Path(path).parent))
    try:
        writing.write(real, Path(path).name, before, after)
    except writing.UnwritableError as error:
        raise UsageError(f"{path} {error}; leave out --write and put the entry there yourself") from None


def _extended(before: bytes, entry: str, limits: Limits) -> bytes | None:
    """A waiver file with one entry more; None where that cannot be had by adding lines."""
    documents = load(before, limits)
    if any(each.fault or not isinstance(each.value, list) for each in documents):
        return None
    values = [each.value for each in documents]
    indent, start = "", before
    if values and values[-1]:
        last = f"/{len(values[-1]) - 1}"
        place = locate_many(before, {documents[-1].index: [last]}, limits)[documents[-1].index, last]
        line = before.splitlines()[place.line - 1].decode("utf-8", "replace").removeprefix("\ufeff")
        indent = line[: len(line) - len(line.lstrip(" "))]
    elif values:  # `[]`, where there have been none yet
        bracket = before.rfind(b"[")
        start = before[:bracket] + before[before.rfind(b"]") + 1 :].lstrip()
    line_end = b"\r\n" if b"\r\n" in before else b"\n"
    if start.strip() and not start.endswith(b"\n"):
        start += line_end
    added = [f"{indent}{line}".encode() for line in entry.splitlines()]
    after = start + b"".join(line + line_end for line in added)
    (wanted,) = load(entry.encode(), limits)
    expected = [*values[:-1], [*(values[-1] if values else []), *wanted.value]]
    found = load(after, limits)
    return after if [each.value for each in found] == expected and not any(each.fault for each in found) else None


def _text(path: str, limits: Limits) -> bytes:
    """The bytes of a waiver file. A link is followed: the configuration names it, and not a stranger.

    Raises:
        ConfigError: it cannot be had.
    """
    if not os.path.lexists(path):
        raise ConfigError(
            f"waivers.paths: {path} does not exist; write the file (a list, `[]` for none) or take it out"
        )
    real = Path(os.path.realpath(path))
    try:
        return Checkout(real.parent).read(real.name, limits.file_bytes)
    except UnreadableError as error:
        raise ConfigError(f"waivers.paths: {path} {error}") from None


def _shown_path(path: str, root: Path | None) -> str:
    """A path as findings say it: from the root of the checkout, where it lies there."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100  (resolve() would follow the link)
    real = Path(os.path.realpath(whole.parent), whole.name)
    return real.relative_to(root).as_posix() if root and real.is_relative_to(root) else Path(path).as_posix()


def _entry(value: Any, path: str, span: Span) -> Waiver | Broken:
    if not isinstance(value, dict):
        return _broken(path, span, f"expected a waiver with an id, a rule and entities, found {_shown(value)}")
    faults = [
        f"{name} is not a field of a waiver{did_you_mean(name, _FIELDS.keys() - value.keys())}"
        for name in (each[:_SHOWN] for each in value if each not in _FIELDS)
    ]
    said: dict[str, Any] = {}
    for name, (expected, understand) in _FIELDS.items():
        if value.get(name) is None:
            if name in _NEEDED:
                faults.append(f"{name} is missing")
            continue
        understood = understand(value[name])
        if understood is None:
            faults.append(f"{name}: expected {expected}, found {_shown(value[name])}")
        else:
            said[name] = understood
    if any(REDACTED in each for each in said.get("entities", ())):
        faults.append("entities: one holds a secret, so it is not read")
    place = _location(path, span)
    if len(faults) > _MOST:
        faults[_MOST:] = [f"and {len(faults) - _MOST:,} faults more"]
    if faults:
        return Broken(Waiver(**{**_blank(place), **said}), tuple(faults))
    return Waiver(**said, location=place)


def _broken(path: str, span: Span, fault: str) -> Broken:
    return Broken(Waiver(**_blank(_location(path, span))), (fault,))


def _blank(place: Location) -> dict[str, Any]:
    """The fields of an entry that says nothing."""
    return {
        "id": f"{place.path}:{place.line}:{place.column}",
        **dict.fromkeys(("rule", "reason", "requested_by", "approved_by"), ""),
        "entities": (),
        "expires": None,
        "location": place,
    }


def _location(path: str, span: Span) -> Location:
    return Location(path, span.line, span.column, span.end_line, span.end_column)


def _as_text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _as_texts(value: Any) -> tuple[str, ...] | None:
    return tuple(value) if isinstance(value, list) and all(map(_as_text, value)) else None


def _as_day(value: Any) -> date | None:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _as_fingerprints(value: Any) -> tuple[str, ...] | None:
    texts = _as_texts(value)
    return texts if texts and all(map(_FINGERPRINT.fullmatch, texts)) else None


_TEXT: tuple[str, Callable[[Any], Any]] = ("a text", _as_text)
_A_DAY: tuple[str, Callable[[Any], Any]] = ("a date such as 2026-12-31", _as_day)
_FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "id": _TEXT,
    "rule": _TEXT,
    "entities": ("a list of references or globs, such as [component:default/orders]", _as_texts),
    "reason": _TEXT,
    "ticket": _TEXT,
    "requested_by": _TEXT,
    "approved_by": _TEXT,
    "approved_at": _A_DAY,
    "expires": _A_DAY,
    "fingerprints": ("a list of fingerprints of 64 hexadecimal digits", _as_fingerprints),
}
"""What each field of an entry holds: in words, and the function that gives it, or None for anything else."""
_NEEDED = ("id", "rule", "entities", "reason", "requested_by", "approved_by", "expires")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return json.dumps(value)[:_SHOWN]


def _plain(each: Waiver | Broken) -> dict[str, Any]:
    waiver, faults = (each.waiver, each.faults) if isinstance(each, Broken) else (each, ())
    return {name: value for name, value in asdict(waiver).items() if name != "location"} | {"faults": faults}
