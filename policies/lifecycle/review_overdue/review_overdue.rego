# METADATA
# title: Nobody has looked at it for long
# description: A descriptor that nobody looks at drifts away from what it describes.
# custom:
#   severity: warning
#   applies_to: {kind: [Component, API]}
#   reads: entity
#   remediation: Go through it with its owner, correct it, and write the day into bylaw.dev/reviewed as YYYY-MM-DD.
#   survivors:
#     - mutant: "dropped condition: day > data.bylaw.today -> true"
#       reason: It saves time alone, for nearly every entity; whatever lies behind tomorrow lies behind today.
#     - mutant: "swapped comparison: day > data.bylaw.today -> day >= data.bylaw.today"
#       reason: The same.
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

findings contains object.union({"pointer": annotations.pointer(parameters.annotation)}, _fault(parameters)) if {
	parameters := data.bylaw.parameters["lifecycle/review-overdue"]
	scope.holds(parameters)
}

_fault(parameters) := {"outcome": "unknown", "message": message} if {
	not annotations.given([parameters.annotation])
	message := sprintf("%s does not say when it was reviewed: no annotation %s", [
		entity.ref(input), parameters.annotation,
	])
} else := {"message": message, "observed": reviewed, "expected": expected} if {
	reviewed := input.metadata.annotations[parameters.annotation]
	wrong := _wrong(_day(reviewed), parameters.days)
	message := sprintf("review %s of %s %s", [reviewed, entity.ref(input), wrong])
	expected := sprintf("a date of the last %d days, YYYY-MM-DD", [parameters.days])
}

_day(reviewed) := day if {
	day := dates.day(reviewed)
} else := ""

_wrong(day, days) := "is not a date" if {
	day == ""
} else := "lies in the future" if {
	day > data.bylaw.today
	day > dates.before_today(-1) # tomorrow has begun somewhere
} else := sprintf("is more than %d days ago", [days]) if {
	day < dates.before_today(days)
}
