# METADATA
# title: It is renamed while others use the old name
# description: >
#   To Backstage a new name is a new entity, and the old one is gone: references to the old name lead nowhere, and
#   nobody who holds one is told.
# custom:
#   severity: error
#   applies_to_change: true
#   reads: relations
#   reach: [names(.)]
#   remediation: >
#     Write the new name wherever the old one stands, in the same change; or keep both until everybody has moved.
package bylaw.catalog.renamed_in_use

import rego.v1

import data.bylaw.lib.change

findings contains {
	"pointer": "/metadata/name",
	"message": sprintf("%s has become %s: renamed? %d still refer to the old name: %s", [
		change.ref, change.heir, count(change.referrers), change.in_use,
	]),
	"observed": change.referrers,
	"expected": "nothing refers to the old name",
	"suggestion": change.heir,
} if {
	count(change.referrers) > 0
}
