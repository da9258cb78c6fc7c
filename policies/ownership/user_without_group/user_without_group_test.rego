package bylaw.ownership.user_without_group_test

import rego.v1

import data.bylaw.ownership.user_without_group as rule

_user(spec) := {"kind": "User", "metadata": {"name": "jane", "namespace": "default"}, "spec": spec}

_catalog(relations, complete) := {"relations": {"user:default/jane": relations}, "complete": complete}

_finding(where, outcome) := {
	"pointer": "/spec/memberOf",
	"message": concat("", ["user:default/jane is in no Group of ", where]),
	"expected": "at least one Group",
	"outcome": outcome,
}

test_fail_without_a_group if {
	every spec in [{"memberOf": []}, {"memberOf": null}, {}, null, "team-orders"] {
		rule.findings == {_finding("the catalog", "fail")} with input as _user(spec)
			with data.catalog as _catalog({}, true)
	}
}

test_unknown_in_a_part_of_the_catalog if {
	rule.findings == {_finding("the files read", "unknown")} with input as _user({"memberOf": []})
		with data.catalog as _catalog({}, false)
}

test_success_a_member_of_a_group_whoever_says_so if {
	every groups in [[], ["team-orders"]] {
		rule.findings == set() with input as _user({"memberOf": groups})
			with data.catalog as _catalog({"memberOf": ["group:default/team-orders"]}, true)
	}
}

test_success_what_is_no_list_of_references_is_for_another_rule if {
	every value in [42, [42], ["group:"], {}] {
		rule.findings == set() with input as _user({"memberOf": value})
			with data.catalog as _catalog({}, true)
	}
}
