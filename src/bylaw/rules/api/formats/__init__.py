"""The formats of API definitions: what is wrong with one, asked of a library that each module hides.

A module is imported when the first definition of its format comes, because its library takes long to import.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bylaw.catalog.placeholders import is_url
from bylaw.rules.api.formats.fault import Fault, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMATS", "Fault", "faults"]

FORMATS: Mapping[str, str] = MappingProxyType(
    {"asyncapi": "AsyncAPI", "graphql": "GraphQL", "openapi": "OpenAPI", "protobuf": "Protocol Buffers"}
)
"""The formats that are known, and what people call them. Each is a module here with a function ``faults``."""


def faults(format: str, definition: Any, parameters: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with a definition, in the order of its text.

    It is a text, or the value that a text of JSON or YAML has been made into; anything else is another rule's to
    report, and so are an empty text and a placeholder that was not resolved.
    """
    if not definition or not isinstance(definition, str | dict) or _is_placeholder(definition):
        return []
    text = definition.strip() if isinstance(definition, str) else "a mapping"
    if not text:
        return [Fault("is blank", key="blank")]
    if is_url(text) and len(text.split()) == 1:
        read_it = "{$text: " + shown(text) + "}"
        return [Fault(f"is a URL, which Backstage does not follow: {read_it} has it read", observed=text, key="url")]
    found: list[Fault] = import_module(f"{__name__}.{format}").faults(definition, parameters)
    return found


def _is_placeholder(definition: Any) -> bool:
    return isinstance(definition, dict) and len(definition) == 1 and next(iter(definition)).startswith("$")
