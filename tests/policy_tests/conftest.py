"""A folder of policies, made by hand: one rule with its test and its fixture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

RULE = """\
# METADATA
# title: No description
# description: Whoever meets it first does not know what it is for.
# custom:
#   severity: warning
#   applies_to: {kind: [Component]}
#   reads: entity
#   remediation: Write one.
package bylaw.docs.summary_missing

import rego.v1
import future.keywords.not

findings contains {"pointer": "/metadata/description", "message": message} if {
	not input.metadata.description
	message := sprintf("%s has no description", [input.metadata.name])
}
"""
TEST = """\
package bylaw.docs.summary_missing_test

import rego.v1

import data.bylaw.docs.summary_missing as rule

test_fail_without if {
	rule.findings == {{
		"pointer": "/metadata/description",
		"message": "orders has no description",
	}} with input as {"metadata": {"name": "orders"}}
}

test_success_with if {
	rule.findings == set() with input as {"metadata": {"name": "orders", "description": "Takes orders."}}
}
"""
CATALOG = """\
# OK
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: cart
  description: Holds what will be ordered.
---
# NOT OK: no description
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: orders
"""
EXPECTED = """\
findings:
  - entity: component:default/orders
    pointer: /metadata/description
    message: orders has no description
"""


class Policies:
    """The folder and its files; ``write`` replaces or adds one."""

    rego = "policies/docs/summary_missing/summary_missing.rego"
    test = "policies/docs/summary_missing/summary_missing_test.rego"
    fixture = "fixtures/rules/docs/summary-missing"

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write(self.rego, RULE)
        self.write(self.test, TEST)
        self.write(f"{self.fixture}/catalog.yaml", CATALOG)
        self.write(f"{self.fixture}/expected.yaml", EXPECTED)

    def write(self, path: str, text: str) -> None:
        whole = self.root / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text, encoding="utf-8")

    def change(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text("utf-8")
        assert old in text
        self.write(path, text.replace(old, new))


@pytest.fixture
def policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Policies:
    """A good rule, its tests and its fixture, in the current folder."""
    monkeypatch.chdir(tmp_path)
    return Policies(tmp_path)
