"""Many rules in a few engines.

Whenever a rule looks at ``data``, regorus goes through all packages that an engine holds: with sixty of them half the
time of a small rule goes there. So the rules that come with bylaw are dealt out to engines of eight, with the
libraries that they name. Engines share the catalog and each reads the entity again, which takes 6 µs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.engine.rego import Parsed, Rego
from bylaw.rules.metadata import Module

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from bylaw.catalog import Kinds
    from bylaw.rules import Policies

_RULES = 8  # in an engine; measured with 6 to 46
_ASKED, _WANTED = "bylaw.internal.asked", "asked_for"
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
        for packages, some in _dealt(policies.modules, {rule.package for rule in policies.rules if rule.package}):
            text = "\n".join([f"package {_ASKED}", "import rego.v1", *_asking(packages, about_changes)])
            rego = Rego([*some, Module("(asked).rego", _ASKED, text)], beside=data, lasting=True)
            self._of.update({package: (rego, f"{_ASKED}.r{number}") for number, package in enumerate(packages)})

    def over(self, data: bytes, subjects: int = 0) -> Over:
        """The rules over a part of a catalog: ``data`` as rules see it, in JSON."""
        return Over(self._of, data)

    def close(self) -> None:
        """Nothing of them is anywhere else."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: what ``package`` finds in ``entity``, which is JSON. ``part`` is the worker's word for it."""

    part: int
    entity: bytes
    package: str


class Over:
    """Answers as ``Parts`` does, by rules that are compiled."""

    def __init__(self, of: Mapping[str, tuple[Rego, str]], data: bytes) -> None:
        self._of, self._data = of, data
        self._asked = b""
        self._told: set[int] = set()
        self._wanted: dict[bytes, dict[str, bool]] = {}
        self._found: dict[str, list[Any]] = {}

    def ahead(self, asked: Iterable[Asked], mark: Callable[[int], None] = lambda part: None) -> None:
        """Know what will be asked of each entity: then the rules of an engine are asked together, and what it costs to
        put other data in place is paid once."""
        self._wanted.clear()
        for each in asked:
            self._wanted.setdefault(each.entity, {})[each.package] = True

    def set_input(self, entity: bytes) -> None:
        """The entity, as JSON, that the following evaluations are about."""
        wanted = orjson.dumps(self._wanted.get(entity, {}))
        self._asked = b'{"input":%b,"data":%b,"wanted":%b}' % (entity, self._data, wanted)
        self._told.clear()
        self._found.clear()

    def findings(self, package: str) -> list[Any]:
        """What the ``findings`` set of a package holds.

        Raises:
            RegoError: as ``Rego.findings`` does.
        """
        rego, rule = self._of[package]
        if id(rego) not in self._told:
            rego.set_input(self._asked)
            self._told.add(id(rego))
            self._found.update(rego.together(f"{_ASKED}.together"))
        if package in self._found:
            return self._found[package]
        return rego.answers(rule, f"{package}.findings")  # which says what is wrong with it, and with no other


def _asking(packages: Sequence[str], about_changes: Collection[str | None]) -> Iterator[str]:
    """The rules that ask others over the data that came with the entity: each alone, and those wanted together."""
    given = " ".join(f"with data.{path} as input.data.{path}" for path in _GIVEN)
    for number, package in enumerate(packages):
        instead = f"with input as input.input {given}"
        for path in _GIVEN_TO_CHANGES if package in about_changes else ():
            instead += f' with data.{path} as object.get(input.data, "{path}", {{}})'
        yield f"r{number} := found if found := data.{package}.findings {instead}"
        if package not in about_changes:
            yield f'each["{package}"] := found if {{ data.{_WANTED}["{package}"]; found := data.{package}.findings }}'
    together = f"with input as input.input {given} with data.{_WANTED} as input.wanted"
    yield f"together := found if found := data.{_ASKED}.each {together}"


def needed(modules: Sequence[Module], packages: set[str]) -> list[Module]:
    """The modules without which the rules of some packages could not judge, each once."""
    return list(dict.fromkeys(each for _, some in _dealt(modules, packages) for each in some))


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
