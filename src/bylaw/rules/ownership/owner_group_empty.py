"""ownership/owner-group-empty"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Entity, Finding, Severity
from bylaw.rules.ownership.people import known_people
from bylaw.rules.phrases import counted, listed
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _evaluate(entity: Entity, context: Context) -> Iterator[Finding]:
    people = context.once(_people)
    if people is None or entity.key in people:
        return
    owned = context.graph.owned_by(entity.key)
    if owned:
        yield Finding(
            "/spec/members",
            f"{entity.key} owns {counted(len(owned), 'entity', 'entities')} ({listed(owned)}), and nobody is a member "
            "of it or of a group below it",
            expected="a User who is a member",
        )


def _people(context: Context) -> Mapping[str, tuple[str, ...]] | None:
    return known_people(context, 1)


RULE = Rule(
    id="ownership/owner-group-empty",
    title="The owner is a group without people",
    description=(
        "A group in which nobody is left owns on paper only: no question, page or access request arrives anywhere. "
        "Judged are whole catalogs that hold Users, once for each group that owns something."
    ),
    remediation=(
        "Name its people, in spec.members of the Group or spec.memberOf of each User; or give what it owns to a team "
        "that has some."
    ),
    severity=Severity.WARNING,
    applies_to={"kind": ("Group",)},
    reads="graph",
    reach=("names(ownerOf)", "names(parentOf*/hasMember)", "kind(User)"),
    evaluate=_evaluate,
    source=__file__,
)
