"""Many rules in a few engines.

Whenever a rule looks at ``data``, regorus goes through all packages that an engine holds: with sixty of them half the
time of a small rule goes there. So the rules that come with bylaw are dealt out to engines of eight, with the
libraries that they name. Engines share the catalog and each reads the entity again, which takes 6 µs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bylaw.engine.rego import Parsed, Rego

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bylaw.rules import Module

_RULES = 8  # in an engine; measured with 6 to 46
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
