"""catalog/hierarchy-cycle"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.catalog import REVERSE
from bylaw.model import Entity, Finding, Severity
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

_HIERARCHIES = ("childOf", "partOf")
_SHOWN = 12  # members of a cycle that the message names


def _evaluate(entity: Entity, context: Context) -> Iterator[Finding]:
    for relation in _HIERARCHIES:
        cycle = context.graph.cycle_from(entity.key, relation)
        if cycle is None:  # each cycle is told once, at its first member
            continue
        shown = [*cycle[:_SHOWN], f"({len(cycle) - _SHOWN} more)"] if len(cycle) > _SHOWN else cycle
        whole = " -> ".join([*shown, cycle[0]])
        steps = {(relation, cycle[1 % len(cycle)]), (REVERSE[relation], cycle[-1])}  # up, and (children) down
        pointers = [
            reference.pointer
            for reference in context.catalog.references(entity)
            if (reference.field.relation, reference.target) in steps
        ]
        yield Finding(
            min(pointers, default="/metadata/name"),
            f"{entity.key} contains itself: {whole}",
            observed=whole,
            expected="a hierarchy without a cycle",
            key=relation,
        )


RULE = Rule(
    id="catalog/hierarchy-cycle",
    title="A hierarchy runs in a circle",
    description=(
        "Groups that are each other's parents, a component that is its own subcomponent: Backstage accepts them, and "
        "whatever walks up the tree to find who is responsible never arrives."
    ),
    remediation="Take one of the steps out of the circle (parent, children, subcomponentOf, subdomainOf).",
    severity=Severity.ERROR,
    reads="graph",
    reach=tuple(f"cycle({relation})" for relation in _HIERARCHIES),
    evaluate=_evaluate,
    source=__file__,
)
