# METADATA
# title: It depends on something deprecated
# description: >
#   What is deprecated will be switched off. Whoever still depends on it learns that on the day, unless somebody says so
#   before.
# custom:
#   severity: warning
#   applies_to: {kind: [Component, API, Resource, AiResource]}
#   reads: relations
#   reach: ["spec.lifecycle, metadata.annotations.$successor of ($relations)"]
#   remediation: Move to the successor, or take the dependency out; ask the owner of the deprecated entity for a date.
#   parameters:
#     deprecated:
#       description: Lifecycles that nothing else should depend on.
#       type: array
#       items: {type: string}
#       default: [deprecated]
#     relations:
#       description: The relations that count as depending.
#       type: array
#       items: {type: string}
#       default: [dependsOn, consumesApi]
#     successor:
#       description: The annotation that names the successor.
#       type: string
#       default: bylaw.dev/successor
package bylaw.lifecycle.depends_on_deprecated

import rego.v1
import future.keywords.not

import data.bylaw.lib.entity
import data.bylaw.lib.references

findings contains finding if {
	parameters := data.bylaw.parameters["lifecycle/depends-on-deprecated"]
	not input.spec.lifecycle in parameters.deprecated
	entities := data.catalog.entities
	relations := entity.relations(input)
	some relation in parameters.relations
	some target in relations[relation]
	lifecycle := entities[target].spec.lifecycle
	lifecycle in parameters.deprecated
	finding := {
		"pointer": references.pointer(relation, target),
		"message": sprintf("%s depends on %s, which is %s%s", [
			entity.ref(input), target, lifecycle, _successor(target, parameters.successor),
		]),
		"observed": lifecycle,
		"key": target,
	}
}

_successor(target, annotation) := sprintf("; its successor is %s", [name]) if {
	name := data.catalog.entities[target].metadata.annotations[annotation]
	is_string(name)
} else := ""
