"""What is judged: a catalog, or a part of one, and each of its subjects as rules see it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from bylaw.catalog import Catalog, Change, address
from bylaw.engine import data
from bylaw.engine.parts import Over, Parts, Ready
from bylaw.model import Document, Entity
from bylaw.rules import Context

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from bylaw.catalog import ChangeSet
    from bylaw.engine import opa_rules
    from bylaw.engine.suggest import Bearers
    from bylaw.graphs import Graph
    from bylaw.model import EntityRef
    from bylaw.rules import Policies, Rule

_FEW = 16  # subjects up to which it is cheaper to let a part of a catalog travel with each than to load it once

Subject: TypeAlias = Document | Change | Catalog


class Scope(Protocol):
    """Who is judged, where it is not everybody."""

    def takes(self, rule: Rule, subject: Subject, entity: Entity | None) -> bool:
        """Whether a rule judges a document (the entity that it is, if it is one), a change, or the catalog."""
        ...

    def concerns(self, subject: Subject, entity: Entity | None) -> bool:
        """Whether some rule may judge it."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """What is different where a part of a catalog is judged: who, and what is only known of the whole.

    ``before`` is the graph of the state from which a change set leads, with all that the rules about changes may ask;
    ``bearers`` gives the refs of all entities of some kinds, for suggestions.
    """

    scope: Scope
    before: Graph | None = None
    bearers: Bearers | None = None
    shown: frozenset[str] | None = None
    """The refs of which Rego is told; None: of all."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged: a catalog and its graph.

    With a ``change_set``, whose later state is the catalog, rules about changes judge as well; ``part`` narrows who
    is judged.
    """

    catalog: Catalog
    graph: Graph
    change_set: ChangeSet | None = None
    part: Part | None = None


class Judged:
    """A case, and what its subjects are to the rules."""

    def __init__(
        self, case: Case, policies: Policies, today: date, ready: Ready | opa_rules.Served | None = None
    ) -> None:
        catalog, changes = case.catalog, case.change_set.changes if case.change_set else ()
        self.case, self.catalog, self.change_set = case, catalog, case.change_set
        self.scope = case.part.scope if case.part else None
        self.graph_before = case.part.before if case.part else None
        self._policies, self._today = policies, today
        self.contexts = [Context(catalog, case.graph, policies.parameters[rule.id], today) for rule in policies.rules]
        self._entities = {id(entity.document): entity for entity in catalog.entities.values()}
        whole = (catalog,) if any(rule.subject == "catalog" for rule in policies.rules) else ()
        subjects: Iterable[Subject] = (*catalog.documents, *changes, *whole)
        if self.scope:
            subjects = [each for each in subjects if self.scope.concerns(each, self.entity(each))]
        self.subjects = list(subjects)
        self._ready = None if isinstance(ready, Ready) and len(self.subjects) > _FEW else ready
        self.is_served = ready is not None and not isinstance(ready, Ready)
        self._rego: Parts | Over | opa_rules.Over | None = None
        self._is_loaded = False

    @property
    def asks_ahead(self) -> bool:
        """Whether it saves time to say beforehand what will be asked."""
        return self.is_served or self._ready is not None

    def take(self, rego: opa_rules.Over | None) -> None:
        """Be given what ``load`` came to in another process."""
        self._rego, self._is_loaded = rego, rego is not None
        self.is_served = rego is not None

    def load(self) -> Parts | Over | opa_rules.Over | None:
        """Compile the Rego and load the catalog into it, once; None: no rule is in Rego."""
        packages = [rule.package for rule in self._policies.rules if rule.package]
        if not self._is_loaded and packages:
            policies, graph = self._policies, self.case.graph
            said = data.whole(
                self.catalog,
                graph,
                policies,
                self._today,
                self.change_set,
                before=self.graph_before,
                shown=self.case.part.shown if self.case.part else None,
            )
            if self._ready is None:
                self._rego = Parts(policies.modules, packages, said)
            else:
                self._rego = self._ready.over(said, len(self.subjects))
        self._is_loaded = True
        return self._rego

    def entity(self, subject: Subject) -> Entity | None:
        """The entity that a document is in the catalog; a later document of the same ref is none."""
        return self._entities.get(id(subject))

    def is_for(self, rule: Rule, subject: Subject) -> bool:
        """Whether a rule is to judge it here."""
        return self.scope is None or self.scope.takes(rule, subject, self.entity(subject))

    def input(self, judged: Entity | Change) -> bytes:
        """What Rego gets of it."""
        if isinstance(judged, Change) and self.change_set:
            return data.change(judged, self.change_set)
        return data.document(cast("Entity", judged))

    def place(self, document: Document, ref: EntityRef | None) -> str:
        """What tells a document without a ref from the others of its file, and one of a ref from those before it.

        It counts only what is alike, so that it stays when other documents come or go or the file is moved.
        """
        alike = self.catalog.duplicates.get(str(ref), ()) if ref else self._refless[document.path]
        number = next((number for number, each in enumerate(alike, 1) if each is document), 0)
        return f"#{number}" if ref or number > 1 else ""

    @cached_property
    def _refless(self) -> Mapping[str | None, list[Document]]:
        """The documents of each file that cannot be addressed."""
        found: dict[str | None, list[Document]] = {}
        for each in self.catalog.documents:
            if address(each.data) is None:
                found.setdefault(each.path, []).append(each)
        return found
