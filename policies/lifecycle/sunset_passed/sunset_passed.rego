# METADATA
# title: Its last day has passed
# description: >
#   Others have planned for the day on which it goes. If it is gone, the catalog is wrong; if it still runs, somebody
#   relies on what nobody looks after any more.
# custom:
#   severity: error
#   reads: entity
#   remediation: >
#     Switch it off and take its descriptor out of the catalog. If it has to stay, agree on a new day with those who
#     depend on it, and write that day into the annotation.
#   parameters:
#     annotation:
#       description: The annotation that names the last day; a time of that day will do.
#       type: string
#       default: bylaw.dev/sunset
package bylaw.lifecycle.sunset_passed

import rego.v1

import data.bylaw.lib.annotations
import data.bylaw.lib.dates
import data.bylaw.lib.entity

findings contains {
	"pointer": annotations.pointer(annotation),
	"message": sprintf("%s is still there, and its sunset was on %s", [entity.ref(input), day]),
	"observed": day,
	"expected": sprintf("a day from %s on", [data.bylaw.today]),
} if {
	annotation := data.bylaw.parameters["lifecycle/sunset-passed"].annotation
	day := dates.day(input.metadata.annotations[annotation]) # a sunset that is no date: lifecycle/sunset-missing says so
	day < data.bylaw.today
}
