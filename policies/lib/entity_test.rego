package bylaw.lib.entity_test

import rego.v1

import data.bylaw.lib.entity

_orders := {"kind": "API", "metadata": {"name": "Orders", "namespace": "Retail"}}

test_success_a_ref_is_lower_case if {
	entity.ref == "api:retail/orders" with input as _orders
}

test_success_the_namespace_is_default_where_there_is_none if {
	entity.ref == "api:default/orders" with input as {"kind": "API", "metadata": {"name": "orders"}}
}

test_success_relations_of_the_entity if {
	entity.relations == {"ownedBy": ["group:default/a"]} with input as _orders
		with data.catalog.relations as {"api:retail/orders": {"ownedBy": ["group:default/a"]}}
}

test_success_no_relations if {
	entity.relations == {} with input as _orders with data.catalog.relations as {}
}
