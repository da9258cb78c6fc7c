# METADATA
# title: Nobody has looked at it for long
# description: A descriptor that nobody looks at drifts away from what it describes.
# custom:
#   severity: warning
#   applies_to: {kind: [Component, API]}
#   reads: entity
#   remediation: Go through it with its owner, correct it, and write the day into bylaw.dev/reviewed as YYYY-MM-DD.
#   parameters:
#     annotation:
#       description: The annotation that holds the day of the last review; a time of that day will do.
#       type: string
#       default: bylaw.dev/reviewed
#     days:
#       description: How many days a review holds.
#       type: integer
#       minimum: 1
#       maximum: 36500
#       default: 180
#     lifecycles:
#       description: The lifecycles it holds for; empty means all.
#       type: array
#       items: {type: string}
#       default: [production]
package bylaw.lifecycle.review_overdue

import rego.v1
import future.keywords.not

import data.bylaw.lib.annotations
import data.bylaw.lib.dates
import data.bylaw.lib.entity
import data.bylaw.lib.scope

findings contains {"pointer": pointer, "message": message, "outcome": "unknown"} if {
	scope.holds(_parameters)
	not annotations.given([_parameters.annotation])
	pointer := annotations.pointer(_parameters.annotation)
	message := sprintf("%s does not say when it was reviewed: no annotation %s", [entity.ref, _parameters.annotation])
}

findings contains {"pointer": pointer, "message": message, "observed": reviewed, "expected": expected} if {
	reviewed := input.metadata.annotations[_parameters.annotation]
	annotations.given([_parameters.annotation])
	scope.holds(_parameters)
	message := _fault(reviewed)
	pointer := annotations.pointer(_parameters.annotation)
	expected := sprintf("a date of the last %d days, YYYY-MM-DD", [_parameters.days])
}

_fault(reviewed) := sprintf("review %s of %s is not a date", [reviewed, entity.ref]) if {
	not dates.day(reviewed)
} else := sprintf("review %s of %s lies in the future", [reviewed, entity.ref]) if {
	dates.day(reviewed) > dates.before_today(-1) # tomorrow has begun somewhere
} else := sprintf("last review %s of %s is more than %d days ago", [reviewed, entity.ref, _parameters.days]) if {
	dates.day(reviewed) < dates.before_today(_parameters.days)
}

_parameters := data.bylaw.parameters["lifecycle/review-overdue"]
