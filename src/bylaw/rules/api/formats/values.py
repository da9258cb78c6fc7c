"""Definitions that are JSON or YAML: from text to value, and from a place in the value to a line of the text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from bylaw.documents import Limits, load, locate
from bylaw.rules.api.formats.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LIMITS = Limits(document_nodes=1_000_000)  # a definition may be larger than what describes an entity
_LONGEST = 2_000_000  # characters of a text in which lines are looked for: beyond, that takes seconds
_MERGE = "<<"
_INDEX = re.compile("[0-9]{1,9}")
NOWHERE = object()
"""What a reference leads to that leads to nothing."""


class UnreadableError(Exception):
    """A definition is no JSON or YAML; ``fault`` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Value:
    """A definition as a value, and the text that it was read from, if any."""

    value: Any
    text: str = ""
    index: int = 0
    """Which document of the text it is: there may be empty ones before it."""

    def placed(self, faults: Iterable[Fault]) -> list[Fault]:
        """The faults with their lines, in the order of the text."""
        found = list(faults)
        if not self.text or len(self.text) > _LONGEST:
            return found
        spans = locate(self.text.encode(), self.index, {each.pointer for each in found}, _LIMITS)
        lined = [replace(each, line=spans[each.pointer].line) for each in found]
        return sorted(lined, key=lambda each: each.line or 0)


def read(definition: Any) -> Value:
    """The value of a definition: a mapping or list as it is, a text as JSON or YAML.

    A key ``<<`` merges what it holds into its mapping: no YAML 1.2, but common among those who write definitions,
    and understood by their tools.

    Raises:
        UnreadableError: it is neither, or too large or too deep.
    """
    if not isinstance(definition, str):
        return Value(definition)
    value = _json(definition)
    if value is not None:
        return Value(value, definition.replace("\t", " "))  # which YAML reads as well, tabs excepted
    documents = load(definition.encode(), _LIMITS)
    for document in documents:
        if document.fault:
            said = document.fault.message.partition(" (catalog.limits")[0]
            raise UnreadableError(Fault(f"is not YAML: {said}", document.fault.line, key="syntax"))
    if len(documents) != 1:
        raise UnreadableError(Fault(f"has {len(documents)} YAML documents, expected one", key="syntax"))
    value = documents[0].value
    return Value(_merged(value) if _MERGE in definition else value, definition, documents[0].index)


def target(reference: str, value: Any) -> Any:
    """What a reference into a value (``#/components/schemas/Order``) leads to, or ``NOWHERE``.

    Where the way goes through another reference, the mapping that holds it: whoever follows that may get there.
    """
    for step in reference.removeprefix("#/").split("/"):
        name = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and _INDEX.fullmatch(name) and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            return value if isinstance(value, dict) and "$ref" in value else NOWHERE
    return value


def _json(text: str) -> Any:
    """The value of a JSON object; None for any other text."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:  # perhaps YAML
        return None
    return value if _depth(value) <= _LIMITS.depth else None  # YAML's own reader says that it is too deep


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        level = [item for each in level for item in (each.values() if isinstance(each, dict) else each)]
        depth += 1
    return depth


def _merged(value: Any) -> Any:
    """The value with its merge keys carried out. It becomes no larger: each alias has been counted in full."""
    if isinstance(value, list):
        return [_merged(each) for each in value]
    if not isinstance(value, dict):
        return value
    own = {key: _merged(each) for key, each in value.items() if key != _MERGE}
    for source in _sources(value.get(_MERGE)):
        own = {**source, **own}
    return own


def _sources(merge: Any) -> Iterator[dict[str, Any]]:
    for each in merge if isinstance(merge, list) else [merge]:
        if isinstance(each, dict):
            yield _merged(each)
