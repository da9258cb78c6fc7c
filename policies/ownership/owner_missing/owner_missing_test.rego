package bylaw.ownership.owner_missing_test

import rego.v1

import data.bylaw.ownership.owner_missing as rule

_finding := {
	"pointer": "/spec/owner",
	"message": "component:default/orders has no owner",
	"expected": "a reference to a Group or User",
}

_component(spec) := {"kind": "Component", "metadata": {"name": "orders", "namespace": "default"}, "spec": spec}

test_fail_without_an_owner if {
	rule.findings == {_finding} with input as _component({"type": "service"})
}

test_fail_with_null if {
	rule.findings == {_finding} with input as _component({"owner": null})
}

test_fail_with_a_blank_text if {
	rule.findings == {_finding} with input as _component({"owner": " \t"})
}

test_fail_where_spec_is_no_mapping if {
	rule.findings == {_finding} with input as _component("team-orders")
}

test_success_with_an_owner if {
	rule.findings == set() with input as _component({"owner": "team-orders"})
}

test_success_with_an_owner_of_another_type if {
	rule.findings == set() with input as _component({"owner": 42})
}
