# METADATA
# title: A link may run a script
# description: >
#   Backstage accepts any URL as a link. One that is a script or a page of its own acts in the name of whoever follows
#   it, where a plugin shows it; where Backstage itself refuses to, the page of the entity breaks.
# custom:
#   severity: error
#   reads: entity
#   remediation: Link to a page by its address, https://..., or remove the link.
#   parameters:
#     schemes:
#       description: The schemes of URLs that nobody should be led to, in lower case.
#       type: array
#       items: {type: string, pattern: "^[a-z][a-z0-9+.-]*$"}
#       default: [javascript, vbscript, data]
#     annotations:
#       description: >
#         Annotations that are shown as links. Of all others only what cannot be anything else counts: no prose such as
#         "data: of last year", no image.
#       type: array
#       items: {type: string}
#       default: [backstage.io/view-url, backstage.io/edit-url, backstage.io/source-location]
package bylaw.security.link_scheme_unsafe

import rego.v1
import future.keywords.not

import data.bylaw.lib.entity
import data.bylaw.lib.urls

findings contains finding if {
	some url in urls.with_scheme(_parameters.schemes)
	_followed(url)
	finding := {
		"pointer": url.pointer,
		"message": sprintf("%s of %s begins with %s:, expected https:", [url.what, entity.ref(input), url.scheme]),
		"observed": concat("", [url.scheme, ":"]),
		"expected": "https:",
	}
}

# A link, or an annotation that is shown as one; or any other that is certainly a script or a page of its own.
_followed(url) if url.annotation == ""

_followed(url) if url.annotation in _parameters.annotations

_followed(url) if {
	url.scheme != "data"
	not startswith(url.rest, " ")
}

_followed(url) if {
	url.scheme == "data"
	regex.match(`(?i)^[^,;]*/(html|xhtml|xml)`, url.rest)
}

_parameters := data.bylaw.parameters["security/link-scheme-unsafe"]
