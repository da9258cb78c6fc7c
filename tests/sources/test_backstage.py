"""A Backstage as it may be: busy, old, behind a login, lying. tests/real has a real one."""

from __future__ import annotations

import gc
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bylaw.config import RemoteSetting
from bylaw.errors import ConfigError
from bylaw.model import Document, Problem
from bylaw.sources import backstage, web
from bylaw.sources.backstage import as_written, read
from bylaw.sources.web import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = "s3cret-token"
BY_QUERY, BY_REFS = "/api/catalog/entities/by-query", "/api/catalog/entities/by-refs"


def entity(name: str, kind: str = "Component", *, etag: str | None = None, **spec: Any) -> dict[str, Any]:
    """An entity as Backstage shows it."""
    notes = {
        "backstage.io/managed-by-location": f"url:https://git.example.com/{name}/catalog-info.yaml",
        "backstage.io/managed-by-origin-location": "url:https://git.example.com/all.yaml",
    }
    metadata = {"namespace": "default", "annotations": notes, "name": name, "uid": f"uid-{name}", "etag": etag or name}
    return {"metadata": metadata, "apiVersion": "backstage.io/v1alpha1", "kind": kind, "spec": spec, "relations": []}


def document(index: int, name: str, kind: str = "Component", **spec: Any) -> Document:
    """The same, as its author wrote it."""
    data = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "default"},
        "spec": spec,
    }
    return Document(None, index, data, url=f"https://git.example.com/{name}/catalog-info.yaml")


@dataclass
class Pretended:
    """A Backstage of so many entities a page. ``answers`` stand in place of its own, by the number of the request."""

    entities: list[Any]
    page: int = 2
    answers: dict[int, Any] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, list[str]], Any]] = field(default_factory=list)
    between: Callable[[], None] = lambda: None
    url: str = ""

    def answer(self, path: str, query: dict[str, list[str]], body: Any) -> Any:
        self.asked.append((path, query, body))
        if len(self.asked) in self.answers:
            return self.answers[len(self.asked)]
        if path == BY_REFS:
            there = {ref(each): each for each in self.entities}
            return {"items": [there.get(each) for each in body["entityRefs"]]}
        start = int(query.get("cursor", ["0"])[0])
        items = self.entities[start : start + self.page]
        if "fields" in query:
            items = [{"kind": each["kind"], "metadata": only(each["metadata"])} for each in items]
        self.between()
        end = start + self.page
        return {"items": items, "pageInfo": {"nextCursor": str(end)} if end < len(self.entities) else {}}

    def read(self, **how: Any) -> backstage.Backstage:
        return read(RemoteSetting(self.url, "BACKSTAGE_TOKEN"), TOKEN, **how)

    def fault(self, **how: Any) -> str:
        with pytest.raises(UnreachableError) as caught:
            self.read(**how)
        assert TOKEN not in str(caught.value)
        return str(caught.value).replace(self.url, "<url>")


def ref(shown: dict[str, Any]) -> str:
    return f"{shown['kind']}:default/{shown['metadata']['name']}".lower()


def only(metadata: dict[str, Any]) -> dict[str, Any]:
    return {name: metadata[name] for name in ("name", "namespace", "etag") if name in metadata}


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Pretended]]:
    monkeypatch.setattr(web, "_sleep", lambda seconds: None)
    monkeypatch.setenv("no_proxy", "*")
    started: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(entities: list[Any], **how: Any) -> Pretended:
        pretended = Pretended(entities, **how)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                said = pretended.answer(parts.path, parse_qs(parts.query), json.loads(body or b"null"))
                status, said = said if isinstance(said, tuple) else (200, said)
                sent = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html" if sent[:1] == b"<" else "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        pretended.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        started.append((server, thread))
        return pretended

    yield start
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_whole_catalog_is_read_page_by_page_in_the_order_of_its_refs(serve: Any) -> None:
    there = serve([entity("c"), entity("a", owner="x"), entity("b"), entity("x", "Group"), entity("a", "API")])
    seen: list[int] = []
    assert there.read(progress=seen.append) == backstage.Backstage(
        (
            document(0, "a", "API"),
            document(1, "a", owner="x"),
            document(2, "b"),
            document(3, "c"),
            document(4, "x", "Group"),
        ),
        {
            "api:default/a": "a",
            "component:default/a": "a",
            "component:default/b": "b",
            "component:default/c": "c",
            "group:default/x": "x",
        },
        5,
    )
    assert seen == [2, 4, 5]
    assert [(path, query) for path, query, _ in there.asked] == [
        (BY_QUERY, {"limit": ["500"], "totalItems": ["exclude"]}),
        (BY_QUERY, {"limit": ["500"], "cursor": ["2"]}),
        (BY_QUERY, {"limit": ["500"], "cursor": ["4"]}),
    ]


