"""AsyncAPI 2.x and 3.x."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from bylaw.rules.api.formats import schemas
from bylaw.rules.api.formats.fault import Fault
from bylaw.rules.api.formats.values import UnreadableError, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema_rs import Validator

_VERSION = re.compile(r"\d+\.\d+\.\d+")
_SCHEMA = "http://asyncapi.com/definitions/{}/asyncapi.json"


def faults(definition: Any, parameters: Mapping[str, Any]) -> list[Fault]:
    """What keeps a definition from being valid AsyncAPI. Of a version that is not known here, nothing is said."""
    try:
        found = read(definition)
    except UnreadableError as error:
        return [error.fault]
    return found.placed(_faults(found.value))


def _faults(value: Any) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault("is no AsyncAPI document: it is not a mapping")
        return
    version = value.get("asyncapi")
    if "asyncapi" not in value:
        yield Fault("is no AsyncAPI document: it has no asyncapi at its root")
    elif not isinstance(version, str) or not _VERSION.match(version):
        yield Fault('is no valid AsyncAPI: /asyncapi must be a text such as "3.0.0"', None, "/asyncapi", version)
    elif _SCHEMA.format(version) in schemas.published("asyncapi"):
        says = f"is not valid AsyncAPI {version}"
        yield from schemas.faults(_validator(version), value, says)
        yield from schemas.dangling(value, says)


@cache
def _validator(version: str) -> Validator:
    return schemas.compile({"$ref": _SCHEMA.format(version)}, schemas.published("asyncapi"))
