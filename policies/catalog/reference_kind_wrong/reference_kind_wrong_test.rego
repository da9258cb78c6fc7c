package bylaw.catalog.reference_kind_wrong_test

import rego.v1

import data.bylaw.catalog.reference_kind_wrong as rule

_kinds := {"Component": [
	{"field": ["spec", "owner"], "relation": "ownedBy", "default_kind": "Group", "kinds": ["Group", "User"]},
	{"field": ["spec", "system"], "relation": "partOf", "default_kind": "System", "kinds": ["System"]},
	{"field": ["spec", "subcomponentOf"], "relation": "partOf", "default_kind": "Component", "kinds": ["Component"]},
	{"field": ["spec", "providesApis"], "relation": "providesApi", "default_kind": "API", "kinds": ["API"]},
	{"field": ["spec", "dependsOn"], "relation": "dependsOn", "default_kind": null, "kinds": []},
]}

_component(spec) := {"kind": "Component", "metadata": {"name": "orders", "namespace": "default"}, "spec": spec}

_catalog(relations) := {"relations": {"component:default/orders": relations}}

test_fail_one_of_a_list if {
	rule.findings == {{
		"pointer": "/spec/providesApis/1",
		"message": "providesApis of component:default/orders refers to component:default/cart, expected an API",
		"observed": "component:cart",
		"expected": "an API",
	}} with input as _component({"providesApis": ["orders", "component:cart"]})
		with data.catalog as _catalog({"providesApi": ["api:default/orders", "component:default/cart"]})
		with data.bylaw.kinds as _kinds
}

test_fail_only_the_field_that_is_not_for_the_kind if {
	rule.findings == {{
		"pointer": "/spec/system",
		"message": "system of component:default/orders refers to component:default/cart, expected a System",
		"observed": "component:cart",
		"expected": "a System",
	}} with input as _component({"system": "component:cart", "subcomponentOf": "component:cart"})
		with data.catalog as _catalog({"partOf": ["component:default/cart"]})
		with data.bylaw.kinds as _kinds
}

test_success_each_in_its_field if {
	rule.findings == set() with input as _component({"system": "shop", "dependsOn": ["user:jane"]})
		with data.catalog as _catalog({"partOf": ["system:default/shop"], "dependsOn": ["user:default/jane"]})
		with data.bylaw.kinds as _kinds
}

test_success_an_owner_is_for_another_rule if {
	rule.findings == set() with input as _component({"owner": "component:cart"})
		with data.catalog as _catalog({"ownedBy": ["component:default/cart"]})
		with data.bylaw.kinds as _kinds
}
