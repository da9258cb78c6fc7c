package bylaw.ownership.transfer_unapproved_test

import rego.v1

import data.bylaw.ownership.transfer_unapproved as rule

_orders := {"kind": "Component", "metadata": {"name": "orders", "namespace": "default"}}

_change(approvers) := {"before": _orders, "after": _orders, "actor": null, "approvers": approvers}

_owned(owners) := {"relations": {"component:default/orders": {"ownedBy": owners}}}

_base(owner, complete) := {
	"entities": {"group:default/a": {}, "user:default/ann": {}},
	"relations": {
		"component:default/orders": {"ownedBy": [owner]},
		"user:default/ann": {"memberOf": ["group:default/below"]},
	},
	"groups": {"group:default/below": {"ancestors": ["group:default/a"]}},
	"complete": complete,
}

_finding(old, new, outcome, text) := {
	"pointer": "/spec/owner",
	"message": sprintf("component:default/orders goes from %s to %s, and %s", [old, new, text]),
	"observed": new,
	"expected": sprintf("approval by a member of %s", [old]),
	"outcome": outcome,
	"key": old,
}

test_fail_approved_by_others if {
	rule.findings == {_finding(
		"group:default/a",
		"group:default/b",
		"fail",
		"nobody of the old owner has approved it",
	)} with input as _change(["user:default/bob"])
		with data.base as _base("group:default/a", true)
		with data.catalog as _owned(["group:default/b"])
}

test_unknown_without_approvers if {
	every complete in [true, false] {
		rule.findings == {_finding(
			"group:default/a",
			"nobody",
			"unknown",
			"who approved it is not known",
		)} with input as _change(null)
			with data.base as _base("group:default/a", complete)
			with data.catalog as _owned([])
	}
}

test_unknown_who_the_old_owner_is if {
	rule.findings == {_finding(
		"group:default/x",
		"group:default/b",
		"unknown",
		"who belongs to it is not in the files read",
	)} with input as _change(["user:default/ann"])
		with data.base as _base("group:default/x", false)
		with data.catalog as _owned(["group:default/b"])
}

test_unknown_without_approvers_and_in_a_part_of_the_catalog if {
	rule.findings == {_finding(
		"group:default/x",
		"group:default/b",
		"unknown",
		"who approved it is not known",
	)} with input as _change(null)
		with data.base as _base("group:default/x", false)
		with data.catalog as _owned(["group:default/b"])
}

test_success_approved_by_the_old_owner if {
	every approver in ["user:default/ann", "group:default/below", "group:default/a"] {
		rule.findings == set() with input as _change([approver])
			with data.base as _base("group:default/a", true)
			with data.catalog as _owned(["group:default/b"])
	}
}

test_success_the_old_owner_does_not_exist if {
	every approvers in [null, []] {
		rule.findings == set() with input as _change(approvers)
			with data.base as _base("group:default/x", true)
			with data.catalog as _owned(["group:default/b"])
	}
}

test_success_the_same_owner if {
	rule.findings == set() with input as _change([])
		with data.base as _base("group:default/a", true)
		with data.catalog as _owned(["group:default/a"])
}

test_success_gone if {
	rule.findings == set() with input as {"before": _orders, "after": null, "actor": null, "approvers": []}
		with data.base as _base("group:default/a", true)
		with data.catalog as _owned([])
}

test_success_new if {
	rule.findings == set() with input as {"before": null, "after": _orders, "actor": null, "approvers": []}
		with data.base as json.patch(
			_base("group:default/a", true),
			[{"op": "remove", "path": "/relations/component:default~1orders"}],
		)
		with data.catalog as _owned(["group:default/b"])
}
