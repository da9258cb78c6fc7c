# METADATA
# title: No documentation is linked
# description: >
#   Whoever is woken at night by this looks for its documentation in Backstage first. Without the annotation there is no
#   Docs tab, however good the documentation is.
# custom:
#   severity: warning
#   applies_to: {kind: [Component, System, API]}
#   reads: entity
#   remediation: >
#     Add mkdocs.yml and docs/ and set the annotation backstage.io/techdocs-ref to dir:. - or backstage.io/techdocs-entity
#     where another entity holds the documentation.
#   parameters:
#     lifecycles:
#       description: The lifecycles it holds for; a kind without a lifecycle, such as System, always counts.
#       type: array
#       items: {type: string}
#       default: [production]
#     annotations:
#       description: Annotations of which one is enough.
#       type: array
#       items: {type: string}
#       minItems: 1
#       default: [backstage.io/techdocs-ref, backstage.io/techdocs-entity]
package bylaw.docs.techdocs_missing

import rego.v1
import future.keywords.not

import data.bylaw.lib.annotations
import data.bylaw.lib.entity
import data.bylaw.lib.scope

findings contains {
	"pointer": annotations.pointer(parameters.annotations[0]),
	"message": sprintf("%s links no documentation: no annotation %s", [
		entity.ref(input), concat(" or ", parameters.annotations),
	]),
	"expected": sprintf("%s: dir:.", [parameters.annotations[0]]),
} if {
	parameters := data.bylaw.parameters["docs/techdocs-missing"]
	scope.holds(parameters)
	not annotations.given(parameters.annotations)
}
