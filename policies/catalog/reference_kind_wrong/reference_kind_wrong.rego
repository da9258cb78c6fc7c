# METADATA
# title: A reference names the wrong kind
# description: >
#   Backstage accepts any kind in a relation field by default and drops the relation in its newer model: a component
#   that "provides" another component shows up nowhere. An owner of the wrong kind is ownership/owner-kind-wrong.
# custom:
#   severity: error
#   reads: relations
#   reach: ["names(@)"]
#   remediation: >
#     Name an entity of a kind that the field is for, or move the reference to the field that is for this kind
#     (dependsOn takes any).
#   survivors:
#     - mutant: 'dropped condition: contains(json.marshal(object.get(input, field.field, null)), ":") -> true'
#       reason: It saves time alone; only what names a kind can name a wrong one.
#     - mutant: 'dropped condition: field.kinds != [] -> true'
#       reason: It saves time alone; where no kind is named, every kind fits.
package bylaw.catalog.reference_kind_wrong

import rego.v1
import future.keywords.not

import data.bylaw.lib.entity
import data.bylaw.lib.references

findings contains finding if {
	some field in data.bylaw.kinds[input.kind]
	contains(json.marshal(object.get(input, field.field, null)), ":")
	field.relation != "ownedBy"
	field.kinds != []
	relations := entity.relations(input)
	some target in relations[field.relation]
	not references.fits(field.kinds, target)
	some place in references.to(field.relation, target)
	place.kinds == field.kinds
	expected := references.one_of(field.kinds)
	finding := {
		"pointer": place.pointer,
		"message": sprintf("%s of %s refers to %s, expected %s", [place.field, entity.ref(input), target, expected]),
		"observed": place.text,
		"expected": expected,
	}
}
