"""ownership/owner-unknown, once more in Python."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bylaw.model import Entity, Finding, Outcome, Severity
from bylaw.rules import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator


def evaluate(entity: Entity, context: Context) -> Iterator[Finding]:
    where = "the catalog" if context.catalog.complete else "the files read"
    for each in context.catalog.references(entity):
        target = each.target
        if each.field.relation != "ownedBy" or target is None or target in context.catalog.entities:
            continue
        if target.partition(":")[0] in {"group", "user"} and each.text.strip():
            yield Finding(
                each.pointer,
                f"owner {each.text} of {entity.key} is not in {where}",
                observed=each.text,
                expected="a Group or User of the catalog",
                outcome=_outcome(target, context),
                nearest_of={"kinds": ["Group", "User"]},
            )


def _outcome(target: str, context: Context) -> Outcome:
    """In a part of a catalog nobody can tell, unless no entity could bear such a name."""
    could_be = re.fullmatch(
        r"[a-z][a-z0-9]{0,62}:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9]([a-z0-9_.-]{0,61}[a-z0-9])?", target
    )
    return Outcome.UNKNOWN if could_be and not context.catalog.complete else Outcome.FAIL


RULE = Rule(
    id="twin/owner-unknown",
    title="Twin",
    description="What the Rego rule says.",
    remediation="See there.",
    severity=Severity.ERROR,
    reads="relations",
    evaluate=evaluate,
)
