package bylaw.lib.urls_test

import data.bylaw.lib.urls
import rego.v1
import future.keywords.not

_entity(links, annotations) := {"metadata": {"name": "orders", "links": links, "annotations": annotations}}

_reads(text, scheme, rest) if {
	urls.with_scheme([scheme]) == {{
		"pointer": "/metadata/links/0/url",
		"what": "a link",
		"annotation": "",
		"scheme": scheme,
		"rest": rest,
	}} with input as _entity([{"url": text}], {})
}

test_success_those_of_links_and_of_annotations if {
	urls.with_scheme(["http", "ftp"]) == {
		{
			"pointer": "/metadata/links/1/url",
			"what": "a link",
			"annotation": "",
			"scheme": "ftp",
			"rest": "//a",
		},
		{
			"pointer": "/metadata/annotations/b~1c",
			"what": "annotation b/c",
			"annotation": "b/c",
			"scheme": "http",
			"rest": "//d",
		},
	} with input as _entity([{"url": "https://a"}, {"url": "ftp://a"}], {"b/c": "http://d", "e": "https://http:"})
}

test_success_as_browsers_read_them if {
	_reads("javascript:x", "javascript", "x")
	_reads("JavaScript:X:y", "javascript", "X:y")
	_reads(" \u0000\u001f\tjavascript:x", "javascript", "x")
	_reads("j\na\rv\ta\n\nscript\t:x", "javascript", "x")
	_reads("web+a.b-c1:x", "web+a.b-c1", "x")
	_reads("data:a\nb", "data", "a\nb")
	_reads("data:", "data", "")
}

test_success_behind_the_type_of_a_location if {
	_reads("url:javascript:x", "javascript", "x")
	_reads(" url: \njavascript:x", "javascript", "x")
	_reads("url:x", "url", "x")
}

test_success_what_browsers_read_as_something_else if {
	every text in [
		"java script:x",
		"\u00a0javascript:x",
		"1javascript:x",
		"javascript",
		"javascript%3Ax",
		"javascript&colon;x",
		"https://javascript:x",
		"javaſcript:x",
		"",
	] {
		urls.with_scheme(["javascript"]) == set() with input as _entity([{"url": text}], {"a": text})
	}
}

test_success_what_is_no_text_is_no_url if {
	every value in [
		null,
		42,
		"javascript:x",
		["javascript:x"],
		[["javascript:x"]],
		{"url": "javascript:x"},
		[{"url": ["javascript:x"]}],
	] {
		urls.with_scheme(["javascript"]) == set() with input as _entity(value, {"a": [value, "javascript:x"]})
		urls.with_scheme(["javascript"]) == set() with input as _entity([], [value])
	}
	urls.with_scheme(["javascript"]) == set() with input as _entity([], "javascript:x")
	urls.with_scheme(["javascript"]) == set() with input as {"metadata": {"description": "javascript:x"}}
}

test_success_hosts if {
	every rest, host in {
		"//wiki.example.com": "wiki.example.com",
		"//Wiki.Example.com:8080/a": "wiki.example.com",
		"//jane:secret@wiki.example.com?a@b": "wiki.example.com",
		"//a@b@wiki.example.com#c": "wiki.example.com",
		"//[2001:DB8::7]:80/": "[2001:db8::7]",
		"//wiki.example.com\\@evil.example.com": "wiki.example.com",
		"//wiki.example.com is down": "wiki.example.com",
	} {
		urls.host({"rest": rest}) == host
	}
}

test_success_no_host if {
	every rest in ["", "//", "///a", "wiki.example.com", "/a", "//@", " //a"] {
		not urls.host({"rest": rest})
	}
}
