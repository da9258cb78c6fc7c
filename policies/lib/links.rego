# The links of the entity that is judged.
package bylaw.lib.links

import rego.v1

# Whether one of them leads somewhere and has one of these words in its type or title, in upper or lower case.
given(words) if {
	listed := input.metadata.links
	is_array(listed) # only one of the engines goes quietly over what cannot be gone through
	some link in listed
	is_string(link.url)
	trim_space(link.url) != ""
	some field in ["type", "title"]
	text := link[field]
	is_string(text)
	some word in words
	contains(lower(text), lower(word))
}
