# The annotations of the entity that is judged.
package bylaw.lib.annotations

import rego.v1

# Whether one of these is given: a text that is not blank.
given(names) if {
	all := input.metadata.annotations
	is_object(all)
	some name, value in all
	name in names
	is_string(value)
	trim_space(value) != ""
}

# Where one stands, or should.
pointer(name) := concat("", ["/metadata/annotations/", replace(replace(name, "~", "~0"), "/", "~1")])
