package bylaw.catalog.kind_not_allowed_test

import rego.v1

import data.bylaw.catalog.kind_not_allowed as rule

_parameters(allowed) := {"catalog/kind-not-allowed": {"allowed": allowed}}

_kinds := {"Component": [], "API": [], "Group": []}

_entity(kind) := {"kind": kind, "metadata": {"name": "orders", "namespace": "default"}, "spec": {}}

test_fail_a_kind_that_is_not_allowed if {
	rule.findings == {{
		"pointer": "/kind",
		"message": "kind Group of group:default/orders is not one that the catalog takes: Component, API",
		"observed": "Group",
		"expected": "Component, API",
	}} with input as _entity("Group")
		with data.bylaw.parameters as _parameters(["Component", "API"])
		with data.bylaw.kinds as _kinds
}

test_success_a_kind_that_is_allowed_in_upper_or_lower_case if {
	every allowed in [["Component", "API"], ["api", "COMPONENT"]] {
		rule.findings == set() with input as _entity("Component")
			with data.bylaw.parameters as _parameters(allowed)
			with data.bylaw.kinds as _kinds
	}
}

test_success_nobody_has_said_which_kinds_are_allowed if {
	rule.findings == set() with input as _entity("Group")
		with data.bylaw.parameters as _parameters([])
		with data.bylaw.kinds as _kinds
}

test_success_an_unknown_kind_is_for_another_rule if {
	rule.findings == set() with input as _entity("Gruop")
		with data.bylaw.parameters as _parameters(["Component"])
		with data.bylaw.kinds as _kinds
}
