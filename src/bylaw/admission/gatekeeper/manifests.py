"""Kubernetes YAML into JSON values, as Go reads it.

What may be read at all is said by ``documents``: sizes, depths, aliases, duplicate keys. What a plain scalar means is
said here, because Go's libraries take YAML 1.1 for some of it: `0644` is octal, `1_000` a number, `<<` merges. They
do not agree with each other either: kubectl takes `yes` for true, gator for a text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import yaml

from bylaw.documents import DEFAULT, load
from bylaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Dialect = Literal["kubectl", "gator"]
SUFFIXES = (".yaml", ".yml")
GROUP = "templates.gatekeeper.sh"
CONSTRAINTS = "constraints.gatekeeper.sh"

_PLAIN = "plain"
_STR = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_WORDS: Mapping[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WORDS_OF_KUBECTL: Mapping[str, Any] = {
    **_WORDS,
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
}
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]*|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TIME = re.compile(
    r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"
    r"(?:(?P<t>[Tt ])(?P<H>\d{1,2}):(?P<M>\d{1,2}):(?P<S>\d{1,2})(?:[.,](?P<f>\d+))?(?P<z>Z|[-+]\d\d:\d\d)?)?"
)
_BASES = {"x": 16, "X": 16, "b": 2, "B": 2, "o": 8, "O": 8}
_INT64, _UINT64 = 2**63, 2**64


class ManifestError(ConfigError):
    """A file cannot be read as Kubernetes objects. The message has the line."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object, and where it stands. ``line`` is that of its first line, from 1."""

    value: Mapping[str, Any]
    path: str
    line: int
    text: bytes = b""
    """The whole file."""
    index: int = 0
    """Which document of the file it is, from 0."""

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"

    @property
    def group(self) -> str:
        """The group of its API; empty for the core group."""
        return group_version(self.value)[0]

    @property
    def version(self) -> str:
        return group_version(self.value)[1]

    @property
    def kind(self) -> str:
        return text_of(self.value, "kind")

    @property
    def name(self) -> str:
        return text_of(metadata(self.value), "name")

    @property
    def namespace(self) -> str:
        """Empty for an object of the cluster."""
        return text_of(metadata(self.value), "namespace")


def group_version(value: Mapping[str, Any]) -> tuple[str, str]:
    """Group and version of an object; both empty where ``apiVersion`` holds no such thing."""
    said = text_of(value, "apiVersion")
    if said.count("/") > 1 or said == "/":
        return "", ""
    group, _, version = said.rpartition("/")
    return group, version


