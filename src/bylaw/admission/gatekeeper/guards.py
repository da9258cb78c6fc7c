"""What a built-in function that fails means: to OPA its expression is undefined, regorus ends the evaluation.

A template that fails so is asked again, written in guarded calls: functions of Rego that have no value where the
built-in one would fail. They stand aside of the first way because that is the faster one, and right unless it fails.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.admission.gatekeeper.trees import Module
from bylaw.engine.rego import Machine, RegoError
from bylaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PACKAGE = "gatekeeper_guards"
_FILE = "(guards).rego"
_TRY = "gatekeeper_try"

_TYPES: Mapping[str, str] = {
    "s": "is_string({0})",
    "n": "is_number({0})",
    "a": "is_array({0})",
    "o": "is_object({0})",
    "t": "is_set({0})",
    "l": "list({0})",
    "c": "collection({0})",
    "u": "countable({0})",
    "S": "texts({0})",
    "N": "numbers({0})",
    "T": "sets({0})",
    "O": "objects({0})",
    "*": "true",
}
_OF_COLLECTIONS: Mapping[str, str] = {
    "array.concat": "aa",
    "array.reverse": "a",
    "array.slice": "ann",
    "concat": "sS",
    "count": "u",
    "intersection": "T",
    "json.filter": "oc",
    "json.remove": "oc",
    "max": "l",
    "min": "l",
    "object.filter": "oc",
    "object.get": "o**",
    "object.keys": "o",
    "object.remove": "oc",
    "object.union": "oo",
    "object.union_n": "O",
    "product": "N",
    "sort": "l",
    "sum": "N",
    "union": "T",
}
"""Functions of collections: what they take, a letter for each argument. Of anything else they have no value."""
_OF_SCALARS: Mapping[str, int] = {
    **dict.fromkeys(("abs", "ceil", "floor", "round", "lower", "upper", "trim_space"), 1),
    **dict.fromkeys(("contains", "endswith", "startswith", "format_int", "split"), 2),
    **dict.fromkeys(("trim", "trim_left", "trim_prefix", "trim_right", "trim_suffix", "numbers.range"), 2),
    **dict.fromkeys(("replace", "substring", "numbers.range_step"), 3),
    **dict.fromkeys(("strings.reverse", "base64.decode", "base64.encode", "base64url.decode", "base64url.encode"), 1),
    **dict.fromkeys(("hex.decode", "hex.encode", "urlquery.encode"), 1),
    **dict.fromkeys(("json.unmarshal", "yaml.unmarshal"), 1),
    **dict.fromkeys(("regex.match", "net.cidr_contains"), 2),
    **dict.fromkeys(("regex.replace", "regex.find_n", "regex.find_all_string_submatch_n", "glob.match"), 3),
    **dict.fromkeys(("strings.any_prefix_match", "strings.any_suffix_match", "time.parse_duration_ns"), 2),
    **dict.fromkeys(("time.parse_ns",), 2),
    **dict.fromkeys(("time.parse_duration_ns", "time.parse_rfc3339_ns", "crypto.md5", "crypto.sha1"), 1),
    **dict.fromkeys(("crypto.sha256",), 1),
    **dict.fromkeys(("net.cidr_intersects", "strings.replace_n"), 2),
}
"""Functions of texts, numbers and lists of them, with their number of arguments: they are tried."""
OPERATORS: Mapping[str, str] = {
    "+": "plus",
    "-": "minus",
    "*": "times",
    "/": "divided",
    "%": "remainder",
    "&": "both",
    "|": "either",
}
_REGO = """package %s

list(v) { is_array(v) }
list(v) { is_set(v) }
collection(v) { list(v) }
collection(v) { is_object(v) }
countable(v) { collection(v) }
countable(v) { is_string(v) }
texts(v) { list(v); count([1 | x := v[_]; not is_string(x)]) == 0 }
numbers(v) { list(v); count([1 | x := v[_]; not is_number(x)]) == 0 }
sets(v) { is_set(v); count([1 | x := v[_]; not is_set(x)]) == 0 }
objects(v) { is_array(v); count([1 | x := v[_]; not is_object(x)]) == 0 }
plus(a, b) = c { is_number(a); is_number(b); c := a + b }
minus(a, b) = c { is_number(a); is_number(b); c := a - b }
minus(a, b) = c { is_set(a); is_set(b); c := a - b }
times(a, b) = c { is_number(a); is_number(b); c := a * b }
divided(a, b) = c { is_number(a); is_number(b); b != 0; c := a / b }
remainder(a, b) = c { whole(a); whole(b); b != 0; c := a %% b }
whole(n) { is_number(n); floor(n) == n }
both(a, b) = c { is_set(a); is_set(b); c := a & b }
either(a, b) = c { is_set(a); is_set(b); c := a | b }
"""


def name(builtin: str) -> str | None:
    """The guarded function of a built-in one; None for one that is not guarded: it fails loudly."""
    if builtin in _OF_COLLECTIONS or builtin in _OF_SCALARS:
        return f"data.{PACKAGE}.g_{builtin.replace('.', '_')}"
    return None


def arity(builtin: str) -> int:
    """The number of arguments of a guarded function."""
    return len(_OF_COLLECTIONS.get(builtin, "")) or _OF_SCALARS[builtin]


@cache
def module() -> Module:
    """All guarded functions."""
    return Module(_FILE, "\n".join((_REGO % PACKAGE, *_functions())), v0=True)


def add(machine: Machine) -> None:
    """Give a machine what the module needs."""
    machine.function(_TRY, 2, _tried)


def _functions() -> Iterator[str]:
    for builtin, types in _OF_COLLECTIONS.items():
        names = _names(len(types))
        checks = "; ".join(_TYPES[each].format(of) for each, of in zip(types, names, strict=True))
        given = ", ".join(names)
        yield f"g_{builtin.replace('.', '_')}({given}) = r {{ {checks}; r := {builtin}({given}) }}"
    for builtin, count in _OF_SCALARS.items():
        given = ", ".join(_names(count))
        yield f'g_{builtin.replace(".", "_")}({given}) = r {{ [r] = {_TRY}("{builtin}", [{given}]) }}'


def _names(count: int) -> list[str]:
    return [f"a{number}" for number in range(count)]


_machines: dict[str, Machine] = {}


def _tried(builtin: str, arguments: list[Any]) -> list[Any]:
    """A list of the value of a built-in function; of nothing where it fails."""
    machine = _machines.get(builtin)
    if machine is None:
        from bylaw.admission.gatekeeper import builtins

        machine = _machines[builtin] = Machine()
        builtins.add(machine)
        given = ", ".join(f"input[{number}]" for number in range(len(arguments)))
        machine.add("(try).rego", f"package tried\nanswer = r {{ r := {builtin}({given}) }}", v0=True)
    try:
        machine.set_input(orjson.dumps(arguments))
        return [machine.ask("data.tried.answer")]
    except (RegoError, ConfigError, TypeError):
        return []
