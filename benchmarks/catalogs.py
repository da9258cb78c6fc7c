"""Catalogs of any size, always the same for the same size."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

GROUPS = 50


def entity(number: int, total: int) -> dict[str, object]:
    """The entity of that number: groups first, then systems, APIs and components that refer to one another."""
    metadata: dict[str, object] = {"name": f"e{number}", "description": f"Entity {number} of a catalog of {total}"}
    base: dict[str, object] = {"apiVersion": "backstage.io/v1alpha1", "metadata": metadata}
    groups = min(GROUPS, max(1, total // 20))
    if number < groups:
        parent = {} if number == 0 else {"parent": f"e{(number - 1) // 3}"}
        return {**base, "kind": "Group", "spec": {"type": "team", "children": [], **parent}}
    owner = f"e{number % groups}"
    metadata["annotations"] = {
        "backstage.io/techdocs-ref": f"url:https://git.example.com/e{number}",
        "backstage.io/source-location": f"url:https://git.example.com/e{number}",
    }
    metadata["tags"] = ["java", f"tier-{number % 4}"]
    metadata["links"] = [{"url": f"https://grafana.example.com/d/e{number}", "title": "Dashboard"}]
    if number % 20 == 0:
        return {**base, "kind": "System", "spec": {"owner": owner}}
    if number % 5 == 0:
        api = {"type": "openapi", "lifecycle": "production", "owner": owner, "definition": "openapi: 3.0.3\n"}
        return {**base, "kind": "API", "spec": api}
    others = [groups + (number * step) % (total - groups) for step in (7, 13)]
    refs = [f"component:e{other}" for other in others if other % 5]
    spec: dict[str, object] = {
        "type": "service",
        "lifecycle": "deprecated" if number % 100 == 1 else "production",
        "owner": owner if number % 49 else f"e{number}-gone",
        "system": f"e{_last(number, 20, groups)}",
        "providesApis": [f"e{_last(number, 5, groups, but=20)}"],
        "dependsOn": refs,
    }
    return {**base, "kind": "Component", "spec": spec}


def _described(number: int, total: int) -> dict[str, object]:
    """The same entity with all that the rules ask of it in production; one in twenty lacks it."""
    made = entity(number, total)
    metadata, spec = made["metadata"], made["spec"]
    if number % 20 == 1 or not isinstance(metadata, dict) or not isinstance(spec, dict):
        return made
    metadata["labels"] = {"cost-centre": f"cc-{number % 7}"}
    metadata["annotations"] = {
        **metadata.get("annotations", {}),
        "backstage.io/kubernetes-id": f"e{number}",
        "bylaw.dev/reviewed": "2025-12-01",
        "grafana/dashboard-selector": f"e{number}",
        "pagerduty.com/service-id": f"P{number:06}",
        "vault.io/secrets-path": f"secret/e{number}",
    }
    runbook = {"url": f"https://git.example.com/e{number}/runbook", "title": "Runbook", "type": "runbook"}
    metadata["links"] = [*metadata.get("links", []), runbook]
    if made["kind"] == "API":
        paths = {"/things": {"get": {"responses": {"200": {"description": "All of them"}}}}}
        definition = {"openapi": "3.0.3", "info": {"title": f"e{number}", "version": "1"}, "paths": paths}
        spec["definition"] = json.dumps(definition)
    return made


def _last(number: int, step: int, groups: int, but: int = 0) -> int:
    """The nearest number at or above the groups that is a multiple of ``step`` and not of ``but``."""
    found = max(number - number % step, -(-groups // step) * step)
    return found + step if but and found % but == 0 else found


def write(folder: Path, total: int, per_file: int, *, described: bool = False) -> list[Path]:
    """Write ``total`` entities, ``per_file`` in a file; the files, in order."""
    make = _described if described else entity
    paths = []
    for start in range(0, total, per_file):
        path = folder / f"{start // per_file // 100:03}" / f"{start // per_file:05}" / "catalog-info.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "---\n".join(as_yaml(make(number, total)) for number in range(start, min(start + per_file, total)))
        )
        paths.append(path)
    return paths


def as_yaml(value: object, indent: str = "") -> str:
    """Block YAML as people write it."""
    lines = []
    for key, item in value.items() if isinstance(value, dict) else ():
        if isinstance(item, dict) and item:
            lines.append(f"{indent}{key}:\n{as_yaml(item, indent + '  ')}")
        elif isinstance(item, list) and item:
            lines.append(f"{indent}{key}:\n" + "".join(_item(each, indent) for each in item))
        else:
            lines.append(f"{indent}{key}: {json.dumps(item)}\n" if not _is_plain(item) else f"{indent}{key}: {item}\n")
    return "".join(lines)


def _item(value: object, indent: str) -> str:
    if isinstance(value, dict):
        inside = as_yaml(value, indent + "    ")
        return f"{indent}  - {inside[len(indent) + 4 :]}"
    return f"{indent}  - {value}\n"


def _is_plain(value: object) -> bool:
    return (
        isinstance(value, str) and value.replace("-", "").replace(" ", "").replace("/", "").replace(".", "").isalnum()
    )
