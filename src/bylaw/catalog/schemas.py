"""JSON Schema, as ajv reads it in Backstage. The only module that knows jsonschema-rs, but for that of
the definitions of APIs (``rules/api/formats/schemas.py``), which follow other drafts.

``schemas/backstage.json`` is written by ``scripts/backstage_schemas.py`` from Backstage's own packages.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jsonschema_rs import Draft7Validator, Registry, ValidationError

_FILE = Path(__file__).with_name("schemas") / "backstage.json"
_SHOWN = 60  # characters of a value that a message repeats


@cache
def _backstage() -> dict[str, dict[str, Any]]:
    schemas: dict[str, dict[str, Any]] = orjson.loads(_FILE.read_bytes())["schemas"]
    return schemas


def backstage_schema(name: str) -> Mapping[str, Any]:
    """One of Backstage's schemas, by its ``$id`` (``Entity``, ``ComponentV1alpha1``)."""
    return _backstage()[name]


class Schema:
    """A compiled schema. It may refer to Backstage's by name, and to nothing outside.

    ``formats`` are tests of texts beyond the formats of draft 7. With them an unknown format is an error; without, it
    lets every value pass, as draft 7 has it.

    Raises:
        ConfigError: it is no schema of draft 7, or refers to something that is not there.
    """

    def __init__(
        self, schema: Mapping[str, Any], name: str, formats: Mapping[str, Callable[[str], bool]] | None = None
    ) -> None:
        import jsonschema_rs

        try:
            self._validator: Draft7Validator = jsonschema_rs.Draft7Validator(
                dict(schema),
                registry=_registry(),
                mask="the value",
                formats=dict(formats or {}),
                ignore_unknown_formats=formats is None,
            )
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            place = pointer(*getattr(error, "instance_path", ())) or "the schema"
            said = str(error).partition("\n")[0]
            raise ConfigError(f"{name} is not a JSON Schema: {place}: {said[:200]}") from None

    def faults(self, value: Any) -> Iterator[tuple[str, str, Any]]:
        """``(JSON pointer, what is expected, what was found)`` for each fault, one finding's worth each."""
        for error in self._validator.iter_errors(value):
            yield from _faults(error)


@cache
def _registry() -> Registry:
    import jsonschema_rs

    return jsonschema_rs.Registry(list(_backstage().items()), retriever=_retrieve_nothing)


def _retrieve_nothing(uri: str) -> Any:
    raise ValueError(f"{uri} is not one of Backstage's schemas; a schema cannot refer to anything outside")


def pointer(*steps: str | int) -> str:
    """The RFC 6901 pointer of a path: ``/spec/dependsOn/0``."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def _faults(error: ValidationError) -> Iterator[tuple[str, str, Any]]:
    """Our words for one error; the library's repeat the whole value and are not Backstage's either."""
    place = tuple(error.instance_path)
    kind, facts = error.kind.name, error.kind.as_dict()
    found = error.instance
    if kind == "additionalProperties":
        for name in facts["unexpected"]:
            yield pointer(*place, name), f"is not a field of {pointer(*place) or 'an entity'}", None
    elif kind == "required":
        yield pointer(*place, facts["property"]), "is required", None
    elif kind == "type":
        yield pointer(*place), f"must be {_either(facts['types'])}", found
    elif kind == "enum":
        yield pointer(*place), f"must be {_either([str(each) for each in facts['options']])}", found
    elif kind == "const":
        yield pointer(*place), f"must be {facts['expected_value']}", found
    elif kind == "minLength":
        yield pointer(*place), "must not be empty", found
    elif kind == "minItems":
        yield pointer(*place), f"must have at least {facts['limit']} items", found
    elif kind == "pattern":
        yield pointer(*place), f"must match {facts['pattern']}", found
    elif kind in {"oneOf", "anyOf"} and _types(facts):
        yield pointer(*place), f"must be {_either(_types(facts))}", found
    else:
        yield pointer(*place), f"must satisfy {kind}: {str(error.message)[:_SHOWN]}", found


def _types(facts: Mapping[str, Any]) -> list[str]:
    """The types that the branches of a ``oneOf`` ask for, if that is all they ask for at the top."""
    branches = facts.get("context", [])
    types = [error.kind.as_dict()["types"] for branch in branches for error in branch if _about_type(error)]
    return sorted({name for each in types for name in each}) if len(types) == len(branches) else []


def _about_type(error: ValidationError) -> bool:
    return error.kind.name == "type" and not error.instance_path


def _either(options: list[str]) -> str:
    return options[0] if len(options) == 1 else f"one of {', '.join(sorted(options))}"
