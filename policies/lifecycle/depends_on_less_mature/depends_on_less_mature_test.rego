package bylaw.lifecycle.depends_on_less_mature_test

import rego.v1

import data.bylaw.lifecycle.depends_on_less_mature as rule

_parameters := {"lifecycle/depends-on-less-mature": {
	"mature": ["production"],
	"immature": ["experimental"],
	"relations": ["dependsOn", "consumesApi"],
}}

_kinds := {"Component": [{"field": ["spec", "dependsOn"], "relation": "dependsOn", "default_kind": null, "kinds": []}]}

_component(lifecycle, dependencies) := {
	"kind": "Component",
	"metadata": {"name": "orders", "namespace": "default"},
	"spec": {"lifecycle": lifecycle, "dependsOn": dependencies},
}

_catalog(relation) := {
	"entities": {"component:default/loyalty": {"spec": {"lifecycle": "experimental"}}},
	"relations": {"component:default/orders": {relation: ["component:default/loyalty", "component:default/ghost"]}},
}

_finding(pointer) := {
	"pointer": pointer,
	"message": "component:default/orders is production and depends on component:default/loyalty, which is experimental",
	"observed": "experimental",
	"expected": "production",
	"key": "component:default/loyalty",
}

test_fail_declared_here if {
	rule.findings == {_finding("/spec/dependsOn/1")} with data.bylaw.parameters as _parameters
		with data.bylaw.kinds as _kinds
		with data.catalog as _catalog("dependsOn")
		with input as _component("production", ["component:ghost", "component:loyalty"])
}

test_fail_declared_by_the_other_side if {
	rule.findings == {_finding("/spec")} with input as _component("production", [])
		with data.bylaw.parameters as _parameters
		with data.bylaw.kinds as _kinds
		with data.catalog as _catalog("dependsOn")
}

test_success_not_mature_itself if {
	rule.findings == set() with input as _component("experimental", ["component:loyalty"])
		with data.bylaw.parameters as _parameters
		with data.bylaw.kinds as _kinds
		with data.catalog as _catalog("dependsOn")
}

test_success_another_relation if {
	rule.findings == set() with input as _component("production", [])
		with data.bylaw.parameters as _parameters
		with data.bylaw.kinds as _kinds
		with data.catalog as _catalog("dependencyOf")
}
