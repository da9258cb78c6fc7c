# Days, as annotations name them: 2026-01-31, or a time of such a day, 2026-01-31T09:30:00Z.
package bylaw.lib.dates

import rego.v1

# The day that a text names, as it is written there: YYYY-MM-DD, and these compare as texts. Undefined for anything that
# names no day of the calendar.
day(text) := substring(trimmed, 0, 10) if {
	is_string(text)
	trimmed := trim_space(text)
	regex.match(_a_day, trimmed)
}

# The day so many days before the one of the judgement; -1 is the one after it.
before_today(days) := time.format([time.add_date(data.bylaw.now_ns, 0, 0, 0 - days), "UTC", "2006-01-02"])

# The whole calendar is in it: what time.parse_ns cannot read it makes undefined in one engine and an error in the
# other. [0-9] and not \d, which means the digits of every script in one of them.
_a_day := concat("", ["^(", concat("|", _days), ")(T", _time, "(Z|[+-]", _time, "))?$"])

_days := [
	`[0-9]{4}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])`,
	`[0-9]{4}-(0[469]|11)-(0[1-9]|[12][0-9]|30)`,
	`[0-9]{4}-02-(0[1-9]|1[0-9]|2[0-8])`,
	`([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29`,
]

_time := `([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?`
