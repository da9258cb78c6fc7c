# METADATA
# title: A person owns it
# description: >
#   People change teams, go on leave and resign; what they owned then has nobody. A Group still answers when one of its
#   members goes.
# custom:
#   severity: warning
#   reads: relations
#   reach: [names(ownedBy)]
#   remediation: Set spec.owner to a Group that the person is a member of.
#   parameters:
#     kinds:
#       description: The kinds that only a Group should own.
#       type: array
#       items: {type: string}
#       default: [Component, API, Resource, System, Domain, Template, AiResource]
#     lifecycles:
#       description: The lifecycles it holds for; empty means all. A kind without one, such as System, always counts.
#       type: array
#       items: {type: string}
#       default: []
package bylaw.ownership.owner_is_a_person

import rego.v1

import data.bylaw.lib.entity
import data.bylaw.lib.references
import data.bylaw.lib.scope

findings contains finding if {
	parameters := data.bylaw.parameters["ownership/owner-is-a-person"]
	input.kind in parameters.kinds
	relations := entity.relations(input)
	some target in relations.ownedBy
	startswith(target, "user:") # whether the User exists is for ownership/owner-unknown to say
	scope.holds(parameters)
	some place in references.to("ownedBy", target)
	finding := {
		"pointer": place.pointer,
		"message": sprintf("owner %s of %s is a person, expected a Group", [place.text, entity.ref(input)]),
		"observed": place.text,
		"expected": "a Group",
	}
}
