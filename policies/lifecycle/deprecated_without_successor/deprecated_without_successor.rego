# METADATA
# title: Deprecated, and nowhere to move to
# description: Whoever depends on it has to ask where to go, and whoever has to ask stays.
# custom:
#   severity: warning
#   applies_to: {spec.lifecycle: "*"}
#   reads: graph # no relation leads to the successor: it may be any entity
#   reach: [named($successor)]
#   remediation: Name the entity to move to in bylaw.dev/successor, or say in bylaw.dev/no-successor why there is none.
#   parameters:
#     deprecated:
#       description: Lifecycles of what will be switched off.
#       type: array
#       items: {type: string}
#       default: [deprecated]
#     successor:
#       description: The annotation that names the successor; a ref without a kind or namespace has the entity's own.
#       type: string
#       default: bylaw.dev/successor
#     no_successor:
#       description: The annotation that says why there is none.
#       type: string
#       default: bylaw.dev/no-successor
package bylaw.lifecycle.deprecated_without_successor

import rego.v1
import future.keywords.not

import data.bylaw.lib.annotations
import data.bylaw.lib.entity
import data.bylaw.lib.references

findings contains object.union(_fault, {
	"pointer": annotations.pointer(_parameters.successor),
	"expected": "an entity to move to",
}) if {
	input.spec.lifecycle in _parameters.deprecated
}

_fault := {"message": sprintf("%s is %s and names no successor: no annotation %s or %s", [
	entity.ref(input), input.spec.lifecycle, _parameters.successor, _parameters.no_successor,
])} if {
	not annotations.given([_parameters.successor, _parameters.no_successor])
} else := {
	"message": sprintf("successor %s of %s is not in %s", [_ref, entity.ref(input), references.missing_from]),
	"observed": _ref,
	"outcome": references.outcome(target),
	"nearest_of": {"kinds": [split(target, ":")[0]]},
} if {
	target := references.meaning(_ref, input.kind)
	not data.catalog.entities[target]
} else := {"message": sprintf("successor %s of %s is %s itself", [_ref, entity.ref(input), lifecycle]), "observed": _ref} if {
	lifecycle := data.catalog.entities[references.meaning(_ref, input.kind)].spec.lifecycle
	lifecycle in _parameters.deprecated
}

_ref := input.metadata.annotations[_parameters.successor] if annotations.given([_parameters.successor])

_parameters := data.bylaw.parameters["lifecycle/deprecated-without-successor"]
