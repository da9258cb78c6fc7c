package bylaw.lib.references_test

import data.bylaw.lib.references
import rego.v1
import future.keywords.not

_entity := {
	"kind": "Component",
	"metadata": {"name": "orders", "namespace": "retail"},
	"spec": {
		"system": "shop",
		"dependsOn": ["resource:db", "shop", "Resource:Default/DB", 42, "x:y:z/w"],
		"providesApis": "orders",
	},
}

_kinds := {"Component": [
	{"field": ["spec", "system"], "relation": "partOf", "default_kind": "System", "kinds": ["System"]},
	{"field": ["spec", "dependsOn"], "relation": "dependsOn", "default_kind": null, "kinds": []},
	{"field": ["spec", "providesApis"], "relation": "providesApi", "default_kind": "API", "kinds": ["API"]},
	{"field": ["spec", "subcomponentOf"], "relation": "partOf", "default_kind": "Component", "kinds": ["Component"]},
	{"field": ["metadata", "a~b/c"], "relation": "uses", "default_kind": "API", "kinds": ["API"]},
]}

test_success_one_reference_has_the_default_kind_and_the_namespace_of_its_entity if {
	references.to("partOf", "system:retail/shop") == {{
		"pointer": "/spec/system",
		"text": "shop",
		"field": "system",
		"kinds": ["System"],
	}} with input as _entity with data.bylaw.kinds as _kinds
}

test_success_a_text_where_a_list_is_expected_is_one_reference if {
	references.to("providesApi", "api:retail/orders") == {{
		"pointer": "/spec/providesApis",
		"text": "orders",
		"field": "providesApis",
		"kinds": ["API"],
	}} with input as _entity with data.bylaw.kinds as _kinds
}

test_success_each_item_of_a_list_has_its_own_pointer if {
	places := references.to("dependsOn", "resource:default/db") with input as _entity with data.bylaw.kinds as _kinds
	{[place.pointer, place.text] | some place in places} == {["/spec/dependsOn/2", "Resource:Default/DB"]}
}

test_success_the_first_colon_ends_the_kind_and_the_first_slash_the_namespace if {
	places := references.to("dependsOn", "x:y:z/w") with input as _entity with data.bylaw.kinds as _kinds
	{place.pointer | some place in places} == {"/spec/dependsOn/4"}
}

test_success_without_a_kind_and_a_default_it_is_no_reference if {
	every target in ["shop:retail/shop", ":retail/shop", "component:retail/shop"] {
		references.to("dependsOn", target) == set() with input as _entity with data.bylaw.kinds as _kinds
	}
}

test_success_only_the_other_side_says_so if {
	references.to("partOf", "component:retail/cart") == set() with input as _entity with data.bylaw.kinds as _kinds
	references.pointer("partOf", "component:retail/cart") == "/spec" with input as _entity with data.bylaw.kinds as _kinds
}

test_success_a_kind_that_nobody_knows_has_no_references if {
	references.to("partOf", "system:retail/shop") == set() with input as _entity with data.bylaw.kinds as {}
}

test_success_odd_names_are_escaped_in_a_pointer if {
	references.pointer("uses", "api:default/x") == "/metadata/a~0b~1c" with data.bylaw.kinds as _kinds
		with input as {"kind": "Component", "metadata": {"name": "orders", "a~b/c": "x"}}
}

test_success_the_first_of_several_places if {
	references.pointer("dependsOn", "resource:retail/db") == "/spec/dependsOn/0" with data.bylaw.kinds as _kinds
		with input as json.patch(_entity, [{"op": "add", "path": "/spec/dependsOn/-", "value": "resource:db"}])
}

test_success_fits_by_kind if {
	references.fits(["API"], "api:default/orders")
	references.fits(["Group", "User"], "user:default/jane")
	references.fits([], "anything:default/goes")
	not references.fits(["API"], "apis:default/orders")
	not references.fits(["Group", "User"], "component:default/orders")
}

test_success_one_of_kinds_in_words if {
	references.one_of([]) == "an entity"
	references.one_of(["API"]) == "an API"
	references.one_of(["User"]) == "a User"
	references.one_of(["Group", "User"]) == "a Group or User"
}

test_success_in_a_whole_catalog_what_is_missing_fails if {
	references.outcome("group:default/team") == "fail" with data.catalog.complete as true
	references.missing_from == "the catalog" with data.catalog.complete as true
}

test_success_in_a_part_of_it_nobody_knows if {
	references.outcome("group:default/team_1.x-y") == "unknown" with data.catalog.complete as false
	references.missing_from == "the files read" with data.catalog.complete as false
}

test_success_what_no_entity_can_bear_fails_in_a_part_too if {
	every target in [
		"group:default/two words",
		"group:default/-team",
		"group:default/team.",
		"group:de.fault/team",
		"group:-default/team",
		"gr-oup:default/team",
		"group:default/team/orders",
		"group:default/a123456789-123456789-123456789-123456789-123456789-123456789-123",
	] {
		references.outcome(target) == "fail" with data.catalog.complete as false
	}
}
