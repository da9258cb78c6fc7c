"""ownership/group-hierarchy-inconsistent"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Entity, Finding, Severity
from bylaw.rules.parameters import texts
from bylaw.rules.phrases import listed
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator


def _evaluate(entity: Entity, context: Context) -> Iterator[Finding]:
    is_group = entity.kind == "Group"
    relation, field, role = ("childOf", "parent", "child") if is_group else ("memberOf", "memberOf", "member")
    graph, entities = context.graph, context.catalog.entities
    groups = {each for each in graph.targets(entity.key, relation) if each.startswith("group:") and each in entities}
    groups.discard(entity.key)  # catalog/hierarchy-cycle says so
    said = (each.target for each in context.catalog.references(entity) if each.field.relation == relation)
    own = groups.intersection(said)
    others = groups - own
    if others and not is_group:  # whoever is in a group is in those above it as well
        teams = [each for each in others if entities[each].spec.get("type") in context.parameters["types"]]
        others = set(graph.strangers(teams, own)) if own else set()
    if others and (own or len(others) > 1):
        documents = {each: entities[each].document for each in sorted(others)}
        places = [f"{each} ({document.path or document.url})" for each, document in documents.items()]
        names = f"names {listed(sorted(own))} in {field}, but" if own else f"names no {field}, and"
        yield Finding(
            f"/spec/{field}",
            f"{entity.key} {names} is named as a {role} by {listed(places)}",
            observed=sorted(own),
            expected="one parent" if is_group else "all the teams that name it",
        )


RULE = Rule(
    id="ownership/group-hierarchy-inconsistent",
    title="Groups contradict one another",
    description=(
        "Backstage shows both sides of a contradiction as true: a group with two parents belongs to two departments, "
        "and whoever has left a team in one file is still in it in another, with all that it may do."
    ),
    remediation=(
        "Make both say the same: a Group is named in the children of its parent alone, and a User who names groups in "
        "memberOf names every team that has it among its members."
    ),
    severity=Severity.WARNING,
    applies_to={"kind": ("Group", "User")},
    reads="graph",
    reach=("names(childOf)", "spec.type of memberOf", "names(memberOf/childOf*)"),
    parameters={"types": texts("Types of group that a User has to name; a guild may list anybody.", "team", "squad")},
    evaluate=_evaluate,
    source=__file__,
)
