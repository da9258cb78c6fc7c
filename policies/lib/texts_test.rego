package bylaw.lib.texts_test

import data.bylaw.lib.texts
import rego.v1
import future.keywords.not

test_success_characters_count_and_not_bytes if {
	every text, length in {"": 0, "abc": 3, "äöü": 3, "注文": 2, "🙂": 1, "a🙂b🙂": 4, "a\nb": 3} {
		texts.length(text) == length
	}
}

test_success_shorter if {
	every text in ["", "abc", "äöü", "🙂🙂🙂"] {
		texts.is_shorter(text, 4)
	}
	every text in ["abcd", "äöüß", "🙂🙂🙂🙂", "abcdefghijk"] {
		not texts.is_shorter(text, 4)
	}
}

test_success_longer_texts if {
	texts.longer_texts({"a": "abc", "b": "abcd", "c": "🙂🙂🙂", "d": "🙂🙂🙂🙂", "e/f": "abcdefghijk"}, 3) == {
		"b": 4,
		"d": 4,
		"e/f": 11,
	}
	texts.longer_texts({"a": "b"}, 0) == {"a": 1}
	texts.longer_texts({"a": "b"}, 1) == {}
}

test_success_longer_names if {
	texts.longer_names({"abc": 1, "abcd": "", "🙂🙂🙂": null, "🙂🙂🙂🙂": [], "abcdefghijk": {}}, 3) == {
		"abcd": 4,
		"🙂🙂🙂🙂": 4,
		"abcdefghijk": 11,
	}
	texts.longer_names({"a": "bcdef"}, 1) == {}
}

test_success_what_is_no_text_is_not_longer if {
	texts.longer_texts({"a": 12345, "b": null, "c": ["abcdef"], "d": {"e": "abcdef"}}, 1) == {}
	every value in [null, 12345, "abcdef", ["abcdef"]] {
		texts.longer_texts(value, 1) == {}
		texts.longer_names(value, 1) == {}
	}
}
