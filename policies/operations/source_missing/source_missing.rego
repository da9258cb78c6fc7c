# METADATA
# title: It does not say where its source is
# description: >
#   Whoever repairs what runs needs its code. Where a component does not say where that is, Backstage takes the folder
#   of the descriptor for it: the wrong one wherever descriptors are kept apart from the code.
# custom:
#   severity: warning
#   reads: entity
#   remediation: >
#     Set the annotation of the host of the code, such as github.com/project-slug or gitlab.com/project-slug, or
#     backstage.io/source-location to url: and the address of the folder, with a slash at its end.
#   parameters:
#     kinds:
#       description: The kinds that have source code of their own.
#       type: array
#       items: {type: string}
#       default: [Component]
#     lifecycles:
#       description: The lifecycles it holds for; empty means all. A kind without one, such as System, always counts.
#       type: array
#       items: {type: string}
#       default: [production]
#     types:
#       description: The types (spec.type) it holds for; empty means all.
#       type: array
#       items: {type: string}
#       default: [service, website, library]
#     annotations:
#       description: Annotations of which one is enough.
#       type: array
#       items: {type: string}
#       minItems: 1
#       default: [backstage.io/source-location, github.com/project-slug, gitlab.com/project-slug, gitlab.com/project-id,
#         dev.azure.com/project-repo, bitbucket.com/project-slug, bitbucket.org/project-slug]
package bylaw.operations.source_missing

import rego.v1
import future.keywords.not

import data.bylaw.lib.annotations
import data.bylaw.lib.entity
import data.bylaw.lib.scope
import data.bylaw.lib.words

findings contains {
	"pointer": annotations.pointer(parameters.annotations[0]),
	"message": sprintf("%s does not say where its source is: no annotation %s", [
		entity.ref(input), words.one_of(parameters.annotations),
	]),
	"expected": concat(" or ", parameters.annotations),
} if {
	parameters := data.bylaw.parameters["operations/source-missing"]
	input.kind in parameters.kinds
	scope.holds(parameters)
	not annotations.given(parameters.annotations)
}
