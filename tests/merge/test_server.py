"""A change that a server judges gets the report that it gets over the same catalog here."""

from __future__ import annotations

import multiprocessing
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from bylaw import merge, reports
from bylaw.config import BaseSettings, RemoteSetting
from bylaw.errors import UndecidedError, UsageError
from bylaw.merge import Asked, wire
from bylaw.serving import generation
from bylaw.serving.answers import changes
from bylaw.serving.frames import Question
from bylaw.serving.recipe import Recipe
from tests.merge.repository import Repository
from tests.merge.test_story import BASE, FAULTY, GROUPS, ORDERS, RENAMED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bylaw.serving.generation import Generation

TODAY = date(2026, 11, 21)
ADDRESS = "https://gitlab.example.com/shop/orders"
CHANGES: dict[str, dict[str, str | None]] = {
    "a group is renamed under its component": {"org/catalog-info.yaml": RENAMED},
    "a component loses its owner": {"orders/catalog-info.yaml": ORDERS.replace("payments", "pay")},
    "an old fault is repaired": {"legacy/catalog-info.yaml": FAULTY.replace("nobody-knows", "platform")},
    "a file goes": {"orders/catalog-info.yaml": None},
    "a file cannot be read": {"orders/catalog-info.yaml": "kind: [\n"},
    "an entity comes before others in a file": {
        "org/catalog-info.yaml": f"{FAULTY.replace('legacy', 'new')}---\n{GROUPS}"
    },
    "a placeholder leads nowhere": {"orders/catalog-info.yaml": ORDERS.replace("Takes orders", "{$text: ./no.txt}")},
    "nothing of the catalog": {"README.md": "Read me\n"},
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    made = Repository.at(tmp_path_factory.mktemp("server") / "shop", BASE)
    made.git("remote", "add", "origin", f"{ADDRESS}.git")
    return made


@pytest.fixture(scope="module")
def held(shop: Repository, tmp_path_factory: pytest.TempPathFactory) -> Generation:
    """What a server would hold that reads the main branch."""
    folder = tmp_path_factory.mktemp("held")
    recipe = Recipe(
        paths=(str(shop.folder),), root=str(shop.folder), config=str(shop.folder / "bylaw.yaml"), folder=str(folder)
    )
    loaded = generation.load(recipe, {})
    assert isinstance(loaded, tuple)
    return loaded[0]


@contextmanager
def served(held: Generation) -> Iterator[str]:
    """A process that answers from a generation: what is compiled there belongs to its one thread."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            reply = changes.answer(held, Question("changes", body))
            self.send_response(reply.status)
            self.send_header("content-type", reply.content_type)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *args: Any) -> None:
            """Not to the terminal."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    process = multiprocessing.get_context("fork").Process(target=server.serve_forever, daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        process.kill()
        process.join()
        server.server_close()


@pytest.mark.parametrize("name", CHANGES)
def test_the_report_is_that_of_the_gate_over_the_snapshot(shop: Repository, held: Generation, name: str) -> None:
    shop.change(CHANGES[name])
    asked = Asked(folder=shop.folder, base="main", now=TODAY)

    here = merge.gate(replace(asked, over=BaseSettings(snapshot=str(held.snapshot))), environment={})
    with served(held) as url:
        there = merge.gate_at(RemoteSetting(url), asked, environment={})

    assert here.proposal
    assert there.proposal
    same = replace(there, proposal=replace(there.proposal, surroundings=here.proposal.surroundings))
    for form in ("json", "text", "sarif", "junit"):
        assert reports.render(same, form) == reports.render(here, form)


def test_a_faulty_change_is_denied_there_by_the_same_fingerprints(shop: Repository, held: Generation) -> None:
    shop.change(CHANGES["a group is renamed under its component"])
    with served(held) as url:
        report = merge.gate_at(RemoteSetting(url), Asked(folder=shop.folder, base="main", now=TODAY), environment={})

    assert report.decision == "denied"
    assert [
        (each.status, each.rule, each.entity, each.location and each.location.line) for each in report.findings
    ] == [
        ("new", "ownership/owner-unknown", "component:default/orders", 4),
        ("new", "catalog/renamed-in-use", "group:default/payments", 3),
    ]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"policies": ("policies",)},
            "--policies: with --server, a change",
        ),
        (
            {"as_proposed": True},
            "--as-proposed: with --server, a change",
        ),
    ],
)
def test_what_is_the_servers_to_say_is_refused(shop: Repository, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        merge.gate_at(
            RemoteSetting("http://127.0.0.1:9"), Asked(folder=shop.folder, base="main", **asked), environment={}
        )


def test_a_server_that_is_none_of_ours_decides_nothing() -> None:
    with pytest.raises(ValueError, match="KeyError: 'rules'"):
        wire.read({"gate": "merge", "decision": "allowed"})


# -- asked by a program


def asked(held: Generation, body: Any, **more: Any) -> tuple[int, Any]:
    text = body if isinstance(body, bytes) else orjson.dumps(body)
    reply = changes.answer(held, Question("changes", text, {"now": "2026-11-21"}, **more))
    return reply.status, orjson.loads(reply.body)


def component(owner: str) -> dict[str, Any]:
    spec = {"type": "library", "lifecycle": "experimental", "owner": owner}
    return {"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "orders"}, "spec": spec}


def found(report: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (each["status"], each["rule"], each["entity"]) for each in report["findings"] if each["severity"] == "error"
    ]


def test_entities_are_judged_in_place_of_those_of_the_same_refs(held: Generation) -> None:
    status, report = asked(held, {"entities": [component("nobody")]})

    assert (status, report["gate"], report["decision"]) == (200, "merge", "denied")
    assert found(report) == [
        ("new", "ownership/owner-unknown", "component:default/orders"),
        ("new", "ownership/transfer-unapproved", "component:default/orders"),
    ]


def test_a_group_that_goes_orphans_what_it_owns(held: Generation) -> None:
    status, report = asked(held, {"deleted": ["Group:default/payments"]})

    assert (status, report["decision"]) == (200, "denied")
    assert ("new", "ownership/owner-unknown", "component:default/orders") in found(report)
    assert report["proposal"]["removed"] == ["group:default/payments"]


def test_nothing_is_decided_by_a_catalog_that_is_too_old(held: Generation) -> None:
    status, report = asked(held, {"entities": [component("payments")]}, stale="the catalog is 3 hours old")

    assert (status, report["decision"]) == (200, "undecided")
    assert report["notes"][0] == "the catalog is 3 hours old"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"[]", "the body is a list, expected a JSON object"),
        (b"{", "the body is not JSON: unexpected end of data: line 1 column 2 (char 1)"),
        ({"what": 1}, "what: Extra inputs are not permitted"),
        ({"before": [{"index": -1}]}, "before.0.index: Input should be greater than or equal to 0"),
        (
            {"after": [{"problems": [{"rule": "a/b", "message": "m", "pointer": "x"}]}]},
            "after.0.problems.0.pointer: String should match pattern '^(/|$)'",
        ),
        (
            {"entities": [{}], "files": [{"before": None, "after": "a"}]},
            "a change is of files (before, after) or of entities (entities, deleted), not of both",
        ),
        ({"actor": "user:"}, None),
    ],
)
def test_a_body_that_is_no_change_is_refused_with_its_first_fault(
    held: Generation, body: Any, detail: str | None
) -> None:
    status, problem = asked(held, body)

    assert status == 400
    assert detail is None or problem["detail"] == detail


def test_a_server_that_cannot_be_had_leaves_it_undecided(shop: Repository) -> None:
    with pytest.raises(UndecidedError, match=r"127\.0\.0\.1:9"):
        merge.gate_at(RemoteSetting("http://127.0.0.1:9"), Asked(folder=shop.folder, base="main"), environment={})
