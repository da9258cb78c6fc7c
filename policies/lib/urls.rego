# The URLs that the entity that is judged offers its readers: those of its links, and those that its annotations hold.
package bylaw.lib.urls

import rego.v1

import data.bylaw.lib.annotations

# Those with one of these schemes, written in lower case: {"pointer", "what", "annotation", "scheme", "rest"}. "what" is
# it in words; "annotation" is its name, "" for a link; "rest" is what stands behind "scheme:".
with_scheme(schemes) := {place |
	_may_have(schemes)
	some place in _all
	place.scheme in schemes
}

# The host of one, in lower case: of //jane:secret@wiki.example.com:8080/orders it is wiki.example.com.
host(url) := lower(regex.find_all_string_submatch_n(
	`^//(?:[^/\\?#]*@)?(\[[^\]]+\]|[^/\\?#:@\x00-\x20]+)`,
	url.rest,
	1,
)[0][1])

_all contains object.union(place, {"pointer": pointer, "what": "a link", "annotation": ""}) if {
	links := input.metadata.links
	is_array(links)
	some index, link in links
	place := _read(link.url)
	pointer := sprintf("/metadata/links/%d/url", [index])
}

_all contains object.union(place, {"pointer": pointer, "what": what, "annotation": name}) if {
	given := input.metadata.annotations
	is_object(given)
	some name, text in given
	place := _read(text)
	pointer := annotations.pointer(name)
	what := concat(" ", ["annotation", name])
}

# A URL as browsers read it: blanks and control characters before it do not count, nor tabs and line ends within it, nor
# upper and lower case in its scheme. That of a location (url:https://...) is the one behind its type.
_read(text) := {"scheme": scheme, "rest": parts[2]} if {
	is_string(text)
	parts := regex.find_all_string_submatch_n(
		`(?s)^[\x00-\x20]*(?:url:[\x00-\x20]*)?([A-Za-z][A-Za-z0-9+.\-\t\n\r]*):(.*)$`,
		text,
		1,
	)[0]
	scheme := lower(regex.replace(parts[1], `[\t\n\r]`, ""))
}

# False for nearly every entity, and quicker by far than to read all its URLs: whether one of the schemes stands
# before a colon anywhere in its metadata.
_may_have(schemes) if {
	text := strings.replace_n({`\t`: "", `\n`: "", `\r`: ""}, lower(json.marshal(input.metadata)))
	strings.any_suffix_match(split(text, ":"), schemes)
}
