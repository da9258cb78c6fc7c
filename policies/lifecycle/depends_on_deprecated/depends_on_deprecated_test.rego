package bylaw.lifecycle.depends_on_deprecated_test

import rego.v1

import data.bylaw.lifecycle.depends_on_deprecated as rule

_parameters := {"lifecycle/depends-on-deprecated": {
	"deprecated": ["deprecated"],
	"relations": ["dependsOn", "consumesApi"],
	"successor": "bylaw.dev/successor",
}}

_kinds := {"Component": [{
	"field": ["spec", "consumesApis"],
	"relation": "consumesApi",
	"default_kind": "API",
	"kinds": ["API"],
}]}

_component(lifecycle) := {
	"kind": "Component",
	"metadata": {"name": "orders", "namespace": "default"},
	"spec": {"lifecycle": lifecycle, "consumesApis": ["tax"]},
}

_catalog(annotations) := {
	"entities": {"api:default/tax": {"metadata": {"annotations": annotations}, "spec": {"lifecycle": "deprecated"}}},
	"relations": {"component:default/orders": {"consumesApi": ["api:default/tax"]}},
}

_finding(more) := {
	"pointer": "/spec/consumesApis/0",
	"message": concat("", ["component:default/orders depends on api:default/tax, which is deprecated", more]),
	"observed": "deprecated",
	"key": "api:default/tax",
}

test_fail_with_a_successor if {
	rule.findings == {_finding("; its successor is api:default/tax-v2")} with input as _component("production")
		with data.bylaw.parameters as _parameters
		with data.bylaw.kinds as _kinds
		with data.catalog as _catalog({"bylaw.dev/successor": "api:default/tax-v2"})
}

test_fail_without_a_successor if {
	every annotations in [null, {}, {"bylaw.dev/successor": 2}] {
		rule.findings == {_finding("")} with input as _component("experimental")
			with data.bylaw.parameters as _parameters
			with data.bylaw.kinds as _kinds
			with data.catalog as _catalog(annotations)
	}
}

test_success_deprecated_itself if {
	rule.findings == set() with input as _component("deprecated")
		with data.bylaw.parameters as _parameters
		with data.bylaw.kinds as _kinds
		with data.catalog as _catalog({})
}

test_success_what_it_needs_is_not_deprecated if {
	rule.findings == set() with input as _component("production")
		with data.bylaw.parameters as _parameters
		with data.bylaw.kinds as _kinds
		with data.catalog as json.patch(
			_catalog({}),
			[{"op": "replace", "path": "/entities/api:default~1tax/spec/lifecycle", "value": "production"}],
		)
}
