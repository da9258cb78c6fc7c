package bylaw.operations.dashboard_missing_test

import rego.v1

import data.bylaw.operations.dashboard_missing as rule

_parameters := {"operations/dashboard-missing": {
	"lifecycles": ["production"],
	"types": ["service"],
	"words": ["dashboard", "grafana"],
	"annotations": ["grafana/dashboard-selector"],
}}

_component(lifecycle, type, metadata) := {
	"kind": "Component",
	"metadata": object.union({"name": "orders", "namespace": "retail"}, metadata),
	"spec": {"lifecycle": lifecycle, "type": type},
}

_link(fields) := {"links": [object.union({"url": "https://example.com/orders"}, fields)]}

_finding := {
	"pointer": "/metadata/links",
	"message": concat("", [
		"component:retail/orders links no dashboard: ",
		"no link with dashboard or grafana in its type or title, no annotation grafana/dashboard-selector",
	]),
	"expected": "a link of type dashboard",
}

test_fail_without_links if {
	rule.findings == {_finding} with input as _component("production", "service", {})
		with data.bylaw.parameters as _parameters
}

test_fail_with_other_links_and_annotations if {
	every metadata in [_link({"title": "Chat"}), {"links": "dashboard"}, {"annotations": {"example.com/other": "x"}}] {
		rule.findings == {_finding} with input as _component("production", "service", metadata)
			with data.bylaw.parameters as _parameters
	}
}

test_success_with_a_link_or_an_annotation if {
	every metadata in [
		_link({"type": "dashboard"}),
		_link({"title": "The Grafana"}),
		{"annotations": {"grafana/dashboard-selector": "orders"}},
	] {
		rule.findings == set() with input as _component("production", "service", metadata)
			with data.bylaw.parameters as _parameters
	}
}

test_success_no_production_service if {
	every spec in [["experimental", "service"], ["production", "website"], [null, null]] {
		rule.findings == set() with input as _component(spec[0], spec[1], {})
			with data.bylaw.parameters as _parameters
	}
}
