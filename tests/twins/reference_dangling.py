"""catalog/reference-dangling, once more in Python."""

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
        target, kinds = each.target, list(each.field.allowed_kinds)
        if each.field.relation == "ownedBy" or target is None or target in context.catalog.entities:
            continue
        kind = target.partition(":")[0]
        if kinds and kind not in map(str.lower, kinds):
            continue
        article = "an" if not kinds or kinds[0][0] in "AEIO" else "a"
        yield Finding(
            each.pointer,
            f"{each.field.path[-1]} of {entity.key} refers to {target}, which is not in {where}",
            observed=each.text,
            expected=f"{article} {' or '.join(kinds) or 'entity'} of the catalog",
            outcome=_outcome(target, context),
            nearest_of={"kinds": kinds or [kind]},
        )


def _outcome(target: str, context: Context) -> Outcome:
    """In a part of a catalog nobody can tell, unless no entity could bear such a name."""
    could_be = re.fullmatch(
        r"[a-z][a-z0-9]{0,62}:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9]([a-z0-9_.-]{0,61}[a-z0-9])?", target
    )
    return Outcome.UNKNOWN if could_be and not context.catalog.complete else Outcome.FAIL


RULE = Rule(
    id="twin/reference-dangling",
    title="Twin",
    description="What the Rego rule says.",
    remediation="See there.",
    severity=Severity.ERROR,
    reads="relations",
    evaluate=evaluate,
)
