# METADATA
# title: The annotation has a successor
# description: >
#   Plugins read it no longer, or will not for long. What it switched on is gone then, and nothing says why.
# custom:
#   severity: info
#   reads: entity
#   remediation: Write the value under the new name, or what has come in the annotation's place; remove the old one.
#   parameters:
#     renamed:
#       description: Deprecated annotations, each with the annotation that holds the same value now.
#       type: object
#       additionalProperties: {type: string, minLength: 1}
#       default:
#         backstage.io/github-actions-id: github.com/project-slug
#         jenkins.io/github-folder: jenkins.io/job-full-name
#     replaced:
#       description: Deprecated annotations, each with what has come in its place, in words.
#       type: object
#       additionalProperties: {type: string, minLength: 1}
#       default:
#         backstage.io/definition-at-location: a $text placeholder in spec.definition
package bylaw.catalog.annotation_deprecated

import rego.v1

import data.bylaw.lib.annotations
import data.bylaw.lib.entity

findings contains object.union(_finding(old, new), {"fix": _fix(old, new)}) if {
	some old, new in data.bylaw.parameters["catalog/annotation-deprecated"].renamed
	is_string(input.metadata.annotations[old])
}

findings contains _finding(old, new) if {
	some old, new in data.bylaw.parameters["catalog/annotation-deprecated"].replaced
	is_string(input.metadata.annotations[old])
}

_finding(old, new) := {
	"pointer": annotations.pointer(old),
	"message": sprintf("annotation %s of %s is deprecated: use %s", [old, entity.ref(input), new]),
	"expected": new,
}

# None where the new one is there, and may say something else. Keys that differ in case alone clash.
_fix(old, new) := [] if {
	some name, _ in input.metadata.annotations
	lower(name) == lower(new)
} else := [{"op": "move", "from": annotations.pointer(old), "path": annotations.pointer(new)}]
