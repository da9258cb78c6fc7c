# Labels, or annotations in their place, of any entities.
package bylaw.lib.labels

import rego.v1

# Whether one of the entities has one of these: a text that is not blank.
given(entities, names) if {
	some entity in entities
	some field in ["labels", "annotations"]
	some name in names
	value := entity.metadata[field][name]
	is_string(value)
	trim_space(value) != ""
}

# Where a label stands, or should.
pointer(name) := concat("", ["/metadata/labels/", replace(replace(name, "~", "~0"), "/", "~1")])
