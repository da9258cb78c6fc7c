# The references of the entity that is judged, and what becomes of one that leads nowhere.
package bylaw.lib.references

import rego.v1
import future.keywords.not

# Where the entity itself names the target: {"pointer", "text", "field", "kinds"}; empty where only the other side does.
to(relation, target) := {place |
	some field in data.bylaw.kinds[input.kind]
	field.relation == relation
	some suffix, text in _texts(object.get(input, field.field, null))
	meaning(text, field.default_kind) == target
	place := {
		"pointer": concat("", [_pointer(field.field), suffix]),
		"text": text,
		"field": field.field[count(field.field) - 1],
		"kinds": field.kinds,
	}
}

# The ref that a text means in this entity, as Backstage's parseEntityRef reads it: [<kind>:][<namespace>/]<name>.
meaning(text, default_kind) := lower(concat("", [kind, ":", namespace, "/", parts[3]])) if {
	parts := regex.find_all_string_submatch_n(`(?s)^(?:([^:/]*):)?(?:([^/]*)/)?(.*)$`, text, 1)[0]
	kind := _first(parts[1], default_kind)
	is_string(kind)
	namespace := _first(parts[2], object.get(input.metadata, "namespace", "default"))
}

# One place for a relation, for findings about the relation itself.
pointer(relation, target) := min(pointers) if {
	pointers := {place.pointer | some place in to(relation, target)}
	count(pointers) > 0
} else := "/spec"

# A target may stand in a field if the field allows its kind; no kinds: any.
fits(kinds, _) if count(kinds) == 0

fits(kinds, target) if {
	some kind in kinds
	startswith(target, concat("", [lower(kind), ":"]))
}

# The kinds that were meant at a place: those of its field, or where any may stand, that of the target.
kinds(place, target) := [split(target, ":")[0]] if {
	place.kinds == []
} else := place.kinds

# What may stand in a field, in words: "an API", "a Group or User", "an entity".
one_of(kinds) := "an entity" if {
	count(kinds) == 0
} else := concat(" ", ["an", concat(" or ", kinds)]) if {
	regex.match(`^[AEIO]`, kinds[0])
} else := concat(" ", ["a", concat(" or ", kinds)])

# What a missing target means: a fault; or, where only a part of the catalog was read, nobody knows.
outcome(target) := "unknown" if {
	not data.catalog.complete
	regex.match(_possible, target)
} else := "fail"

# What a ref looks like that some entity could bear.
_possible := `^[a-z][a-z0-9]{0,62}:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9]([a-z0-9_.-]{0,61}[a-z0-9])?$`

# Where it is missing from, in words.
missing_from := "the catalog" if {
	data.catalog.complete
} else := "the files read"

# The texts of a field that holds one reference or several, by what their pointers end with.
_texts(value) := {"": value} if {
	is_string(value)
} else := {concat("/", ["", format_int(index, 10)]): text | some index, text in value; is_string(text)} if {
	is_array(value)
} else := {}

_pointer(path) := concat("", [step |
	some name in path
	step := concat("", ["/", replace(replace(name, "~", "~0"), "/", "~1")])
])

_first(text, other) := text if {
	text != ""
} else := other
