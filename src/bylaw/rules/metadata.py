"""The ``# METADATA`` block of a Rego module: parsed here, once, for every engine.

The format is OPA's (a YAML document in comments, before ``package``); what bylaw needs beyond it stands
under ``custom``. regorus does not read it at all.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from bylaw.catalog import Schema, pointer
from bylaw.documents import load, locate
from bylaw.errors import ConfigError
from bylaw.model import Severity, did_you_mean
from bylaw.rules.rule import Reads, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = re.compile(r"^package[ \t]+([A-Za-z_][\w.]*)[ \t]*(?:#.*)?$", re.MULTILINE)
_RULE_PACKAGE = re.compile(r"bylaw(?:\.[a-z][a-z0-9]*(?:_[a-z0-9]+)*){2}\Z")
_STARTS = re.compile(r"#\s*METADATA\s*\Z")
_TOP = frozenset(
    {
        "title",
        "description",
        "custom",
        "scope",
        "authors",
        "organizations",
        "related_resources",
        "schemas",
        "entrypoint",
    }
)
_CUSTOM = frozenset(
    {"severity", "applies_to", "applies_to_change", "reads", "reach", "remediation", "parameters", "survivors"}
)
_T = TypeVar("_T")
_READS: dict[str, Reads] = {"entity": "entity", "relations": "relations", "graph": "graph"}


@dataclass(frozen=True, slots=True)
class Module:
    """One Rego file: where it stands, what it calls itself, what it says."""

    path: str
    package: str
    text: str
    bundled: bool = False
    """Whether it comes with bylaw."""

    @property
    def is_test(self) -> bool:
        """Whether it holds tests of another module."""
        return self.path.endswith("_test.rego")

    @property
    def is_library(self) -> bool:
        """Whether rules import it."""
        return self.package.startswith("bylaw.lib.")


def module(path: str, text: str, *, bundled: bool = False) -> Module:
    """A Rego file by its text.

    Raises:
        ConfigError: it has no package line.
    """
    found = _PACKAGE.search(text)
    if found is None:
        raise ConfigError(f"{path}:1: no package line; expected e.g. `package bylaw.ownership.owner_unknown`")
    return Module(path, found.group(1), text, bundled)


def rule(source: Module) -> Rule:
    """The rule that a module is.

    Raises:
        ConfigError: its metadata is missing, or says something bylaw does not know.
    """
    if not _RULE_PACKAGE.match(source.package):
        raise ConfigError(
            f"{source.path}:{_package_line(source)}: package {source.package}, "
            "expected bylaw.<category>.<rule_name> in lower case: it is the rule's id"
        )
    _, category, name = source.package.replace("_", "-").split(".")
    block = _block(source)
    block.check_names(_TOP)
    custom = block.get("custom", default={})
    if not isinstance(custom, dict):
        raise block.refused("custom must be a mapping", "custom")
    block.check_names(_CUSTOM, "custom")
    return Rule(
        id=f"{category}/{name}",
        title=block.text("title"),
        description=block.text("description"),
        remediation=block.text("custom", "remediation"),
        severity=block.one_of({str(each): each for each in Severity}, None, "custom", "severity"),
        reads=block.one_of(_READS, "entity", "custom", "reads"),
        reach=_reach(block),
        applies_to=_filter(block),
        parameters=_parameters(block),
        subject="change" if _is_set(block, "custom", "applies_to_change") else "entity",
        package=source.package,
        source=source.path,
        survivors=dict(_survivors(block)),
    )


@dataclass(frozen=True, slots=True)
class _Block:
    """A METADATA block: what it says, and where."""

    path: str
    yaml: bytes
    """Its text, on the lines and columns at which it stands in the module."""
    value: dict[str, Any]

    def refused(self, message: str, *steps: str) -> ConfigError:
        """An error about the place that the steps lead to, or what is nearest above it."""
        place = pointer(*steps)
        return ConfigError(f"{self.path}:{locate(self.yaml, 0, [place])[place].line}: METADATA: {message}")

    def get(self, *steps: str, default: Any = None) -> Any:
        value: Any = self.value
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        return default if value is None else value

    def check_names(self, known: frozenset[str], *steps: str) -> None:
        for name in self.get(*steps, default={}):
            if name not in known:
                shown = ".".join((*steps, name))
                raise self.refused(f"{shown} is not known{did_you_mean(name, known)}", *steps, name)

    def text(self, *steps: str) -> str:
        said = self.get(*steps)
        if not isinstance(said, str) or not said.strip():
            raise self.refused(f"{'.'.join(steps)} is {_shown(said)}, expected a text", *steps)
        return " ".join(said.split())

    def one_of(self, options: dict[str, _T], default: str | None, *steps: str) -> _T:
        said = self.get(*steps, default=default)
        if not isinstance(said, str) or said not in options:
            raise self.refused(f"{'.'.join(steps)} is {_shown(said)}, expected {' | '.join(options)}", *steps)
        return options[said]


def _is_set(block: _Block, *steps: str) -> bool:
    said = block.get(*steps, default=False)
    if not isinstance(said, bool):
        raise block.refused(f"{'.'.join(steps)} is {_shown(said)}, expected true or false", *steps)
    return said


def _shown(said: Any) -> str:
    return "missing" if said is None else f"{said!r:.60}"


def _package_line(source: Module) -> int:
    found = _PACKAGE.search(source.text)
    return source.text.count("\n", 0, found.start()) + 1 if found else 1


def _block(source: Module) -> _Block:
    """The first METADATA block before the package line."""
    lines = source.text.split("\n")[: _package_line(source) - 1]
    start = next((number for number, line in enumerate(lines, 1) if _STARTS.match(line)), None)
    if start is None:
        raise ConfigError(f"{source.path}:1: no # METADATA block before the package line (see `bylaw new rule`)")
    comments = itertools.takewhile(lambda line: line.startswith("#"), lines[start:])
    yaml = ("\n" * start + "\n".join(f" {line[1:]}" for line in comments)).encode()
    documents = load(yaml)
    for document in documents:
        if document.fault:
            place = f"{source.path}:{document.fault.line}:{document.fault.column}"
            raise ConfigError(f"{place}: METADATA: {document.fault.message}")
    value = documents[0].value if len(documents) == 1 else None
    if not isinstance(value, dict):
        raise ConfigError(f"{source.path}:{start}: METADATA must be one YAML mapping")
    return _Block(source.path, yaml, value)


def _filter(block: _Block) -> dict[str, tuple[str, ...]]:
    said = block.get("custom", "applies_to", default={})
    if not isinstance(said, dict):
        raise block.refused("custom.applies_to must map fields to values", "custom", "applies_to")
    return {key: tuple(_values(block, key, value)) for key, value in said.items()}


def _reach(block: _Block) -> tuple[str, ...] | None:
    place = ("custom", "reach")
    said = block.get(*place)
    if said is not None and not (isinstance(said, list) and all(isinstance(each, str) for each in said)):
        raise block.refused(
            f"custom.reach is {_shown(said)}, expected a list of paths such as [ownedBy/childOf*]", *place
        )
    return None if said is None else tuple(said)


def _values(block: _Block, key: str, said: Any) -> Iterator[str]:
    for value in said if isinstance(said, list) else [said]:
        if not isinstance(value, str | bool | int | float):
            place = ("custom", "applies_to", key)
            raise block.refused(f"{'.'.join(place)} is {_shown(said)}, expected a value or a list of values", *place)
        yield str(value)


def _survivors(block: _Block) -> Iterator[tuple[str, str]]:
    place = ("custom", "survivors")
    said = block.get(*place, default=[])
    if not isinstance(said, list):
        raise block.refused("custom.survivors must list mutants, each with a reason", *place)
    for index, each in enumerate(said):
        texts = each.values() if isinstance(each, dict) and each.keys() == {"mutant", "reason"} else [None]
        if not all(isinstance(text, str) and text.strip() for text in texts):
            fault = f"{'.'.join(place)}.{index} is {_shown(each)}, expected {{mutant: a text, reason: a text}}"
            raise block.refused(fault, *place, str(index))
        yield " ".join(each["mutant"].split()), " ".join(each["reason"].split())


def _parameters(block: _Block) -> dict[str, Any]:
    said = block.get("custom", "parameters", default={})
    if not isinstance(said, dict):
        raise block.refused("custom.parameters must map names to JSON Schemas", "custom", "parameters")
    for name, schema in said.items():
        place = ("custom", "parameters", name)
        if not isinstance(schema, dict) or "default" not in schema:
            raise block.refused(f"{'.'.join(place)} must be a JSON Schema with a default", *place)
        try:
            faults = list(Schema(schema, ".".join(place)).faults(schema["default"]))
        except ConfigError as error:
            raise block.refused(str(error), *place) from None
        for where, expected, _ in faults:
            raise block.refused(f"the default of {'.'.join(place)}: {where} {expected}", *place, "default")
    return said
