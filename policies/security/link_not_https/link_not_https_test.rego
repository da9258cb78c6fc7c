package bylaw.security.link_not_https_test

import rego.v1

import data.bylaw.security.link_not_https as rule

_parameters := {"security/link-not-https": {"hosts": ["cluster.local", "go"]}}

_component(url, annotations) := {
	"kind": "Component",
	"metadata": {"name": "orders", "namespace": "default", "links": [{"url": url}], "annotations": annotations},
	"spec": {},
}

_finding(pointer, what, host) := {
	"pointer": pointer,
	"message": sprintf("%s of component:default/orders leads to http://%s, expected https", [what, host]),
	"observed": concat("", ["http://", host]),
	"expected": concat("", ["https://", host]),
}

test_fail_a_link if {
	every url, host in {
		"http://wiki.example.com": "wiki.example.com",
		"HTTP://jane:secret@Wiki.Example.com:8080/?token=secret": "wiki.example.com",
		"http://localhost.example.com/": "localhost.example.com",
		"http://127.0.0.1.example.com/": "127.0.0.1.example.com",
		"http://xgo": "xgo",
	} {
		rule.findings == {_finding("/metadata/links/0/url", "a link", host)} with input as _component(url, {})
			with data.bylaw.parameters as _parameters
	}
}

test_fail_an_annotation_that_holds_a_url if {
	every text in ["http://git.example.com/orders/", "url:http://git.example.com/orders/"] {
		rule.findings == {_finding(
			"/metadata/annotations/backstage.io~1source-location",
			"annotation backstage.io/source-location",
			"git.example.com",
		)} with data.bylaw.parameters as _parameters
			with input as _component("https://wiki.example.com", {"backstage.io/source-location": text})
	}
}

test_success_https_and_what_is_no_host if {
	every url in ["https://wiki.example.com", "mailto:orders@example.com", "http:", "http://", "http: is what it speaks"] {
		rule.findings == set() with input as _component(url, {"note": url})
			with data.bylaw.parameters as _parameters
	}
}

test_success_the_own_machine_and_hosts_that_may_be if {
	every host in [
		"localhost:3000",
		"orders.localhost",
		"127.0.0.1",
		"127.1.2.3:80",
		"[::1]:80",
		"cluster.local",
		"orders.svc.Cluster.local",
		"go",
	] {
		rule.findings == set() with input as _component(sprintf("http://%s/", [host]), {})
			with data.bylaw.parameters as _parameters
	}
}
