# METADATA
# title: It does not say who is on call
# description: >
#   When a service fails, whoever notices it must reach the people on call without knowing the team. Backstage finds
#   them in PagerDuty, Opsgenie and the like by an annotation.
# custom:
#   severity: warning
#   applies_to: {kind: [Component]}
#   reads: entity
#   remediation: >
#     Set the annotation of the tool that pages you, such as pagerduty.com/service-id or opsgenie.com/team. A tool that
#     the rule does not know can be added to its parameter annotations.
#   parameters:
#     lifecycles:
#       description: The lifecycles it holds for; empty means all.
#       type: array
#       items: {type: string}
#       default: [production]
#     types:
#       description: The types (spec.type) it holds for; empty means all.
#       type: array
#       items: {type: string}
#       default: [service]
#     annotations:
#       description: Annotations of which one is enough.
#       type: array
#       items: {type: string}
#       minItems: 1
#       default: [pagerduty.com/service-id, pagerduty.com/integration-key, opsgenie.com/component-selector,
#         opsgenie.com/team, splunk.com/on-call-team, splunk.com/on-call-routing-key, ilert.com/integration-key,
#         rootly.com/service-id, rootly.com/service-slug, rootly.com/service-name, firehydrant.com/service-name]
package bylaw.operations.on_call_missing

import rego.v1
import future.keywords.not

import data.bylaw.lib.annotations
import data.bylaw.lib.entity
import data.bylaw.lib.scope
import data.bylaw.lib.words

findings contains {
	"pointer": annotations.pointer(parameters.annotations[0]),
	"message": sprintf("%s does not say who is on call: no annotation %s", [
		entity.ref(input), words.one_of(parameters.annotations),
	]),
	"expected": concat(" or ", parameters.annotations),
} if {
	parameters := data.bylaw.parameters["operations/on-call-missing"]
	scope.holds(parameters)
	not annotations.given(parameters.annotations)
}
