# METADATA
# title: Nobody is named who pays for it
# description: Without a cost centre the bill for it lands on somebody who cannot tell whether it is worth the money.
# custom:
#   severity: warning
#   reads: relations
#   reach: ["metadata.labels.$names, metadata.annotations.$names of (partOf|ownedBy)"]
#   remediation: >
#     Set the label bylaw.dev/cost-centre on the group that owns it, so that it holds for all that the group owns, or on
#     its system, or on the entity itself where that is paid for by somebody else.
#   parameters:
#     names:
#       description: Labels or annotations of which one, on one of these entities, is enough.
#       type: array
#       items: {type: string}
#       minItems: 1
#       default: [bylaw.dev/cost-centre, cost-centre, cost-center]
#     kinds:
#       description: The kinds that cost something.
#       type: array
#       items: {type: string}
#       default: [Component, Resource]
#     lifecycles:
#       description: The lifecycles it holds for; empty means all. A kind without one, such as Resource, always counts.
#       type: array
#       items: {type: string}
#       default: [production]
#     exempt_types:
#       description: Types (spec.type) of what costs nothing by itself.
#       type: array
#       items: {type: string}
#       default: [documentation, library]
package bylaw.cost.cost_centre_missing

import rego.v1
import future.keywords.not

import data.bylaw.lib.entity
import data.bylaw.lib.labels
import data.bylaw.lib.references
import data.bylaw.lib.scope
import data.bylaw.lib.words

findings contains {
	"pointer": labels.pointer(parameters.names[0]),
	"message": sprintf("%s has no known cost centre: no label or annotation %s on %s%s", [
		entity.ref(input), words.one_of(parameters.names), words.one_of(array.concat(["it"], above)), unread,
	]),
	"outcome": {true: "unknown", false: "fail"}[absent != []], # other rules say so of a ref that leads nowhere
} if {
	parameters := data.bylaw.parameters["cost/cost-centre-missing"]
	input.kind in parameters.kinds
	scope.holds(parameters)
	not input.spec.type in parameters.exempt_types
	not labels.given(input, parameters.names)
	entities := data.catalog.entities
	relations := entity.relations(input)
	above := [target | some relation in ["partOf", "ownedBy"]; some target in relations[relation]]
	not _paid_above(entities, above, parameters.names)
	absent := [target | some target in above; not entities[target]]
	unread := {true: sprintf("; not in %s: %s", [references.missing_from, concat(", ", absent)]), false: ""}[absent != []]
}

_paid_above(entities, above, names) if {
	some target in above
	labels.given(entities[target], names)
}
