"""Templates, constraints and inventory from files and folders."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bylaw import workers
from bylaw.admission.gatekeeper import constraints as constraining
from bylaw.admission.gatekeeper import inventory as inventories
from bylaw.admission.gatekeeper import manifests, rewrite, templates, trees
from bylaw.admission.gatekeeper.schema import Kind
from bylaw.errors import ConfigError
from bylaw.rules import bundled_policies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bylaw.admission.gatekeeper.constraints import Constraint
    from bylaw.admission.gatekeeper.manifests import Manifest
    from bylaw.admission.gatekeeper.templates import Template
    from bylaw.admission.gatekeeper.trees import Module

    _Written = tuple[tuple[Module, ...], tuple[Module, ...], str, str]

_BUNDLED = "kubernetes"
_BOUNDS = workers.Bounds(deadline=10.0, memory=1024)
_CONFIG = "config.gatekeeper.sh"
_WEBHOOK = frozenset(("webhook", "*"))


@dataclass(frozen=True, slots=True)
class Compiled:
    """A template ready for an engine. ``modules`` is empty where another engine has to evaluate it."""

    template: Template
    modules: tuple[Module, ...]
    guarded: tuple[Module, ...] = ()
    """The same in guarded calls, for an object on which a built-in function fails; empty: they are made then."""
    refused: str = ""
    """Why this engine does not evaluate it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What files hold."""

    compiled: tuple[Compiled, ...]
    constraints: tuple[Constraint, ...]
    inventory: Mapping[str, Any]
    exempt: tuple[str, ...]


def name(number: int) -> str:
    """What the modules of a template stand under."""
    return f"t{number}"


def guarded_name(number: int) -> str:
    """What the guarded form of a template stands under."""
    return f"t{number}_guarded"


def read(paths: Sequence[str], inventory: Sequence[str], *, bundled: bool, foreign: bool) -> Found:
    """All of them. Kinds that are neither a template, a constraint nor Gatekeeper's Config are passed by.

    Raises:
        ConfigError: every fault that was found, one a line, with file and line.
    """
    found = [each for path in paths for each in _objects(path)]
    if bundled and (folder := bundled_policies() / _BUNDLED).is_dir():
        found = [*_bundled(folder), *found]
    faults: list[str] = []
    kinds = _unique((each for each in found if templates.is_template(each)), faults, lambda each: each.name)
    compiled, schemas = _compiled(kinds, faults, foreign=foreign)
    said = _unique(
        (each for each in found if constraining.is_constraint(each)), faults, lambda each: (each.kind, each.name)
    )
    known = {each.value["spec"]["crd"]["spec"]["names"]["kind"] for each in kinds if _has_kind(each)}
    constraints = []
    for each in said:
        try:
            if each.kind not in schemas:
                if each.kind not in known:
                    raise ConfigError(
                        f"{each.place}: {each.kind} {each.name}: no ConstraintTemplate defines {each.kind}; "
                        "add it to admission.paths"
                    )
                continue
            constraint = constraining.read(each, schemas[each.kind])
            constraining.check_actions(constraint)
            constraints.append(constraint)
        except ConfigError as error:
            faults.append(str(error))
    if faults:
        raise ConfigError("\n".join(faults))
    return Found(
        compiled=tuple(compiled),
        constraints=tuple(sorted(constraints, key=lambda each: (each.name, each.kind))),
        inventory=inventories.build(each for path in inventory for each in _objects(path)),
        exempt=tuple(_exempt(found)),
    )


def _has_kind(manifest: Manifest) -> bool:
    try:
        return bool(manifest.value["spec"]["crd"]["spec"]["names"]["kind"])
    except (KeyError, TypeError):
        return False


def _objects(path: str) -> Iterator[Manifest]:
    """The objects of a file, or of all YAML files of a folder; those of a List one by one."""
    root = Path(path)
    if root.is_dir():
        files: Iterable[Path] = sorted(
            Path(folder, each)
            for folder, folders, names in os.walk(root)
            for each in names
            if each.endswith((*manifests.SUFFIXES, ".json")) and Path(folder, each).is_file()
        )
    elif root.exists():
        files = [root]
    else:
        raise ConfigError(f"{path}: there is no such file or folder")
    for file in files:
        for each in manifests.read(file, str(file)):
            yield from _listed(each)


def _bundled(folder: Path) -> Iterator[Manifest]:
    """The templates and constraints that come with bylaw, by their place in its policies; not the samples of tests."""
    for file in sorted(folder.rglob("*.yaml")):
        if "samples" not in file.relative_to(folder).parts:
            shown = str(Path("policies", _BUNDLED, file.relative_to(folder)))
            for each in manifests.read(file, shown):
                yield from _listed(each)


def _listed(manifest: Manifest) -> Iterator[Manifest]:
    items = manifest.value.get("items")
    if manifest.kind == "List" and manifest.group == "" and isinstance(items, list):
        for each in items:
            if isinstance(each, dict):
                yield replace(manifest, value=each)
    else:
        yield manifest


def _unique(found: Iterable[Manifest], faults: list[str], key: Callable[[Manifest], Any]) -> list[Manifest]:
    """Those of different keys; of the others both places are told."""
    by_key: dict[Any, Manifest] = {}
    for each in found:
        first = by_key.setdefault(key(each), each)
        if first is not each:
            faults.append(f"{each.place}: {each.kind} {each.name} stands at {first.place} already")
    return list(by_key.values())


def _compiled(kinds: Sequence[Manifest], faults: list[str], *, foreign: bool) -> tuple[list[Compiled], dict[str, Kind]]:
    """The templates, compiled once for the sake of their faults, and the schemas of their kinds."""
    read: list[Template] = []
    schemas: dict[str, Kind] = {}
    for each in kinds:
        try:
            template = templates.read(each)
            schemas[template.kind] = Kind(template)
            read.append(template)
        except ConfigError as error:
            faults.append(str(error))
    made = []
    for template, (modules, guarded, refused, fault) in zip(read, written(read), strict=True):
        if fault or (refused and not foreign):
            faults.append(fault or _refused(template, refused))
        made.append(Compiled(template, modules, guarded, refused))
    return made, schemas


def _refused(template: Template, why: str) -> str:
    return f"{why}; ConstraintTemplate {template.kind} cannot be judged as Gatekeeper does"


def written(read: Sequence[Template]) -> list[_Written]:
    """By template: its modules in both forms; or why another engine has to evaluate it; or what is wrong with it.

    It happens in a worker: regorus's parser takes twice as long for every bracket inside another, and its stack ends
    where nobody catches it.
    """
    if not read:
        return []
    lost: dict[int, str] = {}

    def on_failure(task: list[int], failure: workers.Failure) -> Iterable[list[int]]:
        at = failure.part
        lost[at] = f"{read[at].place}: the Rego of {read[at].kind} cannot be read: {failure.reason}"
        return [[each for each in task if each != at]]

    handler = _Writing(tuple(read))
    answers = workers.run(handler, [list(range(len(read)))], jobs=1, bounds=_BOUNDS, on_failure=on_failure)
    by_number = {at: rest for answer in answers for at, *rest in answer}
    result: list[_Written] = []
    for number in range(len(read)):
        modules, guarded, refused, fault = by_number.get(number, ([], [], "", lost.get(number, "")))
        plain, checked = (tuple(trees.Module(*each) for each in form) for form in (modules, guarded))
        result.append((plain, checked, refused, fault))
    return result


@dataclass(frozen=True, slots=True)
class _Writing:
    """Opens the handler that writes the modules of templates; each template is a part of its own."""

    templates: tuple[Template, ...]

    def __call__(self) -> workers.Handler:
        def handle(task: list[int], mark: Callable[[int], None]) -> list[Any]:
            answers: list[Any] = []
            for number in task:
                mark(number)
                try:
                    template = self.templates[number]
                    plain = rewrite.modules(template, name(number), catalog=True)
                    guarded = rewrite.modules(template, guarded_name(number), catalog=True, guarded=True)
                    rewrite.check((*plain, *guarded))
                    forms = [[[each.path, each.text, each.v0] for each in form] for form in (plain, guarded)]
                    answers.append([number, *forms, "", ""])
                except trees.UnsupportedError as error:
                    answers.append([number, [], [], str(error), ""])
                except ConfigError as error:
                    answers.append([number, [], [], "", str(error)])
            return answers

        return handle


def _exempt(found: Iterable[Manifest]) -> Iterator[str]:
    """The namespaces that Gatekeeper's Config takes away from its webhook."""
    for each in found:
        spec = each.value.get("spec")
        entries = spec.get("match") if each.group == _CONFIG and isinstance(spec, dict) else None
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and not _WEBHOOK.isdisjoint(map(str, entry.get("processes") or ())):
                yield from (str(glob) for glob in entry.get("excludedNamespaces") or ())
