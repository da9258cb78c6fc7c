# METADATA
# title: No runbook is linked
# description: >
#   Whoever is woken at night by a service, often by one of another team, needs to know what to do now: what to look at,
#   how to restart it, whom to call. A runbook that the catalog does not link is not found in time.
# custom:
#   severity: warning
#   applies_to: {kind: [Component]}
#   reads: entity
#   remediation: >
#     Write down what to do when the service fails, and add the place to metadata.links with type: runbook.
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
#     words:
#       description: Words of which one in the type or title of a link makes it a runbook, in upper or lower case.
#       type: array
#       items: {type: string, minLength: 1}
#       minItems: 1
#       default: [runbook, run book, playbook]
#     annotations:
#       description: Annotations of which one will do instead of a link. Backstage itself knows none.
#       type: array
#       items: {type: string}
#       minItems: 1
#       default: [backstage.io/runbook-url]
package bylaw.docs.runbook_missing

import rego.v1
import future.keywords.not

import data.bylaw.lib.annotations
import data.bylaw.lib.entity
import data.bylaw.lib.links
import data.bylaw.lib.scope
import data.bylaw.lib.words

findings contains {
	"pointer": "/metadata/links",
	"message": sprintf("%s links no runbook: no link with %s in its type or title, no annotation %s", [
		entity.ref(input), words.one_of(parameters.words), words.one_of(parameters.annotations),
	]),
	"expected": sprintf("a link of type %s", [parameters.words[0]]),
} if {
	parameters := data.bylaw.parameters["docs/runbook-missing"]
	scope.holds(parameters)
	not annotations.given(parameters.annotations)
	not links.given(parameters.words)
}