def test_what_a_server_adds_is_taken_off_and_nothing_else() -> None:
    shown = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "System",
        "metadata": {
            "name": "a",
            "uid": "1",
            "etag": "2",
            "generation": 3,
            "labels": {"uid": "kept"},
            "annotations": {
                "backstage.io/managed-by-location": "file:/srv/catalog/all.yaml",
                "backstage.io/managed-by-origin-location": "file:/srv/catalog/all.yaml",
                "backstage.io/orphan": "true",
                "backstage.io/techdocs-ref": "dir:.",
                "backstage.io/source-location": "url:https://git.example.com/a/",
            },
        },
        "spec": {"owner": "b", "status": "kept", "relations": []},
        "relations": [{"type": "ownedBy", "targetRef": "group:default/b"}],
        "status": {"items": []},
    }
    assert as_written(shown) == "file:/srv/catalog/all.yaml"
    assert shown == {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "System",
        "metadata": {
            "name": "a",
            "namespace": "default",
            "labels": {"uid": "kept"},
            "annotations": {
                "backstage.io/techdocs-ref": "dir:.",
                "backstage.io/source-location": "url:https://git.example.com/a/",
            },
        },
        "spec": {"owner": "b", "status": "kept", "relations": []},
    }


@pytest.mark.parametrize(
    ("view", "edit", "source"),
    [
        ("https://pages.example.com/a", "https://ide.example.com/a", "url:https://git.example.com/other/"),
        ("javascript:alert(1)", "", "dir:."),
    ],
)
def test_where_an_author_says_something_is_seen_and_edited_is_kept(view: str, edit: str, source: str) -> None:
    shown = entity("a")
    own = {"backstage.io/view-url": view, "backstage.io/edit-url": edit, "backstage.io/source-location": source}
    shown["metadata"]["annotations"] |= own
    assert as_written(shown) == "https://git.example.com/a/catalog-info.yaml"
    assert shown["metadata"]["annotations"] == own


@pytest.mark.parametrize("annotations", [None, [], "x", {}, {"backstage.io/managed-by-location": 1}])
def test_an_entity_that_does_not_say_where_it_is_from_has_no_url(annotations: Any) -> None:
    assert as_written({"kind": "System", "metadata": {"name": "a", "annotations": annotations}}) is None


@pytest.mark.parametrize("target", ["https://", "not an address", "//", "https://git.example.com"])
def test_a_location_that_is_no_address_is_no_fault(target: str) -> None:
    shown = entity("a")
    shown["metadata"]["annotations"] = {
        "backstage.io/managed-by-location": f"url:{target}",
        "backstage.io/edit-url": "x",
        "backstage.io/source-location": "x",
    }
    assert as_written(shown) == target
    assert shown["metadata"]["annotations"] == {"backstage.io/edit-url": "x", "backstage.io/source-location": "x"}


def test_the_locations_that_backstage_makes_up_are_left_out(serve: Any) -> None:
    made_up = entity(f"generated-{'0a' * 20}", "Location", type="url", target="https://git.example.com/all.yaml")
    own = entity("generated-by-hand", "Location", targets=[])
    assert serve([made_up, own]).read().documents == (document(0, "generated-by-hand", "Location", targets=[]),)


