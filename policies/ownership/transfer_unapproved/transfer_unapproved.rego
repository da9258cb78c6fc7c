# METADATA
# title: The owner changes, and the old one has not agreed
# description: >
#   Whoever can edit a file can make it theirs, or somebody else's: with the owner go the pages, the permissions and the
#   calls at night. Somebody of the old owner should have approved.
# custom:
#   severity: error
#   applies_to_change: true
#   applies_to: {kind: [Component, API, Resource, System, Domain, Template, AiResource]}
#   reads: graph
#   reach: [names(ownedBy)]
#   remediation: >
#     Ask a member of the old owner (or of a group below it) to approve the change; who approved is given to the gate.
package bylaw.ownership.transfer_unapproved

import rego.v1
import future.keywords.not

import data.bylaw.lib.change

findings contains {
	"pointer": "/spec/owner",
	"message": sprintf("%s goes from %s to %s, and %s", [change.ref, old, _new, said.text]),
	"observed": _new,
	"expected": sprintf("approval by a member of %s", [old]),
	"outcome": said.outcome,
	"key": old,
} if {
	not is_null(input.after)
	some old in data.base.relations[change.ref].ownedBy
	not old in _owners
	said := _said(old)
}

_owners := object.get(data.catalog.relations, [change.ref, "ownedBy"], [])

default _new := "nobody"

_new := concat(", ", _owners) if count(_owners) > 0

# Nobody can have agreed for an owner that does not exist. (In a part of a catalog it may, elsewhere.)
_said(old) := {"outcome": "unknown", "text": "who approved it is not known"} if {
	is_null(input.approvers)
	_may_exist(old)
} else := {"outcome": "unknown", "text": "who belongs to it is not in the files read"} if {
	not data.base.entities[old]
	not data.base.complete
} else := {"outcome": "fail", "text": "nobody of the old owner has approved it"} if {
	data.base.entities[old]
	not _agreed(old)
}

_may_exist(old) if data.base.entities[old]

_may_exist(_) if not data.base.complete

# The groups are those before the change: it must not make its own approvers.
_agreed(old) if old in input.approvers

_agreed(old) if {
	some approver in input.approvers
	some group in array.concat([approver], object.get(data.base.relations, [approver, "memberOf"], []))
	old in array.concat([group], object.get(data.base.groups, [group, "ancestors"], []))
}
