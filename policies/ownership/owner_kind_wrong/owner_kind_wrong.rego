# METADATA
# title: Owner is neither a Group nor a User
# description: >
#   Only a Group or a User can answer for something. Backstage's default model records any kind as the owner; its newer
#   one drops the relation silently.
# custom:
#   severity: error
#   reads: relations
#   reach: [names(ownedBy)]
#   remediation: Set spec.owner to the Group that answers for it; use system or dependsOn for other relations.
#   survivors:
#     - mutant: 'dropped condition: field.relation == "ownedBy" -> true'
#       reason: It saves time alone; the places below are those of ownedBy.
#     - mutant: 'dropped condition: contains(json.marshal(object.get(input, field.field, null)), ":") -> true'
#       reason: It saves time alone; only what names a kind can name a wrong one.
package bylaw.ownership.owner_kind_wrong

import rego.v1
import future.keywords.not

import data.bylaw.lib.entity
import data.bylaw.lib.references

findings contains finding if {
	some field in data.bylaw.kinds[input.kind]
	field.relation == "ownedBy"
	contains(json.marshal(object.get(input, field.field, null)), ":")
	relations := entity.relations(input)
	some target in relations.ownedBy
	not references.fits(field.kinds, target)
	some place in references.to("ownedBy", target)
	place.kinds == field.kinds
	expected := references.one_of(field.kinds)
	finding := {
		"pointer": place.pointer,
		"message": sprintf("owner %s of %s is a %s, expected %s", [
			place.text, entity.ref(input), split(target, ":")[0], expected,
		]),
		"observed": place.text,
		"expected": expected,
	}
}
