# METADATA
# title: The catalog does not take this kind
# description: >
#   One entity of a kind that catalog.rules of Backstage does not allow, and Backstage takes nothing new of its whole
#   location. Its own validation of entities does not look at these rules.
# custom:
#   severity: warning
#   reads: entity
#   remediation: >
#     Move the entity to a location that may hold its kind, or allow the kind: in catalog.rules of app-config.yaml, and
#     in the parameter `allowed` of the rule.
#   parameters:
#     allowed:
#       description: >
#         The kinds that catalog.rules of app-config.yaml allows; upper and lower case do not count. Empty means that
#         all are allowed: which ones are is written there alone (Backstage's own default is Component, API, Location).
#       type: array
#       items: {type: string, minLength: 1}
#       default: []
package bylaw.catalog.kind_not_allowed

import rego.v1

import data.bylaw.lib.entity

findings contains {"pointer": "/kind", "message": message, "observed": input.kind, "expected": expected} if {
	allowed := data.bylaw.parameters["catalog/kind-not-allowed"].allowed
	count(allowed) > 0
	every kind in allowed {
		lower(kind) != lower(input.kind)
	}
	data.bylaw.kinds[input.kind] # any other is for catalog/kind-unknown to report
	expected := concat(", ", allowed)
	message := sprintf("kind %s of %s is not one that the catalog takes: %s", [input.kind, entity.ref(input), expected])
}
