"""What Rego sees as ``data`` (DESIGN 5.3)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bylaw.catalog import Catalog
    from bylaw.graphs import Graph
    from bylaw.model import Entity
    from bylaw.rules import Policies, Reads

PATHS = (
    "catalog.entities",
    "catalog.relations",
    "catalog.groups",
    "catalog.complete",
    "bylaw.parameters",
    "bylaw.kinds",
    "bylaw.today",
    "bylaw.now_ns",
)
"""All there is under ``data``, beside the modules themselves."""


def document(entity: Entity) -> bytes:
    """``input``: the entity as its author wrote it, the namespace filled in."""
    return orjson.dumps(entity.data)


def whole(catalog: Catalog, graph: Graph, policies: Policies, today: date) -> bytes:
    """``data`` for every entity of the catalog."""
    return _data(
        {key: entity.data for key, entity in catalog.entities.items()},
        graph.as_data(),
        graph.groups_as_data(),
        catalog,
        policies,
        today,
    )


def around(entity: Entity, reads: Reads, catalog: Catalog, graph: Graph, policies: Policies, today: date) -> bytes:
    """``data`` for one entity: as much as a rule that ``reads`` so far may look at.

    A gate on one entity of 100,000 needs no more. The answer is the same as with all of it.
    """
    if reads == "graph":
        return whole(catalog, graph, policies, today)
    near = {entity.key} if reads == "entity" else {entity.key, *graph.neighbourhood(entity.key)}
    known = sorted(key for key in near if key in catalog.entities)
    groups = {key: graph.group(key) for key in known if key.startswith("group:")}
    return _data(
        {key: catalog.entities[key].data for key in known},
        {entity.key: {kind: list(targets) for kind, targets in graph.relations(entity.key).items()}},
        {key: group.as_data() for key, group in groups.items()},
        catalog,
        policies,
        today,
    )


def _data(
    entities: Mapping[str, Any],
    relations: Mapping[str, Any],
    groups: Mapping[str, Any],
    catalog: Catalog,
    policies: Policies,
    today: date,
) -> bytes:
    midnight = datetime.combine(today, time(), UTC)
    return orjson.dumps(
        {
            "catalog": {
                "entities": entities,
                "relations": relations,
                "groups": groups,
                "complete": catalog.complete,
            },
            "bylaw": {
                "parameters": policies.parameters,
                "kinds": catalog.kinds.as_data(),
                "today": today.isoformat(),
                "now_ns": int(midnight.timestamp()) * 10**9,
            },
        }
    )
