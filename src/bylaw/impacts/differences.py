"""What two policy sets say differently of each rule."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bylaw.gates import stages

if TYPE_CHECKING:
    from bylaw.config import Level, Settings
    from bylaw.rules import Policies, Rule

What = Literal["text", "severity", "enforcement", "parameter"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two policy sets say differently of a rule; None where a side does not have it.

    ``text`` is the digest of the rule's source, and where one side lacks it the rule is added or removed; then
    nothing else is said of it but its enforcement. ``enforcement`` is the stages that can still count, a tuple of
    ``Level``. ``parameter`` has a ``name``.
    """

    rule: str
    what: What
    before: Any
    after: Any
    name: str = ""


def differences(
    before: Policies, before_settings: Settings, after: Policies, after_settings: Settings
) -> tuple[Difference, ...]:
    """All differences, in the order of the rules' ids."""
    old, new = _terms(before, before_settings), _terms(after, after_settings)
    found = []
    for rule in sorted({*old, *new}):
        one, other = old.get(rule, {}), new.get(rule, {})
        for what, name in sorted({*one, *other}, key=_order):
            if not (one and other) and what not in {"text", "enforcement"}:
                continue
            said = one.get((what, name)), other.get((what, name))
            if said[0] != said[1]:
                found.append(Difference(rule, what, *said, name))
    return tuple(found)


def libraries(before: Policies, after: Policies) -> tuple[str, ...]:
    """The packages of shared Rego that are not the same on both sides."""
    old, new = (
        {each.package: each.text for each in policies.modules if each.is_library} for policies in (before, after)
    )
    return tuple(sorted(name for name in {*old, *new} if old.get(name) != new.get(name)))


def _terms(policies: Policies, settings: Settings) -> dict[str, dict[tuple[What, str], Any]]:
    texts = {each.package: each.text for each in policies.modules}
    terms: dict[str, dict[tuple[What, str], Any]] = {}
    for rule in policies.rules:
        terms[rule.id] = {
            ("text", ""): _digest(rule, texts),
            ("severity", ""): rule.severity,
            ("enforcement", ""): _that_count(stages(rule.id, rule.severity, settings.enforcement)),
            **{("parameter", name): value for name, value in policies.parameters[rule.id].items()},
        }
    return terms


def _digest(rule: Rule, texts: dict[str, str]) -> str:
    text = texts[rule.package].encode() if rule.package else Path(rule.source).read_bytes()
    return f"sha256:{sha256(text).hexdigest()}"


def _that_count(stages: tuple[Level, ...]) -> tuple[Level, ...]:
    """The stages from the last that always holds: it hides those before it."""
    return stages[max(number for number, each in enumerate(stages) if each.from_ is None and not each.owners) :]


def _order(term: tuple[What, str]) -> tuple[int, str]:
    return (("text", "severity", "enforcement", "parameter").index(term[0]), term[1])
