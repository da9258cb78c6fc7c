"""The built-in functions of Rego: which regorus evaluates as OPA does, which need help, which are refused."""

from __future__ import annotations

import hashlib
import ipaddress
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from bylaw.admission.gatekeeper import gofmt, quantities
from bylaw.engine.rego import Machine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PACKAGE = "gatekeeper_builtins"
FILE = "(builtins).rego"
_REGO = rf"""package {PACKAGE}

list(v) {{ is_array(v) }}
list(v) {{ is_set(v) }}

every_one(xs) = r {{ list(xs); r := count([x | x := xs[_]; x == true]) == count(xs) }}

any_one(xs) = r {{ list(xs); r := count([x | x := xs[_]; x == true]) > 0 }}

marshalled(x) = r {{
  r := strings.replace_n(
    {{"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}},
    json.marshal(x),
  )
}}

formatted(form, xs) = r {{
  is_string(form)
  is_array(xs)
  r := gatekeeper_sprintf(form, [y | x := xs[_]; y := told(x)])
}}

told(x) = ["s", x] {{ is_string(x) }}
told(x) = ["n", y] {{ is_number(x); y := json.marshal(x) }}
told(x) = ["s", "set()"] {{ is_set(x); count(x) == 0 }}
told(x) = ["s", y] {{ not plain(x); y := sprintf("%v", [x]) }}
plain(x) {{ is_string(x) }}
plain(x) {{ is_number(x) }}
plain(x) {{ is_set(x); count(x) == 0 }}

without(a, b) = c {{ is_set(a); is_set(b); c := a - b }}

number(x) = r {{ is_string(x); [r] = gatekeeper_number(x) }}
number(x) = x {{ is_number(x) }}
number(null) = 0
number(true) = 1
number(false) = 0

units(x) = r {{ is_string(x); [r] = gatekeeper_units(x) }}

size(x) = r {{ is_string(x); [r] = gatekeeper_size(x) }}

place(a, b) = r {{ is_string(a); is_string(b); b != ""; r := indexof(a, b) }}

places(a, b) = r {{ is_string(a); is_string(b); b != ""; r := indexof_n(a, b) }}

counted(a, b) = r {{ is_string(a); is_string(b); b != ""; r := strings.count(a, b) }}
counted(a, "") = r {{ is_string(a); r := count(a) + 1 }}

parted(a, b) = r {{ is_string(a); is_string(b); regex.is_valid(a); not regex.match(a, ""); r := regex.split(a, b) }}
parted(a, b) = r {{ is_string(b); regex.is_valid(a); regex.match(a, ""); r := gatekeeper_refused("regex.split", a) }}

within(a, b) = r {{ alike(a, b); r := object.subset(a, b) }}
alike(a, b) {{ is_object(a); is_object(b) }}
alike(a, b) {{ is_set(a); is_set(b) }}
alike(a, b) {{ is_array(a); list(b) }}

to_array(x) = x {{ is_array(x) }}
to_array(x) = r {{ is_set(x); r := [y | y := x[_]] }}
to_set(x) = r {{ list(x); r := {{y | y := x[_]}} }}
to_string(x) = x {{ is_string(x) }}
to_object(x) = x {{ is_object(x) }}
to_boolean(x) = x {{ is_boolean(x) }}
to_null(x) = x {{ is_null(x) }}

later(ns, years, months, days) = r {{
  is_number(ns)
  is_number(years)
  is_number(months)
  is_number(days)
  [r] = gatekeeper_later(ns, [years, months, days])
}}
later(ns, years, months, days) = r {{ is_array(ns); r := gatekeeper_refused("time.add_date", ns) }}

unescaped(x) = r {{
  is_string(x)
  not regex.match("%([^0-9A-Fa-f]|.[^0-9A-Fa-f]|.?$)", x)
  r := urlquery.decode(x)
}}

is_json(x) = r {{ is_string(x); r := json.is_valid(x) }} else = false {{ true }}
is_yaml(x) = r {{ is_string(x); r := yaml.is_valid(x) }} else = false {{ true }}
is_base64(x) = r {{ is_string(x); r := base64.is_valid(x) }} else = false {{ true }}
is_semver(x) = r {{ is_string(x); r := semver.is_valid(trim_prefix(x, "v")) }} else = false {{ true }}
older(a, b) = r {{
  is_semver(a)
  is_semver(b)
  r := semver.compare(trim_prefix(a, "v"), trim_prefix(b, "v"))
}}
is_cidr(x) = r {{ is_string(x); r := net.cidr_is_valid(x) }} else = false {{ true }}
"""

