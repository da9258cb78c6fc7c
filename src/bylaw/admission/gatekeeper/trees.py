"""Modules of a template as syntax trees, with their names, and what is wrong with them together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bylaw.admission.gatekeeper import builtins
from bylaw.engine import syntax
from bylaw.engine.rego import Machine
from bylaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bylaw.admission.gatekeeper.templates import Template
    from bylaw.admission.gatekeeper.tokens import Edit
    from bylaw.engine.syntax import Node, Span

REFERENCES = frozenset(("RefDot", "RefBrack"))
COMPREHENSIONS = frozenset(("ArrayCompr", "SetCompr", "ObjectCompr"))
_NAMES = frozenset(("Var", *REFERENCES))


class UnsupportedError(ConfigError):
    """Rego that this engine would not evaluate as OPA does. The message has file and line."""


@dataclass(frozen=True, slots=True)
class Module:
    """A module as it is compiled. Its lines are those of the file it is from."""

    path: str
    text: str
    v0: bool

    def edited(self, edits: Sequence[Edit]) -> Module:
        """The same with edits made whose places count bytes."""
        raw, parts, at = self.text.encode(), [], 0
        for edit in sorted(edits, key=lambda each: (each.start, each.end)):
            parts += [raw[at : edit.start], edit.text.encode()]
            at = edit.end
        return Module(self.path, b"".join((*parts, raw[at:])).decode(), self.v0)


class Tree:
    """A parsed module. Places count bytes of ``text``.

    Raises:
        ConfigError: it does not parse; the message has file, line and column.
    """

    def __init__(self, module: Module) -> None:
        machine = Machine()
        machine.add(module.path, module.text, v0=module.v0)
        tree = machine.syntax()[0]
        self.module = module
        self.text: bytes = tree["source"]["contents"].encode()
        self.rules: list[Node] = tree["ast"]["rules"]
        self.package = syntax.path(tree["ast"]["package"]["refr"]) or []
        self.imports = [syntax.imported(each, self.text) for each in tree["ast"]["imports"]]
        self._data = {name: path for name, path in self.imports if path[0] == "data"}

    @cached_property
    def nodes(self) -> list[tuple[Node, Span | None]]:
        """Every node of the rules with its place."""
        return list(syntax.nodes(self.rules))

    @cached_property
    def names(self) -> frozenset[str]:
        """What the rules are called."""
        return frozenset(syntax.Definition(each).name for each in self.rules)

    @cached_property
    def paths(self) -> frozenset[str]:
        """The full paths of the rules, without ``data.``."""
        return frozenset(".".join([*self.package, each]) for each in self.names)

    def is_outside(self, path: Sequence[str]) -> bool:
        """Whether a name leads out of the module: ``data.…``, or an import of it."""
        return path[0] == "data" or path[0] in self._data

    def resolved(self, path: Sequence[str]) -> str:
        """The full path of a name as the module uses it, without ``data.``."""
        if path[0] == "data":
            return ".".join(path[1:])
        if path[0] in self._data:
            return ".".join([*self._data[path[0]][1:], *path[1:]])
        return ".".join([*self.package, *path])

    def calls(self) -> Iterator[tuple[Node, list[str], int]]:
        """Each call of something that has a name, the name, and the line."""
        for node, span in self.nodes:
            if "Call" in node and span and (path := syntax.path(node["Call"]["fcn"])):
                yield node["Call"], path, span["line"]

    def has_import(self, *paths: str) -> bool:
        return any(".".join(path) in paths for _, path in self.imports)


def span_of(node: Node) -> Span:
    """The place of a node."""
    span: Span = next(iter(node.values()))["span"]
    return span


def check(template: Template, trees: Sequence[Tree], libs: Sequence[str]) -> None:
    """Refuse what has no `violation`, calls of what is not there, and rules that need themselves.

    Raises:
        ConfigError, UnsupportedError: the first that was found.
    """
    if "violation" not in trees[0].names:
        place = f"{template.path}:{template.entry.line}"
        raise ConfigError(f"{place}: the Rego of {template.kind} has no rule `violation`")
    defined = frozenset(path for each in trees for path in each.paths)
    for tree in trees:
        for _, path, line in tree.calls():
            place, said = f"{tree.module.path}:{line}", ".".join(path)
            if tree.resolved(path) in defined:
                continue
            if tree.is_outside(path):
                raise ConfigError(f"{place}: nothing defines {said}; the libraries are {', '.join(libs) or 'none'}")
            if said in builtins.FOREIGN:
                raise UnsupportedError(f"{place}: {said} is not evaluated here: {builtins.FOREIGN[said]}")
            if said not in builtins.known():
                raise ConfigError(f"{place}: there is no function {said}")
    _refuse_recursion(trees, defined)


def _refuse_recursion(trees: Sequence[Tree], defined: frozenset[str]) -> None:
    """regorus overflows its stack on rules that need themselves; OPA refuses them."""
    needs: dict[str, dict[str, str]] = {}
    for tree in trees:
        package = ".".join(tree.package)
        for rule in map(syntax.Definition, tree.rules):
            local = set(syntax.declared(rule.tree, tree.text))
            for node, span in syntax.nodes(rule.tree):
                path = syntax.path(node) if not _NAMES.isdisjoint(node) else None
                if path is None or path[0] in local:
                    continue
                target = _defining(tree.resolved(path), defined)
                if target:
                    place = f"{tree.module.path}:{span['line'] if span else 1}"
                    needs.setdefault(f"{package}.{rule.name}", {}).setdefault(target, place)
    for rule_name in sorted(needs):
        way = _way(rule_name, needs)
        if way:
            short = " -> ".join(each.partition(".")[2].partition(".")[2] for each in (rule_name, *way))
            raise ConfigError(f"{needs[rule_name][way[0]]}: a rule needs itself ({short}): no recursion in Rego")


def _defining(path: str, defined: frozenset[str]) -> str | None:
    """The rule that a reference runs into, if any: a prefix of the path."""
    steps = path.split(".")
    return next((name for length in range(len(steps), 0, -1) if (name := ".".join(steps[:length])) in defined), None)


def _way(rule: str, needs: dict[str, dict[str, str]]) -> list[str]:
    """A way from a rule back to itself over what each needs; empty if there is none."""
    seen: set[str] = set()
    pending = [[each] for each in sorted(needs.get(rule, ()))]
    while pending:
        way = pending.pop()
        if way[-1] == rule:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            pending.extend([*way, each] for each in sorted(needs.get(way[-1], ())))
    return []
