# METADATA
# title: It is removed while others refer to it
# description: >
#   Backstage deletes an entity without asking who needs it. Whoever depended on it, was owned by it or belonged to it
#   then refers to nothing, and none of their owners has seen the change.
# custom:
#   severity: error
#   applies_to_change: true
#   reads: relations
#   reach: [names(.)]
#   remediation: >
#     Change those who refer to it first, or in the same change; or keep it, deprecated, until nobody does.
package bylaw.catalog.removed_in_use

import rego.v1
import future.keywords.not

import data.bylaw.lib.change

findings contains {
	"pointer": "/metadata/name",
	"message": sprintf("%s is removed, and %d still refer to it: %s", [
		change.ref, count(change.referrers), change.in_use,
	]),
	"observed": change.referrers,
	"expected": "nothing refers to it",
} if {
	change.removed
	count(change.referrers) > 0
	not change.heir # catalog/renamed-in-use says so
}
