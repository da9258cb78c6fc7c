"""All that a rule of some reach may look at, worked out step by step: what ``bylaw.affected`` is held against."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from bylaw.rules.reach import ANY, OWN, Path, Reach, Step, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bylaw.catalog import Catalog
    from bylaw.graphs import Graph
    from bylaw.model import Entity
    from bylaw.rules import Context


def sight_of(texts: Iterable[str]) -> Callable[[Entity, Context], Any]:
    """What a rule of a reach sees, as a value of JSON."""
    reach = parse(texts, {})

    def seen(entity: Entity, context: Context) -> Any:
        own = None if reach.is_cycles_alone else entity.data
        return [own, sight(entity.key, reach, context.catalog, context.graph)]

    return seen


def sight(key: str, reach: Reach, catalog: Catalog, graph: Graph) -> Any:
    """What is to be seen from an entity, as a value of JSON."""
    return [
        sorted((along(key, path, catalog, graph) for path in reach.paths), key=json.dumps),
        [_cycle(key, types, catalog, graph) for types in sorted(reach.cycles)],
        [_alike(key, annotation, catalog) for annotation in sorted(reach.same)],
        [_named(key, annotation, catalog) for annotation in sorted(reach.named)],
        [catalog.bears(kind) for kind in sorted(reach.kinds)],
    ]


def along(key: str, path: Path, catalog: Catalog, graph: Graph) -> list[Any]:
    levels, here = [], {key}
    for step in path.steps:
        there, edge, taken = set[str](), here, 0
        while edge and taken != step.most:
            edge = {ref for each in edge for ref in _step(each, step, catalog, graph)} - there
            there |= edge
            taken += 1
        here = there | here if step.most is None else there
        levels.append([[each, _said(each, path, catalog)] for each in sorted(here)])
    return levels


def _said(key: str, path: Path, catalog: Catalog) -> Any:
    entity = catalog.entities.get(key)
    if path.names or entity is None:
        return entity is not None
    return [[field, _read(entity.data, field)] for field in path.fields] if path.fields else entity.data


def _read(data: Any, field: str) -> Any:
    """What a rule reads in a field: of labels and annotations the rest of its name is one key."""
    steps = field.split(".", 2 if field.startswith(("metadata.labels.", "metadata.annotations.")) else -1)
    for step in steps:
        data = data.get(step) if isinstance(data, dict) else None
    return data


def _step(key: str, step: Step, catalog: Catalog, graph: Graph) -> set[str]:
    if key not in graph:
        return set()
    if step.types == (ANY,):
        return set(graph.targets(key))
    if step.types == (OWN,):
        own = catalog.kinds.own.get(key.partition(":")[0], ())
        return set(graph.targets(key, *own)) if own else set()
    forth = [each for each in step.types if not each.startswith("^")]
    back = [each.removeprefix("^") for each in step.types if each.startswith("^")]
    return {
        *(graph.targets(key, *forth) if forth else ()),
        *(graph.sources(key, *back) if back else ()),
    }


def _cycle(key: str, types: tuple[str, ...], catalog: Catalog, graph: Graph) -> Any:
    """The refs on cycles with one, and of each what relations among them it makes itself."""
    tangle = set(graph.reach(key, *types)) & set(graph.reach(key, *types, backward=True))
    members = []
    for each in sorted(tangle):
        entity = catalog.entities.get(each)
        made = catalog.references(entity) if entity else ()
        among = sorted({(ref.field.relation, ref.target) for ref in made if ref.target in tangle})
        members.append([each, entity is not None, among])
    return members


def _alike(key: str, annotation: str, catalog: Catalog) -> Any:
    own = _value(catalog.entities[key], annotation)
    if own is None:
        return None
    alike = (each for each in catalog.entities.values() if (_value(each, annotation) or "?").strip() == own.strip())
    return sorted(([each.key, each.data] for each in alike), key=json.dumps)


def _named(key: str, annotation: str, catalog: Catalog) -> Any:
    """What a text means as it is, and without the blanks around it."""
    entity = catalog.entities[key]
    value = _value(entity, annotation)
    if value is None:
        return None
    found = []
    for text in (value, value.strip()):
        parts = re.fullmatch(r"(?s)(?:([^:/]*):)?(?:([^/]*)/)?(.*)", text)
        kind, namespace, name = parts.groups() if parts else ("", "", "")
        meant = f"{kind or entity.ref.kind}:{namespace or entity.ref.namespace}/{name}".lower()
        found.append([meant, meant in catalog.entities and catalog.entities[meant].data])
    return found


def _value(entity: Entity, annotation: str) -> str | None:
    annotations = entity.data["metadata"].get("annotations")
    value = annotations.get(annotation) if isinstance(annotations, dict) else None
    return value if isinstance(value, str) else None
