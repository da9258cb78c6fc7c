# METADATA
# title: An annotation that only Backstage sets is set by hand
# description: >
#   Backstage sets these itself: where it has read an entity, and that no location names it any more. By hand they mark
#   what is in use as an orphan to be deleted, or are overwritten without a word.
# custom:
#   severity: error
#   reads: entity
#   remediation: >
#     Remove the annotation. To say where the source code is, use backstage.io/source-location; where the descriptor is
#     seen and edited, backstage.io/view-url and backstage.io/edit-url.
#   parameters:
#     prefixes:
#       description: What the names of such annotations begin with; upper and lower case do not count.
#       type: array
#       items: {type: string, minLength: 1, pattern: "^[^A-Z]*$"}
#       default: [backstage.io/orphan, backstage.io/managed-by-]
package bylaw.catalog.reserved_annotation

import rego.v1

import data.bylaw.lib.annotations
import data.bylaw.lib.entity

findings contains {"pointer": pointer, "message": message, "expected": "no such annotation", "fix": fix} if {
	given := input.metadata.annotations
	is_object(given)
	prefixes := data.bylaw.parameters["catalog/reserved-annotation"].prefixes
	some name, _ in given
	strings.any_prefix_match(lower(name), prefixes) # one that differs in case alone clashes with Backstage's own
	pointer := annotations.pointer(name)
	message := sprintf("annotation %s of %s is set by hand: the name is reserved", [name, entity.ref(input)])
	fix := [{"op": "remove", "path": pointer}]
}
