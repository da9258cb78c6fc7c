package bylaw.operations.source_missing_test

import rego.v1

import data.bylaw.operations.source_missing as rule

_parameters := {"operations/source-missing": {
	"kinds": ["Component"],
	"lifecycles": ["production"],
	"types": ["service"],
	"annotations": ["backstage.io/source-location", "github.com/project-slug"],
}}

_component(lifecycle, type, annotations) := {
	"kind": "Component",
	"metadata": {"name": "orders", "namespace": "retail", "annotations": annotations},
	"spec": {"lifecycle": lifecycle, "type": type},
}

_finding := {
	"pointer": "/metadata/annotations/backstage.io~1source-location",
	"message": concat("", [
		"component:retail/orders does not say where its source is: ",
		"no annotation backstage.io/source-location or github.com/project-slug",
	]),
	"expected": "backstage.io/source-location or github.com/project-slug",
}

test_fail_without_annotations if {
	rule.findings == {_finding} with input as _component("production", "service", {})
		with data.bylaw.parameters as _parameters
}

test_fail_with_a_blank_one_or_another_one if {
	every annotations in [
		{"backstage.io/source-location": " "},
		{"backstage.io/source-location": 42},
		{"example.com/other": "orders"},
		null,
		["orders"],
	] {
		rule.findings == {_finding} with input as _component("production", "service", annotations)
			with data.bylaw.parameters as _parameters
	}
}

test_success_with_any_of_them if {
	every annotation in _parameters["operations/source-missing"].annotations {
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

test_success_another_kind if {
	rule.findings == set() with data.bylaw.parameters as _parameters
		with input as object.union(_component("production", "service", {}), {"kind": "Template"})
}
