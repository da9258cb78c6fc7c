# METADATA
# title: A link is not encrypted
# description: >
#   Who is in between reads what is sent over http:, passwords and cookies included, and can put another page in its
#   place.
# custom:
#   severity: warning
#   reads: entity
#   remediation: >
#     Link to https://. Where there is only http, let the host offer https, or add it to the parameter `hosts` of the
#     rule.
#   parameters:
#     hosts:
#       description: >
#         Hosts that may be linked to by http:, each with all below it. The reader's own machine (localhost, 127.0.0.1)
#         always may.
#       type: array
#       items: {type: string, pattern: "^[^A-Z]+$"}
#       default: [svc, cluster.local]
package bylaw.security.link_not_https

import rego.v1
import future.keywords.not

import data.bylaw.lib.entity
import data.bylaw.lib.urls

findings contains finding if {
	some url in urls.with_scheme(["http"])
	host := urls.host(url)
	not regex.match(_own, host)
	not _exempt(host)
	finding := {
		"pointer": url.pointer,
		"message": sprintf("%s of %s leads to http://%s, expected https", [url.what, entity.ref(input), host]),
		"observed": concat("", ["http://", host]), # the rest may hold a password
		"expected": concat("", ["https://", host]),
	}
}

_exempt(host) if {
	some other in data.bylaw.parameters["security/link-not-https"].hosts
	endswith(concat("", [".", host]), concat("", [".", other]))
}

_own := `^(localhost|.+\.localhost|127(\.[0-9]+){3}|\[::1\])$`
