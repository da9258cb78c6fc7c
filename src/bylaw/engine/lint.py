"""What a Rego module must be before anything is judged by it.

regorus finds out late, and in a crash, what OPA refuses at once: a call of a function that does not exist, a
rule that needs itself. Both are found here, on the syntax tree, and so is what would make the engines
disagree (``not`` without ``future.keywords.not``, open-policy-agent/opa#8387) or a verdict depend on
anything but its input.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from bylaw import workers
from bylaw.engine import syntax
from bylaw.engine.data import PATHS
from bylaw.engine.rego import PROBE_FILE, Rego, parse, undefined_names
from bylaw.errors import ConfigError
from bylaw.model import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bylaw.rules.metadata import Module

_REFUSED = {
    "http.send": "a rule has no network; put what it needs into the catalog or a parameter",
    "net.lookup_ip_addr": "a rule has no network",
    "opa.runtime": "it shows the environment; use a parameter",
    "rand.intn": "the same input must give the same verdict",
    "uuid.rfc4122": "the same input must give the same verdict",
    "time.now_ns": "use data.bylaw.now_ns, so that a judgement can be repeated with --now",
}
_BOUNDS = workers.Bounds(deadline=10.0, memory=1024)
_ALSO_BUILTIN = frozenset({"print"})
_REFERENCES = frozenset({"Var", "RefDot", "RefBrack"})


@lru_cache(maxsize=4)
def check(modules: tuple[Module, ...]) -> None:
    """Compile all modules and refuse what must not run. Those it has just been through it does not look at again.

    It happens in a worker: regorus's parser takes twice as long for every bracket inside another, and its
    stack ends where nobody catches it.

    Raises:
        ConfigError: every fault, one a line, with file, line and column.
    """

    def never_ended(_: Any, failure: workers.Failure) -> NoReturn:
        paths = [each.path for each in modules]
        where = paths[failure.part] if failure.part < len(paths) else ", ".join(paths)
        raise ConfigError(f"{where}: regorus cannot read it: {failure.reason}")

    for found in workers.run(_Checking(modules), [None], jobs=1, bounds=_BOUNDS, on_failure=never_ended):
        if found:
            raise ConfigError("\n".join(found))


@dataclass(frozen=True, slots=True)
class _Checking:
    """Opens the handler that says the faults of all modules; each is a part of its own, then all together."""

    modules: tuple[Module, ...]

    def __call__(self) -> workers.Handler:
        def handle(_: Any, mark: Callable[[int], None]) -> list[str]:
            unread = []
            for number, each in enumerate(self.modules):
                mark(number)
                try:
                    parse(each)
                except ConfigError as error:
                    unread.append(str(error))
            mark(len(self.modules))
            return unread or faults(self.modules)

        return handle


def faults(modules: Sequence[Module]) -> list[str]:
    """``file:line:column: what`` for each fault of modules that parse."""
    try:
        engine = Rego(modules)
    except ConfigError as error:
        return [str(error)]
    parsed = [_Tree(tree) for tree in engine.syntax() if tree["source"]["file"] != PROBE_FILE]
    defined = {name for tree in parsed for name in tree.defined}
    known = engine.builtins() | _ALSO_BUILTIN | defined
    found = [fault for tree in parsed for fault in tree.faults(known)]
    found.extend(_recursion(parsed))
    found.extend(_nowhere(parsed, defined))
    found.extend(_speechless(modules, defined))
    # The compiler does not know `with`, of which tests are full; what they do not define fails when they run.
    found.extend(undefined_names([each for each in modules if not each.is_test]) if not found else ())
    return sorted(set(found))


class _Tree:
    """One module's syntax tree, its names resolved to full paths (``bylaw.lib.entity.ref``)."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self.file: str = tree["source"]["file"]
        self._text: bytes = tree["source"]["contents"].encode()
        body = tree["ast"]
        self.package = ".".join(syntax.path(body["package"]["refr"]) or ["?"])
        imports = [syntax.imported(each, self._text) for each in body["imports"]]
        self._imports = {name: ".".join(path[1:]) for name, path in imports if path[0] == "data"}
        self._has_not = ["future", "keywords", "not"] in [path for _, path in imports]
        self._rules = list(map(syntax.Definition, body["rules"]))
        self.defined = {f"{self.package}.{each.name}" for each in self._rules}

    def faults(self, known: frozenset[str]) -> Iterator[str]:
        """What this module alone does wrong."""
        for rule in self._rules:
            for node, span in syntax.nodes(rule.tree):
                place = f"{self.file}:{span['line']}:{span['col']}" if span else self.file
                if "NotExpr" in node and not self._has_not:
                    yield (
                        f"{place}: `not` means something else in OPA when its operand is undefined; "
                        "add `import future.keywords.not`"
                    )
                if "Call" in node:
                    yield from self._call(node["Call"], place, known)

    def _call(self, call: dict[str, Any], place: str, known: frozenset[str]) -> Iterator[str]:
        path = syntax.path(call["fcn"])
        if path is None:
            return
        name = ".".join(path)
        if name in _REFUSED:
            yield f"{place}: {name} is not allowed: {_REFUSED[name]}"
        elif name not in known and self.resolve(path) not in known and not self.is_data(path):
            yield f"{place}: there is no function {name}"

    def is_data(self, path: list[str]) -> bool:
        """Whether a name leads out of the module: ``data.…``, or an import of it."""
        return path[0] == "data" or path[0] in self._imports

    def resolve(self, path: list[str]) -> str:
        """The full path of a name as this module uses it, without ``data.``."""
        if path[0] == "data":
            return ".".join(path[1:])
        if path[0] in self._imports:
            return ".".join([self._imports[path[0]], *path[1:]])
        return ".".join([self.package, *path])

    def needs(self) -> Iterator[tuple[str, list[str], str]]:
        """``(rule, what it may need, where)`` for each name in the module's rules."""
        for rule in self._rules:
            local = set(syntax.declared(rule.tree, self._text))
            for node, span in syntax.nodes(rule.tree):
                if not _REFERENCES.isdisjoint(node) and (path := syntax.path(node)) and path[0] not in local:
                    place = f"{self.file}:{span['line']}:{span['col']}" if span else self.file
                    yield f"{self.package}.{rule.name}", path, place


