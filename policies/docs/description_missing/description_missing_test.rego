package bylaw.docs.description_missing_test

import rego.v1

import data.bylaw.docs.description_missing as rule

_parameters := {"docs/description-missing": {"characters": 10}}

_component(metadata) := {
	"kind": "Component",
	"metadata": object.union({"name": "orders-api", "namespace": "default"}, metadata),
	"spec": {},
}

_finding(message, observed) := {
	"pointer": "/metadata/description",
	"message": message,
	"observed": observed,
	"expected": "a sentence of at least 10 characters",
}

test_fail_none if {
	every metadata in [{}, {"description": null}, {"description": ""}, {"description": " \n "}] {
		expected := {_finding("component:default/orders-api has no description", "")}
		rule.findings == expected with input as _component(metadata)
			with data.bylaw.parameters as _parameters
	}
}

test_fail_signs_alone if {
	expected := {_finding("component:default/orders-api has no description", "----------")}
	rule.findings == expected with input as _component({"description": "----------"})
		with data.bylaw.parameters as _parameters
}

test_fail_the_name_once_more if {
	every text in ["orders-api", "Orders API", "ORDERS_API."] {
		message := sprintf("description \"%s\" of component:default/orders-api repeats its name", [text])
		rule.findings == {_finding(message, text)} with data.bylaw.parameters as _parameters
			with input as _component({"description": text})
	}
}

test_fail_the_title_once_more if {
	rule.findings == {_finding(
		"description \"Orders of customers\" of component:default/orders-api repeats its title",
		"Orders of customers",
	)} with data.bylaw.parameters as _parameters
		with input as _component({"title": "Orders of Customers", "description": " Orders of customers "})
}

test_fail_too_short if {
	every title in ["Orders", 42] {
		rule.findings == {_finding(
			"description \"All sales\" of component:default/orders-api is shorter than 10 characters",
			"All sales",
		)} with data.bylaw.parameters as _parameters
			with input as _component({"title": title, "description": "All sales"})
	}
}

test_success_a_sentence if {
	every text in ["Bulk sales", "Orders API of the shop", "Takes orders, and keeps them."] {
		rule.findings == set() with data.bylaw.parameters as _parameters
			with input as _component({"title": "Orders", "description": text})
	}
}

test_success_another_type_is_for_another_rule if {
	every value in [42, ["Orders"], {}, false] {
		rule.findings == set() with data.bylaw.parameters as _parameters
			with input as _component({"description": value})
	}
}
