# METADATA
# title: A User is in no Group
# description: >
#   Whoever is in no Group owns nothing through one, is granted nothing through one, and is missing wherever a team's
#   people are listed.
# custom:
#   severity: warning
#   applies_to: {kind: [User]}
#   reads: relations
#   reach: [names(memberOf)]
#   remediation: >
#     Name the person's Groups in spec.memberOf, or the person in spec.members of a Group. Remove the User of somebody
#     who has left.
package bylaw.ownership.user_without_group

import rego.v1
import future.keywords.not

import data.bylaw.lib.entity
import data.bylaw.lib.references

findings contains {
	"pointer": "/spec/memberOf",
	"message": sprintf("%s is in no Group of %s", [entity.ref(input), references.missing_from]),
	"expected": "at least one Group",
	"outcome": {true: "fail", false: "unknown"}[data.catalog.complete], # another file may hold a Group that names the User
} if {
	relations := entity.relations(input)
	not relations.memberOf
	object.get(input, ["spec", "memberOf"], []) in [[], null] # of another type: catalog/entity-invalid says so
}
