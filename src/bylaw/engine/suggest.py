"""Did you mean …? for findings that name what they were looking for among what there is.

A rule says ``nearest_of``: ``{"kinds": [...]}`` for entities, ``{"values": [...]}`` for words. The engine
looks, because neither Rego nor a rule about one entity sees all names. A suggestion is for a person to judge;
a fix may be made unasked, so it is given only where nothing else can be meant.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeAlias

from bylaw.catalog import pointer
from bylaw.model import DEFAULT_NAMESPACE, EntityRef, Finding, Names, Outcome, RefError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from bylaw.catalog import Catalog

Bearers: TypeAlias = "Callable[[frozenset[str]], Iterable[EntityRef]]"
"""All entities of some kinds (in lower case), by their refs as they are spelt."""

_MOST = 10_000_000  # names that texts are compared with in one run: some three seconds


class Suggestions:
    """Looks things up in one catalog; remembers what it has looked up."""

    def __init__(self, catalog: Catalog, bearers: Bearers | None = None) -> None:
        """Take the catalog and, if that is a part of one, who else bears names: the refs of all entities of kinds."""
        self._catalog = catalog
        self._all = bearers or self._of_catalog
        self._is_whole = bearers is None
        self._bearers: dict[frozenset[str], dict[str, list[EntityRef]]] = {}  # by name in lower case
        self._names: dict[frozenset[str], Names] = {}
        self._known: dict[tuple[str, frozenset[str]], tuple[str | None, bool]] = {}
        self._left = _MOST

    def add(self, finding: Finding) -> Finding:
        """The finding with a suggestion and, where nothing else can be meant, the fix that follows from it.

        No fix puts in a reference that leads nowhere: one of a rule that cannot see so far is taken back.
        """
        finding = self._suggested(finding)
        if any(map(self._leads_nowhere, repeat(finding), finding.fix)):
            return replace(finding, fix=())
        return finding

    def _suggested(self, finding: Finding) -> Finding:
        text, wanted = finding.observed, finding.nearest_of
        if not wanted or not isinstance(text, str) or finding.suggestion:
            return finding
        if "values" in wanted:
            names = Names(wanted["values"])
            suggestion = written = names.nearest(text)
            certain = suggestion is not None and names.misspelt(text, suggestion)
        else:
            suggestion, written, certain = self._entity(text, frozenset(map(str.lower, wanted["kinds"])), finding)
        if not certain or finding.outcome is not Outcome.FAIL:
            return replace(finding, suggestion=suggestion)
        return replace(
            finding, suggestion=suggestion, fix=({"op": "replace", "path": finding.pointer, "value": written},)
        )

    def _entity(self, text: str, kinds: frozenset[str], finding: Finding) -> tuple[str | None, str, bool]:
        """The canonical ref of the entity that was meant, how to write it, and whether no other can be meant."""
        default_kind = self._default_kind(finding)
        meant = _parsed(text, default_kind, _namespace(finding))
        found, misspelt = self._nearest(meant.name, kinds)
        alike = self._bearers[kinds][found] if found else []
        # Of one name in several namespaces, or of several kinds: what is nearest to what was written.
        near = min(
            (ref for ref in alike if str(ref) != finding.entity),  # nothing refers to itself
            key=lambda ref: (ref.kind.lower() != meant.kind.lower(), ref.namespace != meant.namespace, str(ref)),
            default=None,
        )
        if near is None:
            return None, "", False
        certain = len(alike) == 1 and _is_certain(text, meant, near, misspelt)
        return str(near), near.written_like(text, meant.kind, meant.namespace), certain

    def _nearest(self, name: str, kinds: frozenset[str]) -> tuple[str | None, bool]:
        """The nearest of the names that entities bear, in lower case, and whether that is it, misspelt."""
        if kinds not in self._bearers:
            self._bearers[kinds] = {}
            for ref in self._all(kinds):
                self._bearers[kinds].setdefault(ref.name.lower(), []).append(ref)
            self._names[kinds] = Names(self._bearers[kinds])
        if (name, kinds) not in self._known:
            names = self._names[kinds]
            self._left -= len(names)
            if self._left < 0:
                return None, False
            found = names.nearest(name)
            self._known[name, kinds] = found, found is not None and names.misspelt(name, found)
        return self._known[name, kinds]

    def _of_catalog(self, kinds: frozenset[str]) -> Iterator[EntityRef]:
        return (each.ref for each in self._catalog.entities.values() if each.kind.lower() in kinds)

    def _leads_nowhere(self, finding: Finding, operation: Mapping[str, Any]) -> bool:
        """Whether an operation puts a reference that is none of the catalog into a field for references."""
        value, entity = operation.get("value"), self._catalog.entities.get(finding.entity or "")
        if not isinstance(value, str) or entity is None:
            return False
        kind = self._catalog.kinds.find(entity.kind, entity.data.get("apiVersion"), entity.spec.get("type"))
        for field in kind.relations if kind else ():
            place = pointer(*field.path)
            if operation.get("path") == place or str(operation.get("path")).rpartition("/")[0] == place:
                ref = _parsed(value, field.default_kind or "", entity.ref.namespace)
                return not self._exists(ref)
        return False

    def _exists(self, ref: EntityRef) -> bool:
        if str(ref) in self._catalog.entities or self._is_whole:
            return str(ref) in self._catalog.entities
        kinds = frozenset({ref.kind.lower()})
        self._nearest(ref.name, kinds)
        return str(ref) in map(str, self._bearers[kinds].get(ref.name.lower(), ()))

    def _default_kind(self, finding: Finding) -> str:
        """The kind that a reference at the finding's place means if it names none."""
        entity = self._catalog.entities.get(finding.entity or "")
        references = self._catalog.references(entity) if entity else ()
        return next((each.field.default_kind or "" for each in references if each.pointer == finding.pointer), "")


def _is_certain(text: str, meant: EntityRef, near: EntityRef, misspelt: bool) -> bool:
    """Whether an entity that is alone in bearing its name must be the one that was meant.

    Either its name alone is misspelt, and it is no User: people have names that differ by a letter, and people
    leave. Or its name is right, and the kind that was left out is not the one filled in for it. Never where it is
    in another namespace: perhaps that is what is wrong, and not the reference.
    """
    if near.namespace.lower() != meant.namespace.lower():
        return False
    if near.kind.lower() != meant.kind.lower():
        return near.name.lower() == meant.name.lower() and ":" not in text
    return misspelt and near.kind.lower() != "user"


def _parsed(text: str, default_kind: str, namespace: str) -> EntityRef:
    """What was written, as far as it can be read as a reference."""
    try:
        return EntityRef.parse(text, default_kind or "?", namespace)
    except RefError:
        return EntityRef(default_kind, namespace, text)


def _namespace(finding: Finding) -> str:
    """The namespace in which the finding's entity writes its references."""
    return (finding.entity or "").partition(":")[2].partition("/")[0] or DEFAULT_NAMESPACE
