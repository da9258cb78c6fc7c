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
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bylaw.rules.metadata import Module

_UNDEFINED = '"<undefined>"'
_PROBE = "bylaw.internal.probe"
PROBE_FILE = "(probe).rego"
_PANIC = "PanicException"  # of pyo3, a BaseException that cannot be imported: a built-in of Rust gave up
_WIDTH, _BYTES, _LINES = 65_536, 16 * 1024 * 1024, 1_000_000
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
    """Compiled modules over loaded data, ``beside`` others where those have been read before. One that is ``lasting``
    goes on after a failure as if there had been none.

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
        lasting: bool = False,
    ) -> None:
        self._engine = beside.copy() if beside else regorus.Engine()
        self._clean: Any = None
        self._input = "null"
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
        if lasting:
            self._clean = self._engine.clone()

    def set_input(self, entity: bytes) -> None:
        """The entity, as JSON, that the following evaluations are about."""
        self._input = entity.decode()
        self._engine.set_input_json(self._input)

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
        answer = self._asked(rule)
        if answer == _UNDEFINED:
            raise RegoError(f"data.{name} is undefined")
        found = orjson.loads(answer)
        if not isinstance(found, list):
            raise RegoError(f"data.{name} is {type(found).__name__}, expected a set")
        return found

    def together(self, rule: str) -> dict[str, list[Any]]:
        """The sets of a rule that makes several, by their names; none of them where one could not be made."""
        try:
            found = orjson.loads(self._asked(rule))
        except RegoError:
            return {}
        return {name: each for name, each in found.items() if isinstance(each, list)} if isinstance(found, dict) else {}

    def _asked(self, rule: str) -> str:
        """The value of a rule, in JSON.

        Raises:
            RegoError: a built-in failed, or two rules conflict.
        """
        try:
            answer: str = self._engine.eval_rule_as_json(f"data.{rule}")
        except RuntimeError as error:
            self._begin_anew()
            raise RegoError(explain(error)) from None
        except BaseException as error:  # raised again, but for a panic
            if type(error).__name__ != _PANIC:
                raise
            self._begin_anew()
            raise RegoError(f"data.{rule}: regorus panicked: {error}") from None
        return answer

    def _begin_anew(self) -> None:
        """Go on with a copy, where there is one: an evaluation with other data that fails may leave some behind."""
        if self._clean:
            self._engine = self._clean.clone()
            self._engine.set_input_json(self._input)

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


class Machine:
    """Modules of either version of Rego over data, and functions of Python beside the built-in ones.

    Rules are asked for one by one, so that an error in one is none in the others: what regorus leaves behind when an
    evaluation fails makes the ones after it answer less than they should, so the engine is thrown away then, and a copy
    from before goes on. What a module prints goes nowhere.
    """

    def __init__(self, data: bytes = b"{}") -> None:
        self._engine = regorus.Engine()
        self._engine.set_gather_prints(True)
        self._engine.set_policy_length_config(max_col=_WIDTH, max_file_bytes=_BYTES, max_lines=_LINES)
        self._engine.add_data_json(data.decode())
        self._clean: Any = None  # a copy to go on with, of the modules and the data there are
        self._input: str | None = None

    def add(self, path: str, text: str, *, v0: bool) -> None:
        """Read one module, in the language as it was before OPA 1.0 or as it is since.

        Raises:
            ConfigError: it does not parse; the message has file, line and column.
        """
        self._engine.set_rego_v0(v0)
        self._clean = None
        try:
            self._engine.add_policy(path, text)
        except RuntimeError as error:
            raise ConfigError(explain(error)) from None

    def function(self, name: str, arguments: int, function: Callable[..., Any]) -> None:
        """Let modules call a function of Python, in place of a built-in one of that name if there is one."""
        self._engine.add_extension(name, arguments, function)
        self._clean = None

    def check(self) -> None:
        """Find what regorus finds at first use: a variable that nothing binds, two rules of one name that clash.

        Raises:
            ConfigError: there is one; the message has file, line and column.
        """
        self.add(PROBE_FILE, f"package {_PROBE}\nanswer = 1", v0=True)
        try:
            self._engine.eval_rule_as_json(f"data.{_PROBE}.answer")
        except RuntimeError as error:
            raise ConfigError(explain(error)) from None
        self._clean = self._engine.clone()

    def set_data(self, data: bytes) -> None:
        """Other data than what there was, as a JSON object."""
        self._engine.clear_data()
        self._engine.add_data_json(data.decode())
        self._clean = None

    def set_input(self, value: bytes) -> None:
        """What the following answers are about, as JSON.

        Raises:
            RegoError: regorus does not read it.
        """
        said = value.decode()
        try:
            self._engine.set_input_json(said)
        except RuntimeError as error:
            raise RegoError(explain(error)) from None
        self._input = said

    def ask(self, rule: str) -> Any:
        """The value of a rule, by its path from ``data`` on.

        Raises:
            RegoError: a built-in failed, two rules conflict, or the rule is undefined.
        """
        if self._clean is None:
            self._clean = self._engine.clone()
        try:
            answer = self._engine.eval_rule_as_json(rule)
        except RuntimeError as error:
            self._begin_anew()
            raise RegoError(explain(error)) from None
        except BaseException as error:  # raised again, but for a panic
            if type(error).__name__ != _PANIC:
                raise
            self._begin_anew()
            raise RegoError(f"{rule}: regorus panicked: {error}") from None
        finally:
            self._engine.take_prints()
        if answer == _UNDEFINED:
            raise RegoError(f"{rule} is undefined")
        return orjson.loads(answer)

    def _begin_anew(self) -> None:
        self._engine = self._clean.clone()
        if self._input is not None:
            self._engine.set_input_json(self._input)

    def syntax(self) -> list[dict[str, Any]]:
        """The syntax trees of all modules, as regorus writes them."""
        trees: list[dict[str, Any]] = orjson.loads(self._engine.get_ast_as_json())
        return trees

    def builtins(self) -> frozenset[str]:
        """The names of all built-in functions of regorus."""
        self.add(PROBE_FILE, f"package {_PROBE}.builtins\nanswer = opa.runtime().builtins", v0=True)
        return frozenset(self.ask(f"data.{_PROBE}.builtins.answer"))


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
