# METADATA
# title: Deprecated without an end date
# description: Nobody plans for a day that nobody has named. What is deprecated without a date lives on.
# custom:
#   severity: warning
#   applies_to: {spec.lifecycle: "*"}
#   reads: entity
#   remediation: Agree on the day after which it will be gone, and write that day into bylaw.dev/sunset as YYYY-MM-DD.
#   parameters:
#     deprecated:
#       description: Lifecycles of what will be switched off.
#       type: array
#       items: {type: string}
#       default: [deprecated]
#     annotation:
#       description: The annotation that names the last day; a time of that day will do.
#       type: string
#       default: bylaw.dev/sunset
package bylaw.lifecycle.sunset_missing

import rego.v1
import future.keywords.not

import data.bylaw.lib.annotations
import data.bylaw.lib.dates
import data.bylaw.lib.entity

findings contains finding if {
	input.spec.lifecycle in _parameters.deprecated
	not annotations.given([_parameters.annotation])
	finding := {
		"pointer": annotations.pointer(_parameters.annotation),
		"message": sprintf("%s is %s and does not say until when: no annotation %s", [
			entity.ref(input), input.spec.lifecycle, _parameters.annotation,
		]),
		"expected": "a date, YYYY-MM-DD",
	}
}

findings contains finding if {
	input.spec.lifecycle in _parameters.deprecated
	annotations.given([_parameters.annotation])
	sunset := input.metadata.annotations[_parameters.annotation]
	not dates.day(sunset)
	finding := {
		"pointer": annotations.pointer(_parameters.annotation),
		"message": sprintf("sunset %s of %s is not a date", [sunset, entity.ref(input)]),
		"observed": sunset,
		"expected": "a date, YYYY-MM-DD",
	}
}

_parameters := data.bylaw.parameters["lifecycle/sunset-missing"]
