package bylaw.docs.techdocs_missing_test

import rego.v1

import data.bylaw.docs.techdocs_missing as rule

_parameters := {"docs/techdocs-missing": {
	"lifecycles": ["production"],
	"annotations": ["backstage.io/techdocs-ref", "backstage.io/techdocs-entity"],
}}

_component(lifecycle, annotations) := {
	"kind": "Component",
	"metadata": {"name": "orders", "namespace": "default", "annotations": annotations},
	"spec": {"lifecycle": lifecycle},
}

_finding(ref) := {
	"pointer": "/metadata/annotations/backstage.io~1techdocs-ref",
	"message": concat("", [
		ref,
		" links no documentation: no annotation backstage.io/techdocs-ref or backstage.io/techdocs-entity",
	]),
	"expected": "backstage.io/techdocs-ref: dir:.",
}

test_fail_in_production if {
	rule.findings == {_finding("component:default/orders")} with input as _component("production", {})
		with data.bylaw.parameters as _parameters
}

test_fail_with_a_blank_annotation if {
	rule.findings == {_finding("component:default/orders")} with data.bylaw.parameters as _parameters
		with input as _component("production", {"backstage.io/techdocs-ref": " "})
}

test_fail_with_an_annotation_of_another_type if {
	rule.findings == {_finding("component:default/orders")} with data.bylaw.parameters as _parameters
		with input as _component("production", {"backstage.io/techdocs-entity": 42})
}

test_fail_a_system_without_a_lifecycle if {
	rule.findings == {_finding("system:retail/shop")} with data.bylaw.parameters as _parameters
		with input as {"kind": "System", "metadata": {"name": "shop", "namespace": "retail"}, "spec": {}}
}

test_success_with_either_annotation if {
	every annotation in ["backstage.io/techdocs-ref", "backstage.io/techdocs-entity"] {
		rule.findings == set() with input as _component("production", {annotation: "dir:."})
			with data.bylaw.parameters as _parameters
	}
}

test_success_not_in_production if {
	rule.findings == set() with input as _component("experimental", {})
		with data.bylaw.parameters as _parameters
}
