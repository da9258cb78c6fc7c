# METADATA
# title: Nothing says what it is
# description: >
#   The description is all that search results and lists show of an entity besides its name. Without one, or with the
#   name once more, nobody finds what they do not know already.
# custom:
#   severity: warning
#   applies_to: {kind: [Component, API, Resource, System, Domain, Template, AiResource]}
#   reads: entity
#   remediation: Write into metadata.description, in a sentence, what it does and for whom.
#   parameters:
#     characters:
#       description: How many characters a description has at least; blanks around it do not count.
#       type: integer
#       minimum: 1
#       default: 10
package bylaw.docs.description_missing

import rego.v1

import data.bylaw.lib.entity
import data.bylaw.lib.texts

findings contains {
	"pointer": "/metadata/description",
	"message": fault,
	"observed": _description,
	"expected": sprintf("a sentence of at least %d characters", [_characters]),
} if {
	fault := _fault
}

_fault := sprintf("%s has no description", [entity.ref(input)]) if {
	_said == ""
} else := sprintf("description \"%s\" of %s repeats its name", [_description, entity.ref(input)]) if {
	_said == _plain(input.metadata.name)
} else := sprintf("description \"%s\" of %s repeats its title", [_description, entity.ref(input)]) if {
	title := input.metadata.title
	is_string(title)
	_said == _plain(title)
} else := sprintf("description \"%s\" of %s is shorter than %d characters", [
	_description, entity.ref(input), _characters,
]) if {
	texts.is_shorter(_description, _characters)
}

# Of another type: catalog/entity-invalid says so.
_description := trim_space(text) if {
	text := object.get(input.metadata, "description", "")
	is_string(text)
} else := "" if {
	is_null(input.metadata.description)
}

_said := _plain(_description)

# A text without what names are separated by, in lower case: "Orders API" is orders-api.
_plain(text) := lower(strings.replace_n({" ": "", "-": "", "_": "", ".": ""}, text))

_characters := data.bylaw.parameters["docs/description-missing"].characters
