package bylaw.cost.cost_centre_missing_test

import rego.v1

import data.bylaw.cost.cost_centre_missing as rule

_parameters := {"cost/cost-centre-missing": {
	"names": ["bylaw.dev/cost-centre", "cost~centre"],
	"kinds": ["Component"],
	"lifecycles": ["production"],
	"exempt_types": ["library"],
}}

_component(lifecycle, type, metadata) := {
	"kind": "Component",
	"metadata": object.union({"name": "orders", "namespace": "retail"}, metadata),
	"spec": {"lifecycle": lifecycle, "type": type},
}

_catalog(entities, complete) := {
	"entities": entities,
	"relations": {"component:retail/orders": {
		"partOf": ["system:retail/shop"],
		"ownedBy": ["group:retail/team"],
		"dependsOn": ["resource:retail/db"],
	}},
	"complete": complete,
}

_unlabelled := {
	"system:retail/shop": {"metadata": {"name": "shop"}},
	"group:retail/team": {"metadata": {"name": "team", "labels": {"bylaw.dev/cost-centre": " ", "other": "4110"}}},
	"resource:retail/db": {"metadata": {"name": "db", "labels": {"bylaw.dev/cost-centre": "4110"}}},
}

_finding(outcome, more) := {
	"pointer": "/metadata/labels/bylaw.dev~1cost-centre",
	"message": concat("", [
		"component:retail/orders has no known cost centre: no label or annotation bylaw.dev/cost-centre or cost~centre ",
		"on it, system:retail/shop or group:retail/team",
		more,
	]),
	"outcome": outcome,
}

test_fail_neither_it_nor_its_system_nor_its_owner if {
	rule.findings == {_finding("fail", "")} with input as _component("production", "service", {})
		with data.bylaw.parameters as _parameters
		with data.catalog as _catalog(_unlabelled, true)
}

test_unknown_where_its_owner_is_nobody if {
	rule.findings == {_finding("unknown", "; not in the catalog: group:retail/team")}
		with data.bylaw.parameters as _parameters
		with input as _component("production", "service", {})
		with data.catalog as _catalog(object.remove(_unlabelled, ["group:retail/team"]), true)
}

test_fail_with_nothing_above_it if {
	rule.findings == {{
		"pointer": "/metadata/labels/cost~0centre",
		"message": "component:retail/orders has no known cost centre: no label or annotation cost~centre on it",
		"outcome": "fail",
	}} with input as _component("production", "service", {})
		with data.bylaw.parameters as json.patch(_parameters, [{
			"op": "remove",
			"path": "/cost~1cost-centre-missing/names/0",
		}])
		with data.catalog as {"entities": {}, "relations": {}, "complete": false}
}

test_unknown_where_its_owner_was_not_read if {
	rule.findings == {_finding("unknown", "; not in the files read: group:retail/team")}
		with data.bylaw.parameters as _parameters
		with input as _component("production", "service", {})
		with data.catalog as _catalog(object.remove(_unlabelled, ["group:retail/team"]), false)
}

test_success_its_own_label_or_annotation if {
	every metadata in [
		{"labels": {"bylaw.dev/cost-centre": "4110"}},
		{"labels": {"cost~centre": "4110"}},
		{"annotations": {"bylaw.dev/cost-centre": "4110"}},
	] {
		rule.findings == set() with input as _component("production", "service", metadata)
			with data.bylaw.parameters as _parameters
			with data.catalog as _catalog(_unlabelled, true)
	}
}

test_success_from_its_system_or_its_owner if {
	every ref in ["system:retail/shop", "group:retail/team"] {
		holder := {ref: {"metadata": {"labels": {"bylaw.dev/cost-centre": "4110"}}}}
		every complete in [true, false] {
			rule.findings == set() with input as _component("production", "service", {})
				with data.bylaw.parameters as _parameters
				with data.catalog as _catalog(holder, complete)
		}
	}
}

test_success_what_costs_nothing if {
	every entity in [
		_component("experimental", "service", {}),
		_component("production", "library", {}),
		object.union(_component("production", "service", {}), {"kind": "API"}),
	] {
		rule.findings == set() with input as entity
			with data.bylaw.parameters as _parameters
			with data.catalog as _catalog(_unlabelled, true)
	}
}
