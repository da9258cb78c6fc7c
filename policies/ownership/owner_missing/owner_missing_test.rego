package bylaw.ownership.owner_missing_test

import rego.v1

import data.bylaw.ownership.owner_missing as rule

_parameters := {"ownership/owner-missing": {"relations": ["partOf", "apiProvidedBy"], "kinds": ["Component", "System"]}}

_finding(fix) := {
	"pointer": "/spec/owner",
	"message": "component:default/orders has no owner",
	"expected": "a reference to a Group or User",
	"fix": fix,
}

_component(spec) := {"kind": "Component", "metadata": {"name": "orders", "namespace": "default"}, "spec": spec}

_system(namespace, owner) := {"kind": "System", "metadata": {"name": "shop", "namespace": namespace}, "spec": {"owner": owner}}

_found(spec, entities, relations) := findings if {
	findings := rule.findings with input as _component(spec)
		with data.bylaw.parameters as _parameters
		with data.catalog.entities as entities
		with data.catalog.relations as {"component:default/orders": relations}
}

test_fail_without_an_owner if {
	_found({"type": "service"}, {}, {}) == {_finding([])}
}

test_fail_with_null if {
	_found({"owner": null}, {}, {}) == {_finding([])}
}

test_fail_with_a_blank_text if {
	_found({"owner": " \t"}, {}, {}) == {_finding([])}
}

test_fail_where_spec_is_no_mapping if {
	_found("team-orders", {"system:default/shop": _system("default", "a")}, {"partOf": ["system:default/shop"]}) == {_finding([])}
}

test_fail_and_its_system_tells_the_owner if {
	every case in [
		["default", "team-a", "team-a"],
		["default", "Group:Default/Team-A", "team-a"],
		["default", "user:jane", "user:jane"],
		["Retail", "team-a", "retail/team-a"],
		["Retail", "default/team-a", "team-a"],
		["default", "user:retail/jane", "user:retail/jane"],
	] {
		fix := [{"op": "add", "path": "/spec/owner", "value": case[2]}]
		_found({}, {"system:x/shop": _system(case[0], case[1])}, {"partOf": ["system:x/shop"]}) == {_finding(fix)}
	}
}

test_fail_and_nothing_tells_the_owner if {
	systems := {
		"system:default/a": _system("default", "team-a"),
		"system:default/b": _system("default", "team-b"),
		"system:default/c": _system("default", ["team-a"]),
	}
	every relations in [
		{"partOf": ["system:default/a", "system:default/b"]},
		{"partOf": ["system:default/c"]},
		{"partOf": ["system:default/d"]},
		{"dependsOn": ["system:default/a"]},
	] {
		_found({}, systems, relations) == {_finding([])}
	}
}

test_success_with_an_owner if {
	_found({"owner": "team-orders"}, {}, {}) == set()
}

test_success_with_an_owner_of_another_type if {
	_found({"owner": 42}, {}, {}) == set()
}
