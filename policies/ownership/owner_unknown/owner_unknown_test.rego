package bylaw.ownership.owner_unknown_test

import rego.v1

import data.bylaw.ownership.owner_unknown as rule

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

_catalog(owner, complete) := {
	"entities": {"group:default/team-orders": {"kind": "Group"}},
	"relations": {"component:default/orders": {"ownedBy": [owner]}},
	"complete": complete,
}

test_fail_owner_is_not_there if {
	rule.findings == {{
		"pointer": "/spec/owner",
		"message": "owner team-ordres of component:default/orders is not in the catalog",
		"observed": "team-ordres",
		"expected": "a Group or User of the catalog",
		"outcome": "fail",
		"nearest_of": {"kinds": ["Group", "User"]},
	}} with input as _component("team-ordres")
		with data.catalog as _catalog("group:default/team-ordres", true)
		with data.bylaw.kinds as _kinds
}

test_unknown_in_a_part_of_the_catalog if {
	rule.findings == {{
		"pointer": "/spec/owner",
		"message": "owner user:jane of component:default/orders is not in the files read",
		"observed": "user:jane",
		"expected": "a Group or User of the catalog",
		"outcome": "unknown",
		"nearest_of": {"kinds": ["Group", "User"]},
	}} with input as _component("user:jane")
		with data.catalog as _catalog("user:default/jane", false)
		with data.bylaw.kinds as _kinds
}

test_success_owner_is_there if {
	rule.findings == set() with input as _component("team-orders")
		with data.catalog as _catalog("group:default/team-orders", true)
		with data.bylaw.kinds as _kinds
}

test_success_owner_of_another_kind if {
	rule.findings == set() with input as _component("component:cart")
		with data.catalog as _catalog("component:default/cart", true)
		with data.bylaw.kinds as _kinds
}

test_success_owner_is_blank if {
	rule.findings == set() with input as _component(" ")
		with data.catalog as _catalog("group:default/ ", true)
		with data.bylaw.kinds as _kinds
}
