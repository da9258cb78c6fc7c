"""Objects of the cluster as policies see them: `data.inventory`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bylaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bylaw.admission.gatekeeper.manifests import Manifest


def build(manifests: Iterable[Manifest], *, last_wins: bool = False) -> dict[str, Any]:
    """`cluster[groupVersion][kind][name]` and `namespace[namespace][groupVersion][kind][name]` of objects.

    Raises:
        ConfigError: an object has no version or kind, or two are the same one, unless the last one wins.
    """
    found: dict[str, Any] = {}
    places: dict[tuple[str, ...], str] = {}
    for each in manifests:
        if not each.version or not each.kind:
            raise ConfigError(f"{each.place}: an object of the inventory needs apiVersion and kind")
        group_version = f"{each.group}/{each.version}" if each.group else each.version
        around = ("namespace", each.namespace) if each.namespace else ("cluster",)
        way = (*around, group_version, each.kind, each.name)
        if way in places and not last_wins:
            raise ConfigError(f"{each.place}: {each.kind} {each.name} stands at {places[way]} already")
        places[way] = each.place
        at = found
        for step in way[:-1]:
            at = at.setdefault(step, {})
        at[way[-1]] = each.value
    return found


def namespace(inventory: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """A Namespace of the inventory."""
    found = inventory.get("cluster", {}).get("v1", {}).get("Namespace", {}).get(name)
    return found if isinstance(found, dict) else None
