"""Constraints: a template's rule with parameters, the objects it is about, and what follows from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from bylaw.admission.gatekeeper import match as matches
from bylaw.admission.gatekeeper.manifests import CONSTRAINTS, Manifest
from bylaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bylaw.admission.gatekeeper.schema import Kind

Action = Literal["deny", "warn", "dryrun"]
ACTIONS: tuple[Action, ...] = get_args(Action)
"""The strictest first."""
_VERSIONS = ("v1beta1", "v1alpha1")
_SCOPED = "scoped"
_SELECTORS = ("spec.match.labelSelector", "spec.match.namespaceSelector")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")


class SchemaError(ConfigError):
    """A constraint does not fit the schema of its kind."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """One constraint. ``actions`` by enforcement point; `*` is every point."""

    kind: str
    name: str
    place: str
    match: matches.Match
    parameters: Any
    actions: Mapping[str, tuple[str, ...]]

    def actions_at(self, point: str) -> tuple[str, ...]:
        """What follows at an enforcement point; nothing where it is not enforced there."""
        return (*self.actions.get(point, ()), *self.actions.get("*", ()))


def is_constraint(manifest: Manifest) -> bool:
    """Whether it is a constraint of whatever kind."""
    return manifest.group == CONSTRAINTS


def read(manifest: Manifest, kind: Kind) -> Constraint:
    """A constraint of its manifest, with the defaults of its kind.

    Raises:
        SchemaError: it does not fit the schema.
        ConfigError: it is none that Gatekeeper would take.
    """
    place, name = manifest.place, manifest.name
    said = f"{place}: {manifest.kind} {name}"
    if not _NAME.match(name) or len(name) > 253:
        raise ConfigError(f"{said}: {name!r} is no name of a Kubernetes object")
    if manifest.version not in _VERSIONS:
        raise ConfigError(f"{said}: version {manifest.version or 'none'}, expected {' or '.join(_VERSIONS)}")
    faults = kind.faults(manifest.value)
    if any(each.startswith(_SELECTORS) for each in faults):  # Gatekeeper looks at these before the schema
        raise ConfigError(f"{said}: {'; '.join(faults)}")
    if faults:
        raise SchemaError(f"{said}: {'; '.join(faults)}")
    unknown = kind.unknown(manifest.value)
    if unknown:
        raise ConfigError(f"{said}: the schema of its template does not know {', '.join(unknown)}")
    spec = kind.with_defaults(manifest.value).get("spec") or {}
    parameters = spec.get("parameters")
    return Constraint(
        kind=manifest.kind,
        name=name,
        place=place,
        match=matches.read(spec.get("match") or {}, said),
        parameters={} if parameters is None else parameters,
        actions=_actions(spec, said),
    )


def check_actions(constraint: Constraint) -> None:
    """Refuse actions that nobody knows: nothing would follow from them.

    Raises:
        ConfigError: there is one.
    """
    for each in sorted({action for actions in constraint.actions.values() for action in actions}):
        if each not in ACTIONS:
            raise ConfigError(
                f"{constraint.place}: {constraint.kind} {constraint.name}: enforcement action {each!r}, expected "
                f"{', '.join(ACTIONS)} or {_SCOPED}"
            )


def _actions(spec: Mapping[str, Any], said: str) -> Mapping[str, tuple[str, ...]]:
    action = spec.get("enforcementAction") or "deny"
    if action != _SCOPED:
        return {"*": (action,)}
    scoped = spec.get("scopedEnforcementActions")
    if scoped is None:
        raise ConfigError(f"{said}: enforcementAction scoped needs spec.scopedEnforcementActions")
    found: dict[str, tuple[str, ...]] = {}
    for each in scoped:
        for point in each.get("enforcementPoints") or ():
            name = point.get("name", "")
            found[name] = (*found.get(name, ()), each.get("action", ""))
    return found
