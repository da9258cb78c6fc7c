# METADATA
# title: Lifecycle is not one of those agreed on
# description: >
#   Backstage takes any text as a lifecycle. One that nobody else uses escapes every rule and every dashboard that asks
#   for production.
# custom:
#   severity: error
#   applies_to: {kind: [Component, API, Template, AiResource], spec.lifecycle: "*"}
#   reads: entity
#   remediation: Use one of the agreed lifecycles, or add this one to the parameter `allowed` of the rule.
#   parameters:
#     allowed:
#       description: The lifecycles that entities may have.
#       type: array
#       items: {type: string, minLength: 1}
#       minItems: 1
#       default: [experimental, production, deprecated]
package bylaw.lifecycle.lifecycle_unknown

import rego.v1
import future.keywords.not

import data.bylaw.lib.entity

findings contains {
	"pointer": "/spec/lifecycle",
	"message": sprintf("lifecycle %s of %s is not one of %s", [lifecycle, entity.ref(input), concat(", ", allowed)]),
	"observed": lifecycle,
	"expected": concat(", ", allowed),
	"nearest_of": {"values": allowed},
} if {
	lifecycle := input.spec.lifecycle
	is_string(lifecycle)
	allowed := data.bylaw.parameters["lifecycle/lifecycle-unknown"].allowed
	not lifecycle in allowed
}
