package bylaw.catalog.removed_in_use_test

import rego.v1

import data.bylaw.catalog.removed_in_use as rule

_orders := {"kind": "API", "metadata": {"name": "orders", "namespace": "default"}, "spec": {"type": "openapi"}}

_catalog(relations) := {
	"entities": {"component:default/cart": {}, "api:default/sales": _orders},
	"relations": {"api:default/orders": relations},
}

_change(added) := {"added": added, "dependents": {}}

test_fail_somebody_refers_to_it if {
	rule.findings == {{
		"pointer": "/metadata/name",
		"message": "api:default/orders is removed, and 1 still refer to it: component:default/cart",
		"observed": ["component:default/cart"],
		"expected": "nothing refers to it",
	}} with input as {"before": _orders, "after": null}
		with data.catalog as _catalog({"apiConsumedBy": ["component:default/cart"]})
		with data.change as _change([])
}

test_success_nobody_refers_to_it if {
	rule.findings == set() with input as {"before": _orders, "after": null}
		with data.catalog as _catalog({"apiConsumedBy": ["component:default/gone"]})
		with data.change as _change([])
}

test_success_it_stays if {
	rule.findings == set() with input as {"before": _orders, "after": _orders}
		with data.catalog as _catalog({"apiConsumedBy": ["component:default/cart"]})
		with data.change as _change([])
}

test_success_it_is_renamed if {
	rule.findings == set() with input as {"before": _orders, "after": null}
		with data.catalog as _catalog({"apiConsumedBy": ["component:default/cart"]})
		with data.change as _change(["api:default/sales"])
}