def _recursion(trees: list[_Tree]) -> Iterator[str]:
    """Rules that need themselves: regorus overflows its stack on them."""
    import rustworkx

    defined = {name for tree in trees for name in tree.defined}
    number = {name: index for index, name in enumerate(sorted(defined))}
    graph = rustworkx.PyDiGraph()
    graph.add_nodes_from(sorted(defined))
    places: dict[tuple[str, str], str] = {}
    for tree in trees:
        for rule, path, place in tree.needs():
            target = _defining(tree.resolve(path), defined)
            if target is not None:
                places.setdefault((rule, target), place)
                graph.add_edge(number[rule], number[target], None)
    for component in rustworkx.strongly_connected_components(graph):
        names = sorted(graph[index] for index in component)
        if len(names) > 1 or graph.has_edge(component[0], component[0]):
            place = min(where for (one, other), where in places.items() if one in names and other in names)
            yield f"{place}: rule {names[0]} needs itself ({' -> '.join([*names, names[0]])}): no recursion in Rego"


def _nowhere(trees: list[_Tree], defined: set[str]) -> Iterator[str]:
    """References to data that is never there: undefined, so that the rule would silently judge nothing."""
    there = (*defined, *PATHS)

    def leads_there(name: str) -> bool:
        return not name or any(f"{each}.".startswith(f"{name}.") or name.startswith(f"{each}.") for each in there)

    for tree in trees:
        named = [(tree.resolve(path), place) for _, path, place in tree.needs() if tree.is_data(path)]
        astray = {name for name, _ in named if not leads_there(name)}
        for name, place in named:
            if name in astray and name.rpartition(".")[0] not in astray:  # the first step astray is enough
                alike = {".".join(each.split(".")[: name.count(".") + 1]) for each in there}
                yield f"{place}: nothing defines data.{name}{did_you_mean(name, alike)}"


def _speechless(modules: Sequence[Module], defined: set[str]) -> Iterator[str]:
    """Rules whose answer would be undefined for every entity."""
    for each in modules:
        if not each.is_test and not each.is_library and f"{each.package}.findings" not in defined:
            yield f"{each.path}:1:1: package {each.package} has no rule `findings`"


def _defining(path: str, defined: set[str]) -> str | None:
    """The rule that a reference runs into, if any: a prefix of the path."""
    steps = path.split(".")
    for length in range(len(steps), 0, -1):
        if (name := ".".join(steps[:length])) in defined:
            return name
    return None
