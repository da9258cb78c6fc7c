"""What of a decision is not kept: secrets, always, and what the settings name.

What stands in its place says so, and has the type of what it replaces, so that the rest can still be judged again:
``[masked]``, ``["[masked]"]`` or ``{"[masked]": []}``; of a secret in a text ``[secret]``.
"""

from __future__ import annotations

import base64
import binascii
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from bylaw.documents import secrets
from bylaw.errors import ConfigError
from bylaw.model import Decided
from bylaw.store import Gap, chain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MASKED = "[masked]"
"""What stands for a text that is not kept."""
MOST = 512 * 1024
"""Bytes of an input that is kept; of a larger one only its size is."""

_APPLIED = "last-applied-configuration"  # the end of the annotation in which kubectl repeats the whole object
_HINTS = (b'"secret', _APPLIED.encode())  # without upper case, wherever there is a Secret, or what was applied last
_SECRET_FIELDS = ("data", "stringData")
_SHORTEST = 6  # characters of what was in a Secret that is looked for elsewhere too: a shorter one is in any text
_MOST_HIDDEN = 64  # of those: to look for each of many in all texts would take long
_SAID = ("subject", "caller", "reason")  # the texts of a decision in which a stranger has a say, beside its rules
_Entry = TypeVar("_Entry", Decided, Decided | Gap)


class Mask:
    """Masks decisions. ``pointers`` are JSON pointers into their inputs; a ``*`` stands for any one step."""

    def __init__(self, pointers: Sequence[str] = ()) -> None:
        """
        Raises:
            ConfigError: one of them is none.
        """
        for each in pointers:
            if not each.startswith("/"):
                raise ConfigError(
                    f"server.decisions.mask: expected a JSON pointer such as /request/uid, found {each!r}"
                )
        self._ways = [[_plain(step) for step in each.split("/")[1:]] for each in pointers]

    def __call__(self, decided: Decided) -> Decided:
        """The decision as it may be kept."""
        said = None if decided.input is None else written(decided.input)
        return self.all([(decided, said)])[0]

    def all(self, entries: Sequence[tuple[_Entry, bytes | None]]) -> list[_Entry]:
        """Entries of the log as they may be kept. The inputs of decisions stand beside them, as ``written``."""
        kept = [each if isinstance(each, Gap) else self._masked(each, said) for each, said in entries]
        lines = "\n".join(map(chain.text, kept)).replace('","', '",\n"')  # clues end with the line of a text
        if not secrets.suspected(lines):  # nearly always, and one look costs less than many
            return kept
        return [each if isinstance(each, Gap) else _without_secrets(each) for each in kept]

    def _masked(self, decided: Decided, said: bytes | None) -> Decided:
        """The decision with its input, if that is kept, without what is masked by its place."""
        if said is None:
            return decided if decided.input is None else replace(decided, input=None)
        hidden: set[str] = set()
        decided = replace(decided, input=self._input(said, hidden))
        return _without(decided, hidden) if hidden else decided

    def _input(self, said: bytes, hidden: set[str]) -> Any:
        """The input without what is masked; the texts of Secrets go to ``hidden``."""
        value = orjson.loads(said)
        folded = said.lower()
        if any(hint in folded for hint in _HINTS):
            for secret in list(_secrets(value)):
                hidden.update(_hide_secret(secret))
            _hide_applied(value)
        for way in self._ways:
            _hide(value, way)
        return value


def is_masked(value: Any) -> bool:
    """Whether something of an input was not kept."""
    said = orjson.dumps(value)
    return MASKED.encode() in said or secrets.REDACTED.encode() in said


def written(value: Any) -> bytes:
    """An input as JSON. What is too large, cannot be said in JSON, or is nested too deep for it, is not kept."""
    try:
        said = orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_instead("no JSON that can be kept"))
    if len(said) > MOST:
        return orjson.dumps(_instead(f"{len(said):,} bytes, of which at most {MOST:,} are kept"))
    return said


def _instead(why: str) -> dict[str, Any]:
    return {MASKED: [why]}


