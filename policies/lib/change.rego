# The change that is judged: input.before and input.after, null where the entity is not there.
package bylaw.lib.change

import rego.v1
import future.keywords.not

import data.bylaw.lib.entity as entities

# The entity as it will be; of one that is removed, as it was.
entity := input.before if {
	is_null(input.after)
} else := input.after

# Its canonical reference: component:default/orders.
ref := entities.ref(entity)

# The entity goes.
removed if is_null(input.after)

# The refs that still name it in the proposed state, in order.
referrers := sort({referrer |
	some targets in data.catalog.relations[ref]
	some referrer in targets
	data.catalog.entities[referrer]
})

# The new entity that it has probably become: the only one of its kind that says the same of itself.
heir := added if {
	removed
	heirs := [added |
		some added in data.change.added
		other := data.catalog.entities[added]
		other.kind == input.before.kind
		other.spec == input.before.spec
	]
	count(heirs) == 1
	added := heirs[0]
}

# Who still names it, in words that stay short, and how many need it through others.
in_use := sprintf("%s%s%s", [concat(", ", array.slice(referrers, 0, 10)), _more, _transitive])

default _more := ""

_more := sprintf(" and %d more", [count(referrers) - 10]) if count(referrers) > 10

default _transitive := ""

_transitive := sprintf("; %d need it directly or through others", [dependents]) if {
	dependents := data.change.dependents[ref]
	dependents > count(referrers)
}
