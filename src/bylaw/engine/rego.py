"""Rego, embedded: the only module that knows regorus.

The interpreter is used, not the compiled form (``Rvm``): the compiled form puts the value of an undefined
expression into a set as the text "<undefined>" where the interpreter, like OPA, drops the element, and it
makes built-in errors undefined (measured with 0.13.0; ``tests/engine/test_rego.py`` holds the cases).

An engine belongs to the thread that made it and evaluates without giving the interpreter's lock away: it
lives in a worker.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import regorus

from bylaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bylaw.rules.metadata import Module

_UNDEFINED = '"<undefined>"'
_PROBE = "bylaw.internal.probe"
PROBE_FILE = "(probe).rego"
_PLACE = re.compile(r"--> (?P<file>.+?):(?P<line>\d+):(?P<column>\d+)\n")
_FIRST_RULE = re.compile(r"^(?!package\b|import\b|default\b)([a-z_]\w*)(?= contains| if| :=|\()", re.MULTILINE)
_UNDEFINED_NAME = re.compile(
    r"--> (?P<file>[^\n]+?):(?P<line>\d+):(?P<column>\d+)\n(?:(?!-->)[^\n]*\n)*?"
    r"error: Undefined variable: '(?P<name>[^\n]+?)'"
)
_SAID = re.compile(r"^error: (?P<text>.+)$", re.MULTILINE)


def _version() -> str:
    """The version of the wheel, by the name of the folder that installers leave beside what they install.

    importlib.metadata reads the same, but to import it takes 9 ms, as long as to compile half of the rules.
    """
    beside = list(Path(regorus.__file__).parents[1].glob("gordon_to_regorus-*.dist-info"))
    if len(beside) == 1:
        return beside[0].stem.partition("-")[2]
    from importlib.metadata import version

    return version("gordon-to-regorus")


NAME = f"regorus {_version()}"


class RegoError(Exception):
    """Rego could not come to an answer. The message has the place in the policy."""


class Rego:
    """Compiled modules over loaded data, ``beside`` others where those have been read before.

    Raises:
        ConfigError: a module does not parse or compile; the message has file, line and column.
    """

    def __init__(
        self,
        modules: Iterable[Module],
        data: bytes = b"{}",
        *,
        coverage: bool = False,
        beside: Parsed | None = None,
    ) -> None:
        self._engine = beside.copy() if beside else regorus.Engine()
        if coverage:
            self._engine.set_enable_coverage(True)
        try:
            for module in modules:
                self._engine.add_policy(module.path, module.text)
            self._engine.add_policy(PROBE_FILE, f"package {_PROBE}\nanswer := 1")
            self._engine.eval_rule_as_json(f"data.{_PROBE}.answer")  # names and order are checked at first use
        except RuntimeError as error:
            raise ConfigError(f"{explain(error)}; the policy does not compile") from None
        self._engine.add_data_json(data.decode())

    def set_input(self, entity: bytes) -> None:
        """The entity, as JSON, that the following evaluations are about."""
        self._engine.set_input_json(entity.decode())

    def findings(self, package: str) -> list[Any]:
        """What the ``findings`` set of a package holds.

        Raises:
            RegoError: a built-in failed, two rules conflict, or the set is undefined: no answer is not
                the answer "none".
        """
        return self.answers(f"{package}.findings", f"{package}.findings")

    def answers(self, rule: str, name: str) -> list[Any]:
        """The set that a rule makes, which messages call ``name``.

        Raises:
            RegoError: as ``findings`` does.
        """
        try:
            answer = self._engine.eval_rule_as_json(f"data.{rule}")
        except RuntimeError as error:
            raise RegoError(explain(error)) from None
        if answer == _UNDEFINED:
            raise RegoError(f"data.{name} is undefined")
        found = orjson.loads(answer)
        if not isinstance(found, list):
            raise RegoError(f"data.{name} is {type(found).__name__}, expected a set")
        return found

    def holds(self, package: str, name: str) -> bool:
        """Whether a test of a ``_test.rego`` module is true.

        Raises:
            RegoError: it could not be evaluated.
        """
        try:
            return bool(self._engine.eval_rule_as_json(f"data.{package}.{name}") == "true")
        except RuntimeError as error:
            raise RegoError(explain(error)) from None

    def syntax(self) -> list[dict[str, Any]]:
        """The syntax trees of all modules, as regorus writes them."""
        trees: list[dict[str, Any]] = orjson.loads(self._engine.get_ast_as_json())
        return trees

    def coverage(self) -> Mapping[str, tuple[list[int], list[int]]]:
        """By file: the lines that were evaluated, and those that were not."""
        files = orjson.loads(self._engine.get_coverage_report_as_json())["files"]
        return {each["path"]: (each["covered"], each["not_covered"]) for each in files}

    def builtins(self) -> frozenset[str]:
        """The names of all built-in functions."""
        self._engine.add_policy(PROBE_FILE, f"package {_PROBE}.builtins\nanswer := opa.runtime().builtins")
        return frozenset(orjson.loads(self._engine.eval_rule_as_json(f"data.{_PROBE}.builtins.answer")))


class Parsed:
    """Modules and data to which one module after the other is added, each in a ``Rego`` of its own.

    Reading them takes longer than compiling them, and is done once.
    """

    def __init__(self, modules: Iterable[Module], data: bytes) -> None:
        self._engine = regorus.Engine()
        for module in modules:
            self._engine.add_policy(module.path, module.text)
        self._engine.add_data_json(data.decode())

    def copy(self) -> Any:
        """An engine that holds them."""
        return self._engine.clone()


def parse(module: Module) -> None:
    """Read one module and forget it.

    Raises:
        ConfigError: it does not parse; the message has file, line and column.
    """
    try:
        regorus.Engine().add_policy(module.path, module.text)
    except RuntimeError as error:
        raise ConfigError(f"{explain(error)}; the policy does not compile") from None


def undefined_names(modules: Sequence[Module]) -> Iterator[str]:
    """``file:line:column: what`` for each variable that nothing defines.

    The interpreter finds out when it gets there, the compiler at once; so each module is compiled, and what
    else the compiler has to say (it knows less of Rego than the interpreter) is not listened to.
    """
    sources = [(module.path, module.text) for module in modules]
    entries = [
        f"data.{module.package}.{first.group(1)}" for module in modules if (first := _FIRST_RULE.search(module.text))
    ]
    if not entries or _compiler_says(sources, entries) is None:  # nearly always, and n times cheaper
        return
    for entry in entries:
        said = _UNDEFINED_NAME.search(_compiler_says(sources, [entry]) or "")
        if said:
            yield f"{said['file']}:{said['line']}:{said['column']}: nothing defines {said['name']}"


def _compiler_says(sources: list[tuple[str, str]], entries: list[str]) -> str | None:
    """What is wrong with the rules that the entries need; None if nothing is."""
    try:
        regorus.Program.compile_from_modules("{}", sources, entries)
    except RuntimeError as error:
        return str(error)
    return None


def explain(error: BaseException) -> str:
    """``file:line:column: what`` of a message of regorus, without its backtrace."""
    text = str(error)
    place, said = _PLACE.search(text), _SAID.search(text)
    what = said.group("text") if said else text.strip().partition("\n")[0]
    return f"{place['file']}:{place['line']}:{place['column']}: {what}" if place else what
