"""What a rule is, in words: for the terminal and for the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bylaw.rules.rule import Rule

_LOOKS_AT = {"entity": "the entity alone", "relations": "the entity and its neighbours", "graph": "the whole catalog"}


def judges(rule: Rule) -> str:
    """What it judges: ``Component, API where spec.type is service``."""
    if rule.subject == "catalog":
        return "the catalog as a whole"
    if rule.subject in {"document", "problem"}:
        return "every document"
    kinds = ", ".join(rule.applies_to.get("kind", ())) or "every entity"
    more = [f"{key} is {' or '.join(each)}" for key, each in rule.applies_to.items() if key != "kind"]
    who = " where ".join([kinds, " and ".join(more)] if more else [kinds])
    return f"changes of {who}" if rule.subject == "change" else who


def looks_at(rule: Rule) -> str:
    """How far beyond what it judges it looks."""
    return _LOOKS_AT[rule.reads]


def reach(rule: Rule) -> str:
    """How far it says that it looks, in the terms of ``rules.reach``: a gate reads no more for it."""
    if rule.reach is None:
        return f"{looks_at(rule)}: the rule says no reach"
    return "; ".join(rule.reach) or "nothing but what it judges"


def language(rule: Rule) -> str:
    """What it is written in."""
    return "Rego" if rule.package else "Python"
