package bylaw.lifecycle.sunset_missing_test

import rego.v1

import data.bylaw.lifecycle.sunset_missing as rule

_parameters := {"lifecycle/sunset-missing": {
	"deprecated": ["deprecated", "retired"],
	"annotation": "bylaw.dev/sunset",
}}

_component(lifecycle, annotations) := {
	"kind": "Component",
	"metadata": {"name": "orders", "namespace": "default", "annotations": annotations},
	"spec": {"lifecycle": lifecycle},
}

_finding := {"pointer": "/metadata/annotations/bylaw.dev~1sunset", "expected": "a date, YYYY-MM-DD"}

test_fail_without_a_date if {
	missing := object.union(_finding, {"message": concat("", [
		"component:default/orders is retired and does not say until when: ",
		"no annotation bylaw.dev/sunset",
	])})
	every annotations in [{}, null, [], {"bylaw.dev/sunset": " "}, {"bylaw.dev/sunset": 20271231}] {
		rule.findings == {missing} with input as _component("retired", annotations)
			with data.bylaw.parameters as _parameters
	}
}

test_fail_with_something_else_than_a_date if {
	every text in ["soon", "2027-02-30", "31.12.2027"] {
		wrong := object.union(_finding, {
			"message": sprintf("sunset %s of component:default/orders is not a date", [text]),
			"observed": text,
		})
		rule.findings == {wrong} with input as _component("deprecated", {"bylaw.dev/sunset": text})
			with data.bylaw.parameters as _parameters
	}
}

test_success_with_a_date if {
	every text in ["2027-12-31", "1999-12-31", "2027-12-31T12:00:00Z"] {
		rule.findings == set() with input as _component("deprecated", {"bylaw.dev/sunset": text})
			with data.bylaw.parameters as _parameters
	}
}

test_success_not_deprecated if {
	every annotations in [{}, {"bylaw.dev/sunset": "soon"}] {
		rule.findings == set() with input as _component("production", annotations)
			with data.bylaw.parameters as _parameters
	}
}
