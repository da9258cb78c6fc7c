# METADATA
# title: It does not say where its secrets are
# description: >
#   A secret that leaks has to be found and replaced within minutes, often by people who do not know the service. The
#   path says where it is, and gives nothing away.
# custom:
#   severity: info
#   applies_to: {kind: [Component]}
#   reads: entity
#   remediation: >
#     Set the annotation vault.io/secrets-path to the path of the service's secrets in Vault, below the secret engine.
#     Never write a secret itself into the catalog.
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
#       default: [vault.io/secrets-path]
package bylaw.security.secrets_path_missing

import rego.v1
import future.keywords.not

import data.bylaw.lib.annotations
import data.bylaw.lib.entity
import data.bylaw.lib.scope
import data.bylaw.lib.words

findings contains {
	"pointer": annotations.pointer(parameters.annotations[0]),
	"message": sprintf("%s does not say where its secrets are: no annotation %s", [
		entity.ref(input), words.one_of(parameters.annotations),
	]),
	"expected": concat(" or ", parameters.annotations),
} if {
	parameters := data.bylaw.parameters["security/secrets-path-missing"]
	scope.holds(parameters)
	not annotations.given(parameters.annotations)
}
