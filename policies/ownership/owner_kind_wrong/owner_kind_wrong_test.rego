package bylaw.ownership.owner_kind_wrong_test

import rego.v1

import data.bylaw.ownership.owner_kind_wrong as rule

_kinds := {"Component": [{
	"field": ["spec", "owner"],
	"relation": "ownedBy",
	"default_kind": "Group",
	"kinds": ["Group", "User"],
}]}

_component(owner) := {
	"kind": "Component",
	"metadata": {"name": "orders", "namespace": "default"},
	"spec": {"owner": owner},
}

_catalog(owner) := {"relations": {"component:default/orders": {"ownedBy": [owner]}}}

test_fail_owner_is_a_component if {
	rule.findings == {{
		"pointer": "/spec/owner",
		"message": "owner Component:cart of component:default/orders is a component, expected a Group or User",
		"observed": "Component:cart",
		"expected": "a Group or User",
	}} with input as _component("Component:cart")
		with data.catalog as _catalog("component:default/cart")
		with data.bylaw.kinds as _kinds
}

test_success_owner_is_a_group if {
	rule.findings == set() with input as _component("team-orders")
		with data.catalog as _catalog("group:default/team-orders")
		with data.bylaw.kinds as _kinds
}

test_success_owner_is_a_user if {
	rule.findings == set() with input as _component("user:jane")
		with data.catalog as _catalog("user:default/jane")
		with data.bylaw.kinds as _kinds
}

test_success_no_owner if {
	rule.findings == set() with input as _component(null)
		with data.catalog as {"relations": {}}
		with data.bylaw.kinds as _kinds
}
