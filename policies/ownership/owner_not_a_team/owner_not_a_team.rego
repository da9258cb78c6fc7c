# METADATA
# title: The owning Group is not a team
# description: >
#   A department or a whole organisation is too many people for any of them to feel meant. Whoever is asked, called at
#   night or told to repair it has to be a team.
# custom:
#   severity: warning
#   reads: relations
#   reach: ["kind, spec.type of ownedBy"]
#   remediation: >
#     Set spec.owner to the team below this Group that does the work. If the Group is a team, correct its spec.type, or
#     add its type to the parameter `types` of the rule.
#   parameters:
#     types:
#       description: The types (spec.type) of a Group that may own; upper and lower case do not count.
#       type: array
#       items: {type: string}
#       minItems: 1
#       default: [team, squad]
#     kinds:
#       description: The kinds that a team should own. A Domain is not among them, as a department may own one.
#       type: array
#       items: {type: string}
#       default: [Component, API, Resource, System, Template, AiResource]
package bylaw.ownership.owner_not_a_team

import rego.v1
import future.keywords.not

import data.bylaw.lib.entity
import data.bylaw.lib.references

findings contains finding if {
	parameters := data.bylaw.parameters["ownership/owner-not-a-team"]
	input.kind in parameters.kinds
	relations := entity.relations(input)
	some target in relations.ownedBy
	owner := data.catalog.entities[target]
	owner.kind == "Group"
	type := owner.spec.type
	is_string(type)
	not lower(type) in {lower(each) | some each in parameters.types}
	some place in references.to("ownedBy", target)
	expected := concat(" or ", parameters.types)
	finding := {
		"pointer": place.pointer,
		"message": sprintf("owner %s of %s is a Group of type %s, expected %s", [place.text, entity.ref(input), type, expected]),
		"observed": type,
		"expected": sprintf("a Group of type %s", [expected]),
	}
}
