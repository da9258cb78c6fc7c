# METADATA
# title: A reference leads nowhere
# description: >
#   Backstage keeps a relation to an entity that does not exist and says nothing: the dependency, the system or the
#   parent is simply missing from every page and every graph. An owner that does not exist is ownership/owner-unknown.
# custom:
#   severity: error
#   reads: relations
#   reach: ["names(@)"]
#   remediation: >
#     Correct the spelling, kind or namespace of the reference, or add the entity it names to the catalog. A reference
#     without a namespace is in the namespace of the entity that holds it.
package bylaw.catalog.reference_dangling

import rego.v1
import future.keywords.not

import data.bylaw.lib.entity
import data.bylaw.lib.references

findings contains finding if {
	entities := data.catalog.entities
	relations := entity.relations(input)
	some field in data.bylaw.kinds[input.kind]
	field.relation != "ownedBy"
	some target in relations[field.relation]
	not entities[target]
	some place in references.to(field.relation, target)
	references.fits(place.kinds, target)
	finding := {
		"pointer": place.pointer,
		"message": sprintf("%s of %s refers to %s, which is not in %s", [
			place.field, entity.ref(input), target, references.missing_from,
		]),
		"observed": place.text,
		"expected": sprintf("%s of the catalog", [references.one_of(place.kinds)]),
		"outcome": references.outcome(target),
		"nearest_of": {"kinds": references.kinds(place, target)},
	}
}
