"""The kinds of entity a catalog may hold, and the fields in which they name one another.

The table mirrors Backstage 1.55: ``relationFields`` in ``@backstage/catalog-model`` 1.10.1 (``kinds/*``)
and ``BuiltinKindsEntityProcessor`` in ``plugin-catalog-backend`` 4.0.0. Where the two disagree on the kinds
that a field allows, the field's own kind counts: ``system`` names a System.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

from bylaw.catalog.schemas import Schema, backstage_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bylaw.config import CatalogSettings

_CORE_VERSIONS = ("backstage.io/v1alpha1", "backstage.io/v1beta1")
_OWNERS = ("Group", "User")

REVERSE = {
    "ownedBy": "ownerOf",
    "partOf": "hasPart",
    "hasPart": "partOf",
    "providesApi": "apiProvidedBy",
    "consumesApi": "apiConsumedBy",
    "dependsOn": "dependencyOf",
    "dependencyOf": "dependsOn",
    "memberOf": "hasMember",
    "hasMember": "memberOf",
    "childOf": "parentOf",
    "parentOf": "childOf",
}
"""Each relation that Backstage knows and the one back."""

_FORWARD = frozenset({"ownedBy", "partOf", "providesApi", "consumesApi", "dependsOn", "memberOf", "childOf"})


@dataclass(frozen=True, slots=True)
class RelationField:
    """A field that names other entities: one reference or a list of them."""

    path: tuple[str, ...]
    relation: str
    reverse: str
    default_kind: str | None
    allowed_kinds: tuple[str, ...]
    """The kinds that may stand there, as entities spell them; empty: any."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One way an entity may be written: a kind, its ``apiVersion`` values and, for some, a ``spec.type``.

    It is equal to itself alone: a schema has no hash.
    """

    name: str
    api_versions: tuple[str, ...]
    schema: Mapping[str, Any]
    relations: tuple[RelationField, ...]
    spec_type: str | None = None


def _field(name: str, relation: str, default_kind: str | None, allowed: tuple[str, ...] | None = None) -> RelationField:
    kinds = ((default_kind,) if default_kind else ()) if allowed is None else allowed
    return RelationField(("spec", name), relation, REVERSE[relation], default_kind, kinds)


_OWNER = _field("owner", "ownedBy", "Group", _OWNERS)
_SYSTEM = _field("system", "partOf", "System")
_DEPENDS = (_field("dependsOn", "dependsOn", None), _field("dependencyOf", "dependencyOf", None))


def _kind(name: str, schema: str, *relations: RelationField, **more: Any) -> Kind:
    return Kind(name, more.pop("versions", _CORE_VERSIONS), backstage_schema(schema), relations, **more)


def _core() -> tuple[Kind, ...]:
    return (
        _kind(
            "Component",
            "ComponentV1alpha1",
            _OWNER,
            _SYSTEM,
            _field("subcomponentOf", "partOf", "Component"),
            _field("providesApis", "providesApi", "API"),
            _field("consumesApis", "consumesApi", "API"),
            *_DEPENDS,
        ),
        _kind("API", "ApiV1alpha1", _OWNER, _SYSTEM),
        _kind("Resource", "ResourceV1alpha1", _OWNER, _SYSTEM, *_DEPENDS),
        _kind("System", "SystemV1alpha1", _OWNER, _field("domain", "partOf", "Domain")),
        _kind("Domain", "DomainV1alpha1", _OWNER, _field("subdomainOf", "partOf", "Domain")),
        _kind(
            "Group",
            "GroupV1alpha1",
            _field("parent", "childOf", "Group"),
            _field("children", "parentOf", "Group"),
            _field("members", "hasMember", "User"),
        ),
        _kind("User", "UserV1alpha1", _field("memberOf", "memberOf", "Group")),
        _kind("Location", "LocationV1alpha1"),
        _kind("Template", "TemplateV1beta3", _OWNER, versions=("scaffolder.backstage.io/v1beta3",)),
    )


def _ai() -> tuple[Kind, ...]:
    """What ``catalog-backend-module-ai-model`` adds, told apart by ``spec.type``."""

    def resource(schema: str, spec_type: str | None, *relations: RelationField) -> Kind:
        return _kind(
            "AiResource",
            schema,
            _OWNER,
            _SYSTEM,
            *relations,
            versions=_CORE_VERSIONS[:1],
            spec_type=spec_type,
        )

    return (
        _kind("API", "ApiV1alpha1McpServer", _OWNER, _SYSTEM, spec_type="mcp-server"),
        resource("AiResourceV1alpha1", None),
        resource("AiResourceV1alpha1Skill", "skill", _field("dependsOn", "dependsOn", "AiResource")),
        resource("AiResourceV1alpha1Rule", "rule"),
        resource("AiResourceV1alpha1Plugin", "plugin", _field("skills", "hasPart", "AiResource")),
        resource("AiResourceV1alpha1Marketplace", "marketplace", _field("plugins", "hasPart", "AiResource")),
    )


def _extra(settings: CatalogSettings) -> Iterable[Kind]:
    for setting in settings.kinds:
        Schema(setting.schema, f"catalog.kinds: the schema of {setting.kind}")  # its faults are told before any verdict
        relations = tuple(
            RelationField(
                tuple(each.path.split(".")),
                each.relation,
                each.reverse,
                each.default_kind,
                each.allowed_kinds,
            )
            for each in setting.relations
        )
        yield Kind(setting.kind, setting.api_versions, setting.schema, relations, setting.spec_type)


class Kinds:
    """All kinds of one catalog. A later kind replaces an earlier one that says the same of itself."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds = {(kind.name, kind.spec_type, version): kind for kind in kinds for version in kind.api_versions}
        self._any_version: dict[tuple[str, str | None], Kind] = {}
        for (name, spec_type, _), kind in self._kinds.items():
            self._any_version.setdefault((name, spec_type), kind)

    @classmethod
    def of(cls, settings: CatalogSettings) -> Kinds:
        """Backstage's kinds, and those that bylaw.yaml adds.

        Raises:
            ConfigError: the schema of an added kind is none.
        """
        return cls((*_core(), *(_ai() if settings.ai_model else ()), *_extra(settings)))

    @cached_property
    def names(self) -> frozenset[str]:
        """The kinds as entities spell them."""
        return frozenset(name for name, _, _ in self._kinds)

    @cached_property
    def spelling(self) -> Mapping[str, str]:
        """Lower case -> as entities spell it."""
        return {name.lower(): name for name in sorted(self.names)}

    @cached_property
    def forward(self) -> frozenset[str]:
        """One relation of each pair: the one that leads from what needs to what is needed."""
        fields = {field for kind in self._kinds.values() for field in kind.relations}
        backward = {each.reverse for each in fields if each.relation in _FORWARD} - _FORWARD
        return frozenset(each.relation for each in fields if each.relation not in backward)

    @cached_property
    def reverse(self) -> Mapping[str, frozenset[str]]:
        """Each relation and those that lead back from it: usually one."""
        back: dict[str, set[str]] = {}
        for kind in self._kinds.values():
            for field in kind.relations:
                back.setdefault(field.relation, set()).add(field.reverse)
                back.setdefault(field.reverse, set()).add(field.relation)
        return {relation: frozenset(found) for relation, found in back.items()}

    @cached_property
    def own(self) -> Mapping[str, frozenset[str]]:
        """The relations that the fields of each kind make; kinds in lower case, as refs have them."""
        made: dict[str, set[str]] = {}
        for (name, _, _), kind in self._kinds.items():
            made.setdefault(name.lower(), set()).update(field.relation for field in kind.relations)
        return {name: frozenset(found) for name, found in made.items()}

    def versions(self, name: str) -> tuple[str, ...]:
        """Every ``apiVersion`` that the kind is written in."""
        return tuple(sorted({version for kind, _, version in self._kinds if kind == name}))

    def types(self, name: str) -> tuple[str, ...]:
        """Every ``spec.type`` that the kind is told apart by."""
        return tuple(sorted({spec_type for kind, spec_type, _ in self._kinds if kind == name and spec_type}))

    def as_data(self) -> dict[str, list[dict[str, Any]]]:
        """``data.bylaw.kinds``: the relation fields of each kind, for rules that look for a reference's place."""
        fields: dict[str, dict[RelationField, None]] = {}
        for kind in self._kinds.values():
            fields.setdefault(kind.name, {}).update(dict.fromkeys(kind.relations))
        return {
            name: [
                {
                    "field": list(each.path),
                    "relation": each.relation,
                    "default_kind": each.default_kind,
                    "kinds": list(each.allowed_kinds),
                }
                for each in found
            ]
            for name, found in sorted(fields.items())
        }

    def find(self, name: Any, api_version: Any, spec_type: Any) -> Kind | None:
        """The kind that judges such an entity: the one for its ``spec.type`` before the general one.

        The three are as a stranger wrote them. Where the kind is not written in that ``apiVersion``, it is
        what the kind is in another: whoever mistyped the version still meant the kind.
        """
        if not isinstance(name, str):
            return None
        version = api_version if isinstance(api_version, str) else ""
        types = (spec_type, None) if isinstance(spec_type, str) else (None,)
        exact = (self._kinds.get((name, each, version)) for each in types)
        other = (self._any_version.get((name, each)) for each in types)
        return next((kind for kind in chain(exact, other) if kind), None)
