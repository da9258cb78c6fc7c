package bylaw.lib.scope_test

import data.bylaw.lib.scope
import rego.v1
import future.keywords.not

_parameters := {"lifecycles": ["production"], "types": ["service"]}

test_success_lifecycle_and_type if {
	scope.holds(_parameters) with input as {"kind": "Component", "spec": {"lifecycle": "production", "type": "service"}}
}

test_success_both_are_asked_for if {
	every spec in [
		{"lifecycle": "experimental", "type": "service"},
		{"lifecycle": "production", "type": "website"},
		{"type": "service"},
		{"lifecycle": "production"},
		{},
	] {
		not scope.holds(_parameters) with input as {"kind": "Component", "spec": spec}
	}
}

test_success_no_list_asks_for_nothing if {
	every parameters in [{}, {"lifecycles": [], "types": []}] {
		scope.holds(parameters) with input as {"kind": "Component", "spec": {}}
	}
}

test_success_a_kind_without_lifecycles_has_them_all if {
	every kind in ["System", "Domain", "Resource", "Group", "User", "Location"] {
		scope.holds({"lifecycles": ["production"]}) with input as {"kind": kind, "spec": {}}
	}
}
