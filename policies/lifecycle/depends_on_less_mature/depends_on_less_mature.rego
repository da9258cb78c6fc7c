# METADATA
# title: Production depends on something experimental
# description: >
#   What is in production is only as dependable as the least mature thing it needs. Something experimental may change or
#   vanish without notice.
# custom:
#   severity: error
#   applies_to: {kind: [Component, API, Resource]}
#   reads: relations
#   reach: ["spec.lifecycle of ($relations)"]
#   remediation: >
#     Bring the dependency to production first, or depend on something that is. If it is in production already, correct
#     its lifecycle.
#   parameters:
#     mature:
#       description: Lifecycles that must not depend on immature ones.
#       type: array
#       items: {type: string}
#       default: [production]
#     immature:
#       description: Lifecycles that mature entities must not depend on.
#       type: array
#       items: {type: string}
#       default: [experimental]
#     relations:
#       description: The relations that count as depending.
#       type: array
#       items: {type: string}
#       default: [dependsOn, consumesApi]
package bylaw.lifecycle.depends_on_less_mature

import rego.v1

import data.bylaw.lib.entity
import data.bylaw.lib.references

findings contains finding if {
	parameters := data.bylaw.parameters["lifecycle/depends-on-less-mature"]
	input.spec.lifecycle in parameters.mature
	entities := data.catalog.entities
	relations := entity.relations(input)
	some relation in parameters.relations
	some target in relations[relation]
	lifecycle := entities[target].spec.lifecycle
	lifecycle in parameters.immature
	finding := {
		"pointer": references.pointer(relation, target),
		"message": sprintf("%s is %s and depends on %s, which is %s", [
			entity.ref(input), input.spec.lifecycle, target, lifecycle,
		]),
		"observed": lifecycle,
		"expected": concat(", ", parameters.mature),
		"key": target,
	}
}
