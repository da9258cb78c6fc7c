package bylaw.catalog.reserved_annotation_test

import rego.v1

import data.bylaw.catalog.reserved_annotation as rule

_parameters := {"catalog/reserved-annotation": {"prefixes": ["backstage.io/orphan", "backstage.io/managed-by-"]}}

_component(annotations) := {
	"kind": "Component",
	"metadata": {"name": "orders", "namespace": "default", "annotations": annotations},
	"spec": {},
}

_finding(name) := {
	"pointer": pointer,
	"message": sprintf("annotation %s of component:default/orders is set by hand: the name is reserved", [name]),
	"expected": "no such annotation",
	"fix": [{"op": "remove", "path": pointer}],
} if {
	pointer := concat("", ["/metadata/annotations/", replace(name, "/", "~1")])
}

test_fail_what_only_backstage_sets if {
	every name in [
		"backstage.io/orphan",
		"backstage.io/managed-by-location",
		"backstage.io/managed-by-origin-location",
		"backstage.io/Managed-By-Location",
	] {
		rule.findings == {_finding(name)} with input as _component({name: "x", "acme.example.com/note": "y"})
			with data.bylaw.parameters as _parameters
	}
}

test_fail_each_by_itself_and_whatever_it_holds if {
	expected := {_finding("backstage.io/orphan"), _finding("backstage.io/managed-by-location")}
	rule.findings == expected with data.bylaw.parameters as _parameters
		with input as _component({"backstage.io/orphan": null, "backstage.io/managed-by-location": ["x"]})
}

test_success_what_everybody_may_set if {
	rule.findings == set() with data.bylaw.parameters as _parameters
		with input as _component({
			"backstage.io/source-location": "url:https://git.example.com/orders/",
			"backstage.io/view-url": "https://git.example.com/orders/",
			"acme.example.com/orphan": "true",
		})
}

test_success_annotations_of_another_type_are_for_another_rule if {
	every annotations in [null, "backstage.io/orphan", ["backstage.io/orphan"], 42] {
		rule.findings == set() with input as _component(annotations)
			with data.bylaw.parameters as _parameters
	}
}
