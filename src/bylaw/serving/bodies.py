"""Bodies of requests: JSON as a file of strangers is read, strictly and within the limits of one."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from bylaw.config import LimitSettings

_AROUND = 2  # collections around an entity in a body: the body itself, and its list of entities
_EXACT = 2**53 - 1  # up to here every whole number is exact in JavaScript, too


class MalformedError(Exception):
    """The body is not what the route takes. The message says what was seen, and where."""


def read(body: bytes, limits: LimitSettings) -> dict[str, Any]:
    """The JSON object that a body is: of numbers JavaScript's, as in YAML, and no key twice.

    Raises:
        MalformedError: it is none, or larger than a file may be.
    """
    try:
        value = orjson.loads(body)  # the stricter reader of the two, and never out of stack
    except orjson.JSONDecodeError as error:
        raise MalformedError(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise MalformedError(f"the body is {_kind(value)}, expected a JSON object")
    _bound(value, limits)
    try:
        read: dict[str, Any] = json.loads(body, object_pairs_hook=_object, parse_int=_number, parse_float=_number)
    except MalformedError:
        raise
    except ValueError as error:
        raise MalformedError(f"the body is not JSON: {error}") from None
    return read


def _bound(value: Any, limits: LimitSettings) -> None:
    """Refuse what is deeper, or has more values, than one file may have."""
    depth, nodes, level = 0, 1, [value]
    while collections := [each for each in level if isinstance(each, dict | list)]:
        level = [item for each in collections for item in (each.values() if isinstance(each, dict) else each)]
        depth += 1
        nodes += len(level)
        if depth > limits.depth + _AROUND:
            raise MalformedError(
                f"the body has more than {limits.depth:,} collections in one another (catalog.limits.depth)"
            )
        if nodes > limits.file_nodes:
            raise MalformedError(f"the body has more than {limits.file_nodes:,} values (catalog.limits.file_nodes)")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key in found if counts[key] > 1)
        raise MalformedError(f"the key {twice:.60} stands twice in one object: readers differ on which of them counts")
    return found


def _number(text: str) -> int | float:
    """Of JavaScript's numbers the whole ones are int while exact, as ``documents`` has them."""
    value = float(text)
    return int(value) if abs(value) <= _EXACT and value.is_integer() else value


def _kind(value: Any) -> str:
    return {list: "a list", str: "a text", bool: "a truth value", type(None): "null"}.get(type(value), "a number")
