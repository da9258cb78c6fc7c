# METADATA
# title: Its workloads in Kubernetes are not found
# description: >
#   Backstage shows what of a service runs in which cluster, and whether it is well, if the service says how to find it.
#   Otherwise there is no Kubernetes tab.
# custom:
#   severity: info
#   applies_to: {kind: [Component]}
#   reads: entity
#   remediation: >
#     Set the annotation backstage.io/kubernetes-id, and the label of the same name and value on the workloads; or set
#     backstage.io/kubernetes-label-selector to labels that they have already.
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
#       default: [backstage.io/kubernetes-id, backstage.io/kubernetes-label-selector]
package bylaw.operations.kubernetes_id_missing

import rego.v1
import future.keywords.not

import data.bylaw.lib.annotations
import data.bylaw.lib.entity
import data.bylaw.lib.scope
import data.bylaw.lib.words

findings contains {
	"pointer": annotations.pointer(parameters.annotations[0]),
	"message": sprintf("%s does not say what of it runs in Kubernetes: no annotation %s", [
		entity.ref(input), words.one_of(parameters.annotations),
	]),
	"expected": concat(" or ", parameters.annotations),
} if {
	parameters := data.bylaw.parameters["operations/kubernetes-id-missing"]
	scope.holds(parameters)
	not annotations.given(parameters.annotations)
}
