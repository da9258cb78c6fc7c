"""All rules of a run: those that come with bylaw and those of the user.

Rego rules are found by their folder, and the package path is the id. Python rules are listed in
``BUNDLED``; a user's are the ``RULE`` of each Python file in the policy folders.
"""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bylaw.errors import ConfigError
from bylaw.model import Severity, did_you_mean
from bylaw.rules.bundled import BUNDLED
from bylaw.rules.metadata import Module, module, rule
from bylaw.rules.rule import Rule
from bylaw.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from bylaw.config import Settings


@dataclass(frozen=True, slots=True)
class Policies:
    """The rules of a run in the order of their ids, the Rego they need, and what they are set to."""

    rules: tuple[Rule, ...]
    modules: tuple[Module, ...]
    """Rules and libraries; no tests."""
    tests: tuple[Module, ...]
    parameters: Mapping[str, Mapping[str, Any]]
    digest: str
    """``sha256:…`` over the text of every rule and all parameters."""

    def without_changes(self) -> Policies:
        """The same without the rules about changes, for where none is known."""
        return replace(self, rules=tuple(rule for rule in self.rules if rule.subject != "change"))

    def find(self, rule_id: str) -> Rule:
        """The rule of that id; its last part alone will do where only one rule has it.

        Raises:
            ConfigError: there is none, or more than one.
        """
        ids = [each.id for each in self.rules]
        found = [each for each in self.rules if rule_id in {each.id, each.id.partition("/")[2]}]
        if len(found) == 1:
            return found[0]
        if found:
            raise ConfigError(f"{rule_id!r} can be {' or '.join(each.id for each in found)}; name one of them")
        hint = did_you_mean(rule_id, [*ids, *(each.partition("/")[2] for each in ids)])
        raise ConfigError(f"no rule {rule_id!r}{hint}; `bylaw rules` lists them")


def bundled_policies() -> Path:
    """The folder of the Rego that comes with bylaw: inside the package, or beside ``src`` in a checkout."""
    inside = Path(__file__).parents[1] / "_policies"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "policies"


def load(settings: Settings) -> Policies:
    """Every rule that the settings ask for, with its parameters.

    Raises:
        ConfigError: a file that is no rule, two rules of one id, a setting for a rule or a parameter that
            does not exist.
    """
    modules: list[Module] = []
    rules: list[Rule] = []
    bundled = list(_modules(bundled_policies(), "policies", bundled=True))
    if settings.policies.bundled:
        modules.extend(bundled)
        rules.extend(BUNDLED)
    else:
        modules.extend(each for each in bundled if each.is_library and not each.is_test)
    for path in map(Path, settings.policies.paths):
        if not path.exists():
            raise ConfigError(f"policies.paths: {path} does not exist")
        modules.extend(_modules(path, str(path)))
        rules.extend(python_rule(each) for each in _files(path, ".py") if not each.name.startswith("_"))
    rules.extend(rule(each) for each in modules if not each.is_test and not each.is_library)
    ordered = tuple(sorted(rules, key=lambda each: each.id))
    _unique(ordered)
    for known, said in (
        ("enforcement.rules", settings.enforcement.rules),
        ("parameters", settings.parameters),
    ):
        for name in said:
            if name not in {each.id for each in ordered}:
                hint = did_you_mean(name, (each.id for each in ordered))
                raise ConfigError(f"{known}: no rule {name!r}{hint}; `bylaw rules` lists them")
    parameters = {each.id: each.values(settings.parameters.get(each.id, {})) for each in ordered}
    return Policies(
        ordered,
        tuple(each for each in modules if not each.is_test),
        tuple(each for each in modules if each.is_test),
        parameters,
        _digest(ordered, modules, parameters),
    )


def python_rule(path: Path) -> Rule:
    """The ``RULE`` of a Python file.

    Raises:
        ConfigError: the file does not load, or exports no rule.
    """
    name = f"bylaw_policy_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"  # two folders may hold one file name
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path}: not a Python file")
    loaded = sys.modules[name] = importlib.util.module_from_spec(spec)  # dataclasses look their module up there
    try:
        spec.loader.exec_module(loaded)
    except (Exception, SystemExit) as error:  # a script that ends here must not end bylaw with its exit code
        raise ConfigError(f"{path}: does not load: {type(error).__name__}: {error}") from error
    found = getattr(loaded, "RULE", None)
    if not isinstance(found, Rule):
        raise ConfigError(f"{path}: exports no RULE = Rule(...)")
    return replace(found, source=str(path), severity=Severity(found.severity))


def _files(path: Path, suffix: str) -> Iterator[Path]:
    if path.is_file():
        if path.suffix == suffix:
            yield path
        return
    yield from sorted(each for each in path.rglob(f"*{suffix}") if each.is_file())


def _modules(path: Path, shown: str, *, bundled: bool = False) -> Iterator[Module]:
    for each in _files(path, ".rego"):
        name = Path(shown, each.relative_to(path)) if path.is_dir() else Path(shown)
        try:
            text = each.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{name}: cannot be read: {error}") from None
        yield module(name.as_posix(), text, bundled=bundled)


def _unique(rules: tuple[Rule, ...]) -> None:
    for one, other in itertools.pairwise(rules):
        if one.id == other.id:
            raise ConfigError(f"rule {one.id} stands twice: in {one.source} and in {other.source}")


def _digest(rules: Iterable[Rule], modules: Iterable[Module], parameters: Mapping[str, Mapping[str, Any]]) -> str:
    import orjson

    total = hashlib.sha256(VERSION.encode())  # what a Python rule calls, and the schemas it reads, come with it
    for written in sorted(modules, key=lambda each: (each.package, each.text)):
        if not written.is_test:
            total.update(f"{written.package}\0{written.text}\0".encode())
    for each in rules:
        if each.language == "python":
            total.update(each.id.encode() + b"\0" + Path(each.source).read_bytes())
    total.update(orjson.dumps(parameters, option=orjson.OPT_SORT_KEYS))
    return f"sha256:{total.hexdigest()}"
