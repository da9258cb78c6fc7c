# METADATA
# title: Nobody owns it
# description: >
#   What nobody owns nobody repairs, reviews or switches off. Backstage asks for an owner everywhere but on Templates;
#   here they need one as well, because what they generate outlives them.
# custom:
#   severity: error
#   applies_to: {kind: [Component, API, Resource, System, Domain, Template, AiResource]}
#   reads: entity
#   remediation: Set spec.owner to the Group that answers for it.
package bylaw.ownership.owner_missing

import rego.v1
import future.keywords.not

import data.bylaw.lib.entity

findings contains {
	"pointer": "/spec/owner",
	"message": sprintf("%s has no owner", [entity.ref]),
	"expected": "a reference to a Group or User",
} if {
	not _owned
}

_owned if {
	owner := input.spec.owner
	is_string(owner)
	trim_space(owner) != ""
}

# Of another type: catalog/entity-invalid says so.
_owned if {
	owner := input.spec.owner
	not is_string(owner)
	not is_null(owner)
}
