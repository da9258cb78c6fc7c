"""What an impact comes to, in words. Text of strangers in it is made visible."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bylaw.model import Decision
from bylaw.reports.json_v1 import plain
from bylaw.reports.terminal import cut, visible
from bylaw.reports.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bylaw.config import Level
    from bylaw.impacts import Difference, Flip, Impact, RuleImpact
    from bylaw.model import Finding

ENDS = (Decision.DENIED, Decision.UNDECIDED, Decision.ALLOWED)
"""What becomes of flips, what matters most first."""
NUMBERS = (*ENDS, "owners", "new", "gone", "changed")
"""The titles of ``numbers``."""
NOBODY = "(nobody)"

_KINDS = (
    (Decision.ALLOWED, Decision.DENIED),
    (Decision.ALLOWED, Decision.UNDECIDED),
    (Decision.UNDECIDED, Decision.DENIED),
    (Decision.DENIED, Decision.UNDECIDED),
    (Decision.UNDECIDED, Decision.ALLOWED),
    (Decision.DENIED, Decision.ALLOWED),
)
_DECIDES = {Decision.ALLOWED: "allows", Decision.DENIED: "denies", Decision.UNDECIDED: "leaves undecided"}
_VALUE = 40  # columns of a parameter's value


def headline(impact: Impact, quoted: Callable[[str], str] = visible) -> str:
    """How many flip, and which way. ``quoted`` shows the names of the sides."""
    said: list[str] = []
    for before, after in _KINDS:
        if flips := impact.of(before, after):
            owners = {owner for flip in flips for owner in flip.owners}
            of = f" of {counted(len(owners), 'owner', 'owners')}" if owners else ""
            name = "it" if said else quoted(impact.before.name)
            said.append(f"{subjects(flips)}{of} that {name} {_DECIDES[before]} would be {after}")
    return "; ".join(said) or _nothing(impact)


def _nothing(impact: Impact) -> str:
    appear, vanish, change = (
        sum(getattr(rule, name) for rule in impact.rules) for name in ("appear", "vanish", "change")
    )
    if appear or vanish or change:
        said = [
            *([f"{counted(appear, 'appears', 'appear')}"] if appear else []),
            *([f"{counted(vanish, 'vanishes', 'vanish')}"] if vanish else []),
            *([f"{counted(change, 'counts', 'count')} otherwise"] if change else []),
        ]
        return f"no decision would flip; of the findings {', '.join(said)}"
    return "no finding would change" if impact.rules else "nothing would change"


def subjects(flips: Sequence[Flip]) -> str:
    """``12 entities and 1 document``."""
    entities = sum(each.entity is not None for each in flips)
    documents = len(flips) - entities
    said = [counted(entities, "entity", "entities")] if entities else []
    return " and ".join([*said, *([counted(documents, "document", "documents")] if documents else [])])


def subject(flip: Flip) -> str:
    """What flips, by its name or its place, as a stranger wrote it."""
    if flip.entity is not None:
        return flip.entity
    return (f"{flip.path}#{flip.index + 1}" if flip.index else flip.path) or "the catalog as a whole"


def otherwise(flip: Flip) -> str:
    """What it was before, where what it becomes does not say so."""
    return f"{flip.before} before" if Decision.UNDECIDED in (flip.before, flip.after) else ""


def ends(flips: Iterable[Flip]) -> list[int]:
    """How many there are of each of ``ENDS``."""
    found = [each.after for each in flips]
    return [found.count(end) for end in ENDS]


def numbers(rule: RuleImpact) -> list[int]:
    """What comes of a rule: what flips, of how many owners, and its findings."""
    owners = {owner for flip in rule.flips for owner in flip.owners}
    return [*ends(rule.flips), len(owners), rule.appear, rule.vanish, rule.change]


def differences(said: Sequence[Difference]) -> str:
    """``rewritten; warn → deny``."""
    return "; ".join(map(_difference, said))


def _difference(said: Difference) -> str:
    before, after = said.before, said.after
    if said.what == "text":
        return "added" if before is None else "removed" if after is None else "rewritten"
    if said.what == "enforcement":
        if before is None or after is None:
            return stages(after) if before is None else f"was {stages(before)}"
        return f"{stages(before)} → {stages(after)}"
    if said.what == "parameter":
        return f"{visible(said.name)}: {_parameter(before, after)}"
    return f"{said.what} {before} → {after}"


def _parameter(before: Any, after: Any) -> str:
    if isinstance(before, list) and isinstance(after, list):
        apart = [f"-{_value(each)}" for each in before if each not in after]
        apart += [f"+{_value(each)}" for each in after if each not in before]
        if apart:
            return cut(" ".join(apart), 2 * _VALUE)
    return f"{_value(before)} → {_value(after)}"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)
    return cut(visible(text), _VALUE)


def stages(said: Sequence[Level]) -> str:
    """``warn then deny from 2026-12-01 for group:default/payments``."""
    told = []
    for each in said:
        since = f" from {each.from_}" if each.from_ else ""
        whose = f" for {visible(', '.join(each.owners))}" if each.owners else ""
        told.append(f"{each.level}{since}{whose}")
    return " then ".join(told)


def unanswered(impact: Impact) -> list[tuple[str, Finding, int]]:
    """By side and rule: where a rule came to no answer first, and how often in all."""
    told = []
    for side in (impact.before, impact.after):
        found: dict[str, list[Finding]] = {}
        for finding in side.unanswered:
            found.setdefault(finding.rule, []).append(finding)
        told += [(side.name, found[rule][0], len(found[rule])) for rule in sorted(found)]
    return told
