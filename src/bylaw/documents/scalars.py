"""Scalars as npm ``yaml`` 2.9 reads them: the YAML 1.2 core schema, with JavaScript's numbers.

Mirrors ``schema/core/*.js``, ``compose/compose-scalar.js`` and ``nodes/addPairToJSMap.js`` of that package.
"""

from __future__ import annotations

import re
from decimal import Decimal
from math import inf, isfinite, isnan, nan
from typing import Any

Scalar = str | int | float | bool | None
"""A scalar of JSON."""

STARTS = frozenset(("", *"~nNtTfF.+-0123456789"))
"""How a plain scalar starts (``text[:1]``) that may be something else than a string."""

_MAX_SAFE_INTEGER = 2**53 - 1
_WORDS: dict[str, tuple[str, Scalar]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), ("null", None)),
    **dict.fromkeys(("true", "True", "TRUE"), ("bool", True)),
    **dict.fromkeys(("false", "False", "FALSE"), ("bool", False)),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), ("float", inf)),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), ("float", -inf)),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), ("float", nan)),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+)")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")

_BRACED = re.compile(r"[{[][ \t]*(\.?[A-Za-z_$(][^\s,:#\"{}[\]]*(?: +[^\s,:#\"{}[\]]+)*)[ \t]*[]}]")
_BRACED_WIDTH = 60  # npm yaml breaks its lines a little later

_CORE = "tag:yaml.org,2002:"


def plain(text: str) -> Scalar:
    """The value of a plain scalar without a tag."""
    if text[:1] > "9" and text not in _WORDS:
        return text
    return _json(_resolve(text)[1])


def tagged(text: str, tag: str) -> Scalar:
    """The value of a scalar with a tag, however it is quoted.

    A tag that npm ``yaml`` does not know, or that does not fit the text, is a warning there, and Backstage
    looks at errors only: the scalar is a string then.
    """
    kind, value = _resolve(text)
    return _json(value) if tag == _CORE + kind else text


def key(text: str, tag: str | None = None) -> str | tuple[str, object]:
    """A scalar as the key of a mapping: a string, or JavaScript's string for it with its type.

    npm ``yaml`` compares keys by type and value, and makes them strings afterwards. So ``1`` and ``1.0``
    are duplicates, ``1`` and ``"1"`` are not (the last one stands), and a NaN is not even one of itself.
    """
    kind, value = _resolve(text)
    if kind == "str" or (tag is not None and tag != _CORE + kind):
        return text
    if kind == "null":
        return "", kind
    if kind == "bool":
        return "true" if value else "false", kind
    return _js_string(value), object() if isnan(value) else "number"


def braced(source: str) -> str | None:
    """The key that npm ``yaml`` makes of a collection, in the one case that people write: ``{{ name }}``.

    ``source`` is the inner ``{ name }``. None where it is another: what npm ``yaml`` makes of it depends on
    how it would write the collection itself.
    """
    inner = _BRACED.fullmatch(source) if len(source) <= _BRACED_WIDTH else None
    return f"{source[0]} {inner[1]} {source[-1]}" if inner else None


def _resolve(text: str) -> tuple[str, Any]:
    """The core schema's short tag for a plain scalar and its value, numbers as exact as they are written."""
    word = _WORDS.get(text)
    if word is not None:
        return word
    if text[0] > "9":
        return "str", text
    if _INTEGER.fullmatch(text):
        # From 16 digits on JavaScript rounds, and from 4,301 on Python refuses to read an int.
        return "int", int(text) if len(text) <= 15 else float(text)
    if _FLOAT.fullmatch(text):
        return "float", float(text)
    if _OCTAL.fullmatch(text):
        return "int", _double(int(text, 8))
    if _HEXADECIMAL.fullmatch(text):
        return "int", _double(int(text, 16))
    return "str", text


def _double(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return inf


def _json(value: Scalar) -> Scalar:
    """A value as JSON has it: of JavaScript's numbers, whole ones are int while exact, infinite ones null."""
    if not isinstance(value, float):
        return value
    if not isfinite(value):
        return None
    return int(value) if abs(value) <= _MAX_SAFE_INTEGER and value.is_integer() else value


def _js_string(number: float) -> str:
    """``String(number)`` of JavaScript."""
    if isnan(number):
        return "NaN"
    if not isfinite(number):
        return "Infinity" if number > 0 else "-Infinity"
    text = repr(float(number))
    if number == 0 or 1e-6 <= abs(number) < 1e21:
        return format(Decimal(text), "f").removesuffix(".0").removeprefix("-" if number == 0 else "")
    digits, _, exponent = text.partition("e")
    return f"{digits}e{int(exponent):+d}"
