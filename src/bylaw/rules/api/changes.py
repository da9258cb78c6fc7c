"""What breaks those who call an API when its OpenAPI definition changes.

No library in Python is kept well enough to ask, so it is worked out here, on values that are valid OpenAPI. In doubt
nothing is said: not of what other files hold, of a choice among schemas (``oneOf``), or of what was deprecated before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bylaw.catalog import pointer
from bylaw.rules.api.formats.fault import Fault
from bylaw.rules.api.formats.values import NOWHERE, UnreadableError, read, target

if TYPE_CHECKING:
    from collections.abc import Iterator

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_CHOICES = ("anyOf", "if", "oneOf", "$dynamicRef")
_VARIABLE = re.compile(r"\{[^}]*\}")
_DEEPEST = 20  # fields in one another, references in a row, and parts of one schema
_BODY = "a body"

_Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be called (``GET /orders/{id}``), and where it stands in the definition."""

    name: str
    place: tuple[str, ...]
    said: _Json
    path: _Json
    """What the path says of all its operations."""


@dataclass(slots=True)
class _Shape:
    """What a schema says of an object or a list. ``open``: it may be more than that, which cannot be told from here."""

    fields: _Json = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    items: Any = None
    open: bool = False


class Definition:
    """An OpenAPI definition of any version, by what callers see of it. None stands for what cannot be told."""

    def __init__(self, value: _Json) -> None:
        self.value = value
        self.is_swagger = "swagger" in value

    def operations(self) -> dict[str, Operation | None]:
        """By method and path, in which the names of variables do not count."""
        found: dict[str, Operation | None] = {}
        for path, each in _mapping(self.value.get("paths")).items():
            said = self.resolved(each)
            for method in _METHODS:
                key = f"{method} {_VARIABLE.sub('{}', path)}"
                if said is None:
                    found[key] = None
                elif isinstance(said.get(method), dict):
                    place = ("paths", path, method)
                    found[key] = Operation(f"{method.upper()} {path}", place, said[method], said)
        return found

    def prefix(self) -> str:
        """What all paths begin with besides."""
        servers = _list(self.value.get("servers"))
        said = self.value.get("basePath") if self.is_swagger else _mapping(next(iter(servers), None)).get("url")
        try:
            return urlsplit(said).path.rstrip("/") if isinstance(said, str) else ""
        except ValueError:  # no URL
            return ""

    def responses(self, operation: Operation) -> dict[str, _Json | None]:
        """The responses of an operation by status: ``200``, ``2XX`` or ``DEFAULT``."""
        return {
            status.upper(): self.resolved(each) for status, each in _mapping(operation.said.get("responses")).items()
        }

    def parameters(self, operation: Operation) -> dict[str, _Json] | None:
        """``query parameter limit`` and the like. What is part of the path is none, nor is a body."""
        found = {}
        for each in self._sent(operation):
            if each is None:
                return None
            place, name = str(each.get("in")), str(each.get("name"))
            if place not in {"body", "path"}:
                found[f"{place} parameter {name.lower() if place == 'header' else name}"] = each
        return found

    def body(self, operation: Operation) -> _Json | None:
        """What is sent with an operation: ``required``, and ``content`` or ``schema``; nothing if nothing is."""
        if not self.is_swagger:
            return self.resolved(operation.said.get("requestBody", {}))
        return next((each for each in self._sent(operation) if each is None or each.get("in") == "body"), {})

    def _sent(self, operation: Operation) -> list[_Json | None]:
        parts = (*_list(operation.path.get("parameters")), *_list(operation.said.get("parameters")))
        return list(map(self.resolved, parts))

    def schemas(self, content: _Json) -> _Json:
        """The schemas of a body or a response by media type; in version 2.0 there is one for all."""
        if self.is_swagger:
            return {_BODY: content["schema"]} if "schema" in content else {}
        media = _mapping(content.get("content"))
        return {name.partition(";")[0].strip().lower(): _mapping(each).get("schema") for name, each in media.items()}

    def shape(self, schema: Any) -> _Shape:
        """What a schema says, with what it refers to and all it is made of."""
        shape, left = _Shape(), [schema]
        for _ in range(_DEEPEST):
            if not left:
                return shape
            node = left.pop()
            if not isinstance(node, dict) or not node:
                shape.open = True
                continue
            if isinstance(node.get("$ref"), str):
                left.append(self._target(node["$ref"]))
            shape.open |= any(name in node for name in _CHOICES)
            shape.fields.update(_mapping(node.get("properties")))
            shape.required.update(each for each in _list(node.get("required")) if isinstance(each, str))
            shape.items = node.get("items", shape.items)
            left.extend(_list(node.get("allOf")))
        shape.open = True
        return shape

    def resolved(self, node: Any) -> _Json | None:
        """A mapping, or the one that it refers to."""
        for _ in range(_DEEPEST):
            if not isinstance(node, dict):
                return None
            if not isinstance(node.get("$ref"), str):
                return node
            node = self._target(node["$ref"])
        return None

    def _target(self, reference: str) -> Any:
        found = target(reference, self.value) if reference.startswith("#/") else NOWHERE
        return None if found is NOWHERE else found


