package bylaw.lib.words_test

import data.bylaw.lib.words
import rego.v1

test_success_a_few_are_listed if {
	words.one_of(["a"]) == "a"
	words.one_of(["a", "b"]) == "a or b"
	words.one_of(["a", "b", "c"]) == "a, b or c"
	words.one_of(["a", "b", "c", "d"]) == "a, b, c or d"
}

test_success_of_many_the_first_two if {
	words.one_of(["a", "b", "c", "d", "e"]) == "a, b or 3 others"
}