def _plain(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")


def _hide(value: Any, way: Sequence[str]) -> None:
    """Mask what stands at a place of a value, or at each of the places that a ``*`` means."""
    *steps, last = way
    at = [value]
    for step in steps:
        at = [each[key] for each in at for key in _keys(each, step)]
    for each in at:
        for key in _keys(each, last):
            each[key] = _masked(each[key])


def _keys(value: Any, step: str) -> Iterable[Any]:
    """The keys of a value that a step means."""
    if isinstance(value, dict):
        return list(value) if step == "*" else [step] if step in value else []
    if isinstance(value, list):
        if step == "*":
            return range(len(value))
        return [int(step)] if step.isdecimal() and len(step) < 10 and int(step) < len(value) else []
    return []


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {MASKED: []}
    return [MASKED] if isinstance(value, list) else MASKED


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    """All mappings in a value. One that is changed by who sees it is walked through as it is then."""
    left = deque([value])
    while left:
        each = left.popleft()
        if isinstance(each, dict):
            yield each
            left.extend(each.values())
        elif isinstance(each, list):
            left.extend(each)


def _secrets(value: Any) -> Iterator[dict[str, Any]]:
    """The Secrets in an input: what says so itself, and what a request says is one."""
    for each in _walk(value):
        if _is(each.get("kind"), "secret"):
            yield each
        kind, resource = each.get("kind"), each.get("resource")
        if (isinstance(kind, dict) and _is(kind.get("kind"), "secret")) or (
            isinstance(resource, dict) and _is(resource.get("resource"), "secrets")
        ):
            yield from (each[name] for name in ("object", "oldObject") if isinstance(each.get(name), dict))


def _is(value: Any, name: str) -> bool:
    return isinstance(value, str) and value.casefold() == name


def _hide_secret(secret: dict[str, Any]) -> Iterator[str]:
    """Mask the values of a Secret, whose names stay; the texts that they hold, as they are and decoded."""
    for name in _SECRET_FIELDS:
        fields = secret.get(name)
        if isinstance(fields, dict):
            for key, value in fields.items():
                yield from _texts(value)
                fields[key] = MASKED
        elif fields is not None:
            yield from _texts(fields)
            secret[name] = _masked(fields)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value != MASKED:
        yield value
        try:
            yield base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError):
            return
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _hide_applied(value: Any) -> None:
    for each in _walk(value):
        for key in each:
            if key.endswith(_APPLIED):
                each[key] = MASKED


def _without(decided: Decided, hidden: Iterable[str]) -> Decided:
    """The decision with none of some texts in any of its own: a message may repeat what it found in a Secret."""
    pieces = sorted({each.strip() for each in hidden if len(each.strip()) >= _SHORTEST}, key=len, reverse=True)
    if len(pieces) > _MOST_HIDDEN:
        decided = replace(decided, input=_instead(f"a Secret with more than {_MOST_HIDDEN} values"))

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            for piece in pieces:
                if piece in value:
                    value = value.replace(piece, MASKED)
            return value
        if isinstance(value, dict):
            return {clean(key): clean(each) for key, each in value.items()}
        return [clean(each) for each in value] if isinstance(value, list | tuple) else value

    said = {name: clean(getattr(decided, name)) for name in (*_SAID, "input")}
    return replace(decided, rules=tuple(map(clean, decided.rules)), **said)


def _said(decided: Decided) -> dict[str, Any]:
    """What of a decision a stranger may have a say in."""
    return {**{name: getattr(decided, name) for name in _SAID}, "rules": list(decided.rules), "input": decided.input}


def _without_secrets(decided: Decided) -> Decided:
    """The decision without anything that looks like a secret."""
    whole = secrets.redact(_said(decided))
    for found in list(secrets.find_in(whole)):  # what is a secret by the key before it
        if not found.is_key:
            _put(whole, found.place)
    return replace(decided, **{**whole, "rules": tuple(whole["rules"])})


def _put(value: Any, place: tuple[str | int, ...]) -> None:
    for step in place[:-1]:
        value = value[step]
    value[place[-1]] = secrets.REDACTED