def metadata(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """An object's metadata; nothing where that is no mapping."""
    found = value.get("metadata")
    return found if isinstance(found, dict) else {}


def text_of(value: Mapping[str, Any], key: str) -> str:
    """A field that holds a text; empty where it holds something else."""
    found = value.get(key)
    return found if isinstance(found, str) else ""


def read(path: Path, shown: str) -> list[Manifest]:
    """All objects of a file, as kubectl reads them.

    Raises:
        ManifestError: the file cannot be read, a document of it is no YAML, or no object.
    """
    data = read_bytes(path, shown)
    found = []
    for index, (value, line) in enumerate(values(data, "kubectl", shown)):
        if value is None:
            continue
        if not isinstance(value, dict):
            raise ManifestError(f"{shown}:{line}: expected a Kubernetes object, found {_kind_of(value)}")
        found.append(Manifest(value, shown, line, data, index))
    return found


def read_bytes(path: Path, shown: str) -> bytes:
    """The bytes of a file, up to the size that files may have.

    Raises:
        ManifestError: it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(DEFAULT.file_bytes + 1)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise ManifestError(f"{shown}: cannot be read ({said})") from None
    return data


def values(data: bytes, dialect: Dialect, shown: str) -> Iterator[tuple[Any, int]]:
    """The value of each document and the line of its first token, null documents included.

    Raises:
        ManifestError: one cannot be read.
    """
    for loaded in load(data):
        if loaded.fault:
            fault = loaded.fault
            raise ManifestError(f"{shown}:{fault.line}:{fault.column}: {fault.message}")
    try:
        for node in yaml.compose_all(data.decode("utf-8-sig"), Loader=_Loader):
            yield _Values(dialect, shown).of(node), node.start_mark.line + 1
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        said = getattr(error, "problem", None) or str(error).partition("\n")[0]
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise ManifestError(f"{shown}{line}: {said}") from None


class _Loader(yaml.CSafeLoader):
    """Composes nodes and leaves it to us what a plain scalar means."""

    def resolve(self, kind: type[Any], value: Any, implicit: Any) -> str:
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else _STR
        return "tag:yaml.org,2002:map" if kind is yaml.MappingNode else "tag:yaml.org,2002:seq"


class _Values:
    """Makes values of the nodes of one document; a node behind several aliases is one value."""

    def __init__(self, dialect: Dialect, shown: str) -> None:
        self._dialect = dialect
        self._shown = shown
        self._made: dict[int, Any] = {}

    def of(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) not in self._made:
            made: Any = [] if isinstance(node, yaml.SequenceNode) else {}
            self._made[id(node)] = made
            if isinstance(node, yaml.SequenceNode):
                made.extend(self.of(each) for each in node.value)
            else:
                self._fill(made, node)
        return self._made[id(node)]

    def _fill(self, made: dict[str, Any], node: yaml.Node) -> None:
        merged: list[yaml.Node] = []
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and (key.tag == _MERGE or (key.tag == _PLAIN and key.value == "<<")):
                merged.append(value)
                continue
            made[self._key(key)] = self.of(value)
        for each in merged:
            sources = each.value if isinstance(each, yaml.SequenceNode) else [each]
            for source in sources:
                found = self.of(source)
                if not isinstance(found, dict):
                    self._refuse(source, "`<<` merges mappings; this is none")
                for name, value in found.items():
                    made.setdefault(name, value)

    def _key(self, node: yaml.Node) -> str:
        value = self.of(node)
        if isinstance(value, str):
            return value
        if self._dialect == "kubectl" and isinstance(value, bool | int):
            return str(value).lower()  # `y: 1` is `"true": 1` to kubectl
        self._refuse(node, "this key is no text; put it in quotes")
        raise AssertionError  # the line above raises

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag == _STR:
            return node.value
        return scalar(node.value, self._dialect, lambda said: self._refuse(node, said))

    def _refuse(self, node: yaml.Node, said: str) -> None:
        mark = node.start_mark
        raise ManifestError(f"{self._shown}:{mark.line + 1}:{mark.column + 1}: {said}")


def scalar(text: str, dialect: Dialect, refuse: Any = None) -> Any:
    """What a plain scalar means."""
    words = _WORDS_OF_KUBECTL if dialect == "kubectl" else _WORDS
    if text in words:
        return words[text]
    if text[0] not in "+-.0123456789":
        return text
    if text.lstrip("+-").lower() in (".inf", ".nan"):
        if refuse:
            refuse(f"{text} is no number of JSON")
        return text
    if dialect == "gator" and text[0].isdigit() and (moment := _moment(text)):
        return moment
    bare = text if text[0] == "." else text.replace("_", "")
    if _INTEGER.fullmatch(bare) and (number := _integer(bare)) is not None:
        return number
    if _FLOAT.fullmatch(bare):
        value = float(bare)
        if value in (float("inf"), float("-inf")):
            return text
        return int(value) if value.is_integer() and abs(value) < 1e21 else value
    return text


def _integer(text: str) -> int | None:
    """Go's ``strconv.ParseInt(text, 0, 64)``, or ``ParseUint``; None where it fits neither."""
    sign = -1 if text[0] == "-" else 1
    digits = text.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0":
        base, rest = (_BASES[digits[1]], digits[2:]) if digits[1] in _BASES else (8, digits[1:])
    else:
        base, rest = 10, digits
    if not rest or len(rest) > 70:
        return None
    number = sign * int(rest, base)
    fits = -_INT64 <= number < _INT64 or (text[0] not in "+-" and number < _UINT64)
    return number if fits else None


def _moment(text: str) -> str | None:
    """A time as Go writes it in JSON, for a text that gator takes for a time; None for any other."""
    found = _TIME.fullmatch(text)
    if not found:
        return None
    part = {name: found[name] for name in "ymdHMSfz"}
    if (found["t"] == " " and part["z"]) or (found["t"] in ("T", "t") and not part["z"]):
        return None
    hour, minute, second = (int(part[name] or 0) for name in "HMS")
    try:
        datetime(int(part["y"]), int(part["m"]), int(part["d"]), hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    fraction = (part["f"] or "")[:9].rstrip("0")
    date = f"{part['y']}-{int(part['m']):02}-{int(part['d']):02}"
    zone = "Z" if part["z"] in (None, "Z", "+00:00", "-00:00") else part["z"]
    return f"{date}T{hour:02}:{minute:02}:{second:02}{'.' + fraction if fraction else ''}{zone}"


def _kind_of(value: Any) -> str:
    return {list: "a list", str: "a text", bool: "true or false"}.get(type(value), "a number")