def known(there: backstage.Backstage) -> dict[str, tuple[str, Document]]:
    return {ref: (there.etags[ref], document) for ref, document in zip(there.etags, there.documents, strict=True)}


def test_what_changed_since_is_asked_for_and_the_rest_kept(serve: Any) -> None:
    there = serve([entity("a"), entity("b", owner="x"), entity("gone"), entity("d")])
    before = there.read()
    there.entities = [entity("d"), entity("b", etag="b2", owner="y"), entity("new"), entity("a")]
    there.asked.clear()
    after = there.read(known=known(before))
    assert there.asked[-1] == (BY_REFS, {}, {"entityRefs": ["component:default/b", "component:default/new"]})
    assert {query.get("fields", [""])[0] for _, query, _ in there.asked[:-1]} == {
        "kind,metadata.name,metadata.namespace,metadata.etag"
    }
    assert after.fetched == 2
    whole = there.read()
    assert (after.documents, after.etags) == (whole.documents, whole.etags)
    assert [each.data["metadata"]["name"] for each in after.documents] == ["a", "b", "d", "new"]


def test_what_goes_between_the_list_and_the_fetching_is_gone(serve: Any) -> None:
    there = serve([entity("a"), entity("b")])
    before = there.read()
    there.entities = [entity("a"), entity("b", etag="b2")]
    there.between = lambda: there.entities.pop()
    assert there.read(known=known(before)).documents == (document(0, "a"),)


def test_what_has_no_etag_is_always_fetched(serve: Any) -> None:
    bare = entity("a")
    del bare["metadata"]["etag"]
    there = serve([bare, entity("b")])
    before = there.read()
    assert before.etags == {"component:default/b": "b"}
    again = there.read(known={"component:default/a": ("", document(0, "old")), **known(before_of(before, "b"))})
    assert (again.documents, again.fetched) == (before.documents, 1)


def before_of(before: backstage.Backstage, name: str) -> backstage.Backstage:
    """The part of a reading that is about one entity."""
    documents = tuple(each for each in before.documents if each.data["metadata"]["name"] == name)
    return backstage.Backstage(documents, {f"component:default/{name}": before.etags[f"component:default/{name}"]}, 1)


def test_many_changes_are_fetched_in_requests_that_the_server_reads(serve: Any) -> None:
    there = serve([entity(f"{'x' * 50}{number}") for number in range(900)], page=500)
    there.read(known={"component:default/other": ("1", document(0, "other"))})
    sizes = [len(body["entityRefs"]) for path, _, body in there.asked if path == BY_REFS]
    assert sizes == [400, 400, 100]
    assert max(len(json.dumps(body)) for _, _, body in there.asked) < 100_000


def test_a_catalog_that_changes_while_it_is_read_is_read_again(serve: Any) -> None:
    there = serve([entity("a"), entity("b"), entity("c"), entity("d")])
    changes = iter([lambda: setattr(there, "entities", [there.entities[at] for at in (2, 3, 0, 1)])])
    there.between = lambda: next(changes, lambda: None)()
    assert there.read().documents == tuple(document(index, name) for index, name in enumerate("abcd"))
    assert len(there.asked) == 4


def test_a_server_that_repeats_its_pages_is_given_up(serve: Any) -> None:
    there = serve([entity("a"), entity("b"), entity("a")])
    assert there.fault() == (
        "<url>: named component:default/a twice in one reading, 3 times over: the catalog changes while it is read, or "
        "the server repeats its pages; try again"
    )


def page(*entities: Any, cursor: Any = None) -> dict[str, Any]:
    return {"items": list(entities), "pageInfo": {"nextCursor": cursor}}


@pytest.mark.parametrize(
    "answers",
    [
        {1: page(entity("a"), cursor="x"), 2: page(entity("b"), cursor="x")},
        {1: page(entity("a"), cursor="x"), 2: page(cursor="y")},
        {1: page(cursor="x")},
        {1: page(entity("a"), cursor=7)},
    ],
    ids=["the same again", "an empty page", "nothing at all", "no cursor"],
)
def test_pages_that_lead_nowhere_are_not_followed(answers: dict[int, Any], serve: Any) -> None:
    there = serve([], answers=answers)
    assert there.fault() == f"<url>{BY_QUERY}: names a next page that leads nowhere"


