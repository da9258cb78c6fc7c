# Labels, or annotations in their place.
package bylaw.lib.labels

import rego.v1

# Whether an entity has one of these: a text that is not blank.
given(entity, names) if {
	some field in ["labels", "annotations"]
	all := entity.metadata[field]
	is_object(all)
	some name, value in all
	name in names
	is_string(value)
	trim_space(value) != ""
}

# Where a label stands, or should.
pointer(name) := concat("", ["/metadata/labels/", replace(replace(name, "~", "~0"), "/", "~1")])
