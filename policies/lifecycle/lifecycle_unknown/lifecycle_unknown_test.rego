package bylaw.lifecycle.lifecycle_unknown_test

import rego.v1

import data.bylaw.lifecycle.lifecycle_unknown as rule

_parameters := {"lifecycle/lifecycle-unknown": {"allowed": ["experimental", "production"]}}

_component(lifecycle) := {
	"kind": "Component",
	"metadata": {"name": "orders", "namespace": "default"},
	"spec": {"lifecycle": lifecycle},
}

test_fail_not_one_of_those_allowed if {
	rule.findings == {{
		"pointer": "/spec/lifecycle",
		"message": "lifecycle Production of component:default/orders is not one of experimental, production",
		"observed": "Production",
		"expected": "experimental, production",
		"nearest_of": {"values": ["experimental", "production"]},
	}} with input as _component("Production")
		with data.bylaw.parameters as _parameters
}

test_success_one_of_those_allowed if {
	rule.findings == set() with input as _component("production")
		with data.bylaw.parameters as _parameters
}

test_success_another_type_is_for_another_rule if {
	rule.findings == set() with input as _component(["production"])
		with data.bylaw.parameters as _parameters
}
