"""What callers may do: one scope per kind of route."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "admission:review": "ask whether Kubernetes may admit an object",
        "authorize:run": "ask whether a subject may do something",
        "bundle:read": "fetch the bundles that OPA loads",
        "catalog:read": "read entities, the graph, findings and the snapshot",
        "catalog:write": "push entities and events of the catalog",
        "check:run": "have entities and changes judged",
        "decision:read": "read the decision log",
        "decision:write": "hand in decisions that OPA has made",
        "metrics:read": "read the metrics",
        "preflight:run": "ask whether a template may create what it would",
    }
)
"""Each scope, and what it lets do."""
ALL = frozenset(SCOPES)
"""Every scope there is."""


def faults(scopes: Iterable[str]) -> list[str]:
    """What is wrong with scopes that settings name, a clause each."""
    from bylaw.model import did_you_mean

    named, known = tuple(scopes), ", ".join(sorted(ALL))
    if not named:
        return [f"names no scope, so it lets do nothing; expected some of {known}"]
    unknown = (scope for scope in named if scope not in ALL)
    return [f"there is no scope {scope}{did_you_mean(scope, ALL) or f'; there are {known}'}" for scope in unknown]
