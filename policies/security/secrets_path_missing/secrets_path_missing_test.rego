package bylaw.security.secrets_path_missing_test

import rego.v1

import data.bylaw.security.secrets_path_missing as rule

_parameters := {"security/secrets-path-missing": {
	"lifecycles": ["production"],
	"types": ["service"],
	"annotations": ["vault.io/secrets-path"],
}}

_component(lifecycle, type, annotations) := {
	"kind": "Component",
	"metadata": {"name": "orders", "namespace": "retail", "annotations": annotations},
	"spec": {"lifecycle": lifecycle, "type": type},
}

_finding := {
	"pointer": "/metadata/annotations/vault.io~1secrets-path",
	"message": concat("", [
		"component:retail/orders does not say where its secrets are: ",
		"no annotation vault.io/secrets-path",
	]),
	"expected": "vault.io/secrets-path",
}

test_fail_without_annotations if {
	rule.findings == {_finding} with input as _component("production", "service", {})
		with data.bylaw.parameters as _parameters
}

test_fail_with_a_blank_one_or_another_one if {
	every annotations in [
		{"vault.io/secrets-path": " "},
		{"vault.io/secrets-path": 42},
		{"example.com/other": "orders"},
		null,
		["orders"],
	] {
		rule.findings == {_finding} with input as _component("production", "service", annotations)
			with data.bylaw.parameters as _parameters
	}
}

test_success_with_any_of_them if {
	every annotation in _parameters["security/secrets-path-missing"].annotations {
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
