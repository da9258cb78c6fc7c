"""The Rego of a template as regorus has to be given it, so that it answers as OPA does.

Where the two engines read a text differently it is written so that both read the same; what is not provably the same is
refused, with its place and the reason. Nothing moves to another line, so that every place in a message is right.

- A line that begins with `(` or `[` begins an expression: regorus would read a call or an index (``tokens``).
- `head { … } { … }` is two rules: regorus does not know the form (``tokens``).
- What `not` is asked about is evaluated before it (``negation``).
- Values of heads go into bodies, and variables get names of their own (``heads``).
- An object as a pattern is refused where it would match too much (``patterns``).
- A built-in function that fails is undefined to OPA: there is a second form of each module for that (``guarding``).
- Built-in functions that OPA has deprecated stand in ``builtins``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bylaw.admission.gatekeeper import builtins, guarding, guards, heads, negation, patterns, trees
from bylaw.admission.gatekeeper.tokens import Edit, Token, UnreadableError, edited, separated, tokens, unchained
from bylaw.admission.gatekeeper.trees import Module, Tree, span_of
from bylaw.engine.rego import Machine
from bylaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bylaw.admission.gatekeeper.templates import Source, Template

ROOT = "gatekeeper"
"""Under it all modules stand: ``data.gatekeeper.<name>.template`` and ``data.gatekeeper.<name>.lib``."""
_CATALOG = Path(__file__).parents[1] / "catalog.rego"
_OPEN = frozenset(("inventory", "catalog"))


def modules(template: Template, name: str, *, catalog: bool = False, guarded: bool = False) -> tuple[Module, ...]:
    """The modules of a template under ``data.gatekeeper.<name>``.

    With ``catalog`` bylaw's own library stands in place of a `lib.catalog` of the template. With ``guarded`` they are
    written in guarded calls.

    Raises:
        ConfigError: OPA would refuse them, too.
        UnsupportedError: the embedded engine does not evaluate them as OPA does.
    """
    libs = [_lib(each, template) for each in template.libs]
    made = [_written(template.entry, template, name, entry=True)]
    for source, package in zip(template.libs, libs, strict=True):
        ours = catalog and package == "lib.catalog"
        made.append(_of_catalog(name) if ours else _written(source, template, name, entry=False))
    parsed = list(map(Tree, made))
    trees.check(template, parsed, libs)
    patterns.check(parsed)
    settled = map(_settled, parsed)
    return tuple(map(guarding.guarded, settled) if guarded else settled)


def check(made: Iterable[Module]) -> None:
    """Compile modules and forget them.

    Raises:
        ConfigError: they do not compile; the message has file, line and column.
    """
    machine = Machine()
    fill(machine, made)
    _add(machine, guards.module())
    machine.check()


def fill(machine: Machine, made: Iterable[Module]) -> None:
    """Add modules to a machine, and what they need beside regorus."""
    modules = list(made)
    for each in modules:
        _add(machine, each)
    if builtins.needed(each.text for each in modules):
        machine.add(builtins.FILE, builtins.text(), v0=True)
    builtins.add(machine)
    guards.add(machine)


def _add(machine: Machine, module: Module) -> None:
    machine.add(module.path, module.text, v0=module.v0)


def _settled(tree: Tree) -> Module:
    """A module that regorus evaluates as OPA does, but for what fails."""
    for step in (patterns.exact, heads.lowered, heads.shadowing, _negated, _renamed):
        edits = list(step(tree))
        tree = Tree(tree.module.edited(edits)) if edits else tree
    return negation.settled(tree)


def _negated(tree: Tree) -> Iterator[Edit]:
    """`-x` as `(0 - x)`: regorus negates numbers only that stand there as such."""
    for node, span in tree.nodes:
        if "UnaryExpr" in node and span:
            yield Edit(span["start"], span["start"], "(0 ")
            yield Edit(span["end"], span["end"], ")")


def _renamed(tree: Tree) -> Iterator[Edit]:
    """Functions that OPA has deprecated, by their other names."""
    for call, path, _ in tree.calls():
        to = builtins.RENAMED.get(".".join(path))
        if to and not tree.is_outside(path) and tree.resolved(path) not in tree.paths:
            span = span_of(call["fcn"])
            yield Edit(span["start"], span["end"], to)


def _lib(source: Source, template: Template) -> str:
    """The package of a library: `lib.…`."""
    found = _tokens(source, template)
    _, path = _package(found, source, template)
    if path[:1] != ["lib"] or len(path) < 2:
        raise ConfigError(
            f"{template.path}:{source.line}: package {'.'.join(path)}: the package of a library begins with `lib.`"
        )
    return ".".join(path)


def _of_catalog(name: str) -> Module:
    text = _CATALOG.read_text(encoding="utf-8").replace("package lib.catalog", f"package {ROOT}.{name}.lib.catalog")
    return Module(_CATALOG.name, text, v0=False)


def _tokens(source: Source, template: Template) -> list[Token]:
    try:
        return tokens(source.text)
    except UnreadableError as error:
        line, _, rest = str(error).partition(":")
        raise ConfigError(f"{template.path}:{source.line + int(line) - 1}:{rest}") from None


def _package(found: list[Token], source: Source, template: Template) -> tuple[Token, list[str]]:
    """The last token of the package's name, and the name."""
    if len(found) < 2 or found[0].text != "package" or found[1].kind != "name":
        raise ConfigError(f"{template.path}:{source.line}: the Rego of {template.kind} does not begin with a package")
    last, path = _reference(found, 1)
    return found[last], path


def _reference(found: Sequence[Token], first: int) -> tuple[int, list[str]]:
    """The index of the last token of `name.name["name"]…`, and its steps, as far as they are fixed."""
    path, at = [found[first].text], first
    while at + 2 < len(found):
        if found[at + 1].text == "." and found[at + 2].kind == "name" and found[at + 1].start == found[at].end:
            path.append(found[at + 2].text)
            at += 2
        elif (
            found[at + 1].text == "["
            and found[at + 1].start == found[at].end
            and found[at + 2].text[:1] in ('"', "`")
            and at + 3 < len(found)
            and found[at + 3].text == "]"
        ):
            path.append(found[at + 2].text[1:-1])
            at += 3
        else:
            break
    return at, path


def _written(source: Source, template: Template, name: str, *, entry: bool) -> Module:
    """A module under its own root, in a form that regorus parses."""
    text, found = source.text, _tokens(source, template)
    last, path = _package(found, source, template)
    own = "template" if entry else ".".join(path)
    edits = [Edit(found[1].start, last.end, f"{ROOT}.{name}.{own}"), *separated(found), *unchained(text, found)]
    for index, token in enumerate(found):
        if token.text != "data" or token.kind != "name" or (index and found[index - 1].text == "."):
            continue
        end, steps = _reference(found, index)
        if steps[1:2] == ["lib"]:
            after = index + (2 if found[index + 1].text == "." else 3)
            edits.append(Edit(token.start, found[after].end, f"data.{ROOT}.{name}.lib"))
        elif steps[1:2] == [] or steps[1] not in _OPEN:
            said = text[token.start : found[end].end]
            raise ConfigError(
                f"{template.path}:{source.line + token.line - 1}: {said} is out of reach: a template sees data.lib, "
                "data.inventory and data.catalog"
            )
    return Module(template.path, "\n" * (source.line - 1) + edited(text, edits), template.v0)
