# METADATA
# title: An API that nothing provides
# description: >
#   Whoever wants to use an API, or finds it broken, has to get to what runs behind it and to those who run it. An API
#   that nothing provides leads nowhere.
# custom:
#   severity: warning
#   applies_to: {kind: [API]}
#   reads: relations
#   reach: [names(apiProvidedBy)]
#   remediation: >
#     Name the API in spec.providesApis of the component that serves it, or take it out of the catalog if nothing serves
#     it any more. An API that a supplier serves is provided by a component that stands for the supplier's system.
#   parameters:
#     lifecycles:
#       description: The lifecycles it holds for; empty means all. An experimental API may not have been built yet.
#       type: array
#       items: {type: string}
#       default: [production, deprecated]
#     exempt_types:
#       description: Types (spec.type) of an API that says itself where it is served, so that no component has to.
#       type: array
#       items: {type: string}
#       default: [mcp-server]
package bylaw.lifecycle.api_without_provider

import rego.v1
import future.keywords.not

import data.bylaw.lib.entity
import data.bylaw.lib.references
import data.bylaw.lib.scope

findings contains {
	"pointer": "/spec",
	"message": sprintf("no component of %s provides %s", [references.missing_from, entity.ref(input)]),
	"expected": "a component with the API among its spec.providesApis",
	"outcome": {true: "fail", false: "unknown"}[data.catalog.complete], # another file may hold the component
} if {
	relations := entity.relations(input)
	not relations.apiProvidedBy
	parameters := data.bylaw.parameters["lifecycle/api-without-provider"]
	scope.holds(parameters)
	not input.spec.type in parameters.exempt_types
}
