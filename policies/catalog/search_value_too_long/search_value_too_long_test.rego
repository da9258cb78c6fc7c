package bylaw.catalog.search_value_too_long_test

import rego.v1

import data.bylaw.catalog.search_value_too_long as rule

_parameters := {"catalog/search-value-too-long": {"characters": 40, "ignored": ["spec.definition"]}}

_component(metadata, spec) := {
	"kind": "Component",
	"metadata": object.union({"name": "orders", "namespace": "default"}, metadata),
	"spec": spec,
}

_finding(pointer, message) := {
	"pointer": pointer,
	"message": sprintf("%s has 41 characters, and Backstage keeps 40 for its filters", [message]),
	"observed": 41,
	"expected": "at most 40 characters",
}

_text(length) := substring("a23456789-b23456789-c23456789-d23456789-e23456789-", 0, length)

test_fail_a_value_is_too_long if {
	rule.findings == {
		_finding("/metadata/annotations/a~1b", "metadata.annotations.a/b of component:default/orders"),
		_finding("/metadata/labels/c", "metadata.labels.c of component:default/orders"),
		_finding("/spec/d~0e", "spec.d~e of component:default/orders"),
	} with data.bylaw.parameters as _parameters
		with input as _component({"annotations": {"a/b": _text(41)}, "labels": {"c": _text(41)}}, {"d~e": _text(41)})
}

test_fail_a_key_is_too_long_whatever_it_holds if {
	name := _text(20)
	every value in ["x", _text(41), 42, null] {
		rule.findings == {_finding(
			concat("", ["/metadata/annotations/", name]),
			"a key of component:default/orders below metadata.annotations",
		)} with data.bylaw.parameters as _parameters
			with input as _component({"annotations": {name: value}}, {})
	}
}

test_success_as_long_as_may_be if {
	rule.findings == set() with data.bylaw.parameters as _parameters
		with input as _component({"annotations": {_text(19): _text(40)}, "labels": {_text(24): _text(40)}}, {"d": _text(40)})
}

test_success_what_nobody_filters_by if {
	rule.findings == set() with data.bylaw.parameters as _parameters
		with input as _component(
			{"title": _text(41), "description": _text(41), "links": [{"url": _text(41)}]},
			{"definition": _text(41), "dependsOn": [_text(41)], "profile": {"picture": _text(41)}},
		)
}

test_success_another_type_is_for_another_rule if {
	every value in [_text(50), [_text(50)], 42, null] {
		rule.findings == set() with input as _component({"annotations": value, "labels": value}, value)
			with data.bylaw.parameters as _parameters
	}
}
