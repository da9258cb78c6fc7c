package bylaw.lib.dates_test

import data.bylaw.lib.dates
import rego.v1
import future.keywords.not

test_success_a_day if {
	every text in ["2026-01-31", "2026-04-30", "2026-12-31", "0001-01-01", "9999-12-31"] {
		dates.day(text) == text
	}
}

test_success_the_last_day_of_february if {
	every text in ["2026-02-28", "2028-02-29", "2000-02-29", "1996-02-29", "2012-02-29"] {
		dates.day(text) == text
	}
	every text in ["2026-02-29", "2100-02-29", "1900-02-29", "2028-02-30", "2030-02-29"] {
		not dates.day(text)
	}
}

test_success_no_month_is_longer_than_it_is if {
	every month in ["01", "03", "05", "07", "08", "10", "12"] {
		dates.day(sprintf("2026-%s-31", [month]))
		not dates.day(sprintf("2026-%s-32", [month]))
	}
	every month in ["04", "06", "09", "11"] {
		dates.day(sprintf("2026-%s-30", [month]))
		not dates.day(sprintf("2026-%s-31", [month]))
	}
}

test_success_neither_months_nor_days_are_made_up if {
	every text in ["2026-00-01", "2026-13-01", "2026-01-00", "2026-02-00", "2026-04-00", "2026-01-40"] {
		not dates.day(text)
	}
}

test_success_a_time_of_a_day_is_of_the_day_that_is_written if {
	every time in ["T00:00Z", "T23:59:59Z", "T09:30:00.125Z", "T09:30:00+02:00", "T20:00:00-11:30"] {
		dates.day(concat("", ["2026-01-31", time])) == "2026-01-31"
	}
}

test_success_what_is_no_time_makes_it_no_day if {
	every time in ["T", "T24:00Z", "T09:60Z", "T09:30:60Z", "T09:30:00.Z", "T09Z", "T09:30", "T09:30+2", " 09:30Z", "Z"] {
		not dates.day(concat("", ["2026-01-31", time]))
	}
}

test_success_blanks_around_it_do_not_count if {
	dates.day(" 2026-01-31\n") == "2026-01-31"
}

test_success_other_ways_to_write_a_day_are_none if {
	every text in [
		"",
		"soon",
		"2026",
		"2026-01",
		"2026-1-31",
		"20260131",
		"31.01.2026",
		"01/31/2026",
		"26-01-31",
		"12026-01-31",
		"2026-01-31 or later",
		"2026-01-31\n2026-02-01",
		"٢٠٢٦-٠١-٣١",
	] {
		not dates.day(text)
	}
}

test_success_what_is_no_text_is_no_day if {
	every value in [null, 20260131, ["2026-01-31"], {}] {
		not dates.day(value)
	}
}

test_success_days_before_today if {
	every days, day in {0: "2026-01-01", 1: "2025-12-31", 180: "2025-07-05", 36500: "1926-01-26"} {
		dates.before_today(days) == day with data.bylaw.now_ns as 1767225600000000000
	}
	dates.before_today(-1) == "2026-01-02" with data.bylaw.now_ns as 1767225600000000000
	dates.before_today(1) == "2028-02-29" with data.bylaw.now_ns as 1835481600000000000
}
