# Which entities a rule holds for, by the parameters `lifecycles` and `types` that many rules share.
package bylaw.lib.scope

import rego.v1

# Whether the entity has one of the lifecycles and one of the types. An empty or missing list asks for nothing, and
# a kind that has no lifecycle has every one of them.
holds(parameters) if {
	_has_lifecycle(object.get(parameters, "lifecycles", []))
	_has_type(object.get(parameters, "types", []))
}

_has_lifecycle(lifecycles) if {
	input.spec.lifecycle in lifecycles
} else if {
	count(lifecycles) == 0
} else if {
	input.kind in {"System", "Domain", "Resource", "Group", "User", "Location"}
}

_has_type(types) if {
	input.spec.type in types
} else if {
	count(types) == 0
}
