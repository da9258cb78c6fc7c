package bylaw.lifecycle.regression_test

import rego.v1

import data.bylaw.lifecycle.regression as rule

_parameters := {"lifecycle/regression": {
	"order": ["experimental", "production", "deprecated"],
	"revivable": ["deprecated"],
	"reason": "bylaw.dev/lifecycle-reason",
}}

_component(lifecycle, annotations) := {
	"kind": "Component",
	"metadata": {"name": "orders", "namespace": "default", "annotations": annotations},
	"spec": {"lifecycle": lifecycle},
}

_finding(before, after, hint) := {
	"pointer": "/spec/lifecycle",
	"message": sprintf("component:default/orders goes back from %s to %s%s", [before, after, hint]),
	"observed": after,
	"expected": before,
}

test_fail_production_is_no_experiment if {
	rule.findings == {_finding("production", "experimental", "")} with data.bylaw.parameters as _parameters
		with input as {
			"before": _component("production", {}),
			"after": _component("experimental", {"bylaw.dev/lifecycle-reason": "we felt like it"}),
		}
}

test_fail_brought_back_without_a_reason if {
	hint := " without a reason in bylaw.dev/lifecycle-reason"
	rule.findings == {_finding("deprecated", "production", hint)} with data.bylaw.parameters as _parameters
		with input as {"before": _component("deprecated", {}), "after": _component("production", {})}
}

test_success_brought_back_with_a_reason if {
	rule.findings == set() with data.bylaw.parameters as _parameters
		with input as {
			"before": _component("deprecated", {}),
			"after": _component("production", {"bylaw.dev/lifecycle-reason": "the new one did not sell"}),
		}
}

test_success_forward_or_not_at_all if {
	every after in ["experimental", "production", "deprecated", "retired"] {
		rule.findings == set() with data.bylaw.parameters as _parameters
			with input as {"before": _component("experimental", {}), "after": _component(after, {})}
	}
}

test_success_new_or_gone if {
	every change in [
		{"before": null, "after": _component("experimental", {})},
		{"before": _component("production", {}), "after": null},
	] {
		rule.findings == set() with data.bylaw.parameters as _parameters with input as change
	}
}
