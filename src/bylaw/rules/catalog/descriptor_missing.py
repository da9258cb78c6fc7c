"""catalog/descriptor-missing"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Finding, Severity
from bylaw.rules.rule import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.catalog import Catalog


def _evaluate(catalog: Catalog, context: Context) -> Iterator[Finding]:
    paths = set(catalog.paths)
    if not paths and not catalog.documents and not catalog.rest.kinds:
        yield Finding("", "no catalog file was found in what was to be read", expected="catalog-info.yaml", key="")
        return
    described: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in described:
            described.add(folder)
            folder = folder.rpartition("/")[0]
    for folder in catalog.folders:
        if folder not in described:
            yield Finding("", f"{folder} holds no catalog file", expected=f"{folder}/catalog-info.yaml", key=folder)


RULE = Rule(
    id="catalog/descriptor-missing",
    title="A repository, or a part of it, is not in the catalog",
    description=(
        "What has no catalog file has no owner, no lifecycle and no dependencies that anybody could ask for: no other "
        "rule can judge it."
    ),
    remediation="Add a catalog-info.yaml, or take the folder out of the parameter `directories`.",
    severity=Severity.ERROR,
    reads="graph",
    reach=(),  # the files of a catalog are known, even where only a part of it is at hand
    parameters={
        "directories": {
            "description": "Folders of which each must hold a catalog file, such as services/*; globs from the root.",
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "default": [],
        }
    },
    subject="catalog",
    evaluate=_evaluate,
    source=__file__,
)
