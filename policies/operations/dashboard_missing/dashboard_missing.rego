# METADATA
# title: No dashboard is linked
# description: >
#   The first question of any incident is what the service is doing now. Whoever has to search for the dashboard answers
#   it later.
# custom:
#   severity: info
#   applies_to: {kind: [Component]}
#   reads: entity
#   remediation: >
#     Add the dashboard to metadata.links with type: dashboard, or set the annotation of the Backstage plugin that shows
#     it, such as grafana/dashboard-selector.
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
#       description: Words of which one in the type or title of a link makes it a dashboard, in upper or lower case.
#       type: array
#       items: {type: string, minLength: 1}
#       minItems: 1
#       default: [dashboard, grafana, datadog, new relic, dynatrace]
#     annotations:
#       description: Annotations of which one will do instead of a link.
#       type: array
#       items: {type: string}
#       minItems: 1
#       default: [grafana/dashboard-selector, grafana/overview-dashboard, grafana/tag-selector,
#         datadoghq.com/dashboard-url, datadoghq.com/graph-token, newrelic.com/dashboard-guid,
#         dynatrace.com/dynatrace-entity-id, prometheus.io/rule]
package bylaw.operations.dashboard_missing

import rego.v1
import future.keywords.not

import data.bylaw.lib.annotations
import data.bylaw.lib.entity
import data.bylaw.lib.links
import data.bylaw.lib.scope
import data.bylaw.lib.words

findings contains {
	"pointer": "/metadata/links",
	"message": sprintf("%s links no dashboard: no link with %s in its type or title, no annotation %s", [
		entity.ref(input), words.one_of(parameters.words), words.one_of(parameters.annotations),
	]),
	"expected": sprintf("a link of type %s", [parameters.words[0]]),
} if {
	parameters := data.bylaw.parameters["operations/dashboard-missing"]
	scope.holds(parameters)
	not annotations.given(parameters.annotations)
	not links.given(parameters.words)
}
