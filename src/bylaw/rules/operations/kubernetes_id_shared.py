"""operations/kubernetes-id-shared"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from bylaw.catalog import pointer
from bylaw.model import Entity, Finding, Severity
from bylaw.rules.parameters import text, texts
from bylaw.rules.phrases import listed
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def _evaluate(entity: Entity, context: Context) -> Iterator[Finding]:
    claimed, claimants = context.once(_claims).get(entity.key, ("", ()))
    if len(claimants) > 1:
        yield Finding(
            pointer("metadata", "annotations", context.parameters["annotation"]),
            f"{entity.key} is one of {len(claimants)} that claim the workloads of {claimed}: {listed(claimants)}",
            observed=claimed,
            expected="an id that no other entity has",
        )


def _claims(context: Context) -> Mapping[str, tuple[str, Sequence[str]]]:
    """The id by which each entity claims workloads, and all that make the same claim."""
    given = context.parameters
    names = (given["selector"], given["annotation"], *given["narrowed_by"])
    claims: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for key, entity in context.catalog.entities.items():
        annotations = entity.data["metadata"].get("annotations")
        if entity.kind in given["kinds"] and isinstance(annotations, dict):
            values = [value.strip() if isinstance(value, str) else "" for value in map(annotations.get, names)]
            if values[1] and not values[0]:
                claims[tuple(values)].append(key)
    return {key: (claim[1], claimants) for claim, claimants in claims.items() for key in claimants}


RULE = Rule(
    id="operations/kubernetes-id-shared",
    title="Two entities claim the same workloads",
    description="Each shows the pods and errors of the other as its own, and whose a workload is cannot be told.",
    remediation="Give each entity an id of its own, and put it on its workloads as a label.",
    severity=Severity.ERROR,
    reads="graph",
    reach=("same($annotation)",),
    parameters={
        "annotation": text("The annotation that claims workloads.", "backstage.io/kubernetes-id"),
        "selector": text("The annotation that counts instead of it.", "backstage.io/kubernetes-label-selector"),
        "narrowed_by": texts(
            "Annotations that narrow a claim.", "backstage.io/kubernetes-namespace", "backstage.io/kubernetes-cluster"
        ),
        "kinds": texts("The kinds that are compared with one another.", "Component"),
    },
    evaluate=_evaluate,
    source=__file__,
)
