# Lists, in words.
package bylaw.lib.words

import rego.v1

# One of several texts: "a", "a or b", "a, b or c". Of many the first two stand for all.
one_of(texts) := texts[0] if {
	count(texts) == 1
} else := sprintf("%s or %s", [concat(", ", array.slice(texts, 0, last)), texts[last]]) if {
	last := count(texts) - 1
	last < 4
} else := sprintf("%s, %s or %d others", [texts[0], texts[1], count(texts) - 2])