RENAMED: Mapping[str, str] = {
    "re_match": "regex.match",
    "net.cidr_overlap": "net.cidr_contains",
    "all": f"data.{PACKAGE}.every_one",
    "any": f"data.{PACKAGE}.any_one",
    "set_diff": f"data.{PACKAGE}.without",
    "json.marshal": f"data.{PACKAGE}.marshalled",
    "sprintf": f"data.{PACKAGE}.formatted",
    **{
        name: f"data.{PACKAGE}.{to}"
        for name, to in {
            "base64.is_valid": "is_base64",
            "cast_array": "to_array",
            "cast_boolean": "to_boolean",
            "cast_null": "to_null",
            "cast_object": "to_object",
            "cast_set": "to_set",
            "cast_string": "to_string",
            "indexof": "place",
            "indexof_n": "places",
            "json.is_valid": "is_json",
            "net.cidr_is_valid": "is_cidr",
            "object.subset": "within",
            "regex.split": "parted",
            "semver.compare": "older",
            "semver.is_valid": "is_semver",
            "strings.count": "counted",
            "time.add_date": "later",
            "to_number": "number",
            "units.parse": "units",
            "urlquery.decode": "unescaped",
            "units.parse_bytes": "size",
            "yaml.is_valid": "is_yaml",
        }.items()
    },
}
"""What OPA has deprecated, or regorus writes in another way, and what to say instead."""

FOREIGN: Mapping[str, str] = {
    "external_data": "bylaw calls no providers",
    "http.send": "an admission policy has no network here",
    "net.lookup_ip_addr": "an admission policy has no network here",
    "opa.runtime": "it shows the environment",
    "rego.metadata.chain": "regorus does not know it",
    "rego.metadata.rule": "regorus does not know it",
    "rego.parse_module": "regorus does not know it",
    "regex.template_match": "regorus answers in another way",
    "yaml.marshal": "regorus writes YAML in another form",
}
"""What is refused, and why."""


class _Function(NamedTuple):
    arguments: int
    call: Any


def _digest(name: str) -> Any:
    return lambda text: hashlib.new(name, _text(text).encode(), usedforsecurity=False).hexdigest()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, found {type(value).__name__}")
    return value


def _refused(name: str, of: Any) -> Any:
    raise ValueError(f"{name} of {of!r} differs from OPA's")


def _intersects(one: Any, other: Any) -> bool:
    left, right = (ipaddress.ip_network(_text(each), strict=False) for each in (one, other))
    return left.version == right.version and left.overlaps(right)


_FUNCTIONS: Mapping[str, _Function] = {
    "crypto.md5": _Function(1, _digest("md5")),
    "crypto.sha1": _Function(1, _digest("sha1")),
    "crypto.sha256": _Function(1, _digest("sha256")),
    "gatekeeper_sprintf": _Function(2, lambda form, parts: gofmt.sprintf(form, gofmt.values_of(parts))),
    "gatekeeper_later": _Function(2, quantities.later),
    "gatekeeper_number": _Function(1, quantities.number),
    "gatekeeper_refused": _Function(2, _refused),
    "gatekeeper_size": _Function(1, quantities.size),
    "gatekeeper_units": _Function(1, quantities.units),
    "net.cidr_intersects": _Function(2, _intersects),
}
"""What regorus lacks."""


@cache
def known() -> frozenset[str]:
    """The names that a template may call."""
    return frozenset((*Machine().builtins(), *_FUNCTIONS, *RENAMED, "print")) - frozenset(FOREIGN)


def needed(texts: Iterable[str]) -> bool:
    """Whether modules call a function of ``text``."""
    return any(PACKAGE in each for each in texts)


def text() -> str:
    """The module behind ``RENAMED``, in Rego as it was before OPA 1.0."""
    return _REGO


def add(machine: Machine) -> None:
    """Give a machine the functions that regorus lacks."""
    for name, function in _FUNCTIONS.items():
        machine.function(name, function.arguments, function.call)
