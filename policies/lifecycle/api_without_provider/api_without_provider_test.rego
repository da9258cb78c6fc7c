package bylaw.lifecycle.api_without_provider_test

import rego.v1

import data.bylaw.lifecycle.api_without_provider as rule

_parameters := {"lifecycle/api-without-provider": {
	"lifecycles": ["production", "deprecated"],
	"exempt_types": ["mcp-server"],
}}

_api(spec) := {"kind": "API", "metadata": {"name": "orders", "namespace": "default"}, "spec": spec}

_catalog(relations, complete) := {"relations": {"api:default/orders": relations}, "complete": complete}

_finding(where, outcome) := {
	"pointer": "/spec",
	"message": sprintf("no component of %s provides api:default/orders", [where]),
	"expected": "a component with the API among its spec.providesApis",
	"outcome": outcome,
}

test_fail_nothing_provides_it if {
	every spec in [
		{"lifecycle": "production", "type": "openapi"},
		{"lifecycle": "deprecated", "type": "grpc"},
		{"lifecycle": "production"},
	] {
		rule.findings == {_finding("the catalog", "fail")} with input as _api(spec)
			with data.bylaw.parameters as _parameters
			with data.catalog as _catalog({"apiConsumedBy": ["component:default/cart"]}, true)
	}
}

test_unknown_in_a_part_of_the_catalog if {
	rule.findings == {_finding("the files read", "unknown")} with data.bylaw.parameters as _parameters
		with data.catalog as _catalog({}, false)
		with input as _api({"lifecycle": "production", "type": "openapi"})
}

test_success_provided if {
	rule.findings == set() with data.bylaw.parameters as _parameters
		with data.catalog as _catalog({"apiProvidedBy": ["component:default/orders"]}, true)
		with input as _api({"lifecycle": "production", "type": "openapi"})
}

test_success_neither_lifecycle_nor_type_ask_for_it if {
	every spec in [
		{"lifecycle": "experimental", "type": "openapi"},
		{"lifecycle": "production", "type": "mcp-server"},
		{"type": "openapi"},
		null,
	] {
		rule.findings == set() with input as _api(spec)
			with data.bylaw.parameters as _parameters
			with data.catalog as _catalog({}, true)
	}
}