def breaking(before: Any, after: Any) -> list[Fault]:
    """What callers of the API as it was will stumble over, by two values of ``spec.definition``.

    Nothing where one of them is no OpenAPI: that is told as such.
    """
    if before == after:
        return []
    try:
        old, new = read(before), read(after)
    except UnreadableError:
        return []
    if not all(isinstance(each.value, dict) and {"openapi", "swagger"} & each.value.keys() for each in (old, new)):
        return []
    return new.placed(_breaking(Definition(old.value), Definition(new.value)))


def _breaking(before: Definition, after: Definition) -> Iterator[Fault]:
    operations = after.operations()
    promised = _Required(before, after, "writeOnly")
    asked = _Required(after, before, "readOnly")
    for key, old in before.operations().items():
        if old is None:
            continue
        key = key if key in operations else _moved(key, before, after)
        new = operations.get(key)
        if new:
            yield from _responses(old, new, promised)
            if before.is_swagger == after.is_swagger:
                yield from _request(old, new, asked)
        elif key not in operations and not old.said.get("deprecated"):
            yield _fault(f"no longer has {old.name}", old.place)


def _moved(key: str, before: Definition, after: Definition) -> str:
    """The key of an operation if its path begins otherwise only because its server's does."""
    method, _, path = key.partition(" ")
    full, prefix = f"{before.prefix()}{path}", after.prefix()
    return f"{method} {full.removeprefix(prefix)}" if full.startswith(prefix) else key


def _responses(old: Operation, new: Operation, promised: _Required) -> Iterator[Fault]:
    before, after = promised.one, promised.other
    now = after.responses(new)
    for status, response in before.responses(old).items():
        if not status.startswith("2"):  # whoever is ready for an error is not hurt when none comes
            continue
        match = next((each for each in (status, "2XX", "DEFAULT") if each in now), None)
        answer = now[match] if match else None
        where = f"the response {status} of {new.name}"
        if match is None:
            yield _fault(f"no longer has {where}", (*new.place, "responses"))
        elif response and answer and before.is_swagger == after.is_swagger:
            place = (*new.place, "responses", match if match in _mapping(new.said.get("responses")) else match.lower())
            schemas = after.schemas(answer)
            for media, schema in before.schemas(response).items():
                if media in schemas:
                    for name, is_gone in promised.lost(schema, schemas[media]):
                        verb = "has the required" if is_gone else "promises the"
                        yield _fault(f"no longer {verb} field {name} in {where}", place)
                elif not any("*" in each for each in (media, *schemas)):
                    yield _fault(f"no longer has {media} in {where}", place)


def _request(old: Operation, new: Operation, asked: _Required) -> Iterator[Fault]:
    after, before = asked.one, asked.other
    known, wanted = before.parameters(old), after.parameters(new)
    if known is not None and wanted is not None:
        for name, parameter in wanted.items():
            if parameter.get("required") is True and known.get(name, {}).get("required") is not True:
                yield _fault(f"now requires the {name} of {new.name}", (*new.place, "parameters"))
    was, body = before.body(old), after.body(new)
    if was is None or body is None:
        return
    place = (*new.place, "parameters" if after.is_swagger else "requestBody")
    if body.get("required") is True and was.get("required") is not True:
        yield _fault(f"now requires {_BODY} for {new.name}", place)
    sent = before.schemas(was)
    for media, schema in after.schemas(body).items():
        for name, _ in asked.lost(schema, sent[media]) if media in sent else ():
            yield _fault(f"now requires the field {name} in the body of {new.name}", place)


@dataclass(frozen=True, slots=True)
class _Required:
    """The fields that one definition requires and the other does not.

    In what is answered (what was promised, and is no more) those do not count that are ``hidden``: only sent. In what
    is sent (what is asked for, and was not before), those that are only answered.
    """

    one: Definition
    other: Definition
    hidden: str
    compared: set[tuple[int, int]] = field(default_factory=set)
    """Schemas are told once, however many operations share them."""

    def lost(self, schema: Any, match: Any, *around: str) -> Iterator[tuple[str, bool]]:
        """``(name, whether the field is gone altogether)``; fields inside are ``order.total``, in lists ``[].id``."""
        pair = id(self.one.resolved(schema)), id(self.other.resolved(match))
        if pair in self.compared or len(around) > _DEEPEST:
            return
        self.compared.add(pair)
        shape, other = self.one.shape(schema), self.other.shape(match)
        for name, each in shape.fields.items():
            said = self.one.resolved(each) or {}
            if said.get(self.hidden) or said.get("deprecated") or (self.hidden == "readOnly" and "default" in said):
                continue
            if name in shape.required and name not in other.required and not other.open:
                yield ".".join((*around, name)), name not in other.fields
            elif name in other.fields:
                yield from self.lost(each, other.fields[name], *around, name)
        if shape.items is not None and other.items is not None:
            yield from self.lost(shape.items, other.items, *around, "[]")


def _fault(message: str, place: tuple[str, ...]) -> Fault:
    return Fault(message, None, pointer(*place), key=message)


def _mapping(value: Any) -> _Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
