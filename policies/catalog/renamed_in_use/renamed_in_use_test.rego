package bylaw.catalog.renamed_in_use_test

import rego.v1

import data.bylaw.catalog.renamed_in_use as rule

_orders := {"kind": "API", "metadata": {"name": "orders", "namespace": "default"}, "spec": {"type": "openapi"}}

_catalog(relations) := {
	"entities": {"component:default/cart": {}, "api:default/sales": _orders},
	"relations": {"api:default/orders": relations},
}

_change(added) := {"added": added, "dependents": {}}

test_fail_somebody_uses_the_old_name if {
	rule.findings == {{
		"pointer": "/metadata/name",
		"message": concat("", [
			"api:default/orders has become api:default/sales: renamed? ",
			"1 still refer to the old name: component:default/cart",
		]),
		"observed": ["component:default/cart"],
		"expected": "nothing refers to the old name",
		"suggestion": "api:default/sales",
	}} with input as {"before": _orders, "after": null}
		with data.catalog as _catalog({"apiConsumedBy": ["component:default/cart"]})
		with data.change as _change(["api:default/sales"])
}

test_success_everybody_has_moved if {
	rule.findings == set() with input as {"before": _orders, "after": null}
		with data.catalog as _catalog({})
		with data.change as _change(["api:default/sales"])
}

test_success_it_is_removed_for_good if {
	rule.findings == set() with input as {"before": _orders, "after": null}
		with data.catalog as _catalog({"apiConsumedBy": ["component:default/cart"]})
		with data.change as _change([])
}
