package bylaw.catalog.annotation_deprecated_test

import rego.v1

import data.bylaw.catalog.annotation_deprecated as rule

_parameters := {"catalog/annotation-deprecated": {
	"renamed": {"backstage.io/github-actions-id": "github.com/project-slug"},
	"replaced": {"backstage.io/definition-at-location": "a $text placeholder"},
}}

_api(annotations) := {
	"kind": "API",
	"metadata": {"name": "orders", "namespace": "default", "annotations": annotations},
	"spec": {},
}

_renamed(fix) := {
	"pointer": "/metadata/annotations/backstage.io~1github-actions-id",
	"message": concat("", [
		"annotation backstage.io/github-actions-id of api:default/orders is deprecated: ",
		"use github.com/project-slug",
	]),
	"expected": "github.com/project-slug",
	"fix": fix,
}

_move := {
	"op": "move",
	"from": "/metadata/annotations/backstage.io~1github-actions-id",
	"path": "/metadata/annotations/github.com~1project-slug",
}

test_fail_renamed if {
	rule.findings == {_renamed([_move])} with data.bylaw.parameters as _parameters
		with input as _api({"backstage.io/github-actions-id": "acme/orders", "acme.example.com/note": "x"})
}

test_fail_renamed_and_the_new_one_is_there if {
	every name in ["github.com/project-slug", "github.com/Project-Slug"] {
		rule.findings == {_renamed([])} with data.bylaw.parameters as _parameters
			with input as _api({"backstage.io/github-actions-id": "acme/orders", name: "acme/orders"})
	}
}

test_fail_replaced if {
	rule.findings == {{
		"pointer": "/metadata/annotations/backstage.io~1definition-at-location",
		"message": concat("", [
			"annotation backstage.io/definition-at-location of api:default/orders is deprecated: ",
			"use a $text placeholder",
		]),
		"expected": "a $text placeholder",
	}} with data.bylaw.parameters as _parameters
		with input as _api({"backstage.io/definition-at-location": "url:https://git.example.com/openapi.yaml"})
}

test_success_the_names_of_today if {
	rule.findings == set() with data.bylaw.parameters as _parameters
		with input as _api({"github.com/project-slug": "acme/orders"})
}

test_success_another_type_is_for_another_rule if {
	every annotations in [
		null,
		"backstage.io/github-actions-id",
		["backstage.io/github-actions-id"],
		{"backstage.io/github-actions-id": 42, "backstage.io/definition-at-location": null},
	] {
		rule.findings == set() with input as _api(annotations)
			with data.bylaw.parameters as _parameters
	}
}
