"""``bylaw new rule``: a rule that works at once, with its test and its fixture, to be changed into what is meant.

What it judges is an example: a Component needs a description. The Rego stands on its own (no library of
bylaw's), so that ``opa test`` runs it as well.
"""

from __future__ import annotations

import json
import re
from string import Template
from typing import TYPE_CHECKING, Any, Literal

from bylaw.errors import UsageError
from bylaw.policy_tests.layout import CATALOG, EXPECTED
from bylaw.rules import Rule, bundled_policies

if TYPE_CHECKING:
    from pathlib import Path

    from bylaw.model import Severity
    from bylaw.rules import Policies, Reads

_DESCRIPTION = "Why this matters, in one or two sentences."
_REMEDIATION = "What to do about it."
_LONGEST_TITLE = 100
_PLAIN_YAML = re.compile(r"[A-Za-z](?:[\w ,.()/'-]*[\w.)])?\Z")
_NO_PACKAGE = frozenset(
    {"as", "contains", "default", "else", "every", "false", "if", "import", "in", "not"}
    | {"null", "package", "some", "true", "with"}
)


def rule(
    rule_id: str, *, title: str | None, severity: Severity, reads: Reads, language: Literal["rego", "python"]
) -> Rule:
    """The rule to be written.

    Raises:
        ConfigError: an id of another form than ``category/problem-in-kebab-case``.
        UsageError: an id that cannot be a Rego package or would look like a test, or a title of odd characters.
    """
    title = (title or rule_id.partition("/")[2].replace("-", " ").capitalize()).strip()
    if not title.isprintable() or len(title) > _LONGEST_TITLE:
        raise UsageError(f"--title {title[:40]!r}: expected one line of at most {_LONGEST_TITLE} characters")
    new = Rule(
        id=rule_id,
        title=title or rule_id,
        description=_DESCRIPTION,
        remediation=_REMEDIATION,
        severity=severity,
        reads=reads,
        applies_to={"kind": ("Component",)},
        **_written_in(language, rule_id),
    )
    category, _, name = rule_id.partition("/")
    if name.endswith("-test"):
        raise UsageError(f"{rule_id}: a name that ends in -test would look like the test of another rule")
    if category == "lib":
        raise UsageError(f"{rule_id}: the category lib is for what rules import (data.bylaw.lib); choose another")
    for part in (category, name):
        if part in _NO_PACKAGE:
            raise UsageError(f"{rule_id}: {part} is a word of Rego and cannot be part of a package; choose another")
    return new


def _written_in(language: Literal["rego", "python"], rule_id: str) -> dict[str, Any]:
    """What a Rule needs besides its words, for it to be one."""
    if language == "python":
        return {"evaluate": lambda subject, context: ()}
    return {"package": f"bylaw.{_snake(rule_id).replace('/', '.')}"}


def write(new: Rule, policies: Path, fixtures: Path, known: Policies) -> list[Path]:
    """Write its files and return them. Nothing is ever overwritten, and of several files all or none are new.

    Raises:
        UsageError: a file is there already or cannot be written, or another rule has the last part of the id.
    """
    name = new.id.partition("/")[2]
    for other in known.rules:
        if other.id == new.id:
            raise UsageError(f"{new.id}: there is such a rule already, {other.shown_source}")
        if other.id.partition("/")[2] == name:
            raise UsageError(
                f"{new.id}: the last part of an id is unique, and {other.id} ({other.shown_source}) has this one; "
                "choose another"
            )
    if new.language == "python" and policies.resolve().is_relative_to(bundled_policies().resolve()):
        raise UsageError(f"{policies}: holds the Rego that comes with bylaw; name another folder with --policies")
    files = contents(new, policies, fixtures)
    for path in files:
        if path.exists() or path.is_symlink():
            raise UsageError(f"{path}: is there already; nothing was written")
    for path, text in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written ({error.strerror})") from None
    return list(files)


