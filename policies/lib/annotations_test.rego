package bylaw.lib.annotations_test

import data.bylaw.lib.annotations
import rego.v1
import future.keywords.not

_entity(given) := {"metadata": {"name": "orders", "annotations": given}}

test_success_one_is_enough if {
	annotations.given(["a/b", "c"]) with input as _entity({"c": "x", "d": "y"})
}

test_success_what_is_blank_or_no_text_is_not_given if {
	every value in [" ", "", 42, null, ["x"]] {
		not annotations.given(["c"]) with input as _entity({"c": value})
	}
}

test_success_another_one_is_not_given if {
	not annotations.given(["a"]) with input as _entity({"c": "x"})
	not annotations.given(["a"]) with input as {"metadata": {"name": "orders"}}
}

test_success_a_pointer_is_escaped if {
	annotations.pointer("a~b/c") == "/metadata/annotations/a~0b~1c"
}
