from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bylaw.config import Settings
from bylaw.engine import data
from bylaw.engine.parts import Parts
from bylaw.engine.rego import Rego, RegoError
from bylaw.rules import Module, load
from tests.engine.world import catalog, entity, graph

POLICIES = load(Settings())
PACKAGES = [rule.package for rule in POLICIES.rules if rule.package and rule.subject == "entity"]
CATALOG = catalog(
    entity("team", "Group", type="team", children=["gone"]),
    entity("a", type="service", lifecycle="production", owner="team", dependsOn=["component:b", "component:gone"]),
    entity("b", type="service", lifecycle="deprecated", owner="user:jane", system="gone"),
    entity("c", "API", type="openapi", lifecycle="prod", owner="component:a"),
)
WHOLE = data.whole(CATALOG, graph(CATALOG), POLICIES, date(2026, 1, 1))


def test_many_rules_in_a_few_engines_say_what_they_say_in_one() -> None:
    one, parts = Rego(POLICIES.modules, WHOLE), Parts(POLICIES.modules, PACKAGES, WHOLE)
    found = 0
    for each in CATALOG.entities.values():
        document = data.document(each)
        one.set_input(document)
        parts.set_input(document)
        for package in PACKAGES:
            assert parts.findings(package) == one.findings(package), f"{package} of {each.key}"
            found += len(one.findings(package))
    assert found > len(CATALOG.entities)


OWN = """\
package bylaw.mine.x

import rego.v1

findings contains finding if some finding in data.bylaw[input.category].owner_unknown.findings
"""


def test_a_rule_of_ones_own_reaches_every_module_by_whatever_name() -> None:
    modules = [*POLICIES.modules, Module("mine.rego", "bylaw.mine.x", OWN)]
    parts = Parts(modules, [*PACKAGES, "bylaw.mine.x"], WHOLE)
    owned = CATALOG.entities["component:default/b"].data
    parts.set_input(
        data.document(replace(CATALOG.entities["component:default/b"], data={**owned, "category": "ownership"}))
    )
    assert parts.findings("bylaw.mine.x") == parts.findings("bylaw.ownership.owner_unknown")
    assert [each["message"] for each in parts.findings("bylaw.mine.x")] == [
        "owner user:jane of component:default/b is not in the catalog"
    ]


def test_no_entity_sees_what_another_was_asked() -> None:
    parts = Parts(POLICIES.modules, PACKAGES, WHOLE)
    for key, count in (("api:default/c", 1), ("component:default/a", 0), ("api:default/c", 1)):
        parts.set_input(data.document(CATALOG.entities[key]))
        assert len(parts.findings("bylaw.lifecycle.lifecycle_unknown")) == count


def test_what_a_rule_cannot_answer_is_an_error_there_too() -> None:
    broken = Module(
        "x.rego", "bylaw.mine.x", "package bylaw.mine.x\n\nimport rego.v1\n\nfindings := to_number(input.kind)\n"
    )
    parts = Parts([*POLICIES.modules, broken], [*PACKAGES, "bylaw.mine.x"], WHOLE)
    parts.set_input(data.document(CATALOG.entities["api:default/c"]))
    with pytest.raises(RegoError, match=r"^x\.rego:5:"):
        parts.findings("bylaw.mine.x")
    assert len(parts.findings("bylaw.lifecycle.lifecycle_unknown")) == 1
