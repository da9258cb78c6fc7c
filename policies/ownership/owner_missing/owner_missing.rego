# METADATA
# title: Nobody owns it
# description: >
#   What nobody owns nobody repairs, reviews or switches off. Backstage asks for an owner everywhere but on Templates;
#   here they need one as well, because what they generate outlives them.
# custom:
#   severity: error
#   applies_to: {kind: [Component, API, Resource, System, Domain, Template, AiResource]}
#   reads: relations
#   reach: ["kind, spec.owner of ($relations)"]
#   remediation: >
#     Set spec.owner to the Group that answers for it. `bylaw fix` does, where what it belongs to has one owner.
#   parameters:
#     relations:
#       description: The relations to what it belongs to, whose owner may be meant for it as well.
#       type: array
#       items: {type: string}
#       default: [partOf, apiProvidedBy]
#     kinds:
#       description: The kinds of what it belongs to whose owner counts. A Domain is too wide to tell.
#       type: array
#       items: {type: string}
#       default: [Component, System]
package bylaw.ownership.owner_missing

import rego.v1
import future.keywords.not

import data.bylaw.lib.entity
import data.bylaw.lib.references

findings contains {
	"pointer": "/spec/owner",
	"message": sprintf("%s has no owner", [entity.ref(input)]),
	"expected": "a reference to a Group or User",
	"fix": _fix,
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

# Where all that it belongs to is of one owner. Whether that one is in the catalog, the engine looks.
_fix := [{"op": "add", "path": "/spec/owner", "value": owner}] if {
	is_object(input.spec)
	count(_inherited) == 1
	some owner in _inherited
} else := []

# The owners of what it belongs to, in the words of this entity: team-orders rather than group:default/team-orders.
_inherited contains trim_prefix(replace(owner, own_namespace, ":"), "group:") if {
	parameters := data.bylaw.parameters["ownership/owner-missing"]
	relations := entity.relations(input)
	some relation in parameters.relations
	some target in relations[relation]
	parent := data.catalog.entities[target]
	parent.kind in parameters.kinds
	is_string(parent.spec.owner)
	owner := references.meaning(parent.spec.owner, "Group") with input as parent
	own_namespace := lower(concat("", [":", input.metadata.namespace, "/"]))
}
