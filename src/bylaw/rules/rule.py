"""The Rule: what is written once about a rule, and what it may look at."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar, get_args

from bylaw.errors import ConfigError
from bylaw.model import Entity, Finding, RuleInfo, Severity
from bylaw.rules import reach as reaches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from bylaw.catalog import Catalog, Change
    from bylaw.graphs import Graph

_T = TypeVar("_T")
Reads = Literal["entity", "relations", "graph"]
Subject = Literal["entity", "document", "problem", "change", "catalog"]

_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*/[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may look at besides the entity. Nothing in it changes while rules run."""

    catalog: Catalog
    graph: Graph
    parameters: Mapping[str, Any]
    """The parameters of this rule: its defaults, overlaid with those of bylaw.yaml."""
    today: date
    _made: dict[Callable[[Context], Any], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, make: Callable[[Context], _T]) -> _T:
        """What ``make`` makes of this context: made when first asked for, and kept as long as the rule runs.

        For what a rule needs of the whole catalog and should not work out again for each entity. ``make`` is a
        function of the rule's module, and as pure as the rule is.
        """
        if make not in self._made:
            self._made[make] = make(self)
        made: _T = self._made[make]
        return made


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule of either language.

    ``subject`` says what it judges: entities; documents, of which some cannot even be addressed; the documents
    in which the reader has found problems; the changes of a change set; or the catalog as a whole, once.
    ``evaluate`` is the function of a Python rule. A Rego rule has ``package`` instead: the path of its
    module (``bylaw.ownership.owner_unknown``), whose ``findings`` set is the answer. ``reach`` says more exactly how
    far a rule looks that reads relations or the graph (see ``rules.reach``): without it a gate has to judge all
    neighbours of what was changed, or the whole catalog. ``survivors`` are mutants
    that its fixtures need not tell from it, each with the reason (see ``policy_tests.mutants``).

    Raises:
        ConfigError: an id that does not name a category and a problem, a missing text, or a field of another
            shape: what is written wrong must not make a rule that silently judges nothing.
    """

    id: str
    title: str
    description: str
    remediation: str
    severity: Severity
    reads: Reads = "entity"
    reach: tuple[str, ...] | None = None
    applies_to: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    subject: Subject = "entity"
    evaluate: Callable[[Any, Context], Iterable[Finding]] | None = None
    package: str | None = None
    source: str = ""
    survivors: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _ID.match(self.id):
            raise ConfigError(f"{self.source or self.id}: rule id {self.id!r}, expected category/problem-in-kebab-case")
        for name in ("title", "description", "remediation"):
            if not getattr(self, name).strip():
                self._refuse(f"has no {name}")
        for name, said, known in (
            ("severity", self.severity, tuple(Severity)),
            ("reads", self.reads, get_args(Reads)),
            ("subject", self.subject, get_args(Subject)),
        ):
            if said not in known:
                self._refuse(f"has {name} {said!r}, expected {' | '.join(known)}")
        if self.package is not None and self.subject not in {"entity", "change"}:
            self._refuse(f"has subject {self.subject!r}, but Rego judges entities and changes alone")
        if (self.evaluate is None) == (self.package is None):
            self._refuse("needs either an evaluate function or a Rego package")
        if self.reach is not None and self.reads == "entity":
            self._refuse("has a reach, and reads nothing but the entity")
        try:
            reaches.parse(self.reach or (), {name: schema.get("default") for name, schema in self.parameters.items()})
        except ValueError as error:
            self._refuse(f"has a reach that cannot be read: {error}")
        for key, values in self.applies_to.items():
            if not isinstance(values, tuple | list) or not all(isinstance(each, str) for each in values):
                self._refuse(f'has applies_to {key}: {values!r}, expected texts such as ("API",)')

    def _refuse(self, fault: str) -> NoReturn:
        raise ConfigError(f"{self.source or self.id}: rule {self.id} {fault}")

    @property
    def category(self) -> str:
        """``ownership`` of ``ownership/owner-unknown``."""
        return self.id.partition("/")[0]

    @property
    def language(self) -> str:
        """``rego`` or ``python``."""
        return "rego" if self.package else "python"

    @property
    def shown_source(self) -> str:
        """Where it is written, without the folders of this machine."""
        package = "/bylaw/rules/"
        path = Path(self.source).as_posix()
        return path[path.index(package) + 1 :] if package in path else path

    @cached_property
    def info(self) -> RuleInfo:
        """The metadata alone."""
        return RuleInfo(
            self.id,
            self.title,
            self.description,
            self.severity,
            self.remediation,
            self.reads,
            self.language,
            self.shown_source,
        )

    def looks_at(self, parameters: Mapping[str, Any]) -> reaches.Reach | None:
        """How far it looks from what it judges; None: nobody knows.

        Raises:
            ValueError: a parameter makes its ``reach`` unreadable.
        """
        if self.subject == "catalog":  # of which a part is another catalog, unless the rule says that it sees no more
            return reaches.Reach() if self.reach == () else None
        if self.reads == "entity":
            return reaches.Reach()
        if self.reach is not None:
            return _parsed(self.reach, json.dumps(parameters, sort_keys=True))
        return reaches.RELATIONS if self.reads == "relations" else None

    def applies(self, entity: Entity) -> bool:
        """Whether the entity passes the rule's filter."""
        return self.is_for(entity.kind) and all(
            _matches(entity.data, key, wanted) for key, wanted in self._other_filters
        )

    def applies_to_change(self, change: Change) -> bool:
        """Whether one side of a change passes the rule's filter."""
        return any(self.applies(side) for side in (change.before, change.after) if side)

    def is_for(self, kind: str) -> bool:
        """Whether the filter lets some entities of a kind pass."""
        return self._kinds is None or kind.lower() in self._kinds

    @cached_property
    def _kinds(self) -> frozenset[str] | None:
        kinds = self.applies_to.get("kind", ("*",))
        return None if "*" in kinds else frozenset(map(str.lower, kinds))

    @cached_property
    def _other_filters(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return tuple((key, wanted) for key, wanted in self.applies_to.items() if key != "kind")

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters to run with: the defaults, overlaid with ``given``.

        Raises:
            ConfigError: a parameter that the rule does not have, or a value its schema refuses.
        """
        from bylaw.catalog import Schema
        from bylaw.model import did_you_mean

        for name in given:
            if name not in self.parameters:
                known = ", ".join(sorted(self.parameters)) or "none"
                raise ConfigError(
                    f"parameters.{self.id}.{name} is not a parameter of the rule"
                    f"{did_you_mean(name, self.parameters)}; it has {known}"
                )
        values = {name: schema.get("default") for name, schema in self.parameters.items()} | dict(given)
        shape = {"type": "object", "properties": dict(self.parameters)}
        for place, expected, found in Schema(shape, f"parameters of {self.id}").faults(values):
            where = place.replace("/", ".")
            raise ConfigError(f"parameters.{self.id}{where} {expected}, found {found!r:.60}")
        return values


def field_of(entity: Mapping[str, Any], key: str) -> Any:
    """What stands in a field such as ``spec.type`` or ``metadata.annotations.a.b/c``; None where nothing does."""
    value: Any = entity
    steps = key.split(".")
    for index, step in enumerate(steps):
        if not isinstance(value, dict):
            return None
        rest = ".".join(steps[index:])
        if rest in value:  # keys of annotations and labels hold dots themselves
            return value[rest]
        value = value.get(step)
    return value


def _matches(entity: Mapping[str, Any], key: str, wanted: tuple[str, ...]) -> bool:
    """Whether a field has one of the values, as Backstage's entity filters compare: case does not count.

    A list has a value if one of its items does. ``*`` stands for any value, the field being there.
    """
    value = field_of(entity, key)
    if value is None:
        return False
    if "*" in wanted:
        return True
    values = value if isinstance(value, list) else [value]
    found = {str(each).lower() for each in values}
    return any(each.lower() in found for each in wanted)


@lru_cache(maxsize=1024)
def _parsed(reach: tuple[str, ...], parameters: str) -> reaches.Reach:
    """A reach with the parameters in it, which a server asks for with each request."""
    return reaches.parse(reach, json.loads(parameters))
