"""ownership/owner-too-broad"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Entity, Finding, Severity
from bylaw.rules.ownership.people import known_people
from bylaw.rules.parameters import number, texts
from bylaw.rules.phrases import counted, listed
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _evaluate(entity: Entity, context: Context) -> Iterator[Finding]:
    most, kinds, least = (context.parameters[name] for name in ("entities", "kinds", "members"))
    owned = context.graph.owned_by(entity.key)
    counting = tuple(f"{kind.lower()}:" for kind in kinds)
    count = sum(key.startswith(counting) for key in owned)
    if count > most:
        yield Finding(
            "/metadata/name",
            f"{entity.key} owns {count} entities of kind {' or '.join(kinds)}, more than {most}",
            observed=count,
            expected=f"at most {most}",
        )
    people = context.once(_people).get(entity.key, ())
    if owned and 0 < len(people) < least:  # none at all: ownership/owner-group-empty
        yield Finding(
            "/spec/members",
            f"{entity.key} owns {counted(len(owned), 'entity', 'entities')}, and it and the groups below it have only "
            f"{counted(len(people), 'member')}: {listed(people)}",
            observed=len(people),
            expected=f"at least {least}",
        )


def _people(context: Context) -> Mapping[str, tuple[str, ...]]:
    return known_people(context, context.parameters["members"]) or {}


RULE = Rule(
    id="ownership/owner-too-broad",
    title="A group owns too much for its people",
    description="Nobody looks after one of hundreds, and what a single person owns waits while that person is away.",
    remediation="Divide what it owns among the teams that work on it, or give the group a second member.",
    severity=Severity.INFO,
    applies_to={"kind": ("Group",)},
    reads="graph",
    reach=("names(ownerOf)", "names(parentOf*/hasMember)", "kind(User)"),
    parameters={
        "entities": number("How many entities one group may own.", 50),
        "kinds": texts("The kinds that count: an API comes with its Component.", "Component"),
        "members": number("Members that an owner should have, where Users are known.", 2, least=1, most=100),
    },
    evaluate=_evaluate,
    source=__file__,
)
