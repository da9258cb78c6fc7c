"""OpenAPI 2.0 (Swagger), 3.0, 3.1 and 3.2."""

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

_VERSION = re.compile(r"(\d+\.\d+)(?:\.|\Z)")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def faults(definition: Any, parameters: Mapping[str, Any]) -> list[Fault]:
    """What keeps a definition from being valid OpenAPI. Of a version that is not known here, nothing is said."""
    try:
        found = read(definition)
    except UnreadableError as error:
        return [error.fault]
    return found.placed(_faults(found.value))


def _faults(value: Any) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault("is no OpenAPI document: it is not a mapping")
        return
    field = next((name for name in ("openapi", "swagger") if name in value), None)
    if field is None:
        yield Fault("is no OpenAPI document: it has neither openapi nor swagger at its root")
        return
    said = value[field]
    version = _VERSION.match(said) if isinstance(said, str) else None
    if version is None:
        expected = '"3.0.3"' if field == "openapi" else '"2.0"'
        yield Fault(f"is no valid OpenAPI: /{field} must be a text such as {expected}", None, f"/{field}", said)
    elif version[1] in schemas.published("openapi"):
        says = f"is not valid OpenAPI {version[1]}"
        yield from schemas.faults(_validator(version[1], "jsonSchemaDialect" in value), value, says)
        yield from schemas.dangling(value, says)


@cache
def _validator(version: str, other_dialect: bool) -> Validator:
    schema = schemas.published("openapi")[version]
    if "schema" in schema.get("$defs", ()) and not other_dialect:  # since 3.1 schemas are those of JSON Schema
        schema = {**schema, "$defs": {**schema["$defs"], "schema": {"$ref": _DIALECT}}}
    return schemas.compile(schema)
