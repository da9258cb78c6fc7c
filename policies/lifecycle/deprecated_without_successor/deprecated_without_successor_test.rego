package bylaw.lifecycle.deprecated_without_successor_test

import rego.v1

import data.bylaw.lifecycle.deprecated_without_successor as rule

_parameters := {"lifecycle/deprecated-without-successor": {
	"deprecated": ["deprecated", "retired"],
	"successor": "bylaw.dev/successor",
	"no_successor": "bylaw.dev/no-successor",
}}

_api(lifecycle, annotations) := {
	"kind": "API",
	"metadata": {"name": "tax", "namespace": "retail", "annotations": annotations},
	"spec": {"lifecycle": lifecycle},
}

_catalog(complete) := {
	"entities": {
		"api:retail/tax": {"spec": {"lifecycle": "deprecated"}},
		"api:retail/tax-v2": {"spec": {"lifecycle": "retired"}},
		"api:retail/tax-v3": {"spec": {"lifecycle": "experimental"}},
		"resource:default/tax-table": {"spec": {}},
	},
	"complete": complete,
}

_pointer := "/metadata/annotations/bylaw.dev~1successor"

_missing(text, kind, where, outcome) := {
	"pointer": _pointer,
	"message": sprintf("successor %s of api:retail/tax is not in %s", [text, where]),
	"observed": text,
	"expected": "an entity to move to",
	"outcome": outcome,
	"nearest_of": {"kinds": [kind]},
}

_names(text, complete) := found if {
	found := rule.findings with input as _api("deprecated", {"bylaw.dev/successor": text})
		with data.bylaw.parameters as _parameters
		with data.catalog as _catalog(complete)
}

test_fail_neither_a_successor_nor_a_reason if {
	every annotations in [{}, null, [], {"bylaw.dev/successor": " ", "bylaw.dev/no-successor": true}] {
		rule.findings == {{
			"pointer": _pointer,
			"message": concat("", [
				"api:retail/tax is retired and names no successor: ",
				"no annotation bylaw.dev/successor or bylaw.dev/no-successor",
			]),
			"expected": "an entity to move to",
		}} with input as _api("retired", annotations)
			with data.bylaw.parameters as _parameters
			with data.catalog as _catalog(true)
	}
}

test_fail_the_successor_is_not_there if {
	_names("tax-v4", true) == {_missing("tax-v4", "api", "the catalog", "fail")}
	_names("Component:tax-v3", true) == {_missing("Component:tax-v3", "component", "the catalog", "fail")}
	_names("default/tax-v3", true) == {_missing("default/tax-v3", "api", "the catalog", "fail")}
}

test_unknown_in_a_part_of_the_catalog if {
	_names("tax-v4", false) == {_missing("tax-v4", "api", "the files read", "unknown")}
	_names("ask us", false) == {_missing("ask us", "api", "the files read", "fail")}
}

test_fail_the_successor_is_deprecated_itself if {
	every text, lifecycle in {"tax-v2": "retired", "api:retail/tax": "deprecated"} {
		_names(text, true) == {{
			"pointer": _pointer,
			"message": sprintf("successor %s of api:retail/tax is %s itself", [text, lifecycle]),
			"observed": text,
			"expected": "an entity to move to",
		}}
	}
}

test_fail_a_reason_does_not_make_up_for_a_successor_that_is_none if {
	rule.findings == {_missing("tax-v4", "api", "the catalog", "fail")} with data.bylaw.parameters as _parameters
		with data.catalog as _catalog(true)
		with input as _api("deprecated", {"bylaw.dev/successor": "tax-v4", "bylaw.dev/no-successor": "None yet"})
}

test_success_the_successor_is_there if {
	every text in ["tax-v3", "TAX-V3", "api:Retail/tax-v3", "resource:default/tax-table"] {
		_names(text, true) == set()
	}
}

test_success_a_reason_is_given if {
	every successor in ["", null, 42] {
		rule.findings == set() with data.bylaw.parameters as _parameters
			with data.catalog as _catalog(true)
			with input as _api(
				"deprecated",
				{"bylaw.dev/successor": successor, "bylaw.dev/no-successor": "No taxes any more"},
			)
	}
}

test_success_not_deprecated if {
	rule.findings == set() with input as _api("production", {"bylaw.dev/successor": "tax-v4"})
		with data.bylaw.parameters as _parameters
		with data.catalog as _catalog(true)
}
