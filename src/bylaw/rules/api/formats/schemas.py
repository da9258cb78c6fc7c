"""The JSON Schemas that describe a format, and their faults in words.

``schemas/*.json`` are written by ``scripts/api_schemas.py``. A reference in a definition is never followed: the schemas
say of it only that it is a text.
"""

from __future__ import annotations

from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.catalog import pointer
from bylaw.documents.secrets import redact
from bylaw.rules.api.formats.fault import Fault, shown
from bylaw.rules.api.formats.values import NOWHERE, target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from jsonschema_rs import ValidationError, Validator

    _Place = tuple[str | int, ...]
    _Form = Sequence[ValidationError]

_MOST = 1_000  # faults of one definition that are looked at
_FORMS = frozenset({"anyOf", "oneOf"})
_WORDS = frozenset({"const", "enum"})
_EMPTY = frozenset({"minItems", "minLength", "minProperties"})
_LONGEST_POINTER = 120  # characters of a pointer that a message repeats
_DATA = frozenset({"const", "enum", "example", "examples"})
"""What stands under these keys are examples and the like: a ``$ref`` in there is none."""


@cache
def published(format: str) -> Mapping[str, Any]:
    """The schemas that the makers of a format publish, by name."""
    file = Path(__file__).with_name("schemas") / f"{format}.json"
    schemas: dict[str, Any] = orjson.loads(file.read_bytes())["schemas"]
    return schemas


def compile(schema: Mapping[str, Any], others: Mapping[str, Any] | None = None) -> Validator:
    """A schema that may refer to the others by name, and to nothing outside."""
    import jsonschema_rs

    registry = jsonschema_rs.Registry(list((others or {}).items()), retriever=_retrieve_nothing)
    return jsonschema_rs.validator_cls_for(dict(schema))(
        dict(schema), registry=registry, mask="the value", validate_formats=False
    )


def _retrieve_nothing(uri: str) -> Any:
    raise ValueError(f"{uri} is not among the schemas")


def faults(validator: Validator, value: Any, said: str) -> Iterator[Fault]:
    """A fault for each place at which a value is not as the schema says; ``said`` goes before each message."""
    seen = set()
    for error in islice(validator.iter_errors(value), _MOST):
        for place, words, observed in _leaves(error):
            where = pointer(*place)
            if where not in seen:
                seen.add(where)
                yield Fault(f"{said}: {_shown_pointer(where)} {words}{_found(observed)}", None, where, observed)


def dangling(value: Any, said: str) -> Iterator[Fault]:
    """A fault for each ``$ref`` into the definition itself that leads nowhere. Where others lead is not known."""
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while stack:
        place, node = stack.pop()
        if isinstance(node, list):
            stack.extend(((*place, index), each) for index, each in enumerate(node))
        elif isinstance(node, dict):
            ref = node.get("$ref")
            if isinstance(ref, str) and ref.startswith("#/") and target(ref, value) is NOWHERE:
                where = pointer(*place, "$ref")
                yield Fault(f"{said}: {_shown_pointer(where)} leads nowhere: {shown(ref)}", None, where, ref)
            if "$id" not in node or not place:  # below it, references count from there
                stack.extend(
                    ((*place, key), each)
                    for key, each in node.items()
                    if key not in _DATA and not key.startswith("x-") and isinstance(each, dict | list)
                )


def _leaves(error: ValidationError) -> Iterator[tuple[_Place, str, Any]]:
    """``(place, words, what was found)``: of a value that may have several forms, the faults of the one meant.

    What stands in place of a value that is elsewhere (``$ref``), and what is an extension, is not judged.
    """
    place, value = _place(error), error.instance
    if _is_reference(value) or (place and str(place[-1]).startswith("x-")):
        return
    forms = _meant(error)
    kind, facts = error.kind.name, error.kind.as_dict()
    if len(forms) == 1:
        for each in forms[0]:
            yield from _leaves(each)
    elif same := _same(forms):
        yield _place(same[0]), _wanted(same), same[0].instance
    elif kind in {"additionalProperties", "unevaluatedProperties"}:
        for name in facts["unexpected"]:
            yield (*place, name), "is not allowed there", None
    elif kind == "propertyNames":
        yield (*place, facts["error"].instance), f"is named wrong: it {_words(facts['error'])}", None
    elif kind == "required":
        yield (*place, facts["property"]), "is required", None
    else:
        yield place, _words(error), value


