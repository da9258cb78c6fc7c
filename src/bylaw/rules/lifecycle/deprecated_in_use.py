"""lifecycle/deprecated-in-use"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from bylaw.model import Entity, Finding, Severity
from bylaw.rules.parameters import texts
from bylaw.rules.phrases import counted, listed
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator


def _evaluate(entity: Entity, context: Context) -> Iterator[Finding]:
    deprecated, entities = context.parameters["deprecated"], context.catalog.entities
    if entity.spec.get("lifecycle") not in deprecated:
        return
    consumers = defaultdict(list)
    for key in context.graph.sources(entity.key, *context.parameters["relations"]):
        if key in entities and entities[key].spec.get("lifecycle") not in deprecated:
            consumers[" and ".join(context.graph.owners_of(key)) or "nobody"].append(key)
    if consumers:
        count = sum(map(len, consumers.values()))
        by_owner = sorted(consumers.items(), key=lambda each: (-len(each[1]), each[0]))
        owners = listed([f"{len(keys)} of {owner} ({listed(keys)})" for owner, keys in by_owner])
        yield Finding(
            "/spec/lifecycle",
            f"{entity.key} is {entity.spec['lifecycle']}, and {counted(count, 'entity', 'entities')} still "
            f"{'depends' if count == 1 else 'depend'} on it: {owners}",
            observed=count,
            expected="nothing that still depends on it",
        )


RULE = Rule(
    id="lifecycle/deprecated-in-use",
    title="It is deprecated and still in use",
    description=(
        "It can be switched off when nothing depends on it any more. Here its owner sees who is left to be asked, by "
        "team; each of them is told as well, by lifecycle/depends-on-deprecated."
    ),
    remediation="Help its consumers to move to the successor, and agree on a date with their teams.",
    severity=Severity.WARNING,
    reads="graph",
    reach=("spec.lifecycle of (^$relations)/ownedBy",),
    parameters={
        "deprecated": texts("Lifecycles that nothing else should depend on.", "deprecated"),
        "relations": texts("The relations that count as depending.", "dependsOn", "consumesApi", least=1),
    },
    evaluate=_evaluate,
    source=__file__,
)
