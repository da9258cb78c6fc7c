# METADATA
# title: Too long for Backstage's filters
# description: >
#   Backstage keeps texts of up to 200 characters for its filters. A longer value matches nothing, and a value whose key
#   is longer is not there at all: whoever filters by it finds no entity, and no error.
# custom:
#   severity: info
#   reads: entity
#   remediation: >
#     Shorten it, or write what is to be found into an annotation or a label of its own. What nobody filters by, add to
#     the parameter `ignored`.
#   parameters:
#     characters:
#       description: The characters that Backstage keeps of a key or a value.
#       type: integer
#       minimum: 1
#       default: 200
#     ignored:
#       description: Keys of texts that nobody filters by, as Backstage writes them in filters.
#       type: array
#       items: {type: string, minLength: 1}
#       default: [spec.definition, spec.target, spec.rationale, spec.allowedTools, spec.compatibility, spec.license]
#   survivors:
#     - mutant: 'dropped condition: count(field) + count(json.marshal(given)) > _parameters.characters -> true'
#       reason: It saves time alone; where all is short together, nothing is long.
#     - mutant: >
#         swapped comparison: count(field) + count(json.marshal(given)) > _parameters.characters
#         -> count(field) + count(json.marshal(given)) >= _parameters.characters
#       reason: It saves time alone; the quotes and braces of JSON count as well.
package bylaw.catalog.search_value_too_long

import rego.v1
import future.keywords.not

import data.bylaw.lib.entity
import data.bylaw.lib.texts

findings contains {"pointer": pointer, "message": message, "observed": length, "expected": _expected} if {
	some field, names in _long_names
	some name, length in names
	pointer := _pointer(field, name)
	message := sprintf("a key of %s below %s has %d characters, and Backstage keeps %d for its filters", [
		entity.ref(input), field, length, _parameters.characters,
	])
}

findings contains {"pointer": pointer, "message": message, "observed": length, "expected": _expected} if {
	some field, given in _long
	some name, length in texts.longer_texts(given, _parameters.characters)
	not _long_names[field][name]
	key := concat(".", [field, name])
	not key in _parameters.ignored
	pointer := _pointer(field, name)
	message := sprintf("%s of %s has %d characters, and Backstage keeps %d for its filters", [
		key, entity.ref(input), length, _parameters.characters,
	])
}

# Where texts stand by which people filter: what lies deeper is for machines, and a description is for readers. Tags
# are not among them: Backstage refuses one of more than 63 characters. Of 🙂 and the like it keeps half as many; nobody
# filters by so many of them.
_fields["metadata.annotations"] := input.metadata.annotations

_fields["metadata.labels"] := input.metadata.labels

_fields["spec"] := input.spec

_long[field] := given if {
	some field, given in _fields
	count(field) + count(json.marshal(given)) > _parameters.characters
}

# The names whose keys are too long, with the length of these: Backstage writes metadata.labels.tier.
_long_names[field] := names if {
	some field, given in _long
	before := count(field) + 1
	names := {name: total |
		some name, length in texts.longer_names(given, _parameters.characters - before)
		total := before + length
	}
}

_pointer(field, name) := concat("", [
	"/", replace(field, ".", "/"),
	"/", replace(replace(name, "~", "~0"), "/", "~1"),
])

_expected := sprintf("at most %d characters", [_parameters.characters])

_parameters := data.bylaw.parameters["catalog/search-value-too-long"]