def test_pages_without_end_are_ended(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backstage, "_MOST_ENTITIES", 3)
    there = serve([entity(f"c{number}") for number in range(99)])
    assert there.fault() == f"<url>{BY_QUERY}: has more than 3 entities, or never ends"
    assert len(there.asked) <= 3


@pytest.mark.parametrize("odd", [None, "component:default/a", [], {}, {"kind": "A", "metadata": {}}, {"kind": 1}])
def test_something_else_among_the_entities_is_refused(odd: Any, serve: Any) -> None:
    told = f"<url>{BY_QUERY}: answered something without a kind and a name where an entity was expected"
    assert serve([entity("a"), odd]).fault() == told


@pytest.mark.parametrize("said", [[], {}, {"items": []}, {"items": {}, "pageInfo": {}}, {"items": [], "pageInfo": []}])
def test_an_answer_that_is_no_page_is_refused(said: Any, serve: Any) -> None:
    told = f"<url>{BY_QUERY}: answered no page of entities (items and pageInfo)"
    assert serve([], answers={1: said}).fault() == told


@pytest.mark.parametrize("said", [[], {}, {"items": []}, {"items": [None, None]}])
def test_an_answer_that_is_no_list_of_the_entities_asked_for_is_refused(said: Any, serve: Any) -> None:
    there = serve([entity("a")], answers={2: said})
    told = f"<url>{BY_REFS}: answered no list of the 1 entities that it was asked for"
    assert there.fault(known={"x": ("1", document(0, "x"))}) == told


def test_another_entity_than_that_asked_for_is_refused(serve: Any) -> None:
    there = serve([entity("a")], answers={2: {"items": [entity("b")]}})
    told = f"<url>{BY_REFS}: answered another entity where component:default/a was asked for"
    assert there.fault(known={"x": ("1", document(0, "x"))}) == told


@pytest.mark.parametrize("how", [{}, {"known": {"x": ("1", document(0, "x"))}}])
def test_a_catalog_of_nothing_is_not_believed(how: Any, serve: Any) -> None:
    assert serve([]).fault(**how) == (
        "<url>: shows not one entity: the token in BACKSTAGE_TOKEN lacks the permission catalog.entity.read, or the "
        "catalog is empty"
    )


def test_the_page_of_a_login_is_told_as_that(serve: Any) -> None:
    sign_in = b"<html>Sign in</html>"
    assert serve([], answers={1: sign_in, 2: sign_in}).fault() == (
        f"<url>{BY_QUERY}: answered text/html, expected JSON: a page to log in? Then the address is that of a proxy "
        "before the server"
    )


def test_a_server_without_this_way_to_ask_is_told_as_that(serve: Any) -> None:
    there = serve([], answers={1: (404, {"error": {"message": "Not found"}})})
    told = 'answered 404 ("Not found"); there is no Backstage at this address, or one of before 2023'
    assert there.fault() == f"<url>{BY_QUERY}: {told}"


def test_a_failure_on_a_later_page_is_a_failure(serve: Any) -> None:
    there = serve([entity("a"), entity("b"), entity("c")], answers={2: (400, {"error": {"message": "Bad cursor"}})})
    assert there.fault() == f'<url>{BY_QUERY}: answered 400 ("Bad cursor")'


@pytest.mark.parametrize("token", [None, ""])
def test_a_token_that_is_not_in_the_environment_is_told_by_the_name_of_its_variable(token: str | None) -> None:
    with pytest.raises(UnreachableError) as caught:
        read(RemoteSetting("https://backstage.example.com/", "BACKSTAGE_TOKEN"), token)
    assert str(caught.value) == (
        "https://backstage.example.com/: there is no token, BACKSTAGE_TOKEN is not set; CI may keep it from forks and "
        "from branches that are not protected"
    )


