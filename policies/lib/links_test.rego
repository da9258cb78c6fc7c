package bylaw.lib.links_test

import data.bylaw.lib.links
import rego.v1
import future.keywords.not

_entity(given) := {"metadata": {"name": "orders", "links": given}}

_link(fields) := object.union({"url": "https://runbooks.example.com/orders"}, fields)

test_success_by_its_type if {
	links.given(["runbook"]) with input as _entity([_link({"type": "runbook"})])
}

test_success_by_a_word_of_its_title if {
	links.given(["runbook"]) with input as _entity([_link({"type": "docs", "title": "Our runbooks"})])
}

test_success_upper_and_lower_case_do_not_count if {
	links.given(["Run Book"]) with input as _entity([_link({"title": "RUN BOOK"})])
}

test_success_one_link_and_one_word_are_enough if {
	links.given(["playbook", "runbook"]) with input as _entity([_link({"title": "Chat"}), _link({"title": "Runbook"})])
}

test_success_other_fields_do_not_count if {
	not links.given(["runbook"]) with input as _entity([_link({"title": "At night", "icon": "runbook"})])
}

test_success_a_link_that_leads_nowhere_is_not_given if {
	every url in ["", " ", null, 42] {
		not links.given(["runbook"]) with input as _entity([{"title": "Runbook", "url": url}])
	}
	not links.given(["runbook"]) with input as _entity([{"title": "Runbook"}])
}

test_success_what_is_no_list_of_links_holds_none if {
	every value in [null, 42, "runbook", {}, [], [null, 42, "runbook", ["runbook"]], [_link({"title": ["runbook"]})]] {
		not links.given(["runbook"]) with input as _entity(value)
	}
	not links.given(["runbook"]) with input as {"metadata": {"name": "orders"}}
}