def contents(new: Rule, policies: Path, fixtures: Path) -> dict[Path, str]:
    """The files of a new rule, with what stands in them."""
    words = {
        "id": new.id,
        "title": new.title if _PLAIN_YAML.match(new.title) else json.dumps(new.title, ensure_ascii=False),
        "python_title": repr(new.title) if '"' in new.title else f'"{new.title}"',
        "description": new.description,
        "remediation": new.remediation,
        "severity": new.severity,
        "python_severity": new.severity.name,
        "reads": new.reads,
        "looks_at": _LOOKS_AT[new.reads],
        "package": new.package or "",
    }
    name = _snake(new.id.partition("/")[2])
    folder = policies / _snake(new.category) / name
    written = (
        {folder / f"{name}.rego": _REGO, folder / f"{name}_test.rego": _TEST}
        if new.package
        else {folder / f"{name}.py": _PYTHON}
    )
    cases = fixtures / new.id
    written |= {cases / CATALOG: _CATALOG, cases / EXPECTED: _EXPECTED}
    return {path: Template(text).substitute(words) for path, text in written.items()}


def _snake(text: str) -> str:
    return text.replace("-", "_")


_LOOKS_AT = {
    "entity": "",
    "relations": """
# data.catalog.relations[ref] holds the refs it is related to, by relation, there and back;
# data.catalog.entities[ref] each of those that exist. custom.reach says which of them the rule looks at, so that a gate
# asks no others: reach: [ownedBy].""",
    "graph": """
# data.catalog.relations[ref] holds the refs that anything is related to, by relation, there and back;
# data.catalog.entities[ref] everything that exists; data.catalog.groups[ref] the tree of groups. custom.reach says what
# of it the rule looks at, without which a gate has to judge the whole catalog: reach: [ownedBy/childOf*].""",
}

_REGO = """\
# METADATA
# title: $title
# description: $description
# custom:
#   severity: $severity
#   applies_to: {kind: [Component]}
#   reads: $reads
#   remediation: $remediation
package $package

import rego.v1
import future.keywords.not

# input is the entity as its author wrote it.$looks_at
findings contains {
	"pointer": "/metadata/description",
	"message": sprintf("%s %s has no description", [input.kind, input.metadata.name]),
	"expected": "a sentence that says what it is for",
} if {
	not _described
}

_described if {
	is_string(input.metadata.description)
	trim_space(input.metadata.description) != ""
}
"""

_TEST = """\
package ${package}_test

import rego.v1

import data.$package as rule

test_fail_without_a_description if {
	rule.findings == {_finding} with input as _component({})
}

test_fail_with_a_blank_description if {
	rule.findings == {_finding} with input as _component({"description": " "})
}

test_success_with_a_description if {
	rule.findings == set() with input as _component({"description": "Takes orders."})
}

_finding := {
	"pointer": "/metadata/description",
	"message": "Component orders has no description",
	"expected": "a sentence that says what it is for",
}

_component(more) := {
	"kind": "Component",
	"metadata": object.union({"name": "orders", "namespace": "default"}, more),
}
"""

_PYTHON = '''\
"""$id"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bylaw.model import Entity, Finding, Severity
from bylaw.rules import Context, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator


def _evaluate(entity: Entity, context: Context) -> Iterator[Finding]:
    metadata = entity.data["metadata"]
    description = metadata.get("description")
    if not isinstance(description, str) or not description.strip():
        yield Finding(
            "/metadata/description",
            f"{entity.kind} {metadata['name']} has no description",
            expected="a sentence that says what it is for",
        )


RULE = Rule(
    id="$id",
    title=$python_title,
    description="$description",
    remediation="$remediation",
    severity=Severity.$python_severity,
    reads="$reads",
    applies_to={"kind": ("Component",)},
    evaluate=_evaluate,
    source=__file__,
)
'''

_CATALOG = """\
# OK
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: described
  description: Takes orders.
spec:
  type: service
  lifecycle: production
  owner: team-orders
---
# NOT OK: no description
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: orders
spec:
  type: service
  lifecycle: production
  owner: team-orders
---
# NOT OK: a blank description
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: carts
  description: " "
spec:
  type: service
  lifecycle: production
  owner: team-orders
---
# NOT OK: a description that is no text
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: stock
  description: 42
spec:
  type: service
  lifecycle: production
  owner: team-orders
"""

_EXPECTED = """\
findings:
  - entity: component:default/orders
    pointer: /metadata/description
    message: Component orders has no description
    expected: a sentence that says what it is for
  - entity: component:default/carts
    pointer: /metadata/description
    message: Component carts has no description
  - entity: component:default/stock
    pointer: /metadata/description
    message: Component stock has no description
"""
