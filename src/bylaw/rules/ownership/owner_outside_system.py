"""ownership/owner-outside-system"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Entity, Finding, Severity
from bylaw.rules.parameters import texts
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.graphs import Graph


def _evaluate(entity: Entity, context: Context) -> Iterator[Finding]:
    graph = context.graph
    if not context.catalog.complete or entity.kind not in context.parameters["kinds"]:
        return
    for system in graph.targets(entity.key, "partOf"):
        owners, others = _groups(entity.key, graph), _groups(system, graph)
        if system.startswith("system:") and others and owners and graph.strangers(owners, others) == owners:
            own, theirs = " and ".join(owners), " and ".join(others)
            yield Finding(
                "/spec/owner",
                f"{entity.key} is owned by {own} and its system {system} by {theirs}: neither is above the other in "
                "the group tree",
                observed=own,
                expected=f"{theirs}, or a group above or below it",
                key=system,
            )


def _groups(key: str, graph: Graph) -> tuple[str, ...]:
    """The owners that have a place in the group tree."""
    return tuple(each for each in graph.owners_of(key) if each.startswith("group:") and graph.exists(each))


RULE = Rule(
    id="ownership/owner-outside-system",
    title="The owner has nothing to do with the owner of the system",
    description=(
        "Whoever owns a system answers for all that it is made of. A part in the hands of another branch of the "
        "company has often been forgotten there when teams or systems were moved."
    ),
    remediation="Give the part to a team of the system's owner, or put it into a system of its own team.",
    severity=Severity.INFO,
    reads="graph",
    reach=("names(ownedBy/childOf*)", "names(partOf/ownedBy/childOf*)"),
    parameters={"kinds": texts("The kinds it holds for.", "Component", "API", "Resource")},
    evaluate=_evaluate,
    source=__file__,
)
