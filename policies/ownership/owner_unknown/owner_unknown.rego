# METADATA
# title: Owner is not in the catalog
# description: >
#   An owner that does not exist is no owner: nobody is shown, notified or asked. Backstage accepts it without a word.
# custom:
#   severity: error
#   reads: relations
#   reach: [names(ownedBy)]
#   remediation: >
#     Correct the spelling of spec.owner, or add the Group to the catalog. Without a kind it means a Group, without a
#     namespace the entity's own namespace.
package bylaw.ownership.owner_unknown

import rego.v1
import future.keywords.not

import data.bylaw.lib.entity
import data.bylaw.lib.references

findings contains finding if {
	relations := entity.relations(input)
	some target in relations.ownedBy
	not data.catalog.entities[target]
	some place in references.to("ownedBy", target)
	references.fits(place.kinds, target)
	trim_space(place.text) != "" # ownership/owner-missing says so
	finding := {
		"pointer": place.pointer,
		"message": sprintf("owner %s of %s is not in %s", [place.text, entity.ref(input), references.missing_from]),
		"observed": place.text,
		"expected": sprintf("%s of the catalog", [references.one_of(place.kinds)]),
		"outcome": references.outcome(target),
		"nearest_of": {"kinds": references.kinds(place, target)},
	}
}
