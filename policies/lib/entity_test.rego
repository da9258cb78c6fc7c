package bylaw.lib.entity_test

import rego.v1

import data.bylaw.lib.entity

_orders := {"kind": "API", "metadata": {"name": "Orders", "namespace": "Retail"}}

test_success_a_ref_is_lower_case if {
	entity.ref(_orders) == "api:retail/orders"
}

test_success_the_namespace_is_default_where_there_is_none if {
	entity.ref({"kind": "API", "metadata": {"name": "orders"}}) == "api:default/orders"
}

test_success_relations_of_the_entity if {
	entity.relations(_orders) == {"ownedBy": ["group:default/a"]}
		with data.catalog.relations as {"api:retail/orders": {"ownedBy": ["group:default/a"]}}
}

test_success_no_relations if {
	entity.relations(_orders) == {} with data.catalog.relations as {}
}
