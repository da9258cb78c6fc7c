"""catalog/dependency-cycle"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Entity, Finding, Severity
from bylaw.rules.parameters import texts
from bylaw.rules.phrases import chained, pointer_of
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _evaluate(entity: Entity, context: Context) -> Iterator[Finding]:
    told = context.once(_cycles).get(entity.key)
    if told is None:
        return
    pointer, cycle = told
    whole = chained([*cycle, cycle[0]])
    yield Finding(
        pointer,
        f"{entity.key} depends on itself: {whole}",
        observed=whole,
        expected="dependencies without a cycle",
        key=" ".join(cycle),
    )


def _cycles(context: Context) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """Each cycle, and where to tell it: at the first of its members that writes a step of it down."""
    catalog, relations = context.catalog, context.parameters["relations"]
    told: dict[str, tuple[str, tuple[str, ...]]] = {}
    for cycle in context.graph.dependency_cycles(*relations):
        for index, member in enumerate(cycle):
            entity, after = catalog.entities.get(member), cycle[(index + 1) % len(cycle)]
            pointer = pointer_of(entity, catalog, relations, after, cycle[index - 1]) if entity else None
            if pointer is not None:  # an API does not write who provides it
                told[member] = pointer, (*cycle[index:], *cycle[:index])
                break
    return told


RULE = Rule(
    id="catalog/dependency-cycle",
    title="Dependencies run in a circle",
    description=(
        "What depends on itself cannot be built, started, released or retired one by one, and a fault of one part goes "
        "round to all. A component that uses its own API is in no circle."
    ),
    remediation="Turn one of the steps round, or move what both sides need into something that depends on neither.",
    severity=Severity.WARNING,
    reads="graph",
    reach=("cycle($relations)",),
    parameters={
        "relations": texts("Relations that count as depending.", "dependsOn", "consumesApi", "apiProvidedBy", least=1),
    },
    evaluate=_evaluate,
    source=__file__,
)