def test_an_address_that_is_none_is_a_fault_of_the_configuration() -> None:
    with pytest.raises(ConfigError):
        read(RemoteSetting("backstage.example.com", "BACKSTAGE_TOKEN"), None)


def nested(depth: int) -> Any:
    """So many collections inside one another."""
    value: Any = {}
    for number in range(depth - 1):
        value = {"a": value, "z": 1} if number % 2 else [value]
    return value


@pytest.mark.parametrize("depth", [101, 300, 900])
def test_an_entity_that_is_too_deep_is_not_read_and_spoils_no_other(depth: int, serve: Any) -> None:
    there = serve([entity("a"), entity("deep", spec=nested(depth - 2)), entity("level", spec=nested(98))])
    found = there.read()
    told = "component:default/deep has more than 100 collections inside one another (catalog.limits.depth)"
    url = "https://git.example.com/deep/catalog-info.yaml"
    assert found.documents == (
        document(0, "a"),
        Document(None, 1, None, (Problem("catalog/yaml-invalid", told),), url),
        document(2, "level", spec=nested(98)),
    )
    assert found.etags == {"component:default/a": "a", "component:default/level": "level"}


def whole(depth: int) -> bytes:
    """An entity of so many collections inside one another, which neither JSON of Python's can write or read."""
    text = json.dumps(entity("deep", spec="?"))
    return text.replace('"?"', "[" * depth + "]" * depth).encode()


def unread(index: int, name: str) -> Document:
    told = f"component:default/{name} is larger or deeper than what is read of a server"
    return Document(None, index, None, (Problem("catalog/yaml-invalid", told),))


def test_an_entity_for_which_no_page_can_be_read_is_found_and_spoils_no_other(serve: Any) -> None:
    there = serve([entity("a"), entity("deep"), entity("b")], page=10)
    ordinary = there.answer

    def answer(path: str, query: dict[str, list[str]], body: Any) -> Any:
        said = ordinary(path, query, body)
        if (
            "fields" in query
            or "component:default/deep" not in (body or {"entityRefs": ["component:default/deep"]})["entityRefs"]
        ):
            return said
        return json.dumps(said).encode().replace(json.dumps(entity("deep")).encode(), whole(5000))

    there.answer = answer
    found = there.read()
    assert found.documents == (document(0, "a"), document(1, "b"), unread(2, "deep"))
    assert found.etags == {"component:default/a": "a", "component:default/b": "b"}


def test_pages_that_are_too_large_are_read_in_smaller_parts(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backstage, "_MOST_BYTES", 3000)
    there = serve([*(entity(name, x="x" * 900) for name in "abcd"), entity("huge", x="x" * 3000)], page=10)
    expected = [document(index, name, x="x" * 900) for index, name in enumerate("abcd")]
    assert there.read().documents == (*expected, unread(4, "huge"))


def test_a_server_of_which_many_entities_cannot_be_read_is_not_believed(serve: Any) -> None:
    there = serve([entity(f"c{number}") for number in range(12)], page=20)
    ordinary = there.answer
    there.answer = lambda path, query, body: b"<html>" if path == BY_REFS else ordinary(path, query, body)
    assert there.fault(known={"x": ("1", document(0, "x"))}) == (
        f"<url>{BY_REFS}: answered text/html, expected JSON: a page to log in? Then the address is that of a proxy "
        "before the server"
    )


def test_many_brackets_are_not_deep(serve: Any) -> None:
    wide: dict[str, Any] = {"definition": "{[" * 200, "children": [[]] * 200}
    assert serve([entity("wide", **wide)]).read().documents == (document(0, "wide", **wide),)


@pytest.mark.parametrize("on", [True, False])
def test_reading_leaves_the_process_as_it_was(on: bool, serve: Any) -> None:
    there = serve([entity("a")])
    try:
        (gc.enable if on else gc.disable)()
        there.read()
        assert gc.isenabled() is on
    finally:
        gc.enable()
