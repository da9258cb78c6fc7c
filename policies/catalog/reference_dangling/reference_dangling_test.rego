package bylaw.catalog.reference_dangling_test

import rego.v1

import data.bylaw.catalog.reference_dangling as rule

_kinds := {"Component": [
	{"field": ["spec", "owner"], "relation": "ownedBy", "default_kind": "Group", "kinds": ["Group", "User"]},
	{"field": ["spec", "system"], "relation": "partOf", "default_kind": "System", "kinds": ["System"]},
	{"field": ["spec", "dependsOn"], "relation": "dependsOn", "default_kind": null, "kinds": []},
]}

_component := {
	"kind": "Component",
	"metadata": {"name": "orders", "namespace": "default"},
	"spec": {"owner": "ghosts", "system": "shpo", "dependsOn": ["resource:db", "resource:bus"]},
}

_catalog(relations, complete) := {
	"entities": {"system:default/shop": {"kind": "System"}, "resource:default/db": {"kind": "Resource"}},
	"relations": {"component:default/orders": relations},
	"complete": complete,
}

test_fail_in_a_field_for_one_kind if {
	rule.findings == {{
		"pointer": "/spec/system",
		"message": "system of component:default/orders refers to system:default/shpo, which is not in the catalog",
		"observed": "shpo",
		"expected": "a System of the catalog",
		"outcome": "fail",
		"nearest_of": {"kinds": ["System"]},
	}} with input as _component
		with data.catalog as _catalog({"partOf": ["system:default/shpo"]}, true)
		with data.bylaw.kinds as _kinds
}

test_unknown_in_a_field_for_any_kind_and_a_part_of_the_catalog if {
	rule.findings == {{
		"pointer": "/spec/dependsOn/1",
		"message": "dependsOn of component:default/orders refers to resource:default/bus, which is not in the files read",
		"observed": "resource:bus",
		"expected": "an entity of the catalog",
		"outcome": "unknown",
		"nearest_of": {"kinds": ["resource"]},
	}} with input as _component
		with data.catalog as _catalog({"dependsOn": ["resource:default/bus", "resource:default/db"]}, false)
		with data.bylaw.kinds as _kinds
}

test_success_everything_is_there if {
	rule.findings == set() with input as json.patch(_component, [{"op": "replace", "path": "/spec/system", "value": "shop"}])
		with data.catalog as _catalog({"partOf": ["system:default/shop"], "dependsOn": ["resource:default/db"]}, true)
		with data.bylaw.kinds as _kinds
}

test_success_an_owner_is_for_another_rule if {
	rule.findings == set() with input as _component
		with data.catalog as _catalog({"ownedBy": ["group:default/ghosts"]}, true)
		with data.bylaw.kinds as _kinds
}

test_success_a_wrong_kind_is_for_another_rule if {
	rule.findings == set() with input as json.patch(_component, [{"op": "replace", "path": "/spec/system", "value": "api:x"}])
		with data.catalog as _catalog({"partOf": ["api:default/x"]}, true)
		with data.bylaw.kinds as _kinds
}
