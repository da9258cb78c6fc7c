"""What Rego sees as ``data`` (DESIGN 5.3)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.graphs import Graph

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from bylaw.catalog import Catalog, Change, ChangeSet
    from bylaw.model import Entity
    from bylaw.rules import Policies, Reads

PATHS = (
    "catalog.entities",
    "catalog.relations",
    "catalog.groups",
    "catalog.complete",
    "base.entities",
    "base.relations",
    "base.groups",
    "base.complete",
    "change.added",
    "change.removed",
    "change.dependents",
    "bylaw.parameters",
    "bylaw.kinds",
    "bylaw.today",
    "bylaw.now_ns",
)
"""All there is under ``data``, beside the modules themselves."""

_COUNTED = 1_000  # removed entities of which all dependents are counted: each may take a walk through the catalog


def document(entity: Entity) -> bytes:
    """``input``: the entity as its author wrote it, the namespace filled in."""
    return orjson.dumps(entity.data)


def change(change: Change, change_set: ChangeSet) -> bytes:
    """``input`` of a rule about a change: the entity before and after (or null), and what is known of people."""
    return orjson.dumps(
        {
            "before": change.before and change.before.data,
            "after": change.after and change.after.data,
            "actor": change_set.actor,
            "approvers": change_set.approvers,
        }
    )


def whole(
    catalog: Catalog,
    graph: Graph,
    policies: Policies,
    today: date,
    change_set: ChangeSet | None = None,
    *,
    before: Graph | None = None,
    shown: Collection[str] | None = None,
) -> bytes:
    """``data`` for every entity of the catalog, and for every change where there is a change set.

    ``before`` is the graph of the earlier state, where it has been made; ``shown`` are the refs that are told of, where
    rules look at no others.
    """
    return orjson.dumps(values(catalog, graph, policies, today, change_set, before=before, shown=shown))


def values(
    catalog: Catalog,
    graph: Graph,
    policies: Policies,
    today: date,
    change_set: ChangeSet | None = None,
    *,
    before: Graph | None = None,
    shown: Collection[str] | None = None,
) -> dict[str, Any]:
    """What ``whole`` says, as values, which are those of the catalog itself."""
    said = _data(_all(catalog, graph, shown), catalog, policies, today)
    if change_set:
        relations = said["catalog"]["relations"]
        relations.update({key: graph.relations(key) for key in change_set.removed if key in graph})
        said.update(_before(change_set, graph, before, shown))
    return said


def around(entity: Entity, reads: Reads, catalog: Catalog, graph: Graph, policies: Policies, today: date) -> bytes:
    """``data`` for one entity: as much as a rule that ``reads`` so far may look at.

    A gate on one entity of 100,000 needs no more. The answer is the same as with all of it.
    """
    if reads == "graph":
        return whole(catalog, graph, policies, today)
    near = {entity.key} if reads == "entity" else {entity.key, *graph.neighbourhood(entity.key)}
    known = sorted(key for key in near if key in catalog.entities)
    groups = {key: graph.group(key) for key in known if key.startswith("group:")}
    part = {
        "entities": {key: catalog.entities[key].data for key in known},
        "relations": {entity.key: graph.relations(entity.key)},
        "groups": {key: group.as_data() for key, group in groups.items()},
    }
    return orjson.dumps(_data(part, catalog, policies, today))


def _all(catalog: Catalog, graph: Graph, shown: Collection[str] | None) -> dict[str, Any]:
    if shown is not None:
        known = [key for key in catalog.entities if key in shown]
        return {
            "entities": {key: catalog.entities[key].data for key in known},
            "relations": {key: graph.relations(key) for key in known},
            "groups": {key: graph.group(key).as_data() for key in known if key.startswith("group:")},
        }
    return {
        "entities": {key: entity.data for key, entity in catalog.entities.items()},
        "relations": graph.as_data(),
        "groups": graph.groups_as_data(),
    }


def _before(change_set: ChangeSet, graph: Graph, drawn: Graph | None, shown: Collection[str] | None) -> dict[str, Any]:
    """What rules about changes see besides: ``data.base``, the catalog as it was, and which refs come and go.

    Who may approve is a question to the base: a change must not make its own approvers.
    """
    before, removed = change_set.before, change_set.removed
    drawn = drawn or Graph.build(before.entities, before.edges())
    counted = [key for key in removed if key in graph][:_COUNTED]
    return {
        "base": {**_all(before, drawn, shown), "complete": before.complete},
        "change": {
            "added": change_set.added,
            "removed": removed,
            "dependents": {key: len(graph.dependents_of(key, transitive=True)) for key in counted},
        },
    }


def _data(part: Mapping[str, Any], catalog: Catalog, policies: Policies, today: date) -> dict[str, Any]:
    midnight = datetime.combine(today, time(), UTC)
    return {
        "catalog": {**part, "complete": catalog.complete},
        "bylaw": {
            "parameters": policies.parameters,
            "kinds": catalog.kinds.as_data(),
            "today": today.isoformat(),
            "now_ns": int(midnight.timestamp()) * 10**9,
        },
    }
