# Days, as annotations name them: 2026-01-31, or a time of such a day, 2026-01-31T09:30:00Z.
package bylaw.lib.dates

import rego.v1
import future.keywords.not

# The day that a text names, as it is written there: YYYY-MM-DD, and these compare as texts. Undefined for anything that
# names no day of the calendar: time.parse_ns makes that an error in one of the engines. An expression is read anew at
# each use, so the calendar is reckoned; [0-9] and not \d, which means the digits of every script in one of them.
day(text) := first if {
	is_string(text)
	trimmed := trim_space(text)
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}(T|$)`, trimmed)
	first := substring(trimmed, 0, 10)
	substring(first, 8, 2) >= "01"
	substring(first, 8, 2) <= _last_day[substring(first, 5, 2)]
	_is_in_its_year(first)
	_is_time(substring(trimmed, 10, -1))
}

# The day so many days before the one of the judgement; -1 is the one after it.
before_today(days) := time.format([time.add_date(data.bylaw.now_ns, 0, 0, 0 - days), "UTC", "2006-01-02"])

_last_day := {
	"01": "31", "02": "29", "03": "31", "04": "30", "05": "31", "06": "30",
	"07": "31", "08": "31", "09": "30", "10": "31", "11": "30", "12": "31",
}

_is_in_its_year(day) if not endswith(day, "-02-29")

_is_in_its_year(day) if {
	endswith(day, "-02-29")
	_is_leap(to_number(concat("", ["1", substring(day, 0, 4)]))) # 10000 years on is as good; 0096 is no number to all
}

_is_leap(year) if {
	year % 4 == 0
	year % 100 != 0
} else if {
	year % 400 == 0
}

_is_time(text) if text == ""

_is_time(text) if {
	text != ""
	regex.match(concat("", ["^T", _time, "(Z|[+-]", _time, ")$"]), text)
}

_time := `([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?`
