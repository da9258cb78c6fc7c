"""``{$text: ./file}``, ``{$json: …}`` and ``{$yaml: …}``: a value that stands in another file.

Mirrors ``PlaceholderProcessor`` of ``plugin-catalog-backend`` 4.0.0: a mapping whose only key begins with
``$`` is replaced by what it names, and what it names is not searched for more. Keys it does not know stay as
they are. A URL, which Backstage would fetch, stays as well: whether it can be fetched is unknown here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.catalog.schemas import pointer
from bylaw.documents import load
from bylaw.model import Outcome, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from bylaw.documents import Limits

RULE = "catalog/placeholder-unresolved"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class UnreadableError(Exception):
    """The file a placeholder or a Location names cannot be had. The message says why, in a clause."""


def is_url(target: str) -> bool:
    """Whether a target is an address rather than a path."""
    return _URL.match(target) is not None


def resolve(value: Any, read: Callable[[str], bytes], limits: Limits) -> tuple[Any, tuple[Problem, ...]]:
    """The value with its placeholders replaced, and a problem for each that could not be.

    ``read`` gets the target as written (``./openapi.yaml``) and returns the file's bytes, or raises
    UnreadableError. A placeholder that fails stays as it is.
    """
    problems: list[Problem] = []

    def walk(node: Any, steps: tuple[str | int, ...]) -> Any:
        if isinstance(node, list):
            return [walk(item, (*steps, index)) for index, item in enumerate(node)]
        if not isinstance(node, dict):
            return node
        marked = next((key for key in node if key.startswith("$")), None)
        if marked is None:
            return {key: walk(item, (*steps, key)) for key, item in node.items()}
        if len(node) != 1 or marked not in _RESOLVERS:
            return node
        target, place = node[marked], pointer(*steps, marked)
        if isinstance(target, str) and is_url(target):
            message = f"placeholder {marked} names {target}, which is outside the files read: it is not fetched"
            problems.append(Problem(RULE, message, place, observed=target, outcome=Outcome.UNKNOWN))
            return node
        try:
            if not isinstance(target, str):
                raise UnreadableError(f"names {_shown(target)}, expected a relative path")
            return _RESOLVERS[marked](read(target), target, limits)
        except UnreadableError as error:
            observed = target if isinstance(target, str) else None
            expected = "a file of this checkout, by a relative path"
            problems.append(Problem(RULE, f"placeholder {marked} {error}", place, observed=observed, expected=expected))
            return node

    if not _has_placeholder(value):
        return value, ()
    return walk(value, ()), tuple(problems)


def _has_placeholder(value: Any) -> bool:
    """Whether there is anything to do; nearly always there is not."""
    if isinstance(value, dict):
        return any(key.startswith("$") or _has_placeholder(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_has_placeholder, value))


def _text(text: bytes, target: str, limits: Limits) -> str:
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"names {target}, which is not UTF-8 (byte {error.start})") from None


def _json(text: bytes, target: str, limits: Limits) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UnreadableError(f"names {target}, which is not JSON (line {error.lineno})") from None
    depth, nodes, level = 0, 1, [value]
    while collections := [each for each in level if isinstance(each, dict | list)]:
        level = [item for each in collections for item in (each.values() if isinstance(each, dict) else each)]
        depth += 1
        nodes += len(level) + sum(len(each) for each in collections if isinstance(each, dict))
        for setting, found, most in (("depth", depth, limits.depth), ("document_nodes", nodes, limits.document_nodes)):
            if found > most:
                raise UnreadableError(f"names {target}, which has more than {most:,} of catalog.limits.{setting}")
    return value


def _yaml(text: bytes, target: str, limits: Limits) -> Any:
    documents = load(text, limits)
    for document in documents:
        if document.fault:
            fault = document.fault
            raise UnreadableError(f"names {target}, which is not YAML (line {fault.line}: {fault.message})")
    if len(documents) != 1:
        raise UnreadableError(f"names {target}, which has {len(documents)} documents, expected one")
    return documents[0].value


def _shown(value: Any) -> str:
    return orjson.dumps(value).decode()[:40]


_RESOLVERS = {"$text": _text, "$json": _json, "$yaml": _yaml}
