package bylaw.lifecycle.review_overdue_test

import rego.v1

import data.bylaw.lifecycle.review_overdue as rule

_parameters := {"lifecycle/review-overdue": {
	"annotation": "bylaw.dev/reviewed",
	"days": 180,
	"lifecycles": ["production"],
}}

_component(lifecycle, annotations) := {
	"kind": "Component",
	"metadata": {"name": "orders", "namespace": "default", "annotations": annotations},
	"spec": {"lifecycle": lifecycle},
}

_pointer := "/metadata/annotations/bylaw.dev~1reviewed"

_finding(text, message) := {
	"pointer": _pointer,
	"message": message,
	"observed": text,
	"expected": "a date of the last 180 days, YYYY-MM-DD",
}

# On 2026-01-01.
_of(lifecycle, annotations) := found if {
	found := rule.findings with input as _component(lifecycle, annotations)
		with data.bylaw.parameters as _parameters
		with data.bylaw.today as "2026-01-01" with data.bylaw.now_ns as 1767225600000000000
}

test_fail_after_180_days if {
	every text in ["2025-07-04", "2025-07-04T23:59:59Z", "1999-12-31"] {
		message := sprintf("review %s of component:default/orders is more than 180 days ago", [text])
		_of("production", {"bylaw.dev/reviewed": text}) == {_finding(text, message)}
	}
}

test_fail_in_the_future if {
	every text in ["2026-01-03", "9999-12-31"] {
		message := sprintf("review %s of component:default/orders lies in the future", [text])
		_of("production", {"bylaw.dev/reviewed": text}) == {_finding(text, message)}
	}
}

test_fail_something_else_than_a_date if {
	every text in ["last spring", "2025-11-31"] {
		message := sprintf("review %s of component:default/orders is not a date", [text])
		_of("production", {"bylaw.dev/reviewed": text}) == {_finding(text, message)}
	}
}

test_unknown_without_a_date if {
	every annotations in [{}, null, [], {"bylaw.dev/reviewed": " "}, {"bylaw.dev/reviewed": 20251231}] {
		_of("production", annotations) == {{
			"pointer": _pointer,
			"message": "component:default/orders does not say when it was reviewed: no annotation bylaw.dev/reviewed",
			"outcome": "unknown",
		}}
	}
}

test_success_within_180_days if {
	every text in ["2025-07-05", "2026-01-01", "2026-01-02"] {
		_of("production", {"bylaw.dev/reviewed": text}) == set()
	}
}

test_success_not_in_production if {
	every annotations in [{}, {"bylaw.dev/reviewed": "1999-12-31"}] {
		_of("experimental", annotations) == set()
	}
}