def _meant(error: ValidationError) -> list[_Form]:
    """The faults of each form that a value may have been meant to have; none where only one form is allowed.

    It is no reference if it has no ``$ref``; its type is right, and so is a word in it by which the forms are told
    apart; and it is right as far down as in any other form.
    """
    if error.kind.name not in _FORMS:
        return []
    place = _place(error)
    others = (
        lambda each: each.kind.name == "required" and each.kind.as_dict()["property"] == "$ref",
        lambda each: each.kind.name == "type" and _place(each) == place,
        lambda each: each.kind.name in _WORDS and len(_place(each)) == len(place) + 1,
    )
    forms = list(_flat(error))
    for is_another in others:
        forms = [form for form in forms if not any(map(is_another, form))] or forms
    deepest = max((len(_place(each)) for form in forms for each in form), default=0)
    return [form for form in forms if any(len(_place(each)) == deepest for each in form)]


def _flat(error: ValidationError) -> Iterator[_Form]:
    """The forms of a value, and instead of one that has itself several forms, those."""
    for form in error.kind.as_dict().get("context", []):
        inner = [each for each in form if each.kind.name in _FORMS and _place(each) == _place(error)]
        if len(form) == len(inner) == 1 and any(inner[0].kind.as_dict().get("context", [])):
            yield from _flat(inner[0])
        elif form:
            yield form


def _same(forms: Sequence[_Form]) -> list[ValidationError]:
    """Where all forms ask for the same in other words (one for ``a``, another for ``b``): these faults."""
    about = [{_about(each): each for each in reversed(form)} for form in forms]
    for what in about[0] if about else ():
        if what and all(what in each for each in about):
            return [each[what] for each in about]
    return []


def _about(error: ValidationError) -> tuple[_Place, str] | None:
    """The place and what is wrong there, if words, names or types are."""
    kind = "enum" if error.kind.name in _WORDS else error.kind.name
    return (_place(error), kind) if kind in {"enum", "required", "type"} else None


def _place(error: ValidationError) -> _Place:
    return tuple(error.instance_path)


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("$ref"), str)


def _wanted(errors: Sequence[ValidationError]) -> str:
    """What errors of one kind at one place ask for, be it one or several."""
    kind = errors[0].kind.name
    facts = [each.kind.as_dict() for each in errors]
    if kind == "required":
        return f"needs {' or '.join(dict.fromkeys(each['property'] for each in facts))}"
    if kind == "type":
        return f"must be {_one_of(name for each in facts for name in each['types'])}"
    return f"must be {_one_of(name for each in facts for name in each.get('options', [each.get('expected_value')]))}"


def _words(error: ValidationError) -> str:
    kind, facts = error.kind.name, error.kind.as_dict()
    if _about(error):
        return _wanted([error])
    if kind in _FORMS:
        several = facts.get("context", []).count([]) > 1
        return f"has {'several' if several else 'none'} of the forms of which it must have one"
    if kind == "pattern":
        return f"must match {facts['pattern']}"
    if kind in _EMPTY and facts["limit"] == 1:
        return "must not be empty"
    return f"must satisfy {kind}: {shown(str(error.message))}"


def _one_of(options: Iterable[Any]) -> str:
    names = sorted({str(each) for each in options})
    return names[0] if len(names) == 1 else f"one of {', '.join(names)}"


def _found(value: Any) -> str:
    if not isinstance(value, str | int | float):
        return ""
    return f", found {shown(orjson.dumps(value).decode())}"


def _shown_pointer(where: str) -> str:
    """A pointer for a message, or the end of it."""
    where = redact(where)
    return (where or "the root") if len(where) <= _LONGEST_POINTER else f"…{where[-_LONGEST_POINTER:]}"
