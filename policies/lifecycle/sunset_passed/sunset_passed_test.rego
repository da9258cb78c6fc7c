package bylaw.lifecycle.sunset_passed_test

import rego.v1

import data.bylaw.lifecycle.sunset_passed as rule

_parameters := {"lifecycle/sunset-passed": {"annotation": "bylaw.dev/sunset"}}

_resource(annotations) := {
	"kind": "Resource",
	"metadata": {"name": "queue", "namespace": "default", "annotations": annotations},
}

test_fail_after_its_last_day if {
	every text, day in {"2025-12-31": "2025-12-31", "1999-12-31T12:00:00Z": "1999-12-31"} {
		rule.findings == {{
			"pointer": "/metadata/annotations/bylaw.dev~1sunset",
			"message": sprintf("resource:default/queue is still there, and its sunset was on %s", [day]),
			"observed": day,
			"expected": "a day from 2026-01-01 on",
		}} with input as _resource({"bylaw.dev/sunset": text})
			with data.bylaw.parameters as _parameters
			with data.bylaw.today as "2026-01-01"
	}
}

test_success_until_its_last_day if {
	every text in ["2026-01-01", "2026-01-01T00:00:00Z", "2027-12-31"] {
		rule.findings == set() with input as _resource({"bylaw.dev/sunset": text})
			with data.bylaw.parameters as _parameters
			with data.bylaw.today as "2026-01-01"
	}
}

test_success_without_a_date if {
	every annotations in [{}, null, "2025-12-31", {"bylaw.dev/sunset": "2025-02-30"}, {"bylaw.dev/sunset": 2025}] {
		rule.findings == set() with input as _resource(annotations)
			with data.bylaw.parameters as _parameters
			with data.bylaw.today as "2026-01-01"
	}
}
