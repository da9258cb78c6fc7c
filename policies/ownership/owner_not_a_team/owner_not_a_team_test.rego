package bylaw.ownership.owner_not_a_team_test

import rego.v1

import data.bylaw.ownership.owner_not_a_team as rule

_parameters := {"ownership/owner-not-a-team": {"kinds": ["Component"], "types": ["team", "Squad"]}}

_owner := [{"field": ["spec", "owner"], "relation": "ownedBy", "default_kind": "Group", "kinds": ["Group", "User"]}]

_kinds := {"Component": _owner, "Domain": _owner}

_entity(kind, owner) := {
	"kind": kind,
	"metadata": {"name": "orders", "namespace": "default"},
	"spec": {"owner": owner},
}

_catalog(owner, kind, type) := {
	"entities": {owner: {"kind": kind, "spec": {"type": type}}},
	"relations": {"component:default/orders": {"ownedBy": [owner]}, "domain:default/orders": {"ownedBy": [owner]}},
}

test_fail_owner_is_a_department if {
	rule.findings == {{
		"pointer": "/spec/owner",
		"message": "owner Commerce of component:default/orders is a Group of type department, expected team or Squad",
		"observed": "department",
		"expected": "a Group of type team or Squad",
	}} with input as _entity("Component", "Commerce")
		with data.catalog as _catalog("group:default/commerce", "Group", "department")
		with data.bylaw.kinds as _kinds
		with data.bylaw.parameters as _parameters
}

test_success_owner_is_a_team_or_squad if {
	every type in ["team", "Team", "squad", "Squad"] {
		rule.findings == set() with input as _entity("Component", "commerce")
			with data.catalog as _catalog("group:default/commerce", "Group", type)
			with data.bylaw.kinds as _kinds
			with data.bylaw.parameters as _parameters
	}
}

test_success_a_type_of_another_type_is_for_another_rule if {
	every type in [null, 42, ["department"]] {
		rule.findings == set() with input as _entity("Component", "commerce")
			with data.catalog as _catalog("group:default/commerce", "Group", type)
			with data.bylaw.kinds as _kinds
			with data.bylaw.parameters as _parameters
	}
}

test_success_owner_is_no_group if {
	rule.findings == set() with input as _entity("Component", "user:jane")
		with data.catalog as _catalog("user:default/jane", "User", "person")
		with data.bylaw.kinds as _kinds
		with data.bylaw.parameters as _parameters
}

test_success_owner_is_not_there if {
	rule.findings == set() with input as _entity("Component", "ghosts")
		with data.catalog as object.union(_catalog("group:default/ghosts", "Group", "team"), {"entities": {}})
		with data.bylaw.kinds as _kinds
		with data.bylaw.parameters as _parameters
}

test_success_a_kind_that_was_not_asked_for if {
	rule.findings == set() with input as _entity("Domain", "commerce")
		with data.catalog as _catalog("group:default/commerce", "Group", "department")
		with data.bylaw.kinds as _kinds
		with data.bylaw.parameters as _parameters
}
