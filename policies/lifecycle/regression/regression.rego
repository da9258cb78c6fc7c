# METADATA
# title: The lifecycle goes backwards
# description: >
#   Others rely on what is in production: it does not become an experiment again. And what was deprecated has sent its
#   users elsewhere; bringing it back wants a word to them.
# custom:
#   severity: warning
#   applies_to_change: true
#   applies_to: {kind: [Component, API, AiResource, Template]}
#   remediation: >
#     Keep the lifecycle. If something deprecated does come back, say why in the annotation bylaw.dev/lifecycle-reason.
#   parameters:
#     order:
#       description: Lifecycles in the order in which an entity goes through them.
#       type: array
#       items: {type: string}
#       default: [experimental, production, deprecated]
#     revivable:
#       description: Lifecycles that may be left backwards if the annotation gives a reason.
#       type: array
#       items: {type: string}
#       default: [deprecated]
#     reason:
#       description: The annotation that gives the reason.
#       type: string
#       default: bylaw.dev/lifecycle-reason
package bylaw.lifecycle.regression

import rego.v1
import future.keywords.not

import data.bylaw.lib.annotations
import data.bylaw.lib.change

findings contains {
	"pointer": "/spec/lifecycle",
	"message": sprintf("%s goes back from %s to %s%s", [change.ref, before, after, _hint(parameters, before)]),
	"observed": after,
	"expected": before,
} if {
	parameters := data.bylaw.parameters["lifecycle/regression"]
	before := input.before.spec.lifecycle
	after := input.after.spec.lifecycle
	_place(parameters.order, after) < _place(parameters.order, before)
	not _explained(parameters, before)
}

_place(order, lifecycle) := index if {
	some index
	order[index] == lifecycle
}

_explained(parameters, before) if {
	before in parameters.revivable
	annotations.given([parameters.reason]) with input as input.after
}

_hint(parameters, before) := sprintf(" without a reason in %s", [parameters.reason]) if {
	before in parameters.revivable
} else := ""
