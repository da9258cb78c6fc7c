"""As much of a state as must be at hand to judge some of its entities: the rest is never read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bylaw.affected.scope import named, reach_of, values
from bylaw.affected.state import Whole
from bylaw.affected.walk import Walk
from bylaw.graphs import Graph
from bylaw.rules.reach import Reach, parse

if TYPE_CHECKING:
    from collections.abc import Collection

    from bylaw.affected.scope import Scope
    from bylaw.affected.state import State
    from bylaw.catalog import Catalog
    from bylaw.rules import Policies

OWNED = parse(["names(ownedBy)"], {})
"""What a report says of whatever is found to be at fault."""
OWNERS = parse(["names(partOf*/ownedBy/childOf*)"], {})
"""What enforcement by owner asks of it."""
DEPENDENTS = parse(["names((^dependsOn|^consumesApi|^apiProvidedBy)*)"], {})
"""What rules about changes are told of what is removed."""
_ABOUT_PEOPLE = parse(["names(memberOf/childOf*)", "names(childOf*)"], {})
"""What is asked of those who propose and approve a change."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a catalog with the relations in it that may be looked at."""

    catalog: Catalog
    graph: Graph
    shown: frozenset[str] | None = None
    """The refs that rules in Rego may look at; None: all."""


def cut(
    state: State,
    scope: Scope,
    policies: Policies,
    *,
    removed: Collection[str] = (),
    people: Collection[str] = (),
    owners: bool = True,
) -> Slice:
    """The part of a state in which the entities of a scope get the verdicts that they get in the whole.

    ``removed`` are the refs that the change takes away and ``people`` those who propose or approve it. Without
    ``owners`` nobody asks who owns an entity in the end.
    """
    if isinstance(state, Whole):
        return Slice(state.catalog, state.graph)
    walk = Walk(state)
    wanted: dict[Reach, set[str]] = {}
    by_rego: dict[Reach, set[str]] = {}
    for rule in policies.rules:
        reach, judged = reach_of(rule, policies), scope.entities[rule.id]
        if reach is not None and judged:
            wanted.setdefault(reach, set()).update(judged)
            if rule.language == "rego":
                by_rego.setdefault(reach, set()).update(judged)
    wanted.setdefault(OWNED, set()).update(scope.judged)
    if owners:
        wanted.setdefault(OWNERS, set()).update(scope.judged)
    wanted.setdefault(DEPENDENTS, set()).update(removed)
    wanted.setdefault(_ABOUT_PEOPLE, set()).update(people)
    seen = set(scope.judged)
    for reach, keys in wanted.items():
        seen |= _needed(reach, keys, walk)
    shown = set(scope.judged) | {ref for reach, keys in by_rego.items() for ref in _needed(reach, keys, walk)}
    shown |= _needed(_ABOUT_PEOPLE, people, walk)
    catalog = state.part(seen)
    return Slice(catalog, Graph.build(catalog.entities, walk.edges()), frozenset(shown))


def _needed(reach: Reach, judged: Collection[str], walk: Walk) -> set[str]:
    """The refs that rules of a reach may look at. The walk asks for the relations that they may look at."""
    seen = set(judged)
    for path in reach.paths:
        seen |= walk.seen(judged, path)
    for types in reach.cycles:
        done: set[str] = set()
        for key in judged:
            if key not in done:
                done |= walk.tangle(key, types)
        walk.near(done)
        seen |= done
    entities = walk.state.entities(judged) if reach.same or reach.named else {}
    for annotation in reach.same:
        if said := {value.strip() for value in values(entities.values(), annotation)}:
            seen |= {ref for ref, value in walk.state.annotated(annotation) if value.strip() in said}
    for annotation in reach.named:
        for key, entity in entities.items():
            seen |= {ref for value in values([entity], annotation) for ref in named(value, key)}
    return seen
