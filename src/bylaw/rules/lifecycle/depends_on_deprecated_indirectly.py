"""lifecycle/depends-on-deprecated-indirectly"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.graphs import Way, follow
from bylaw.model import Entity, Finding, Severity
from bylaw.rules.parameters import number, texts
from bylaw.rules.phrases import chained, pointer_of
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _evaluate(entity: Entity, context: Context) -> Iterator[Finding]:
    given, lifecycle = context.parameters, entity.spec.get("lifecycle")
    if lifecycle in given["deprecated"] or (given["lifecycles"] and lifecycle not in given["lifecycles"]):
        return
    ways, targets = context.once(_ways), context.graph.targets(entity.key, *given["relations"])
    near = [(ways[each].steps, each) for each in targets if each in ways]
    said = {each for steps, each in near if steps == 0}  # by lifecycle/depends-on-deprecated
    chains = [(steps, each) for steps, each in near if ways[each].end not in said]
    if chains:
        chain = [entity.key, *follow(ways, min(chains)[1])]
        reached = context.catalog.entities[chain[-1]].spec["lifecycle"]
        yield Finding(
            pointer_of(entity, context.catalog, given["relations"], chain[1]) or "/spec",
            f"{entity.key} depends in the end on {chain[-1]}, which is {reached}: {chained(chain)}",
            observed=reached,
            key=chain[-1],
        )


def _ways(context: Context) -> Mapping[str, Way]:
    given, entities = context.parameters, context.catalog.entities.values()
    ends = [entity.key for entity in entities if entity.spec.get("lifecycle") in given["deprecated"]]
    return context.graph.ways_to(ends, given["longest"] - 1, *given["relations"])


RULE = Rule(
    id="lifecycle/depends-on-deprecated-indirectly",
    title="Something it depends on depends on something deprecated",
    description="What is deprecated takes along what stands on it. Of several such chains the shortest is told.",
    remediation="Ask the owners along the chain when they will move to the successor, or go round them.",
    severity=Severity.INFO,
    applies_to={"kind": ("Component", "Resource", "AiResource")},
    reads="graph",
    reach=("spec.lifecycle of ($relations){$longest}",),
    parameters={
        "deprecated": texts("Lifecycles that nothing else should depend on.", "deprecated"),
        "lifecycles": texts("Lifecycles it holds for; empty: any, or none at all.", "production"),
        "relations": texts("Relations that count as depending.", "dependsOn", "consumesApi", "apiProvidedBy", least=1),
        "longest": number("How many steps the longest chain has that is told; an API is one.", 3, least=2, most=12),
    },
    evaluate=_evaluate,
    source=__file__,
)
