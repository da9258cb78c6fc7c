package bylaw.lib.change_test

import data.bylaw.lib.change
import rego.v1
import future.keywords.not

_orders := {"kind": "API", "metadata": {"name": "Orders", "namespace": "Retail"}, "spec": {"type": "openapi"}}

_removed := {"before": _orders, "after": null}

_renamed := json.patch(_orders, [{"op": "replace", "path": "/metadata/name", "value": "Sales"}])

_catalog(names) := {
	"entities": {name: {"kind": "Component"} | some name in names},
	"relations": {"api:retail/orders": {"apiConsumedBy": [name | some name in names]}},
}

test_success_the_entity_is_as_it_will_be if {
	change.entity.metadata.name == "Sales" with input as {"before": _orders, "after": _renamed}
	change.entity.metadata.name == "Orders" with input as {"before": null, "after": _orders}
	not change.removed with input as {"before": null, "after": _orders}
}

test_success_of_one_removed_as_it_was if {
	change.entity.metadata.name == "Orders" with input as _removed
	change.ref == "api:retail/orders" with input as _removed
	change.removed with input as _removed
}

test_success_referrers_are_those_that_are_there if {
	catalog := {
		"entities": {"component:default/cart": {}},
		"relations": {"api:retail/orders": {"apiConsumedBy": ["component:default/cart", "component:default/gone"]}},
	}
	change.referrers == ["component:default/cart"] with input as _removed with data.catalog as catalog
}

test_success_an_heir_is_of_the_same_kind_and_says_the_same if {
	change.heir == "api:retail/sales" with input as _removed
		with data.change.added as ["api:retail/other", "api:retail/sales", "component:retail/sales"]
		with data.catalog.entities as {
			"api:retail/other": json.patch(_renamed, [{"op": "replace", "path": "/spec/type", "value": "grpc"}]),
			"api:retail/sales": _renamed,
			"component:retail/sales": json.patch(_renamed, [{"op": "replace", "path": "/kind", "value": "Component"}]),
		}
}

test_success_of_two_heirs_there_is_none if {
	not change.heir with input as _removed
		with data.change.added as ["api:retail/one", "api:retail/two"]
		with data.catalog.entities as {"api:retail/one": _renamed, "api:retail/two": _renamed}
}

test_success_few_are_named_all if {
	change.in_use == "a:b/c, d:e/f" with input as _removed
		with data.catalog as _catalog({"a:b/c", "d:e/f"})
		with data.change.dependents as {"api:retail/orders": 2}
}

test_success_of_many_the_first_ten if {
	names := {sprintf("c:d/%d", [number]) | some number in numbers.range(10, 21)}
	change.in_use == concat("", [
		concat(", ", [sprintf("c:d/%d", [number]) | some number in numbers.range(10, 19)]),
		" and 2 more; 13 need it directly or through others",
	]) with input as _removed
		with data.catalog as _catalog(names)
		with data.change.dependents as {"api:retail/orders": 13}
}

test_success_where_nobody_counted_nothing_is_said_of_it if {
	change.in_use == "a:b/c" with input as _removed
		with data.catalog as _catalog({"a:b/c"})
		with data.change.dependents as {}
}
