"""Did you mean …? for findings that name what they were looking for among what there is.

A rule says ``nearest_of``: ``{"kinds": [...]}`` for entities, ``{"values": [...]}`` for words. The engine
looks, because neither Rego nor a rule about one entity sees all names.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bylaw.model import DEFAULT_NAMESPACE, EntityRef, Finding, Names, Outcome, RefError, nearest

if TYPE_CHECKING:
    from bylaw.catalog import Catalog

_MOST = 10_000_000  # names that texts are compared with in one run: some three seconds


class Suggestions:
    """Looks things up in one catalog; remembers what it has looked up."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._names: dict[frozenset[str], dict[str, list[EntityRef]]] = {}
        self._prepared: dict[frozenset[str], Names] = {}
        self._known: dict[tuple[str, frozenset[str]], str | None] = {}
        self._left = _MOST

    def add(self, finding: Finding) -> Finding:
        """The finding with a suggestion and, where it is a fault for certain, the fix that follows from it."""
        text, wanted = finding.observed, finding.nearest_of
        if not wanted or not isinstance(text, str) or finding.suggestion:
            return finding
        if "values" in wanted:
            suggestion = written = nearest(text, wanted["values"])
        else:
            suggestion, written = self._entity(text, frozenset(map(str.lower, wanted["kinds"])), finding)
        if suggestion is None:
            return finding
        fix = ({"op": "replace", "path": finding.pointer, "value": written},)
        return replace(finding, suggestion=suggestion, fix=fix if finding.outcome is Outcome.FAIL else ())

    def _entity(self, text: str, kinds: frozenset[str], finding: Finding) -> tuple[str | None, str]:
        """The canonical ref of the entity that was meant, and how to write it in the author's style."""
        meant = _parsed(text, self._default_kind(finding), _namespace(finding))
        found = self._nearest(meant.name, kinds)
        alike = self._names[kinds][found] if found else []
        # Of one name in several namespaces, or of several kinds: what is nearest to what was written.
        near = min(
            (ref for ref in alike if str(ref) != finding.entity),  # nothing refers to itself
            key=lambda ref: (ref.kind.lower() != meant.kind.lower(), ref.namespace != meant.namespace, str(ref)),
            default=None,
        )
        if near is None:
            return None, ""
        kind = f"{near.kind.lower()}:" if ":" in text or near.kind.lower() != meant.kind.lower() else ""
        inside = f"{near.namespace}/" if "/" in text or near.namespace != meant.namespace else ""
        return str(near), f"{kind}{inside}{near.name}"

    def _nearest(self, name: str, kinds: frozenset[str]) -> str | None:
        if kinds not in self._names:
            self._names[kinds] = {}
            for entity in self._catalog.entities.values():
                if entity.kind.lower() in kinds:
                    self._names[kinds].setdefault(entity.ref.name, []).append(entity.ref)
            self._prepared[kinds] = Names(self._names[kinds])
        if (name, kinds) not in self._known:
            names = self._prepared[kinds]
            self._left -= len(names)
            if self._left < 0:
                return None
            self._known[name, kinds] = names.nearest(name)
        return self._known[name, kinds]

    def _default_kind(self, finding: Finding) -> str:
        """The kind that a reference at the finding's place means if it names none."""
        entity = self._catalog.entities.get(finding.entity or "")
        references = self._catalog.references(entity) if entity else ()
        return next((each.field.default_kind or "" for each in references if each.pointer == finding.pointer), "")


def _parsed(text: str, default_kind: str, namespace: str) -> EntityRef:
    """What was written, as far as it can be read as a reference."""
    try:
        return EntityRef.parse(text, default_kind or "?", namespace)
    except RefError:
        return EntityRef(default_kind, namespace, text)


def _namespace(finding: Finding) -> str:
    """The namespace in which the finding's entity writes its references."""
    return (finding.entity or "").partition(":")[2].partition("/")[0] or DEFAULT_NAMESPACE
