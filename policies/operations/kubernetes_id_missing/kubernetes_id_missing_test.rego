package bylaw.operations.kubernetes_id_missing_test

import rego.v1

import data.bylaw.operations.kubernetes_id_missing as rule

_parameters := {"operations/kubernetes-id-missing": {
	"lifecycles": ["production"],
	"types": ["service"],
	"annotations": ["backstage.io/kubernetes-id", "backstage.io/kubernetes-label-selector"],
}}

_component(lifecycle, type, annotations) := {
	"kind": "Component",
	"metadata": {"name": "orders", "namespace": "retail", "annotations": annotations},
	"spec": {"lifecycle": lifecycle, "type": type},
}

_finding := {
	"pointer": "/metadata/annotations/backstage.io~1kubernetes-id",
	"message": concat("", [
		"component:retail/orders does not say what of it runs in Kubernetes: ",
		"no annotation backstage.io/kubernetes-id or backstage.io/kubernetes-label-selector",
	]),
	"expected": "backstage.io/kubernetes-id or backstage.io/kubernetes-label-selector",
}

test_fail_without_annotations if {
	rule.findings == {_finding} with input as _component("production", "service", {})
		with data.bylaw.parameters as _parameters
}

test_fail_with_a_blank_one_or_another_one if {
	every annotations in [
		{"backstage.io/kubernetes-id": " "},
		{"backstage.io/kubernetes-id": 42},
		{"example.com/other": "orders"},
		null,
		["orders"],
	] {
		rule.findings == {_finding} with input as _component("production", "service", annotations)
			with data.bylaw.parameters as _parameters
	}
}

test_success_with_any_of_them if {
	every annotation in _parameters["operations/kubernetes-id-missing"].annotations {
		rule.findings == set() with input as _component("production", "service", {annotation: "orders"})
			with data.bylaw.parameters as _parameters
	}
}

test_success_no_production_service if {
	every spec in [["experimental", "service"], ["production", "website"], [null, null]] {
		rule.findings == set() with input as _component(spec[0], spec[1], {})
			with data.bylaw.parameters as _parameters
	}
}
