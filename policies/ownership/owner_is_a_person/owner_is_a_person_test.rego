package bylaw.ownership.owner_is_a_person_test

import rego.v1

import data.bylaw.ownership.owner_is_a_person as rule

_parameters(lifecycles) := {"ownership/owner-is-a-person": {"kinds": ["Component", "System"], "lifecycles": lifecycles}}

_owner := [{"field": ["spec", "owner"], "relation": "ownedBy", "default_kind": "Group", "kinds": ["Group", "User"]}]

_kinds := {"Component": _owner, "System": _owner, "API": _owner}

_entity(kind, owner) := {
	"kind": kind,
	"metadata": {"name": "orders", "namespace": "default"},
	"spec": {"lifecycle": "experimental", "owner": owner},
}

_catalog(ref, owner) := {"relations": {ref: {"ownedBy": [owner]}}}

_finding(ref, owner) := {
	"pointer": "/spec/owner",
	"message": sprintf("owner %s of %s is a person, expected a Group", [owner, ref]),
	"observed": owner,
	"expected": "a Group",
}

test_fail_owner_is_a_user if {
	rule.findings == {_finding("component:default/orders", "User:Jane")} with input as _entity("Component", "User:Jane")
		with data.catalog as _catalog("component:default/orders", "user:default/jane")
		with data.bylaw.kinds as _kinds
		with data.bylaw.parameters as _parameters([])
}

test_fail_a_kind_without_a_lifecycle_always_counts if {
	rule.findings == {_finding("system:default/orders", "user:jane")} with input as _entity("System", "user:jane")
		with data.catalog as _catalog("system:default/orders", "user:default/jane")
		with data.bylaw.kinds as _kinds
		with data.bylaw.parameters as _parameters(["production"])
}

test_success_owner_is_a_group if {
	rule.findings == set() with input as _entity("Component", "jane")
		with data.catalog as _catalog("component:default/orders", "group:default/jane")
		with data.bylaw.kinds as _kinds
		with data.bylaw.parameters as _parameters([])
}

test_success_a_lifecycle_that_was_not_asked_for if {
	rule.findings == set() with input as _entity("Component", "user:jane")
		with data.catalog as _catalog("component:default/orders", "user:default/jane")
		with data.bylaw.kinds as _kinds
		with data.bylaw.parameters as _parameters(["production"])
}

test_success_a_kind_that_was_not_asked_for if {
	rule.findings == set() with input as _entity("API", "user:jane")
		with data.catalog as _catalog("api:default/orders", "user:default/jane")
		with data.bylaw.kinds as _kinds
		with data.bylaw.parameters as _parameters([])
}
