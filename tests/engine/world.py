"""Small catalogs and policies for the tests of the engine."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from bylaw.catalog import Catalog, Kinds, build
from bylaw.config import CatalogSettings
from bylaw.graphs import Graph
from bylaw.model import Document

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 6, 15)
KINDS = Kinds.of(CatalogSettings())


def entity(name: str, kind: str = "Component", namespace: str | None = None, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def catalog(*entities: Any, complete: Any = "auto") -> Catalog:
    """A catalog of these, each in a file of its own: ``000.yaml``, ``001.yaml`` …"""
    documents = [Document(f"{number:03}.yaml", 0, data) for number, data in enumerate(entities)]
    return build(documents, KINDS, complete)


def graph(made: Catalog) -> Graph:
    return Graph.build(made.entities, made.edges())


PYTHON_RULE = """\
import os, sys, time
from bylaw.model import Finding, Location, Outcome, Severity
from bylaw.rules import Rule


def evaluate(subject, context):
{body}


RULE = Rule(
    id="{rule_id}", title="T", description="D", remediation="R", severity=Severity.{severity}, evaluate=evaluate, {more}
)
"""


def python_rule(folder: Path, rule_id: str, body: str, *, severity: str = "ERROR", more: str = "") -> Path:
    """A rule in Python: ``body`` begins on line 7 of its file."""
    path = folder / f"{rule_id.replace('/', '_').replace('-', '_')}.py"
    indented = "\n".join(f"    {line}" for line in body.split("\n"))
    path.write_text(PYTHON_RULE.format(body=indented, rule_id=rule_id, severity=severity, more=more))
    return path


REGO_RULE = """\
# METADATA
# title: T
# description: D
# custom:
#   severity: {severity}
#   remediation: R
#   reads: graph
package bylaw.{package}

import rego.v1
import future.keywords.not

{body}
"""


def rego_rule(folder: Path, rule_id: str, body: str, *, severity: str = "error") -> Path:
    """A rule in Rego: ``body`` begins on line 13 of its file."""
    path = folder / f"{rule_id.replace('/', '_').replace('-', '_')}.rego"
    package = rule_id.replace("/", ".").replace("-", "_")
    path.write_text(REGO_RULE.format(body=body, package=package, severity=severity))
    return path
