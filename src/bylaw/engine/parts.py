"""Many rules in a few engines.

Whenever a rule looks at ``data``, regorus goes through all packages that an engine holds: with sixty of them half the
time of a small rule goes there. So the rules that come with bylaw are dealt out to engines of eight, with the
libraries that they name. Engines share the catalog and each reads the entity again, which takes 6 µs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.engine.rego import Parsed, Rego
from bylaw.rules.metadata import Module

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bylaw.catalog import Kinds
    from bylaw.rules import Policies

_RULES = 8  # in an engine; measured with 6 to 46
_ASKED = "bylaw.internal.asked"
_GIVEN = ("catalog", "bylaw.today", "bylaw.now_ns")
_GIVEN_TO_CHANGES = ("base", "change")
_LIBRARY = re.compile(r"\bdata\.(bylaw\.lib\.\w+)")


class Parts:
    """Answers as one ``Rego`` of all modules does, for the rules of some packages.

    Raises:
        ConfigError: a module does not compile.
    """

    def __init__(self, modules: Sequence[Module], packages: Iterable[str], data: bytes) -> None:
        catalog = Parsed((), data)
        self._of: dict[str, Rego] = {}
        for rules, needed in _dealt(modules, set(packages)):
            self._of.update(dict.fromkeys(rules, Rego(needed, beside=catalog)))
        self._entity = b""
        self._told: set[int] = set()

    def set_input(self, entity: bytes) -> None:
        """The entity, as JSON, that the following evaluations are about."""
        self._entity = entity
        self._told.clear()

    def findings(self, package: str) -> list[Any]:
        """What the ``findings`` set of a package holds.

        Raises:
            RegoError: as ``Rego.findings`` does.
        """
        rego = self._of[package]
        if id(rego) not in self._told:
            rego.set_input(self._entity)
            self._told.add(id(rego))
        return rego.findings(package)


class Ready:
    """Rules compiled once, which judge one part of a catalog after another.

    To compile them takes milliseconds, and so does to give an engine other data. Here the data travels with the
    entity, and the rules are asked as if it had been loaded: for a few entities at a time that is 20 times faster.
    """

    def __init__(self, policies: Policies, kinds: Kinds) -> None:
        known = orjson.dumps({"bylaw": {"parameters": policies.parameters, "kinds": kinds.as_data()}})
        data = Parsed((), known)
        self._of: dict[str, tuple[Rego, str]] = {}
        about_changes = {rule.package for rule in policies.rules if rule.subject == "change"}
        for packages, needed in _dealt(policies.modules, {rule.package for rule in policies.rules if rule.package}):
            asked = {package: f"{_ASKED}.r{number}" for number, package in enumerate(packages)}
            rules = (_ask(number, package, package in about_changes) for number, package in enumerate(packages))
            module = Module("(asked).rego", _ASKED, "\n".join([f"package {_ASKED}", "import rego.v1", *rules]))
            rego = Rego([*needed, module], beside=data)
            self._of.update({package: (rego, rule) for package, rule in asked.items()})

    def over(self, data: bytes) -> Over:
        """The rules over a part of a catalog: ``data`` as rules see it, in JSON."""
        return Over(self._of, data)


class Over:
    """Answers as ``Parts`` does, by rules that are compiled."""

    def __init__(self, of: Mapping[str, tuple[Rego, str]], data: bytes) -> None:
        self._of, self._data = of, data
        self._asked = b""
        self._told: set[int] = set()

    def set_input(self, entity: bytes) -> None:
        """The entity, as JSON, that the following evaluations are about."""
        self._asked = b'{"input":%b,"data":%b}' % (entity, self._data)
        self._told.clear()

    def findings(self, package: str) -> list[Any]:
        """What the ``findings`` set of a package holds.

        Raises:
            RegoError: as ``Rego.findings`` does.
        """
        rego, rule = self._of[package]
        if id(rego) not in self._told:
            rego.set_input(self._asked)
            self._told.add(id(rego))
        return rego.answers(rule, f"{package}.findings")


def _ask(number: int, package: str, is_about_changes: bool) -> str:
    """The rule that asks another one, over the data that came with the entity."""
    instead = " ".join(f"with data.{path} as input.data.{path}" for path in _GIVEN)
    for path in _GIVEN_TO_CHANGES if is_about_changes else ():
        instead += f' with data.{path} as object.get(input.data, "{path}", {{}})'
    return f"r{number} := found if found := data.{package}.findings with input as input.input {instead}"


def _dealt(modules: Sequence[Module], packages: set[str]) -> Iterable[tuple[list[str], list[Module]]]:
    """The packages of each engine, and the modules that it needs.

    A user's rule may name whatever there is, and by ways that no text shows: it stands among all modules.
    """
    libraries = {each.package: each for each in modules if each.is_library}
    own = [each.package for each in modules if each.package in packages and not each.bundled]
    if own:
        yield own, list(modules)
    bundled = sorted((each for each in modules if each.package in packages and each.bundled), key=_named)
    for start in range(0, len(bundled), _RULES):
        rules = bundled[start : start + _RULES]
        needed = list(rules)
        for each in needed:  # grows: libraries name libraries
            needed.extend(libraries[name] for name in _named(each) if libraries[name] not in needed)
        yield [each.package for each in rules], needed


def _named(module: Module) -> list[str]:
    """The libraries that a module names, in order: rules that name the same ones stand together."""
    return sorted(set(_LIBRARY.findall(module.text)))
