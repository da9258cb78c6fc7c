"""What a constraint may say: the schema of its kind, as Kubernetes applies one to a custom resource."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from bylaw.catalog import Schema, pointer
from bylaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bylaw.admission.gatekeeper.templates import Template

_GLOB = {"type": "string", "pattern": r"^\*?[-:a-z0-9]*\*?$"}
_GLOBS = {"type": "array", "items": _GLOB}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_SELECTOR = {
    "type": "object",
    "properties": {
        "matchExpressions": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["key", "operator"],
                "properties": {"key": {"type": "string"}, "operator": {"type": "string"}, "values": _TEXTS},
            },
        },
        "matchLabels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_MATCH = {
    "type": "object",
    "properties": {
        "excludedNamespaces": _GLOBS,
        "kinds": {
            "type": "array",
            "items": {"type": "object", "properties": {"apiGroups": _TEXTS, "kinds": _TEXTS}},
        },
        "labelSelector": _SELECTOR,
        "name": _GLOB,
        "namespaceSelector": _SELECTOR,
        "namespaces": _GLOBS,
        "scope": {"type": "string"},
        "source": {"type": "string", "enum": ["All", "Generated", "Original"]},
    },
}
_SCOPED = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "action": {"type": "string"},
            "enforcementPoints": {
                "type": "array",
                "items": {"type": "object", "properties": {"name": {"type": "string"}}},
            },
        },
    },
}
_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED = "x-kubernetes-embedded-resource"
_DEPTH = 64
_PLAIN = frozenset(
    (
        *("type", "enum", "pattern", "minimum", "maximum", "multipleOf", "required", "title", "description"),
        *("minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "format"),
    )
)
_COMBINED = ("allOf", "anyOf", "oneOf")


class Kind:
    """The schema of one kind of constraint.

    Raises:
        ConfigError: the parameters of the template have no schema that could be used.
    """

    def __init__(self, template: Template) -> None:
        spec: dict[str, Any] = {
            "match": _MATCH,
            "enforcementAction": {"type": "string", "default": "deny"},
            "scopedEnforcementActions": _SCOPED,
        }
        if template.parameters is not None:
            spec["parameters"] = template.parameters
        self._schema: dict[str, Any] = {
            "type": "object",
            "properties": {
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                "metadata": {
                    "type": "object",
                    _PRESERVE: True,
                    "properties": {"name": {"type": "string", "maxLength": 63}},
                },
                "spec": {"type": "object", "properties": spec},
                "status": {_PRESERVE: True},
            },
        }
        self._validator = Schema(
            _converted(self._schema, template, 0), f"{template.place}: ConstraintTemplate {template.kind}"
        )

    def faults(self, value: Mapping[str, Any]) -> list[str]:
        """What does not fit the schema: `spec.parameters.labels: expected a list, found "a"`."""
        return [f"{_dotted(place)}: {said}{_shown(found)}" for place, said, found in self._validator.faults(value)]

    def unknown(self, value: Mapping[str, Any]) -> list[str]:
        """The fields that the schema does not name."""
        return sorted(_unknown(value, self._schema, ""))

    def with_defaults(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """The value with the defaults of the schema."""
        made = copy.deepcopy(dict(value))
        _fill(made, self._schema)
        return made


def _converted(schema: Mapping[str, Any], template: Template, depth: int) -> dict[str, Any]:
    """JSON Schema that means what OpenAPI v3 means in Kubernetes."""
    if depth > _DEPTH:
        raise ConfigError(f"{template.place}: the schema of {template.kind} is deeper than {_DEPTH}")
    made: dict[str, Any] = {key: value for key, value in schema.items() if key in _PLAIN}
    bits = {"int32": 31, "int64": 63}.get(str(made.get("format")))
    if bits and made.get("type") == "integer":
        made["allOf"] = [{"minimum": -(2**bits), "maximum": 2**bits - 1}]
    for bound in ("minimum", "maximum"):
        if schema.get(f"exclusive{bound.capitalize()}") is True and bound in made:
            made[f"exclusive{bound.capitalize()}"] = made.pop(bound)
    properties = schema.get("properties")
    if isinstance(properties, dict):
        made["properties"] = {
            name: _converted(each, template, depth + 1) for name, each in properties.items() if isinstance(each, dict)
        }
    for field in ("items", "additionalProperties", "not"):
        inner = schema.get(field)
        if isinstance(inner, dict):
            made[field] = _converted(inner, template, depth + 1)
    for field in _COMBINED:
        inner = schema.get(field)
        if isinstance(inner, list):
            converted = [_converted(each, template, depth + 1) for each in inner if isinstance(each, dict)]
            made[field] = [*made.get(field, ()), *converted]
    if schema.get("x-kubernetes-int-or-string") is True:
        made["type"] = ["integer", "string"]
    if schema.get("nullable") is True and "type" in made:
        said = made["type"]
        made["type"] = [*(said if isinstance(said, list) else [said]), "null"]
        if "enum" in made:
            made["enum"] = [*made["enum"], None]
    return made


def _fill(value: Any, schema: Mapping[str, Any]) -> None:
    """Defaults of missing fields, and of null ones that may not be null, however deep."""
    if isinstance(value, dict):
        properties = schema.get("properties")
        known: Mapping[str, Any] = properties if isinstance(properties, dict) else {}
        for name, inner in known.items():
            if not isinstance(inner, dict):
                continue
            absent = name not in value or (value[name] is None and inner.get("nullable") is not True)
            if absent and "default" in inner:
                value[name] = copy.deepcopy(inner["default"])
            if name in value:
                _fill(value[name], inner)
        rest = schema.get("additionalProperties")
        if isinstance(rest, dict):
            for name in value.keys() - known.keys():
                _fill(value[name], rest)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for each in value:
            _fill(each, schema["items"])


def _unknown(value: Any, schema: Mapping[str, Any], place: str) -> Iterator[str]:
    if isinstance(value, dict):
        properties = schema.get("properties")
        known: Mapping[str, Any] = properties if isinstance(properties, dict) else {}
        rest = schema.get("additionalProperties")
        preserved = schema.get(_PRESERVE) is True or schema.get(_EMBEDDED) is True
        for name, each in value.items():
            here = f"{place}.{name}" if place else name
            if isinstance(known.get(name), dict):
                yield from _unknown(each, known[name], here)
            elif isinstance(rest, dict):
                yield from _unknown(each, rest, here)
            elif rest is not True and not preserved:
                yield here
    elif isinstance(value, list):
        items = schema.get("items")
        for number, each in enumerate(value):
            if isinstance(items, dict):
                yield from _unknown(each, items, f"{place}[{number}]")


def _dotted(place: str) -> str:
    return ".".join(place.strip("/").split("/")) or pointer() or "the constraint"


def _shown(found: Any) -> str:
    return "" if found is None else f", found {str(found)[:60]}"
