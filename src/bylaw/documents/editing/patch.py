"""JSON Patch (RFC 6902) as far as a text can follow it: ``add``, ``remove``, ``replace`` and ``move``.

The operations of one change stand side by side: each counts from the document as it was, and no two are about
one place, or one about what is in the other's. So they mean the same in any order. In lists, only single items
are replaced: whatever else happens to a list moves the places of its items.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Operation = Mapping[str, Any]
"""One operation, such as ``{"op": "replace", "path": "/spec/owner", "value": "team-a"}``."""

_MEMBERS = {"add": ("path", "value"), "move": ("from", "path"), "remove": ("path",), "replace": ("path", "value")}
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


class EditError(Exception):
    """A change that cannot be made. ``str`` is a clause about the place, which is ``path`` in document ``index``."""

    def __init__(self, reason: str, path: str = "", index: int | None = None) -> None:
        super().__init__(reason)
        self.path, self.index = path, index


def steps(path: str) -> list[str]:
    """The parts of a JSON pointer."""
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


class Places:
    """The places in one document that are spoken for."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, ...]] = set()
        self._around: set[tuple[str, ...]] = set()

    def take(self, operations: Iterable[Operation]) -> bool:
        """Take the places that operations change; False, and none of them, where one is not free any more.

        Raises:
            EditError: something is no operation.
        """
        mine = Places()
        for place in (place for operation in operations for place in _places(operation)):
            if not (self._is_free(place) and mine._is_free(place)):
                return False
            mine._taken.add(place)
            mine._around.update(place[:depth] for depth in range(len(place)))
        self._taken |= mine._taken
        self._around |= mine._around
        return True

    def _is_free(self, place: tuple[str, ...]) -> bool:
        inside = (place[:depth] in self._taken for depth in range(len(place) + 1))
        return place not in self._around and not any(inside)


def _places(operation: Operation) -> Iterator[tuple[str, ...]]:
    """The places that an operation changes."""
    name = operation.get("op")
    if not isinstance(name, str) or name not in _MEMBERS:
        raise EditError(f"the operation {name!r:.40} is none of {', '.join(_MEMBERS)}")
    for member in _MEMBERS[name]:
        if member not in operation:
            raise EditError(f"the operation {name} has no {member}")
        path = operation[member]
        if member != "value":
            if not isinstance(path, str) or not path.startswith("/"):
                raise EditError(f"the {member} {path!r:.40} is no JSON pointer such as /spec/owner")
            yield tuple(steps(path))


def patched(value: Any, operations: Iterable[Operation]) -> Any:
    """What operations that are free of one another make of a value. What an alias shared in it is shared no more.

    Raises:
        EditError: one leads nowhere, or would move the items of a list.
    """
    value = orjson.loads(orjson.dumps(value))
    gone: list[tuple[Any, Any]] = []
    set_to: list[tuple[Any, Any, Any]] = []
    for operation in operations:
        name, path, new = operation["op"], operation["path"], operation.get("value")
        if name == "move":
            gone.append(_slot(value, operation["from"], in_mapping=True))
            new = value_at(value, operation["from"])
        if name == "remove":
            gone.append(_slot(value, path, in_mapping=True))
        else:
            set_to.append((*_slot(value, path, is_there=name == "replace", in_mapping=name != "replace"), new))
    for into, key in gone:
        del into[key]
    for into, key, new in set_to:
        into[key] = new
    return value


def value_at(value: Any, path: str) -> Any:
    """What a path leads to.

    Raises:
        EditError: nothing.
    """
    for step in steps(path):
        value = value[_key(value, step, path)]
    return value


def _slot(value: Any, path: str, *, is_there: bool = True, in_mapping: bool) -> tuple[Any, Any]:
    """The collection in which a place is, and its key or index there."""
    around, last = path.rsplit("/", 1)
    value, last = value_at(value, around), steps(f"/{last}")[0]
    if in_mapping and isinstance(value, list):
        raise EditError("is in a list, of which only items that are there are replaced", path)
    return value, _key(value, last, path) if is_there or not isinstance(value, dict) else last


def _key(value: Any, step: str, path: str) -> Any:
    """A step as the key or the index of something that is there."""
    if isinstance(value, dict) and step in value:
        return step
    if isinstance(value, list) and _INDEX.fullmatch(step) and int(step) < len(value):
        return int(step)
    raise EditError("is not there", path)
