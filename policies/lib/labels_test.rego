package bylaw.lib.labels_test

import data.bylaw.lib.labels
import rego.v1
import future.keywords.not

_entity(fields) := {"metadata": object.union({"name": "orders"}, fields)}

test_success_a_label_or_an_annotation_of_either_name if {
	every field in ["labels", "annotations"] {
		every name in ["a/b", "c"] {
			labels.given(_entity({field: {name: "x", "d": "y"}}), ["a/b", "c"])
		}
	}
}

test_success_anything_may_be_no_entity if {
	every value in [{}, null, {"metadata": null}, {"metadata": ["c"]}] {
		not labels.given(value, ["c"])
	}
}

test_success_another_one_is_not_given if {
	not labels.given(_entity({"labels": {"c": "x"}, "tags": {"a": "x"}}), ["a"])
}

test_success_what_is_blank_or_no_text_is_not_given if {
	every value in [" ", "", 42, null, ["x"]] {
		not labels.given(_entity({"labels": {"c": value}}), ["c"])
	}
	every value in [null, 42, "c", ["c"]] {
		not labels.given(_entity({"labels": value, "annotations": value}), ["c"])
	}
}

test_success_a_pointer_is_escaped if {
	labels.pointer("a~b/c") == "/metadata/labels/a~0b~1c"
}
