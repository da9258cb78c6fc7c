package bylaw.security.link_scheme_unsafe_test

import rego.v1

import data.bylaw.security.link_scheme_unsafe as rule

_parameters := {"security/link-scheme-unsafe": {
	"schemes": ["javascript", "data"],
	"annotations": ["backstage.io/view-url"],
}}

_component(links, annotations) := {
	"kind": "Component",
	"metadata": {"name": "orders", "namespace": "default", "links": links, "annotations": annotations},
	"spec": {},
}

_finding(pointer, what, scheme) := {
	"pointer": pointer,
	"message": sprintf("%s of component:default/orders begins with %s:, expected https:", [what, scheme]),
	"observed": concat("", [scheme, ":"]),
	"expected": "https:",
}

test_fail_a_link if {
	every url, scheme in {
		"javascript:alert(1)": "javascript",
		"javascript: alert(1)": "javascript",
		" Java\nScript:alert(1)": "javascript",
		"data:image/png;base64,AAAA": "data",
	} {
		rule.findings == {_finding("/metadata/links/1/url", "a link", scheme)} with data.bylaw.parameters as _parameters
			with input as _component([{"url": "https://wiki.example.com"}, {"url": url}], {})
	}
}

test_fail_an_annotation_that_is_shown_as_a_link if {
	every text, scheme in {"javascript: alert(1)": "javascript", "url:data:image/png,A": "data"} {
		rule.findings == {_finding(
			"/metadata/annotations/backstage.io~1view-url",
			"annotation backstage.io/view-url",
			scheme,
		)} with input as _component([], {"backstage.io/view-url": text})
			with data.bylaw.parameters as _parameters
	}
}

test_fail_another_annotation_that_cannot_be_prose if {
	every text, scheme in {
		"javascript:alert(1)": "javascript",
		"data:text/html,A": "data",
		"data: Application/XHTML+xml;base64,A": "data",
		"data:text/xml,A": "data",
	} {
		expected := {_finding("/metadata/annotations/note", "annotation note", scheme)}
		rule.findings == expected with input as _component([], {"note": text})
			with data.bylaw.parameters as _parameters
	}
}

test_success_another_annotation_that_can if {
	every text in ["JavaScript: the good parts", "data: of last year", "data:image/png;base64,A", "data:read,text/html"] {
		rule.findings == set() with input as _component([], {"note": text})
			with data.bylaw.parameters as _parameters
	}
}

test_success_other_schemes if {
	rule.findings == set() with data.bylaw.parameters as _parameters
		with input as _component(
			[{"url": "https://wiki.example.com"}, {"url": "mailto:orders@example.com"}],
			{"backstage.io/view-url": "https://git.example.com/javascript:", "note": "vbscript:msgbox(1)"},
		)
}
