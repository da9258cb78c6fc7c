package bylaw.operations.on_call_missing_test

import rego.v1

import data.bylaw.operations.on_call_missing as rule

_parameters := {"operations/on-call-missing": {
	"lifecycles": ["production"],
	"types": ["service"],
	"annotations": ["pagerduty.com/service-id", "opsgenie.com/team"],
}}

_component(lifecycle, type, annotations) := {
	"kind": "Component",
	"metadata": {"name": "orders", "namespace": "retail", "annotations": annotations},
	"spec": {"lifecycle": lifecycle, "type": type},
}

_finding := {
	"pointer": "/metadata/annotations/pagerduty.com~1service-id",
	"message": concat("", [
		"component:retail/orders does not say who is on call: ",
		"no annotation pagerduty.com/service-id or opsgenie.com/team",
	]),
	"expected": "pagerduty.com/service-id or opsgenie.com/team",
}

test_fail_without_annotations if {
	rule.findings == {_finding} with input as _component("production", "service", {})
		with data.bylaw.parameters as _parameters
}

test_fail_with_a_blank_one_or_another_one if {
	every annotations in [
		{"pagerduty.com/service-id": " "},
		{"pagerduty.com/service-id": 42},
		{"example.com/other": "orders"},
		null,
		["orders"],
	] {
		rule.findings == {_finding} with input as _component("production", "service", annotations)
			with data.bylaw.parameters as _parameters
	}
}

test_success_with_any_of_them if {
	every annotation in _parameters["operations/on-call-missing"].annotations {
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
